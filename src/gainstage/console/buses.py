"""Which buses a call has to mix: those that something feeds, and those that may still ring."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import TO_MASTER, Parameters
from gainstage.console.rows import OF_ROWS
from gainstage.processors import State
from gainstage.processors.send import Send

BUSES = "buses"
"""Where the state of a section says which of its buses were mixed."""


def fed_groups(parameters: Parameters) -> list[int]:
    """The groups that some track of some item feeds."""
    return [group for group in torch.unique(parameters.groups).tolist() if group != TO_MASTER]


def fed_returns(
    parameters: Parameters, sends: Mapping[str, Send], layout: Mapping[str, SectionLayout]
) -> Tensor:
    """The returns into which some send is open, or moves. Shape: → (batch, returns)"""
    fed = []
    for name, send in sends.items():
        row = send.table[0]
        senders = [s for s in ("tracks", "groups") if name in layout[s].processors]
        levels = [parameters.values[s][..., layout[s].index(name, row.name)] for s in senders]
        moves = any((s, f"{name}.{row.name}") in parameters.curves for s in senders)
        fed.append((torch.cat(levels, -1) > row.low).any(-1) | moves)
    return torch.stack(fed, -1) if fed else torch.zeros_like(parameters.mute["returns"])


def mixed_before(states: Mapping[str, State]) -> list[int]:
    """The buses that earlier calls mixed, from the states of a section."""
    buses: list[int] = states[BUSES]["chosen"][0].tolist() if BUSES in states else []
    return buses


def grown(
    states: Mapping[str, State], chosen: Sequence[int], rows: int, device: torch.device
) -> dict[str, State]:
    """What a section's buses remember, for rows among which there may be some that were not mixed before.

    Args:
        states: of the buses that earlier calls mixed.
        chosen: the buses that this call mixes, those among them; ascending.
        rows: batch · chosen.
        device: of the signals.
    """
    before = mixed_before(states)
    known = {name: state for name, state in states.items() if name != BUSES}
    if before != list(chosen) and known:
        places = torch.tensor([list(chosen).index(bus) for bus in before], device=device)
        items = torch.arange(rows // len(chosen), device=device)[:, None]
        index = (items * len(chosen) + places).flatten()
        known = {
            name: state | {OF_ROWS: index.index_select(0, state[OF_ROWS]) if OF_ROWS in state else index}
            for name, state in known.items()
        }
    return known | {BUSES: {"chosen": torch.tensor([list(chosen)], device=device)}}

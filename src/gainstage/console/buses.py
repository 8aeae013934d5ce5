"""Which buses a call has to mix: those that something feeds, and those that may still ring."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import TO_MASTER, Parameters
from gainstage.processors import Processor, State
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
    states: Mapping[str, State],
    chosen: Sequence[int],
    audio: Tensor,
    strip: Mapping[str, Processor],
    sample_rate: int,
) -> dict[str, State]:
    """What a section's buses remember, with silence for those that are mixed for the first time.

    Args:
        states: of the buses that earlier calls mixed.
        chosen: the buses that this call mixes, those among them; ascending.
        audio: their signals.
        strip: their processors.
        sample_rate: in Hz.

    Shape: audio (batch · chosen, channels, samples)
    """
    before, rows = mixed_before(states), len(audio)
    known = {name: state for name, state in states.items() if name != BUSES}
    if before != list(chosen) and known:
        places = torch.tensor([list(chosen).index(bus) for bus in before], device=audio.device)
        items = torch.arange(rows // len(chosen), device=audio.device)[:, None]
        index = (items * len(chosen) + places).flatten()
        for name, state in known.items():
            silence = {field: value.new_zeros(rows, *value.shape[1:]) for field, value in state.items()}
            if name in strip:
                silence = strip[name].initial_state(
                    rows, audio.shape[1], sample_rate=sample_rate, device=audio.device
                )
            known[name] = {
                field: silence[field].to(value.dtype).index_copy(0, index, value)
                for field, value in state.items()
            }
    return known | {BUSES: {"chosen": torch.tensor([list(chosen)], device=audio.device)}}

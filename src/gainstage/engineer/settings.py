"""What an engineer decided, as the tensors that the console reads."""

from collections.abc import Sequence

import torch

from gainstage.console.console import Console
from gainstage.console.parameters import TO_MASTER, Parameters
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.roles.taxonomy import group_of


def decision_parameters(
    decision: MixDecision, console: Console, *, roles: Sequence[str] | None = None
) -> Parameters:
    """The settings of one song, as a batch of one: what the session made of the same decision compiles to.

    What is decided for processors that the console does not have is left out, and what is not named stands at
    its neutral value.

    Args:
        decision: of all tracks of the song, in their order.
        console: the console to set.
        roles: of the tracks, which say what group each feeds; without them all go straight to the master.
    """
    settings = console.neutral(batch=1, tracks=len(decision.tracks))
    for i, strip in enumerate(decision.tracks):
        _set(settings, console, "tracks", i, strip)
    for i, name in enumerate(console.spec.return_names):
        if name in decision.returns:
            _set(settings, console, "returns", i, decision.returns[name])
    _set(settings, console, "master", 0, decision.master)
    buses = console.spec.group_names
    groups = [group_of(role) for role in roles or ()] or [""] * len(decision.tracks)
    feeds = [buses.index(group) if group in buses else TO_MASTER for group in groups]
    routing = torch.tensor([feeds], dtype=torch.long).reshape(1, -1)
    return Parameters(settings.values, settings.bypass, settings.mute, routing)


def _set(settings: Parameters, console: Console, section: str, strip: int, decision: StripDecision) -> None:
    """Write one strip's decision into the tensors; a send that is bypassed has its level at the lower end.

    What is named is on, also where the console has it off until then.
    """
    layout, strips = console.layout[section], list(console.strips[section])
    for name, values in decision.values.items():
        if name in strips:
            settings.bypass[section][0, strip, strips.index(name)] = False
        if name in layout.processors:
            for parameter, value in values.items():
                settings.values[section][0, strip, layout.index(name, parameter)] = value
    for name in decision.bypass:
        if name in strips:
            settings.bypass[section][0, strip, strips.index(name)] = True
        elif name in layout.processors:
            for row in layout.processors[name].table:
                settings.values[section][0, strip, layout.index(name, row.name)] = row.low

"""Keys: what a processor listens to instead of its own strip."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gainstage.console.call import Call
from gainstage.console.spec import SECTIONS
from gainstage.console.strips import Strips
from gainstage.processors.fader import Fader


def check_keys(keys: Mapping[tuple[str, str], Mapping[str, Tensor]]) -> None:
    """A key sounds before what it keys.

    Raises:
        ValueError: one does not.
    """
    for (section, name), sources in keys.items():
        earlier = SECTIONS[: SECTIONS.index(section) + 1]
        for source in sources:
            if source not in earlier and (section, source) != ("tracks", "groups"):
                raise ValueError(
                    f"{section}.{name} cannot be keyed by {source}: they come later; a key may come from "
                    f"{', '.join(earlier)}"
                )


def key_signals(call: Call, section: str, name: str, strips: Strips) -> Tensor:
    """What each strip's processor listens to.

    Args:
        call: the call.
        section, name: the processor.
        strips: the section as it stands at the processor's input.

    Shape: → (batch · strips, 2, samples)
    """
    sources, taps = call.parameters.routing.keys[section, name], strips.unmuted()
    batch, count, _ = taps.open.shape
    weights = {source: matrix.double().to(taps.open.device) for source, matrix in sources.items()}
    own = weights.pop(section, taps.open.new_zeros((batch, count, count)))
    deaf = torch.cat([own, *weights.values()], -1).eq(0.0).all(-1)
    key = taps.mixed((own + torch.diag_embed(deaf.double()))[..., None])
    for source, matrix in weights.items():
        if section == "tracks" and source == "groups":
            key = key + taps.mixed(_through_groups(call, matrix))
        else:
            heard_there = call.outputs[source].unmuted().mixed(matrix[..., None])
            late = call.late - call.late_at[source]
            key = key + call.wait(f"key {section}.{name} {source}", heard_there, late)
    return key.flatten(0, 1)


def _through_groups(call: Call, matrix: Tensor) -> Tensor:
    """Weights of groups as weights of their tracks, each at its fader.

    Shape: (batch, tracks, groups) → (batch, tracks, tracks, points)
    """
    groups = call.parameters.groups.to(matrix.device)
    member = groups[:, None] == torch.arange(call.wiring.num_groups, device=groups.device)[:, None]
    weights = (matrix @ member.double())[..., None]
    for column, (name, processor) in enumerate(call.wiring.strips["tracks"].items()):
        if isinstance(processor, Fader):
            gains = processor.gains(call.controls("tracks", name), 1)[:, 0].unflatten(0, groups.shape)
            off = call.parameters.bypass["tracks"][..., column].to(groups.device)[..., None]
            weights = weights * torch.where(off, 1.0, gains)[:, None]
    return weights

"""Groups that only multiply, and so need no mixing of their own.

Where nothing is on in a group but gains, its tracks take its gain with them on their way to the master and
into the returns: nothing is summed for it. So a console costs what is used of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import Parameters
from gainstage.console.solo import Heard
from gainstage.processors import Processor
from gainstage.processors.fader import Fader
from gainstage.processors.gain import Gain


@dataclass(frozen=True)
class Through:
    """Groups that only multiply, and by what.

    Args:
        groups: which ones.
        behind: gain of every group, its polarity and mute included.
        before_fader: the same in front of its fader.

    Shape: behind and before_fader (batch, groups), float64; of other groups they mean nothing.
    """

    groups: tuple[int, ...]
    behind: Tensor
    before_fader: Tensor


def multiplying_groups(
    fed: list[int], parameters: Parameters, strip: Mapping[str, Processor], layout: SectionLayout
) -> Through | None:
    """Of the groups that are fed, those on which nothing runs but gains that stand still."""
    bypass, values = parameters.bypass["groups"], parameters.values["groups"]
    moving = {path for section, path in parameters.curves if section == "groups"}
    if "mute" in moving or any(path.startswith("send_") for path in moving):
        return None
    alone = [group for group in fed if _only_multiplies(group, parameters, strip, layout, moving)]
    if not alone:
        return None
    gain = (~parameters.mute["groups"]).to(values.device).double()
    if "groups" in parameters.routing.inverted:
        gain = torch.where(parameters.routing.inverted["groups"].to(gain.device), -gain, gain)
    before = gain
    for column, (name, processor) in enumerate(strip.items()):
        if isinstance(processor, Fader):
            before = gain
        if not isinstance(processor, Gain) or bool(bypass[:, alone, column].all()):
            continue
        controls = values[..., layout.slices[name]].flatten(0, 1)[:, None]
        factor = processor.gains(controls, 2)[:, 0, 0].unflatten(0, gain.shape)
        gain = gain * torch.where(bypass[..., column].to(gain.device), 1.0, factor)
    return Through(tuple(alone), gain, before)


def _only_multiplies(
    group: int,
    parameters: Parameters,
    strip: Mapping[str, Processor],
    layout: SectionLayout,
    moving: set[str],
) -> bool:
    for column, (name, processor) in enumerate(strip.items()):
        if bool(parameters.bypass["groups"][:, group, column].all()):
            continue
        if not isinstance(processor, Gain) or any(path.startswith(f"{name}.") for path in moving):
            return False
        controls = parameters.values["groups"][:1, group, None, layout.slices[name]]
        if processor.gains(controls, 2).shape[1] > 1:  # left and right apart
            return False
    return True


@dataclass(frozen=True)
class Carried:
    """What tracks carry of groups that only multiply.

    Shape: direct (batch, tracks), to the master; sends (batch, returns, tracks), into each return;
        to_groups (batch, groups, tracks): what these groups would give, for whoever asks for them.
    """

    direct: Tensor
    sends: Tensor
    to_groups: Tensor


def carried(
    through: Through,
    levels: list[Tensor],
    early: list[Tensor | None],
    groups: Tensor,
    passes: Heard | None,
) -> Carried:
    """The gains of groups that only multiply, as gains of their tracks.

    Args:
        through: the groups.
        levels: of each send, the gain with which each group feeds it.
        early: of each send, which groups feed it from before their fader; None for none.
        groups: the group of each track.
        passes: what solo lets through, which stands still.

    Shape: levels and early (batch, groups), groups (batch, tracks)
    """
    chosen = torch.tensor(through.groups, device=groups.device)
    member = (groups[:, None] == chosen[:, None]).double()  # (batch, chosen, tracks)
    if passes is not None:
        member = member * passes.direct["tracks"][:, None, :, 0]
    sends = []
    for i, (level, before) in enumerate(zip(levels, early, strict=True)):
        gain = through.behind if before is None else torch.where(before, through.before_fader, through.behind)
        heard_there = level * gain if passes is None else level * gain * passes.sends["groups"][:, i, :, 0]
        sends.append(heard_there[:, chosen])
    behind = through.behind[:, chosen]
    into = torch.stack(sends, 1) @ member if sends else member[:, :0]
    whole = behind.new_zeros((len(behind), through.behind.shape[1], member.shape[-1]))
    whole = whole.index_copy(1, chosen, behind[..., None] * member)
    direct = behind if passes is None else behind * passes.direct["groups"][:, chosen, 0]
    return Carried((direct[:, None] @ member)[:, 0], into, whole)

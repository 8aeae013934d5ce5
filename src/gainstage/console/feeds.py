"""What the strips of a section give to the buses behind it: straight on, into groups, into returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gainstage.console.call import Call
from gainstage.console.parameters import TO_MASTER
from gainstage.console.strips import Strips
from gainstage.console.through import Carried, Through, carried

Sending = tuple[Tensor, Tensor | None]
"""Gains into a bus, and which of them are fed from before the fader."""


@dataclass
class Feeds:
    """The gains of one call.

    Args:
        call: the call.
        groups, returns: the buses that are mixed.
        through: the groups that are not.
    """

    call: Call
    groups: Sequence[int]
    returns: Sequence[int]
    through: Through | None
    carried: Carried | None = None

    def of(self, section: str, strips: Strips, before_fader: Strips, *, early_by: int) -> Tensor:
        """What goes straight on, then into each group (from tracks), then into each return.

        Args:
            section: its name.
            strips: as they end.
            before_fader: as they stand in front of their faders, `early_by` samples earlier.

        Shape: (batch, 1 + groups + returns, 2, samples) for tracks, (batch, 1 + returns, …) for groups,
            (batch, 1, …) for the others.
        """
        if section == "master":
            return strips.signals()
        if section == "tracks" and self.through is not None:
            self.carried = self.call.memo.once("carried", partial(self._carried, self.through))
        curves = [path for s, path in self.call.parameters.curves if s == section]
        moves = any(path == "mute" or path.startswith("send_") for path in curves)
        early = any(s == section for s, _ in self.call.parameters.routing.pre_fader)
        if self.call.memo.keeps and not moves and not early:
            still, _ = self.call.memo.once((section, "gains"), partial(self._gains, section, strips))
            sums = self.call.memo.once((section, "sums"), partial(strips.sums, still))
            return strips.summed(sums, still.shape[1])
        still, others = self._gains(section, strips)
        fed = strips.mixed(still)
        if not others:
            return fed
        buses, first = list(fed.unbind(1)), still.shape[1] - len(self.returns)
        for bus, (gain, is_early) in others.items():
            if is_early is not None:
                tapped = before_fader.mixed(torch.where(is_early, gain, 0.0)[:, None])[:, 0]
                send = self.returns[bus - first]  # by its own number, since other returns may join
                tapped = self.call.wait(f"early {section} {send}", tapped, early_by)
                buses[bus], gain = buses[bus] + tapped, torch.where(is_early, 0.0, gain)
            buses[bus] = buses[bus] + strips.mixed(gain[:, None])[:, 0]
        return torch.stack(buses, 1)

    def _gains(self, section: str, strips: Strips) -> tuple[Tensor, dict[int, Sending]]:
        """The gains from each strip into each bus: those that stand still, and the others by bus.

        Shape: (batch, buses, strips, 1); gains of the others (batch, strips, points)
        """
        along = self.carried if section == "tracks" else None
        still, others = [], {}
        for bus, (gain, is_early) in enumerate(self._sendings(section, strips)):
            if is_early is not None or gain.shape[-1] > 1:
                others[bus] = gain, is_early
                gain = torch.zeros_like(gain[..., :1])
            still.append(gain)
        if along is not None:
            first = 1 + len(self.groups)
            still[0] = still[0] + along.direct[..., None]
            for place, i in enumerate(self.returns):
                still[first + place] = still[first + place] + along.sends[:, i, :, None]
        return torch.stack(still, 1), others

    def _sendings(self, section: str, strips: Strips) -> Iterator[Sending]:
        """What each strip gives straight on, into each group, into each return."""
        routing, passes = self.call.parameters.routing, self.call.passes()
        groups = self.call.parameters.groups.to(self.call.starts.device)
        straight = [torch.ones_like(strips.open[..., :1])]
        if section == "tracks":
            straight = [(groups == bus).double()[..., None] for bus in (TO_MASTER, *self.groups)]
        for gain in straight:
            yield gain if passes is None else gain * passes.direct[section], None
        sends = list(self.call.wiring.sends.items())
        for i in self.returns if section != "returns" else ():
            name, send = sends[i]
            gain = send.gains(self.call.controls(section, name), 2)[:, 0].unflatten(0, strips.open.shape[:2])
            early = routing.pre_fader.get((section, name))
            is_early = None if early is None else early.to(gain.device)[..., None]
            yield gain if passes is None else gain * passes.sends[section][:, i], is_early

    def _carried(self, through: Through) -> Carried:
        """What tracks carry of the groups that only multiply."""
        groups, levels, early = self.call.parameters.groups.to(self.call.starts.device), [], []
        for name, send in self.call.wiring.sends.items():
            level = send.gains(self.call.controls("groups", name), 2)[:, 0, 0]
            levels.append(level.unflatten(0, through.behind.shape))
            before = self.call.parameters.routing.pre_fader.get(("groups", name))
            early.append(None if before is None else before.to(groups.device))
        return carried(through, levels, early, groups, self.call.passes())

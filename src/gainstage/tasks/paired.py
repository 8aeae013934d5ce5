"""The paired task: tracks and a mix of them are known; find settings that make that mix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.data.batch import Batch
from gainstage.models.role_statistics import RoleStatistics


@dataclass(frozen=True)
class Compared:
    """What a loss on audio compares: the scored part of the rendered items.

    Shape: (rendered, 2, samples) each.
    """

    estimate: Tensor
    target: Tensor


class PairedTask:
    """Learns from songs whose mix is known, and from the settings behind it where those are known too.

    Of each item a share of the driven parameters, drawn between none and `most_locked`, is locked: at the
    truth's value where it is known, else at a draw from what is usual for the role. So the network learns to
    keep what a person holds and to fit the rest to it.

    Args:
        console: on which the mixes are made.
        usual: mean and spread of each parameter by role.
        most_locked: largest share of locked parameters, 0 … 1.
    """

    def __init__(self, console: Console, usual: RoleStatistics, *, most_locked: float = 0.5) -> None:
        if not 0.0 <= most_locked <= 1.0:
            raise ValueError(f"most_locked is {most_locked}; give a share between 0 and 1")
        self.console, self.usual, self.most_locked = console, usual, most_locked

    def conditions(self, batch: Batch, *, seed: int) -> Conditions:
        """The batch's conditions with locks drawn: a pure function of the seed."""
        draw = torch.Generator().manual_seed(seed)
        share = self.most_locked * torch.rand(len(batch.mask), 1, 1, generator=draw)
        locked, held = {}, {}
        for section, truth in batch.truth.items():
            chance = torch.rand(truth.shape, generator=draw)
            usual = self._usual(section, batch, torch.randn(truth.shape, generator=draw))
            locked[section] = (chance < share).to(truth.device)
            if section == "tracks":
                locked[section] &= batch.mask[..., None]
            held[section] = torch.where(batch.has_truth[:, None, None], truth, usual.to(truth))
        return replace(batch.conditions, locked=locked, locked_units=held)

    def _usual(self, section: str, batch: Batch, noise: Tensor) -> Tensor:
        """A draw from what is usual for each track's role. Shape: (batch, strips, driven)."""
        mean, spread = self.usual.mean[section], self.usual.spread[section]
        if section == "tracks":
            roles = batch.conditions.roles.cpu()
            mean, spread = mean[roles], spread[roles]
        return (mean + spread * noise).clamp(0.0, 1.0)

    def counts(self, batch: Batch, conditions: Conditions) -> dict[str, Tensor]:
        """Which unit values a loss on settings may judge: known, and not locked. Shape as the units."""
        counts = {}
        for section, truth in batch.truth.items():
            known = batch.has_truth[:, None, None].expand(truth.shape)
            if section == "tracks":
                known = known & batch.mask[..., None]
            counts[section] = known & ~conditions.locked[section]
        return counts

    def render(self, batch: Batch, parameters: Parameters) -> Compared:
        """The mixes of the rendered items, without their pre-roll; a target that is not there is rendered."""
        estimate = self._mix(batch, parameters)
        target = batch.target
        missing = target.isnan().any(-1).any(-1)
        if bool(missing.any()):
            with torch.no_grad():
                made = self._mix(batch, self._true_parameters(batch, parameters))
            target = torch.where(missing[:, None, None], made, target)
        return Compared(estimate[..., batch.pre_roll :], target[..., batch.pre_roll :])

    def _true_parameters(self, batch: Batch, like: Parameters) -> Parameters:
        layout = self.console.layout
        values = {s: layout[s].to_physical(u, like.values[s].detach()) for s, u in batch.truth.items()}
        return replace(like, values=values)

    def _mix(self, batch: Batch, parameters: Parameters) -> Tensor:
        rows = batch.rendered
        chosen = Parameters(
            values=self._with_output_gain({s: v[rows] for s, v in parameters.values.items()}, batch),
            bypass={s: v[rows.cpu()] for s, v in parameters.bypass.items()},
            mute={s: v[rows.cpu()] for s, v in parameters.mute.items()},
            groups=parameters.groups[rows.cpu()],
        )
        return self.console.mix_in_time(
            batch.tracks,
            chosen,
            sample_rate=batch.sample_rate,
            mask=batch.mask[rows],
            is_stereo=batch.is_stereo[rows],
            start_sample=batch.start_sample,
        )

    def _with_output_gain(self, values: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """The output gain is not driven: the mix's own stands in for what delivery will measure."""
        master = values["master"].clone()
        columns = [c.path for c in self.console.layout["master"].columns]
        if "output_gain.gain_db" in columns:
            column = columns.index("output_gain.gain_db")
            master[..., column] = batch.output_gain_db[batch.rendered][:, None].to(master)
        return {**values, "master": master}

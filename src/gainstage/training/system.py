# ruff: noqa: ARG002 - Lightning calls its hooks with all of their arguments
"""Mixer, task, losses and optimiser as one system that Lightning trains. It holds no DSP."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from gainstage.data.batch import Batch
from gainstage.losses.settings import SettingsLoss
from gainstage.losses.weighted import WeightedLosses
from gainstage.models.mixer import Decided, Mixer
from gainstage.tasks.paired import PairedTask
from gainstage.training.clock import Clock
from gainstage.training.taken import Taken


@dataclass(frozen=True)
class OptimizerSettings:
    """AdamW with a warm-up and a cosine that ends at the last step.

    Args:
        learning_rate: at its highest.
        weight_decay: on matrices; biases, norms and centres are free.
        warmup_steps: steps until the learning rate is at its highest.
        clip_norm: gradients are scaled down to this norm.
    """

    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_steps: int = 30
    clip_norm: float = 1.0

    def __post_init__(self) -> None:
        if not (self.learning_rate > 0.0 and self.clip_norm > 0.0):
            raise ValueError(
                "learning_rate and clip_norm must be more than 0, got "
                f"{self.learning_rate} and {self.clip_norm}"
            )
        if self.weight_decay < 0.0 or self.warmup_steps < 0:
            raise ValueError(
                "weight_decay and warmup_steps must be 0 or more, got "
                f"{self.weight_decay} and {self.warmup_steps}"
            )

    def share(self, step: int, last_step: int) -> float:
        """Share of the highest learning rate at a step."""
        rising = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        return rising * 0.5 * (1.0 + math.cos(math.pi * min(step / max(last_step, 1), 1.0)))


class System(pl.LightningModule):
    """Trains a mixer.

    Args:
        mixer: what is trained.
        task: how a batch becomes estimate and target.
        losses: on audio, by name.
        settings_loss: on the settings, where the truth is known.
        settings_weight: how much it counts.
        optimizer: how steps are made.
        seed: of the locks.
        about: what a checkpoint holds beside the weights.
        clock: tells the parts of a step apart.
    """

    def __init__(
        self,
        mixer: Mixer,
        task: PairedTask,
        losses: WeightedLosses,
        settings_loss: SettingsLoss,
        *,
        settings_weight: float = 1.0,
        optimizer: OptimizerSettings,
        seed: int = 0,
        about: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.mixer = mixer
        self.task, self.losses = task, losses
        self.settings_loss, self.settings_weight = settings_loss, settings_weight
        self.optimizer, self.seed = optimizer, seed
        self.about = dict(about or {})
        self.clock = clock or Clock()
        self.last: Taken | None = None

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """One step; the losses are logged under `train/`."""
        total = self._take(batch, seed=hash_of(self.seed, self.global_step))
        self._log("train", total)
        return total

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """One batch of held-out songs; the losses are logged under `val/`."""
        self._log("val", self._take(batch, seed=hash_of(self.seed, -1 - batch_index)))

    def _take(self, batch: Batch, *, seed: int) -> Tensor:
        """Decide, render, compare; what was seen on the way is kept as `last`."""
        conditions = self.task.conditions(batch, seed=seed)
        with self.clock("encoder"):
            heard = self.mixer.listen(batch.spectra, batch.num_frames)[batch.heard]
        with self.clock("controller"):
            decided = self.mixer.set(heard * batch.mask[..., None], batch.mask, conditions)
        with self.clock("loss"):
            counts = self.task.counts(batch, conditions)
            losses = {"settings": self.settings_loss(decided.units, batch.truth, counts)}
            known = batch.has_truth.to(losses["settings"])
            total = self.settings_weight * (losses["settings"] * known).sum() / known.sum().clamp(min=1.0)
        total, estimate, target = self._render(batch, decided, losses, total)
        self.last = Taken(
            batch=batch,
            units={section: units.detach() for section, units in decided.units.items()},
            locked=conditions.locked,
            estimate=estimate.detach(),
            target=target,
            losses={name: value.detach() for name, value in losses.items()},
            total=total.detach(),
        )
        return total

    def _render(
        self, batch: Batch, decided: Decided, losses: dict[str, Tensor], total: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Add the losses on audio, if any item of the batch brought its audio."""
        if not len(batch.rendered):
            nothing = batch.target
            return total, nothing, nothing
        with self.clock("console"):
            compared = self.task.render(batch, decided.parameters)
        with self.clock("loss"):
            found = self.losses(compared.estimate, compared.target)
            losses.update(found)
            total = total + self.losses.total(found).to(total)
        return total, compared.estimate, compared.target

    def _log(self, stage: str, total: Tensor) -> None:
        taken = self.last
        assert taken is not None
        judged = {**taken.losses, "settings": taken.losses["settings"][taken.batch.has_truth]}
        values = {f"{stage}/{name}": value.mean() for name, value in judged.items() if len(value)}
        self.log_dict(values, batch_size=len(taken.batch.song_ids))
        self.log(f"{stage}/total", total.detach(), prog_bar=True, batch_size=len(taken.batch.song_ids))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Say what the weights are of."""
        checkpoint.update(self.about)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Count an interrupted batch as not begun; else all validations after it come a step early."""
        progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]
        progress["ready"] = progress["started"] = progress["processed"]

    def on_train_start(self) -> None:
        """Take rates and decay from the settings; a checkpoint to go on from brings its own."""
        given, last_step = self.optimizer, int(self.trainer.max_steps)
        schedule = self.lr_schedulers()
        assert isinstance(schedule, LambdaLR)
        schedule.base_lrs = [given.learning_rate] * len(schedule.base_lrs)
        rate = given.learning_rate * given.share(schedule.last_epoch, last_step)
        groups = self.trainer.optimizers[0].param_groups
        for group, decay in zip(groups, (given.weight_decay, 0.0), strict=True):
            group.update(lr=rate, initial_lr=given.learning_rate, weight_decay=decay)

    def configure_optimizers(self) -> Mapping[str, Any]:  # type: ignore[override]
        """AdamW; matrices decay, what is left does not."""
        named = dict(self.named_parameters())
        decays = [p for n, p in named.items() if p.ndim > 1 and ".centres." not in n]
        free = [p for n, p in named.items() if p.ndim <= 1 or ".centres." in n]
        given = self.optimizer
        groups: list[dict[str, Any]] = [{"params": decays}, {"params": free, "weight_decay": 0.0}]
        adam = torch.optim.AdamW(
            groups,
            lr=given.learning_rate,
            weight_decay=given.weight_decay,
        )
        last_step = int(self.trainer.max_steps)
        schedule = LambdaLR(adam, lambda step: given.share(step, last_step))
        return {"optimizer": adam, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def hash_of(seed: int, step: int) -> int:
    """One number of two, so that every step draws its own locks and a resumed one the same."""
    return (seed * 1_000_003 + step * 7_919 + 12_345) % (1 << 31)

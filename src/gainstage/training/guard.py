# ruff: noqa: ARG002 - Lightning calls its hooks with all of their arguments
"""Stops a training before a value that is not finite can reach the weights, and says where it came from."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from gainstage.console.layout import SectionLayout
from gainstage.training.taken import Taken


class NotFinite(ValueError):
    """A loss, a unit value, a gradient or a weight is infinite or not a number."""


class FiniteGuard(pl.Callback):
    """Stops with one sentence that names batch, song and parameter when something is not finite.

    Losses and units are looked at before the backward pass and gradients before the optimiser's step, so the
    weights stay finite, and no checkpoint is written that holds others. While all is well it costs one
    reduction over the losses and one over the gradients a step; the culprit is looked for only afterwards.

    The system it watches has `last`, a `Taken`, and `mixer.console.layout`.
    """

    def __init__(self) -> None:
        self._batch_index = 0

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Remember which batch it is."""
        self._batch_index = batch_idx

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Look at losses and units."""
        taken = _last(pl_module)
        if not _all_finite([loss.detach(), *_watched(taken)]):
            self._stop(trainer, _fault(taken, _layout(pl_module)) or "the total loss is not finite")

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Look at the gradients, before clipping, which would spread what is not finite to all of them."""
        # Loss scaling of half precision overflows now and then by design, and leaves out such steps itself.
        if getattr(trainer.precision_plugin, "scaler", None) is not None:
            return
        gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
        if not gradients or bool(get_total_norm(gradients).isfinite()):
            return
        wrong = _not_finite((n, p.grad) for n, p in pl_module.named_parameters() if p.grad is not None)
        if wrong:  # else only the norm overflowed
            taken = _last(pl_module)
            more = f" (and those of {len(wrong) - 1} more tensors)" if len(wrong) > 1 else ""
            songs = _listed([taken.batch.song_ids[i] for i in taken.batch.rendered.tolist()])
            self._stop(trainer, f"the gradient of {wrong[0]}{more} is not finite{songs}")

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Look at losses and units of validation."""
        taken = _last(pl_module)
        if not _all_finite([taken.total, *_watched(taken)]):
            what = _fault(taken, _layout(pl_module)) or "the total loss is not finite"
            self._stop(trainer, what, batch=f"validation batch {batch_idx}")

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Refuse to write weights that are not finite."""
        wrong = _not_finite(checkpoint["state_dict"].items())
        if wrong:
            raise NotFinite(
                f"no checkpoint is written at step {trainer.global_step}: the weights {wrong[0]} are not "
                f"finite; {_resume(trainer)}"
            )

    def _stop(self, trainer: pl.Trainer, what: str, *, batch: str = "") -> None:
        where = f"{batch or f'batch {self._batch_index}'} (step {trainer.global_step})"
        song = ", or remove that song" if "song" in what else ""
        raise NotFinite(f"training stopped at {where}: {what}; {_resume(trainer)}{song}")


def _last(system: pl.LightningModule) -> Taken:
    taken = getattr(system, "last", None)
    assert isinstance(taken, Taken), "the step has not set `last`"
    return taken


def _layout(system: pl.LightningModule) -> Mapping[str, SectionLayout]:
    layout: Mapping[str, SectionLayout] = system.mixer.console.layout  # type: ignore[union-attr, assignment]
    return layout


def _watched(taken: Taken) -> list[Tensor]:
    return [*taken.losses.values(), *taken.units.values()]


def _all_finite(parts: Iterable[Tensor]) -> bool:
    # A sum is finite only if all its terms are: one number a tensor, one look at all of them.
    return bool(torch.stack([part.detach().double().sum() for part in parts]).isfinite().all())


def _not_finite(named: Iterable[tuple[str, Tensor]]) -> list[str]:
    return [name for name, value in named if not bool(value.isfinite().all())]


def _fault(taken: Taken, layout: Mapping[str, SectionLayout]) -> str | None:
    """The first thing that is not finite, in the order in which data flows."""
    return _input_fault(taken) or _unit_fault(taken, layout) or _loss_fault(taken)


def _input_fault(taken: Taken) -> str | None:
    batch = taken.batch
    if (found := _first(batch.spectra)) is not None:
        item, track = ((batch.heard == found[0]) & batch.mask).nonzero()[0].tolist()
        return f"the spectrum of track {track + 1} of song '{batch.song_ids[item]}' is not finite"
    if (found := _first(batch.tracks)) is not None:
        song = batch.song_ids[int(batch.rendered[found[0]])]
        return f"the audio of track {found[1] + 1} of song '{song}' is not finite"
    return None


def _unit_fault(taken: Taken, layout: Mapping[str, SectionLayout]) -> str | None:
    for section, units in taken.units.items():
        if (found := _first(units)) is not None:
            item, strip, k = found
            columns = layout[section]
            path = f"{section}.{columns.columns[columns.driven[k]].path}"
            place = "" if section == "master" else f" of {section.removesuffix('s')} {strip + 1}"
            return f"the value of {path}{place} of song '{taken.batch.song_ids[item]}' is not finite"
    return None


def _loss_fault(taken: Taken) -> str | None:
    batch = taken.batch
    for name, loss in taken.losses.items():
        if (found := _first(loss)) is not None:
            item = found[0] if len(loss) == len(batch.song_ids) else int(batch.rendered[found[0]])
            return f"the loss '{name}' of song '{batch.song_ids[item]}' is not finite"
    return None


def _first(values: Tensor) -> list[int] | None:
    """The index of the first value that is not finite."""
    wrong = ~values.isfinite()
    return wrong.nonzero()[0].tolist() if bool(wrong.any()) else None


def _listed(songs: list[str], most: int = 4) -> str:
    if not songs:
        return ""
    more = f" and {len(songs) - most} more" if len(songs) > most else ""
    return f", with the song{'s' if len(songs) > 1 else ''} {', '.join(repr(s) for s in songs[:most])}{more}"


def _resume(trainer: pl.Trainer) -> str:
    """What to do about it, with the newest checkpoint that there is."""
    written = [getattr(c, n, "") for n in ("path", "best_model_path") for c in trainer.checkpoint_callbacks]
    there = [str(path) for path in (*written, trainer.ckpt_path) if path and Path(path).is_file()]
    if there:
        return f"resume from {there[0]} with a lower learning rate"
    return "start again with a lower learning rate (there is no checkpoint yet)"

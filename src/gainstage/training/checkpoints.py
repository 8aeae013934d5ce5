# ruff: noqa: ARG002 - Lightning calls its hooks with all of their arguments
"""Checkpoints: written whole or not at all, read without running anything that a file brings along.

`last.ckpt` is where a training goes on, `best.ckpt` what it has found. A checkpoint holds tensors and plain
values only, so that `torch.load(weights_only=True)` reads all of it: no objects among the hyper-parameters.
"""

import os
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint, ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from gainstage.models.checkpoint import BEST, LAST, newest, read_checkpoint
from gainstage.report.atomic import whole_or_nothing
from gainstage.training.guard import NotFinite

__all__ = ["BEST", "LAST", "LastCheckpoint", "WholeCheckpoints", "best_checkpoint", "newest"]

_LEFTOVERS = ".writing-*.part"


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's way to files, made safe: `Trainer(plugins=[WholeCheckpoints()])`.

    A checkpoint is written beside its place, forced to the disk and then renamed: whenever the machine stops,
    the old file or the new one is there, whole. Reading never unpickles objects, whatever a caller asks for.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            OSError: it cannot be written, for instance because the disk is full; the old file stays.
        """
        assert storage_options is None, "a file on a disk has no options"
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_or_nothing(target) as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(target.parent)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read a checkpoint, plain values and tensors only.

        Raises:
            ValueError: it is not there, cut short, no checkpoint, or holds objects that could run code.
        """
        del weights_only  # Lightning hands on None, which would depend on its version
        return read_checkpoint(Path(path), map_location=map_location)


def best_checkpoint(folder: Path, *, monitor: str = "val/total") -> ModelCheckpoint:
    """Keeps the weights with the lowest validation loss as `best.ckpt`.

    Args:
        folder: of the run's checkpoints.
        monitor: the logged value that should be low.
    """
    return ModelCheckpoint(
        dirpath=folder,
        filename=BEST,
        monitor=monitor,
        mode="min",
        save_top_k=1,
        save_on_train_epoch_end=False,
        auto_insert_metric_name=False,
        enable_version_counter=False,
    )


class LastCheckpoint(Checkpoint):
    """Keeps the state at which the training goes on as `last.ckpt`, whether it is good or not.

    It is written every few minutes, after each validation, at the end, and when the training is interrupted:
    Lightning's `save_last` writes only when there is also a new best. After a `NotFinite` nothing is written:
    the state a little earlier is the better one to go on from.

    Args:
        folder: of the run's checkpoints; unfinished files that a killed process left there are removed.
        every_minutes: how much work may be lost at most.
    """

    def __init__(self, folder: Path, *, every_minutes: float = 5.0) -> None:
        self.path = folder / f"{LAST}.ckpt"
        self._every_s = 60.0 * every_minutes
        self._written_s, self._written_step = time.monotonic(), 0

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Remove what a killed process left behind."""
        if stage == "fit" and trainer.is_global_zero:
            for leftover in self.path.parent.glob(_LEFTOVERS):
                leftover.unlink(missing_ok=True)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start to count from where the training goes on."""
        self._written_s, self._written_step = time.monotonic(), trainer.global_step

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write if it is time."""
        due = time.monotonic() - self._written_s >= self._every_s
        if trainer.strategy.broadcast(due):  # all processes must agree, for all take part in saving
            self._write(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write what has just been validated."""
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._write(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the end."""
        self._write(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Write before an interrupted training ends."""
        if trainer.state.fn == "fit" and not isinstance(exception, NotFinite):
            self._write(trainer)

    def _write(self, trainer: pl.Trainer) -> None:
        if self._written_step == trainer.global_step or getattr(trainer, "fast_dev_run", False):
            return
        trainer.save_checkpoint(self.path)
        self._written_s, self._written_step = time.monotonic(), trainer.global_step


def _sync_folder(folder: Path) -> None:
    """Force a rename to the disk; not every file system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)

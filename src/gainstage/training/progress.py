# ruff: noqa: ARG002 - Lightning calls its hooks with all of their arguments
"""How far a training is and where its time goes: a bar on a terminal, now and then a line elsewhere."""

import sys
import time
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ProgressBar, RichProgressBar

from gainstage.report import words
from gainstage.training.clock import Clock

_LOADER, _STEP, _REST = "loader", "backward and optimizer", "rest"


def progress_bar(*, every_s: float = 10.0) -> ProgressBar:
    """A bar that moves on a terminal; in a file or a pipe one line every so many seconds.

    Args:
        every_s: seconds between two lines.
    """
    return RichProgressBar(leave=False) if sys.stderr.isatty() else ProgressLines(every_s=every_s)


class ProgressLines(ProgressBar):
    """Says step, losses, steps per second and the time left, one line at a time.

    Args:
        every_s: seconds between two lines.
        write: where they go; the error stream by default.
    """

    def __init__(self, *, every_s: float = 10.0, write: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._every_s, self._write = every_s, write or _to_stderr
        self._start_s = self._said_s = 0.0
        self._start_step = 0

    def disable(self) -> None:
        """Say nothing any more."""
        self._write = _to_nowhere

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count from here: a resumed training is as fast as its own steps."""
        self._start_s = self._said_s = time.monotonic()
        self._start_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A line if it is time."""
        now_s = time.monotonic()
        if now_s - self._said_s >= self._every_s:
            self._said_s = now_s
            self._write(self._line(trainer, now_s - self._start_s))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A line with what validation found."""
        if not trainer.sanity_checking:
            self._write(f"step {trainer.global_step}: {_losses(trainer, 'val/')}")

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The last line."""
        self._write(self._line(trainer, time.monotonic() - self._start_s))

    def _line(self, trainer: pl.Trainer, seconds: float) -> str:
        done = trainer.global_step - self._start_step
        rate = done / seconds if seconds > 0 else 0.0
        total = trainer.estimated_stepping_batches
        left = (total - trainer.global_step) / rate if rate and total != float("inf") else float("nan")
        of = f"/{int(total)}" if total != float("inf") else ""
        ends = f", {words.clock(left)} left" if left > 0 else ""
        losses = _losses(trainer, "train/")
        return f"step {trainer.global_step}{of}: {losses}{', ' if losses else ''}{rate:.3g} steps/s{ends}"


class StepTimes(pl.Callback):
    """Where the time of training goes: the parts that the system's clock times, the loader, and the rest.

    Shares are logged as `time/…` (of one, while training) and `time/steps_per_second`; `summary` holds the
    whole at the end.

    Args:
        every_steps: how often they are logged.
        waits: wait for a GPU at the ends of all parts, for times that are true and a training that is slower.
    """

    def __init__(self, *, every_steps: int = 50, waits: bool = False) -> None:
        self._every_steps, self._waits = every_steps, waits
        self._clock = Clock(waits=waits)
        self._recent: dict[str, float] = {}
        self._sum: dict[str, float] = {}
        self._steps = self._recent_steps = 0
        self._ended_s: float | None = None
        self._backward_s = self._start_s = 0.0

    @property
    def shares(self) -> dict[str, float]:
        """Part → its share of the time in training steps; they sum to one."""
        total = sum(self._sum.values())
        return {name: seconds / total for name, seconds in self._sum.items()} if total > 0 else {}

    @property
    def steps_per_second(self) -> float:
        """Training steps a second, validation and what other callbacks did not counted."""
        total = sum(self._sum.values())
        return self._steps / total if total > 0 else float("nan")

    @property
    def summary(self) -> str:
        """One sentence: `1.9 steps/s: console 60 %, loss 20 %, …`."""
        parts = sorted(self.shares.items(), key=lambda part: -part[1])
        said = ", ".join(f"{name} {words.percent(share)}" for name, share in parts)
        return f"{words.number(self.steps_per_second, digits=2)} steps/s: {said}" if parts else "no steps"

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Time the system with this clock."""
        pl_module.clock = self._clock  # type: ignore[assignment]

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """What comes before the first batch is loading."""
        self._ended_s = self._clock.now()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """The batch is here: what has passed since the last step was waiting for it."""
        self._clock.take()  # of validation
        self._start_s = self._clock.now()
        if self._ended_s is not None:
            self._recent[_LOADER] = self._recent.get(_LOADER, 0.0) + self._start_s - self._ended_s

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: torch.Tensor
    ) -> None:
        """The forward pass is over."""
        self._backward_s = self._clock.now()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add up a step."""
        end_s = self._clock.now()
        parts = self._clock.take()
        step_s = end_s - self._backward_s
        rest_s = max(end_s - self._start_s - step_s - sum(parts.values()), 0.0)
        for name, seconds in (*parts.items(), (_STEP, step_s), (_REST, rest_s)):
            self._recent[name] = self._recent.get(name, 0.0) + seconds
        self._recent_steps += 1
        if self._recent_steps >= self._every_steps:
            self._log(pl_module)
        self._ended_s = self._clock.now()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validation is no loading."""
        self._ended_s = self._clock.now()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep what was not logged yet."""
        self._keep()

    def _log(self, system: pl.LightningModule) -> None:
        total = sum(self._recent.values())
        shares = {f"time/{name.replace(' ', '_')}": s / total for name, s in self._recent.items()}
        system.log_dict({**shares, "time/steps_per_second": self._recent_steps / total})
        self._keep()

    def _keep(self) -> None:
        for name, seconds in self._recent.items():
            self._sum[name] = self._sum.get(name, 0.0) + seconds
        self._steps += self._recent_steps
        self._recent, self._recent_steps = {}, 0


def _losses(trainer: pl.Trainer, prefix: str) -> str:
    found = {
        n.removeprefix(prefix): float(v) for n, v in trainer.callback_metrics.items() if n.startswith(prefix)
    }
    names = sorted(found, key=lambda name: (name != "total", name))
    return ", ".join(f"{name} {found[name]:.4g}" for name in names)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _to_nowhere(line: str) -> None:
    """A bar that is switched off."""

"""Does training on two cores wait for the loader?

    python -m benchmarks.loader_wait [--steps 24] [--workers 0 1] [--seconds 60]

`gainstage train data=prepared` with its default settings (batches of 8, each item with 5 s of audio) on
four songs of eight stereo stems of noise at 44.1 kHz, as `gainstage prepare` leaves them; all files lie in
memory. A step begins when the one before has ended, and waits until its batch is there; the first steps, in
which workers start, are left out. With 0 workers all loading is waiting. The sentences below the table are
those of a run, by `gainstage.training.clock.Clock`, first steps and all.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
from benchmarks.loader import prepared
from benchmarks.record import write_results

from gainstage.cli.building import instantiate
from gainstage.cli.configs import compose
from gainstage.cli.train import experiment_of
from gainstage.training.progress import StepTimes
from gainstage.training.run import train

FIRST = 4


@dataclass(frozen=True)
class Row:
    """A training with so many workers; medians of its steps."""

    workers: int
    steps: int
    step_seconds: float
    waits_seconds: float
    longest_wait_seconds: float
    share_that_waits: float


class Waits(pl.Callback):
    """Seconds of each step, and of them those until its batch was there."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.steps: list[float] = []
        self._ended = time.perf_counter()

    def on_train_batch_start(self, *_: object) -> None:
        self.waits.append(time.perf_counter() - self._ended)

    def on_train_batch_end(self, *_: object) -> None:
        now = time.perf_counter()
        self.steps.append(now - self._ended)
        self._ended = now


def measure(root: Path, workers: int, steps: int) -> tuple[Row, str]:
    """One training; also what it says of its own times."""
    asked = [f"data.songs.root={root}", f"data.settings.cache={root / 'cache'}", f"steps={steps + FIRST}"]
    more = [
        "trainer.accelerator=cpu",
        f"data.settings.workers={workers}",
        f"trainer.val_check_interval={10**6}",
    ]
    config = compose("train", ["data=prepared", *asked, *more])
    waits, times = Waits(), StepTimes()
    train(
        experiment_of(config),
        instantiate(config.data.songs),
        root / f"run {workers}",
        trainer=partial(instantiate(config.trainer), enable_progress_bar=False),
        callbacks=[times, waits],
    )
    waited, taken = np.array(waits.waits[FIRST:]), np.array(waits.steps[FIRST:])
    row = Row(
        workers,
        len(taken),
        float(np.median(taken)),
        float(np.median(waited)),
        float(waited.max()),
        float(waited.sum() / taken.sum()),
    )
    return row, f"{workers} workers: {times.summary}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = prepared(Path(name), 4, given.seconds)
        measured = [measure(root, workers, given.steps) for workers in given.workers]
    write_results("loader_wait", __doc__, [row for row, _ in measured], notes=[said for _, said in measured])


if __name__ == "__main__":
    main()

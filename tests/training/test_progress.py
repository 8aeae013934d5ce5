"""Lines of progress say what is true, and the shares of time add up to where time really went."""

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytorch_lightning.callbacks import RichProgressBar
from torch import Tensor
from torch.utils.data import DataLoader

from gainstage.data.batch import Batch
from gainstage.training.clock import Clock
from gainstage.training.loggers import csv
from gainstage.training.progress import ProgressLines, StepTimes, progress_bar
from tests.training import scene


def lines_of(folder: Path, *, every_s: float, steps: int = 4, **settings: Any) -> list[str]:
    lines: list[str] = []
    bar = ProgressLines(every_s=every_s, write=lines.append)
    trainer = scene.trainer(folder, callbacks=[bar], max_steps=steps, enable_progress_bar=True)
    scene.fit(trainer, scene.System(), scene.loader(steps), **settings)
    return lines


def test_lines_name_step_losses_speed_and_time_left(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, every_s=0.0)
    first = re.fullmatch(r"step 1/4: total \d\.\d+, (\S+) steps/s, (\d+\.\d s) left", lines[0])
    assert first, lines[0]
    assert re.fullmatch(r"step 4: total \d\.\d+", lines[-2])  # validation
    assert re.fullmatch(r"step 4/4: total \d\.\d+, \S+ steps/s", lines[-1])


def test_between_two_lines_there_is_quiet(tmp_path: Path) -> None:
    assert [line.split(":")[0] for line in lines_of(tmp_path, every_s=3600)] == ["step 4", "step 4/4"]


def test_the_speed_of_a_resumed_training_is_that_of_its_own_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    lines: list[str] = []
    bar = ProgressLines(every_s=1.0, write=lines.append)
    trainer: Any = SimpleNamespace(global_step=100, estimated_stepping_batches=200, callback_metrics={})
    bar.on_train_start(trainer, scene.System())
    trainer.global_step = 110
    bar.on_train_batch_end(trainer, scene.System(), None, None, 0)
    assert lines == ["step 110/200: 10 steps/s, 9.0 s left"]


def test_a_terminal_gets_a_bar_and_a_file_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(progress_bar(), ProgressLines)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert isinstance(progress_bar(), RichProgressBar)


class Slow(scene.System):
    """Sleeps in its console, and rests between two steps."""

    def _step(self, given: Batch) -> Tensor:
        with self.clock("console"):
            time.sleep(0.03)
        return super()._step(given)


def test_the_shares_of_time_are_where_it_went_and_sum_to_one(tmp_path: Path) -> None:
    times = StepTimes(every_steps=2)
    logger = csv(tmp_path)
    scene.fit(scene.trainer(tmp_path, callbacks=[times], logger=logger), Slow())
    assert sum(times.shares.values()) == pytest.approx(1.0)
    assert set(times.shares) >= {"loader", "encoder", "console", "loss", "backward and optimizer", "rest"}
    assert max(times.shares, key=lambda name: times.shares[name]) == "console"
    assert times.steps_per_second < 1 / 0.03
    assert times.summary.startswith(f"{times.steps_per_second:.2f} steps/s: console ")
    header = (tmp_path / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"time/loader", "time/console", "time/backward_and_optimizer", "time/steps_per_second"} <= {
        *header
    }


def test_slow_data_counts_as_loading_and_validation_does_not(tmp_path: Path) -> None:
    class Late(scene.Batches):
        def __getitem__(self, index: int) -> Batch:
            time.sleep(0.05)
            return super().__getitem__(index)

    class SlowlyValidated(scene.System):
        def validation_step(self, given: Batch, index: int) -> None:
            time.sleep(0.5)
            super().validation_step(given, index)

    times = StepTimes()
    trainer = scene.trainer(tmp_path, callbacks=[times])
    scene.fit(trainer, SlowlyValidated(), DataLoader(Late(2), batch_size=None))  # two epochs
    assert max(times.shares, key=lambda name: times.shares[name]) == "loader"
    assert times.steps_per_second > 4 / (4 * 0.05 + 0.5)


def test_a_clock_adds_up_and_forgets_what_was_taken() -> None:
    clock = Clock()
    for _ in range(2):
        with clock("outer"), clock("inner"):
            time.sleep(0.002)
    with pytest.raises(ValueError), clock("failing"):
        raise ValueError
    taken = clock.take()
    assert list(taken) == ["inner", "outer", "failing"]
    assert taken["outer"] >= taken["inner"] >= 0.004
    assert clock.take() == {}

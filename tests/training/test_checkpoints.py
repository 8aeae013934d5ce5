# ruff: noqa: ARG001, ARG002 - Lightning calls its hooks with all of their arguments
"""Checkpoints are whole whatever happens, hold plain values only, and a training goes on from them."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, LearningRateMonitor
from torch import Tensor

from gainstage.data.batch import Batch
from gainstage.models.checkpoint import read_checkpoint
from gainstage.training.checkpoints import (
    LastCheckpoint,
    WholeCheckpoints,
    best_checkpoint,
    newest,
)
from gainstage.training.guard import FiniteGuard
from tests.training import scene


def trainer(folder: Path, **settings: Any) -> pl.Trainer:
    """A trainer with all that keeps checkpoints; two batches an epoch."""
    callbacks = [
        FiniteGuard(),
        best_checkpoint(folder / "checkpoints"),
        LastCheckpoint(folder / "checkpoints", every_minutes=settings.pop("every_minutes", 5.0)),
        *settings.pop("callbacks", []),
    ]
    return scene.trainer(
        folder, callbacks=callbacks, enable_checkpointing=True, plugins=[WholeCheckpoints()], **settings
    )


def fit(
    folder: Path, system: pl.LightningModule, *, resume: Path | None = None, **settings: Any
) -> pl.Trainer:
    made = trainer(folder, **settings)
    scene.fit(made, system, scene.loader(2), ckpt_path=resume)
    return made


class Scheduled(scene.System):
    """With the schedule that trainings use: a warm-up, then a cosine."""

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-2)
        warm = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=2)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6)
        both = torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, cosine], [2])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": both, "interval": "step"}}


def scheduled() -> Scheduled:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Scheduled()


def test_a_resumed_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole, resumed = scheduled(), scheduled()
    fit(tmp_path / "a", whole, max_steps=6)
    fit(tmp_path / "b", scheduled(), max_steps=4)
    made = fit(tmp_path / "b", resumed, max_steps=6, resume=newest(tmp_path / "b"))
    assert made.global_step == 6
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name])


def test_all_that_is_written_loads_without_unpickling_objects(tmp_path: Path) -> None:
    rate = LearningRateMonitor()
    stop = EarlyStopping("val/total", patience=3)
    fit(tmp_path, scheduled(), callbacks=[stop, rate], logger=pl.loggers.CSVLogger(tmp_path))
    files = sorted((tmp_path / "checkpoints").iterdir())
    assert [path.name for path in files] == ["best.ckpt", "last.ckpt"]
    for path in files:
        loaded = torch.load(path, weights_only=True)
        assert loaded["global_step"] in (2, 4)
        assert any("EarlyStopping" in name for name in loaded["callbacks"])
        assert len(loaded["optimizer_states"]) == len(loaded["lr_schedulers"]) == 1


def test_last_is_written_although_nothing_is_best_any_more(tmp_path: Path) -> None:
    class Worse(scene.System):
        def validation_step(self, given: Batch, index: int) -> None:
            self._step(given)
            self.log("val/total", 1.0 + self.global_step, batch_size=1)

    fit(tmp_path, Worse(), max_steps=6)
    steps = {n: torch.load(tmp_path / "checkpoints" / f"{n}.ckpt")["global_step"] for n in ("best", "last")}
    assert steps == {"best": 2, "last": 6}


@pytest.mark.parametrize("exception", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_training_keeps_where_it_was(exception: type[BaseException], tmp_path: Path) -> None:
    class Interrupted(scene.System):
        def training_step(self, given: Batch, index: int) -> Tensor:
            if self.global_step == 3:
                raise exception("enough")
            return super().training_step(given, index)

    with pytest.raises((exception, SystemExit)):
        fit(tmp_path, Interrupted(), max_steps=6)
    assert read_checkpoint(tmp_path / "checkpoints" / "last.ckpt")["global_step"] == 3


def test_the_wanted_interval_is_kept(tmp_path: Path) -> None:
    written = []

    class Told(WholeCheckpoints):
        def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
            written.append(checkpoint["global_step"])
            super().save_checkpoint(checkpoint, path)

    callbacks: Any = [LastCheckpoint(tmp_path, every_minutes=0.0)]
    made = scene.trainer(tmp_path, callbacks=callbacks, enable_checkpointing=True, plugins=[Told()])
    scene.fit(made, scene.System(), scene.loader(4))
    assert written == [1, 2, 3, 4]


CHILD = """
import io, sys, time, torch
from pathlib import Path
from tests.training import scene
from tests.training.test_checkpoints import fit, scheduled

real, saves = torch.save, []

def save(checkpoint, file):
    saves.append(1)
    if len(saves) <= 2:  # best and last of the first epoch
        return real(checkpoint, file)
    buffer = io.BytesIO()
    real(checkpoint, buffer)
    file.write(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    file.flush()
    print("half", flush=True)
    time.sleep(60)

torch.save = save
fit(Path(sys.argv[1]), scheduled(), max_steps=6)
"""


def test_a_kill_in_the_middle_of_writing_loses_nothing(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "half\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
    folder = tmp_path / "checkpoints"
    assert len(list(folder.glob(".writing-*.part"))) == 1
    last = newest(tmp_path)
    assert read_checkpoint(last)["global_step"] == 2
    whole, resumed = scheduled(), scheduled()
    fit(tmp_path / "whole", whole, max_steps=6)
    fit(tmp_path, resumed, max_steps=6, resume=last)
    assert sorted(os.listdir(folder)) == ["best.ckpt", "last.ckpt"]
    assert all(torch.equal(v, resumed.state_dict()[n]) for n, v in whole.state_dict().items())


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"state_dict": {}, "n": 1}, path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        WholeCheckpoints().save_checkpoint({"state_dict": {}, "n": 2}, path)
    assert read_checkpoint(path)["n"] == 1
    assert os.listdir(tmp_path) == ["last.ckpt"]


class _Code:
    def __reduce__(self) -> Any:
        return os.mkdir, ("made-by-a-checkpoint",)


def test_bad_files_are_refused_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    good = tmp_path / "good.ckpt"
    WholeCheckpoints().save_checkpoint({"state_dict": {"a": torch.zeros(100)}}, good)
    files = {
        "cut.ckpt": good.read_bytes()[:900],
        "empty.ckpt": b"",
        "text.ckpt": b"hello, this is no checkpoint",
        "code.ckpt": pickle.dumps({"state_dict": _Code()}),
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
    torch.save({"state_dict": _Code()}, "zipped.ckpt")
    torch.save([1, 2], "list.ckpt")
    for name in (*files, "zipped.ckpt", "list.ckpt", "none.ckpt"):
        with pytest.raises(ValueError, match=rf"^{name}") as refused:
            WholeCheckpoints().load_checkpoint(name, weights_only=False)
        assert "\n" not in str(refused.value)
    assert not Path("made-by-a-checkpoint").exists()


def test_the_newest_checkpoint_of_a_run_is_found(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no checkpoint to go on from"):
        newest(tmp_path)
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "best.ckpt").touch()
    assert newest(tmp_path) == folder / "best.ckpt"
    (folder / "last.ckpt").touch()
    assert newest(tmp_path) == newest(folder) == newest(folder / "last.ckpt") == folder / "last.ckpt"

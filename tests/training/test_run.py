# ruff: noqa: ARG002 - Lightning calls its hooks with all of their arguments
"""Whole trainings, as small as can be: repeatable, resumable, guarded, and really learning."""

import csv
import math
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch import Tensor

from gainstage.console.spec import named
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs
from gainstage.losses.weighted import Weighted
from gainstage.training import loggers
from gainstage.training.guard import NotFinite
from gainstage.training.run import LossSettings
from gainstage.training.system import OptimizerSettings, System
from tests import tiny
from tests.data.songs import RATE, noise, save

NAN = float("nan")


@pytest.fixture
def songs(tiny_set: Path) -> list[Song]:
    return load_songs("built_in", tiny_set)


class Seen(pl.Callback):
    """Remembers what each step was given, and what it came to."""

    def __init__(self, *, stop_at: int | None = None) -> None:
        self.batches: list[tuple[Any, ...]] = []
        self.rates: list[float] = []
        self.losses: list[dict[str, float]] = []
        self.validated: list[int] = []
        self.norms: list[float] = []
        self.clipped: list[float] = []
        self.stop_at = stop_at

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == self.stop_at:
            raise KeyboardInterrupt
        sums = (float(batch.spectra.sum()), float(batch.tracks.sum()), batch.start_sample.tolist())
        self.batches.append((trainer.global_step, batch.song_ids, batch.rendered.tolist(), *sums))
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, *_: Any) -> None:
        taken = pl_module.last
        losses = {name: float(loss.mean()) for name, loss in taken.losses.items()}
        locked = float(torch.cat([part.float().flatten() for part in taken.locked.values()]).sum())
        self.losses.append({**losses, "total": float(taken.total), "locked": locked})

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: Any, optimizer: Any) -> None:
        self.norms.append(_gradient_norm(pl_module))

    def on_before_zero_grad(self, trainer: pl.Trainer, pl_module: Any, optimizer: Any) -> None:
        self.clipped.append(_gradient_norm(pl_module))  # what the step before was really made with

    def on_validation_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.validated.append(trainer.global_step)


def _gradient_norm(module: pl.LightningModule) -> float:
    return math.sqrt(sum(float(p.grad.square().sum()) for p in module.parameters() if p.grad is not None))


def _same(a: Path, b: Path) -> bool:
    one, other = tiny.weights(a), tiny.weights(b)
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    songs: list[Song], tiny_cache: Path, tmp_path: Path
) -> None:
    given = tiny.experiment(tiny_cache, mixer=tiny.network(dropout=0.1), steps=2)
    runs = [
        tiny.run(replace(given, seed=seed), songs, tmp_path / name).last
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert _same(runs[0], runs[1])
    assert not _same(runs[0], runs[2])


def test_a_training_that_was_interrupted_goes_on_as_if_it_had_not_been(
    songs: list[Song], tiny_cache: Path, tmp_path: Path
) -> None:
    given = tiny.experiment(tiny_cache, steps=6)
    whole, first, second = Seen(), Seen(stop_at=3), Seen()
    unbroken = tiny.run(given, songs, tmp_path / "whole", whole)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        tiny.run(given, songs, tmp_path / "cut", first)
    assert signal.getsignal(signal.SIGINT) is handler  # Ctrl-C works on
    resumed = tiny.run(given, songs, tmp_path / "cut", second, resume=tmp_path / "cut")
    assert [batch[0] for batch in whole.batches] == [0, 1, 2, 3, 4, 5]
    assert first.batches + second.batches == whole.batches
    assert first.rates + second.rates == whole.rates
    for before, after in zip(whole.losses, first.losses + second.losses, strict=True):
        assert after == pytest.approx(before)
    assert whole.validated == first.validated + second.validated == [2, 4, 6]
    assert unbroken.steps == resumed.steps == 6
    a, b = tiny.weights(unbroken.last), tiny.weights(resumed.last)
    assert all(torch.allclose(value, b[name], atol=1e-6) for name, value in a.items())


def test_a_training_that_has_ended_can_be_given_more_steps(
    songs: list[Song], tiny_cache: Path, tmp_path: Path
) -> None:
    given = tiny.experiment(tiny_cache, steps=5)
    whole, first, second = Seen(), Seen(), Seen()
    tiny.run(given, songs, tmp_path / "whole", whole)
    tiny.run(replace(given, steps=3), songs, tmp_path / "run", first)
    done = tiny.run(given, songs, tmp_path / "run", second, resume=tmp_path / "run")
    assert done.steps == 5
    assert first.batches + second.batches == whole.batches
    assert second.rates == pytest.approx(whole.rates[3:])  # those of the longer cosine, at once
    assert second.validated == [4]


def test_a_training_goes_on_with_the_learning_rate_that_is_asked_for(
    songs: list[Song], tiny_run: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    seen, lower = Seen(), OptimizerSettings(learning_rate=1e-5, warmup_steps=2)
    given = tiny.experiment(tiny_cache, steps=4, optimizer=lower, audio_every=0)
    tiny.run(given, songs, tmp_path, seen, resume=tiny_run)
    assert seen.rates == pytest.approx([1e-5 * lower.share(step, 4) for step in (2, 3)])


def test_what_cannot_be_gone_on_from_is_said_in_one_sentence(
    songs: list[Song], tiny_run: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes((tiny_run / "checkpoints" / "last.ckpt").read_bytes()[:20_000])
    small = named("basic").model_copy(update={"master": named("default").master[1:]})
    given = tiny.experiment(tiny_cache, steps=9)
    for resume, changes, sentence in (
        (cut, {}, "cannot be read as a checkpoint, it may be cut short"),
        (tmp_path / "none", {}, "none is not there; give a checkpoint, or the folder of a run"),
        (tmp_path, {}, "holds no checkpoint"),
        (tiny_run, {"mixer": tiny.network(console=small)}, "drives another console: its master are"),
        (
            tiny_run,
            {"mixer": tiny.network(channels=(8, 12))},
            r"holds another network: its encoder.channels is \[8, 8\], here it is \[8, 12\]; give the same",
        ),
        (tiny_run, {"steps": 2}, "has made 2 steps and 2 are asked for in all; ask for more"),
    ):
        with pytest.raises(ValueError, match=sentence) as refused:
            tiny.run(replace(given, **changes), songs, tmp_path / "out", resume=resume)
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_dropout_may_change_on_the_way(
    songs: list[Song], tiny_run: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    given = tiny.experiment(tiny_cache, mixer=tiny.network(dropout=0.2), steps=3)
    assert tiny.run(given, songs, tmp_path, resume=tiny_run).steps == 3


def test_numbers_that_no_training_can_have_are_refused(tiny_cache: Path) -> None:
    for changes, sentence in (
        ({"steps": 0}, "steps is 0; a training takes 1 or more"),
        ({"steps": -1}, "steps is -1"),  # Lightning would never end
        ({"seed": -1}, "seed is -1; give a number from 0"),
        ({"workers": -1}, "workers -1"),
        ({"most_validated": 0}, "most_validated is 0"),
    ):
        with pytest.raises(ValueError, match=sentence):
            tiny.experiment(tiny_cache, **changes)  # type: ignore[arg-type]
    for settings in (
        {"learning_rate": 0.0},
        {"clip_norm": -1.0},
        {"weight_decay": -0.1},
        {"warmup_steps": -1},
    ):
        with pytest.raises(ValueError, match=next(iter(settings))):
            OptimizerSettings(**settings)  # type: ignore[arg-type]


def test_lightning_s_complaints_become_sentences(songs: list[Song], tiny_cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^trainer: .*checkpoint") as refused:
        tiny.run(
            tiny.experiment(tiny_cache), songs, tmp_path, trainer=tiny.trainer(enable_checkpointing=False)
        )
    assert "\n" not in str(refused.value)


def test_it_stops_early_when_validation_gets_no_better(
    songs: list[Song], tiny_cache: Path, tmp_path: Path
) -> None:
    stop = EarlyStopping("val/total", patience=1, min_delta=100.0)
    given = tiny.experiment(tiny_cache, steps=8, audio_every=0)
    done = tiny.run(given, songs, tmp_path, stop, trainer=tiny.trainer(val_check_interval=1))
    assert done.steps == 2
    assert torch.load(done.last, weights_only=True)["global_step"] == 2


# What is not finite


def test_a_spectrum_that_is_not_finite_stops_the_training_and_is_named(
    songs: list[Song], tiny_cache: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_cache, tmp_path / "cache")
    song = next(song for song in songs if song.split == "train")
    (path,) = (tmp_path / "cache").rglob(f"{song.tracks[0].content_hash}.npy")
    spectra = np.load(path)
    spectra[0, 3, 5] = np.nan
    np.save(path, spectra)
    given = tiny.experiment(tmp_path / "cache", batch_size=6, audio_every=0)
    sentence = rf"at batch 0 \(step 0\): the spectrum of track \d+ of song '{song.folder.split('/')[-1]}"
    with pytest.raises(NotFinite, match=sentence):
        tiny.run(given, songs, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.ckpt"))


class _Spoilt:
    """A loss that is not finite, or whose gradient is not, from its second call on."""

    def __init__(self, factor: float) -> None:
        self.factor, self.calls = factor, 0

    def __call__(self, estimate: Tensor, target: Tensor) -> Tensor:
        self.calls += 1
        found = tiny.level(estimate, target)
        if self.calls == 1:
            return found
        return found + (self.factor * estimate).square().mean((1, 2)).sqrt()  # √0 has no gradient


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (NAN, r"at batch 1 \(step 1\): the loss 'spoilt' of song '\d\d_\w+-.*' is not finite"),
        (0.0, r"at batch 1 \(step 1\): the gradient of mixer\.\w+.*is not finite, with the song"),
    ],
)
def test_a_loss_or_gradient_that_is_not_finite_stops_it_before_the_weights(
    factor: float, said: str, songs: list[Song], tiny_cache: Path, tmp_path: Path
) -> None:
    losses = LossSettings({"spoilt": Weighted(_Spoilt(factor), 1.0)})
    held: list[System] = []

    class Held(pl.Callback):
        def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
            held.append(pl_module)

    with pytest.raises(NotFinite, match=said):
        tiny.run(tiny.experiment(tiny_cache, losses=losses), songs, tmp_path, Held())
    assert all(bool(value.isfinite().all()) for value in held[0].state_dict().values())


# What a step is made of


def test_gradients_are_clipped(songs: list[Song], tiny_cache: Path, tmp_path: Path) -> None:
    seen = Seen()
    given = tiny.experiment(tiny_cache, steps=3, optimizer=OptimizerSettings(clip_norm=0.01), audio_every=0)
    tiny.run(given, songs, tmp_path, seen, trainer=tiny.trainer(val_check_interval=3))
    assert min(seen.norms) > 0.02
    assert seen.clipped[0] == 0.0  # before the first step there is none
    assert seen.clipped[1:] == pytest.approx([0.01] * 2, rel=1e-3)


def test_it_learns_two_songs_by_heart(songs: list[Song], tiny_cache: Path, tmp_path: Path) -> None:
    two = [song for song in songs if song.split == "train" and not song.session.startswith("sessions/")]
    held = next(song for song in songs if song.split == "validation")
    seen = Seen()
    given = tiny.experiment(
        tiny_cache,
        mixer=tiny.network(channels=(16, 16)),
        steps=40,
        audio_every=0,
        batch_size=2,
        most_locked=0.0,
        optimizer=OptimizerSettings(learning_rate=2e-2, warmup_steps=2, weight_decay=0.0),
    )
    tiny.run(given, [*two, held], tmp_path, seen, trainer=tiny.trainer(val_check_interval=40))
    losses = [step["settings"] for step in seen.losses]
    assert len(losses) == 40
    assert sum(losses[-3:]) < 0.6 * sum(losses[:3])
    assert {step["locked"] for step in seen.losses} == {0.0}


@pytest.mark.parametrize("audio_every", [0, 2])
def test_batches_with_and_without_audio_are_logged_by_name(
    audio_every: int, songs: list[Song], tiny_cache: Path, tmp_path: Path
) -> None:
    seen = Seen()
    given = tiny.experiment(tiny_cache, steps=2, audio_every=audio_every, seed=3)
    tiny.run(given, songs, tmp_path, seen, logger=loggers.csv(tmp_path))
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = {"settings", "total"} | ({"level"} if audio_every else set())
    assert set(rows[0]) == {"epoch", "step"} | {f"{part}/{n}" for part in ("train", "val") for n in names}
    assert [batch[2] for batch in seen.batches] == [[0, 2] if audio_every else []] * 2
    for row, losses in zip([row for row in rows if row["train/total"]], seen.losses, strict=True):
        assert float(row["train/settings"]) == pytest.approx(losses["settings"], rel=1e-5)
        weighted = losses["settings"] + 0.1 * losses.get("level", 0.0)
        assert float(row["train/total"]) == pytest.approx(weighted, rel=1e-4)
    assert min(step["locked"] for step in seen.losses) > 0.0


@pytest.fixture(scope="module")
def mixed_only(tmp_path_factory: pytest.TempPathFactory) -> list[Song]:
    """Songs of which only the mix is known: of one track, of forty of all levels, and one to hold out."""
    root = tmp_path_factory.mktemp("mixed_only")
    for number, (name, count) in enumerate((("a - one", 1), ("b - forty", 40), ("c - two", 2))):
        beat = noise(RATE, seed=number)
        parts = [(0.1 + 0.02 * i) * noise(RATE, seed=100 * number + i) + beat for i in range(count)]
        for i, part in enumerate(parts):
            save(root / name / "stems" / f"Part {i:02d}.wav", part / count)
        save(root / name / "mix.wav", sum(parts) / count)  # type: ignore[operator]
    found = load_songs("folders", root, validation=0.0, test=0.0, jobs=1)
    return [
        song.model_copy(update={"split": "validation" if "two" in song.name else "train"}) for song in found
    ]


def test_songs_of_one_and_of_forty_tracks_teach_by_their_mix_alone(
    mixed_only: list[Song], tmp_path: Path
) -> None:
    seen = Seen()
    given = tiny.experiment(tmp_path / "cache", steps=1, batch_size=2, audio_every=1)
    done = tiny.run(
        given,
        mixed_only,
        tmp_path,
        seen,
        trainer=tiny.trainer(val_check_interval=1),
        logger=loggers.csv(tmp_path),
    )
    assert set(seen.batches[0][1]) == {"a - one", "b - forty"}
    (losses,) = seen.losses
    assert losses["total"] == pytest.approx(0.1 * losses["level"])
    assert seen.norms[0] > 0.0
    assert done.steps == 1
    header = (tmp_path / "metrics.csv").read_text().splitlines()[0]
    assert "val/level" in header
    assert "settings" not in header  # nothing is known of them, which is not a loss of 0


def test_songs_with_and_without_truth_share_a_batch(
    songs: list[Song], mixed_only: list[Song], tmp_path: Path
) -> None:
    pair = [next(s for s in songs if s.split == "train"), *(s for s in mixed_only if "one" in s.name)]
    held = next(song for song in mixed_only if song.split == "validation")
    seen = Seen()
    given = tiny.experiment(tmp_path / "cache", steps=1, batch_size=2, audio_every=1)
    tiny.run(given, [*pair, held], tmp_path, seen, logger=loggers.csv(tmp_path))
    with (tmp_path / "metrics.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    (losses,) = seen.losses
    known = 2.0 * losses["settings"]  # the other's is 0, and does not count
    assert float(row["train/settings"]) == pytest.approx(known, rel=1e-5)
    assert float(row["train/total"]) == pytest.approx(known + 0.1 * losses["level"], rel=1e-4)


CHILD = """
import sys, time
from pathlib import Path
import pytorch_lightning as pl
from gainstage.data.sources import load_songs
from tests import tiny

class Slow(pl.Callback):
    def on_train_batch_start(self, trainer, module, batch, index):
        if trainer.global_step == 3:
            print("three", flush=True)
            time.sleep(60)

if __name__ == "__main__":
    root, cache, out = map(Path, sys.argv[1:])
    tiny.run(tiny.experiment(cache, steps=6), load_songs("built_in", root), out, Slow())
"""


@pytest.mark.slow
def test_a_kill_costs_the_steps_since_the_last_validation_and_nothing_else(
    songs: list[Song], tiny_set: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    whole, second = Seen(), Seen()
    given = tiny.experiment(tiny_cache, steps=6)
    unbroken = tiny.run(given, songs, tmp_path / "whole", whole)
    command = [sys.executable, "-c", CHILD, str(tiny_set), str(tiny_cache), str(tmp_path / "cut")]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], env=dict(os.environ)
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "three\n"
        child.kill()
        child.wait()
    resumed = tiny.run(given, songs, tmp_path / "cut", second, resume=tmp_path / "cut")
    assert second.batches == whole.batches[2:]
    assert second.rates == whole.rates[2:]
    a, b = tiny.weights(unbroken.last), tiny.weights(resumed.last)
    assert all(torch.allclose(value, b[name], atol=1e-6) for name, value in a.items())
    assert resumed.steps == 6


KILLED_CHILD = """
import sys
from pathlib import Path
import pytorch_lightning as pl
from gainstage.data.sources import load_songs
from tests import tiny

class Told(pl.Callback):
    def on_train_start(self, trainer, module):
        print("begun", trainer.global_step, flush=True)

if __name__ == "__main__":
    root, cache, out = map(Path, sys.argv[1:])
    resume = out if (out / "checkpoints" / "last.ckpt").exists() else None
    tiny.run(tiny.experiment(cache, steps=30), load_songs("built_in", root), out, Told(), resume=resume)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_ten_random_moments_a_training_comes_to_the_same(
    songs: list[Song], tiny_set: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    unbroken = tiny.run(tiny.experiment(tiny_cache, steps=30), songs, tmp_path / "whole")
    out, last = tmp_path / "killed", tmp_path / "killed" / "checkpoints" / "last.ckpt"
    draw, kills, starts = random.Random(0), 0, []
    while kills < 10:
        with _started(tiny_set, tiny_cache, out) as (child, step):
            starts.append(step)
            try:
                child.wait(timeout=draw.uniform(0.0, 0.7) * unbroken.seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                kills += 1
        if last.is_file() and torch.load(last, weights_only=True)["global_step"] == 30:
            shutil.rmtree(out)  # it came to its end: begin anew
    with _started(tiny_set, tiny_cache, out) as (child, step):
        assert child.wait() == 0
    assert sum(step > 0 for step in starts) >= 3  # most go on from a checkpoint
    a, b = tiny.weights(unbroken.last), tiny.weights(last)
    assert all(torch.allclose(value, b[name], atol=1e-6) for name, value in a.items())


@contextmanager
def _started(*paths: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A process that has begun to train, and the step from which."""
    command = [sys.executable, "-c", KILLED_CHILD, *map(str, paths)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], env=dict(os.environ)
    )
    assert child.stdout is not None
    with child.stdout:
        yield child, int(child.stdout.readline().split()[1])
        child.wait()


@pytest.mark.slow
def test_what_loads_does_not_matter(songs: list[Song], tiny_cache: Path, tmp_path: Path) -> None:
    runs = [
        tiny.run(tiny.experiment(tiny_cache, steps=3, workers=workers), songs, tmp_path / str(workers)).last
        for workers in (0, 1)
    ]
    assert _same(*runs)

"""Pictures and excerpts of a training are there when they should be, few, levelled, and of what was mixed."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import soundfile
import torch
from matplotlib import image

from gainstage.data.batch import Batch
from gainstage.dsp.loudness import integrated_loudness
from gainstage.training import loggers, pictures
from gainstage.training.checkpoints import LastCheckpoint, WholeCheckpoints, newest
from gainstage.training.pictures import Pictures
from tests.training import scene

SAMPLES = 4 * scene.RATE


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is tested elsewhere and takes a second a picture."""
    small = io.BytesIO()
    image.imsave(small, np.zeros((2, 2)), format="png")
    for name in ("mix_picture", "spread_picture"):
        monkeypatch.setattr(pictures, name, lambda *_, **__: small.getvalue())


def fit(
    folder: Path, steps: int, *, resume: Path | None = None, keep_every: int = 10, **settings: Any
) -> None:
    callbacks: list[pl.Callback] = [
        Pictures(folder, every_steps=2, keep_every=keep_every),
        LastCheckpoint(folder / "checkpoints"),
    ]
    trainer = scene.trainer(
        folder,
        callbacks=callbacks,
        max_steps=steps,
        enable_checkpointing=True,
        plugins=[WholeCheckpoints()],
        **settings,
    )
    scene.fit(
        trainer, scene.seeded_system(), scene.loader(2, samples=SAMPLES), scene.loader(2), ckpt_path=resume
    )


def names(folder: Path, kind: str) -> list[str]:
    return sorted(path.name for path in (folder / kind).iterdir())


def test_each_look_writes_a_mix_the_settings_and_two_takes(tmp_path: Path) -> None:
    fit(tmp_path, 2)
    assert names(tmp_path, "pictures") == [
        f"step-000002-{stage}-{name}.png"
        for stage in ("train", "val")
        for name in ("master", "mix", "tracks")
    ]
    assert names(tmp_path, "audio") == [
        f"step-000002-{stage}-{name}.flac" for stage in ("train", "val") for name in ("estimate", "target")
    ]


def test_the_first_every_kth_and_the_last_look_stay_also_when_a_training_goes_on(tmp_path: Path) -> None:
    fit(tmp_path / "whole", 14, keep_every=3)
    fit(tmp_path / "parts", 8, keep_every=3)
    fit(tmp_path / "parts", 14, keep_every=3, resume=newest(tmp_path / "parts"))
    for run in ("whole", "parts"):
        steps = {int(name.split("-")[1]) for name in names(tmp_path / run, "pictures")}
        assert steps == {2, 8, 14}
    assert names(tmp_path / "whole", "audio") == names(tmp_path / "parts", "audio")


def test_takes_are_what_was_mixed_at_minus_twenty(tmp_path: Path) -> None:
    fit(tmp_path, 2)
    given = scene.batch(1, samples=SAMPLES)
    sources = {"estimate": given.tracks[0].sum(0), "target": given.target[0]}
    for name, source in sources.items():
        audio, rate = soundfile.read(tmp_path / "audio" / f"step-000002-train-{name}.flac", always_2d=True)
        assert rate == scene.RATE
        heard = torch.from_numpy(audio.T)
        loudness = float(integrated_loudness(heard, sample_rate=rate))
        assert loudness == pytest.approx(-20.0, abs=0.1)
        alike = np.corrcoef(heard.flatten(), source.flatten())[0, 1]
        assert alike > 0.999


def test_what_would_clip_is_turned_down_with_its_companion() -> None:
    clicks = torch.zeros(2, 2, SAMPLES)
    clicks[0, :, ::4000] = 0.9  # loud peaks, little loudness
    clicks[1] = 0.05 * torch.randn(2, SAMPLES)
    levelled = pictures._levelled(clicks, scene.RATE)
    assert float(levelled.abs().amax()) <= 0.9901
    both = integrated_loudness(levelled, sample_rate=scene.RATE)
    assert float(both[0]) == pytest.approx(float(both[1]), abs=0.1)
    silent = pictures._levelled(torch.zeros(2, 2, SAMPLES), scene.RATE)
    assert not silent.any()


def test_settings_are_those_of_strips_that_there_are_and_truth_where_it_is_known() -> None:
    system = scene.seeded_system()
    given = scene.batch()
    mask = torch.tensor([[True, True], [True, False], [False, False]])
    known = torch.tensor([True, False, True])
    system._step(replace(given, mask=mask, has_truth=known))
    assert system.last is not None
    values = pictures._values(system.last)
    predicted, true = values["tracks"]
    assert (len(predicted), len(true)) == (3, 2)
    assert torch.equal(true, given.truth["tracks"][0])
    assert [len(part) for part in values["master"]] == [3, 2]
    (first, *_) = pictures._spreads(scene.CONSOLE.layout["tracks"], [values["tracks"]])
    assert (first.name, first.low, first.high) == ("compressor threshold", "-60", "0 dB")


def test_a_batch_without_audio_waits_and_rounds_without_any_show_settings_only(tmp_path: Path) -> None:
    class Silent(scene.Batches):
        def __getitem__(self, index: int) -> Batch:
            given = super().__getitem__(index)
            none = slice(0, 0)
            return replace(
                given, rendered=given.rendered[none], tracks=given.tracks[none], target=given.target[none]
            )

    class Deaf(scene.System):
        def _step(self, given: Batch) -> torch.Tensor:
            total = super()._step(given)
            return torch.nan_to_num(total) if len(given.rendered) else self.gain * 0.0

    loader = torch.utils.data.DataLoader(Silent(2), batch_size=None)
    trainer = scene.trainer(tmp_path, callbacks=[Pictures(tmp_path, every_steps=1)], max_steps=2)
    scene.fit(trainer, Deaf(), loader, loader)
    assert names(tmp_path, "pictures") == ["step-000002-val-master.png", "step-000002-val-tracks.png"]
    assert not (tmp_path / "audio").exists()


def test_wandb_gets_pictures_and_takes(tmp_path: Path) -> None:
    fit(tmp_path, 2, logger=loggers.Wandb(tmp_path, mode="offline"))
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    kinds = sorted(path.suffix for path in (run / "files" / "media").rglob("*") if path.is_file())
    assert kinds == [".flac"] * 4 + [".png"] * 6

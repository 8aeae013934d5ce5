"""Songs as batches: the same ones whoever loads them, from any step on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gainstage.console.session import Session
from gainstage.data.batch import Batch
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs
from gainstage.training.data_module import DataSettings, SongsModule
from tests import tiny


@pytest.fixture
def songs(tiny_set: Path) -> list[Song]:
    return load_songs("built_in", tiny_set)


def module(songs: Sequence[Song], cache: Path, *, at: int = 0, **changes: Any) -> SongsModule:
    given = tiny.experiment(cache, **changes)
    made = SongsModule(songs, given.mixer.build(), given.data, steps=given.steps, seed=given.seed)
    made.prepare()
    made.trainer = SimpleNamespace(global_step=at, global_rank=0, world_size=1)  # type: ignore[assignment]
    return made


def same(a: Batch, b: Batch) -> bool:
    return a.song_ids == b.song_ids and all(
        torch.equal(getattr(a, name), getattr(b, name))
        for name in ("spectra", "heard", "mask", "rendered", "tracks", "start_sample")
    )


def batches(loader: Any) -> list[Batch]:
    return list(loader)


@pytest.mark.slow
def test_a_worker_loads_what_the_main_process_would(songs: list[Song], tiny_cache: Path) -> None:
    alone, helped = (
        batches(module(songs, tiny_cache, workers=workers, steps=3).train_dataloader()) for workers in (0, 1)
    )
    assert len(alone) == len(helped) == 3
    assert all(same(a, b) for a, b in zip(alone, helped, strict=True))


def test_batches_go_on_from_the_step_at_which_training_stands(songs: list[Song], tiny_cache: Path) -> None:
    whole = batches(module(songs, tiny_cache, steps=5).train_dataloader())
    later = batches(module(songs, tiny_cache, steps=5, at=3).train_dataloader())
    assert [len(whole), len(later)] == [5, 2]
    assert all(same(a, b) for a, b in zip(whole[3:], later, strict=True))
    other = batches(module(songs, tiny_cache, steps=5, seed=1).train_dataloader())
    assert not any(same(a, b) for a, b in zip(whole, other, strict=True))


def test_validation_sees_each_held_out_song_itself_and_always_the_same_excerpts(
    songs: list[Song], tiny_cache: Path
) -> None:
    held = [song.model_copy(update={"split": "validation"}) for song in songs]  # arrangements among them
    train = next(song for song in songs if song.split == "train")
    made = module([*held, train], tiny_cache, audio_every=128)
    first, second = batches(made.val_dataloader()), batches(made.val_dataloader())
    assert all(same(a, b) for a, b in zip(first, second, strict=True))
    names = [name for batch in first for name in batch.song_ids]
    assert sorted(names) == sorted(song.name for song in songs if "." not in song.name)
    assert [len(batch.rendered) for batch in first] == [2]  # every other, however rare audio is in training
    assert len(module([*held, train], tiny_cache, most_validated=2).validation) == 2


def test_what_is_usual_comes_from_songs_and_not_from_their_arrangements(
    songs: list[Song], tiny_cache: Path
) -> None:
    made = module(songs, tiny_cache)
    layout = made.train.console.layout["master"]
    whole = [song for song in songs if song.split == "train" and "." not in song.name]
    thresholds = [
        Session.load(Path(song.folder) / song.session).master.processors["compressor"].values["threshold_db"]
        for song in whole
    ]
    column = layout.index("compressor", "threshold_db")
    row = layout.defaults().repeat(len(thresholds), 1)
    row[:, column] = torch.tensor(thresholds)
    wanted = layout.to_unit(row)[:, list(layout.driven).index(column)].mean()
    found = made.usual().mean["master"][0, list(layout.driven).index(column)]
    assert float(found) == pytest.approx(float(wanted), abs=1e-5)


def test_a_set_without_songs_for_a_split_is_refused(songs: list[Song], tiny_cache: Path) -> None:
    train = [song for song in songs if song.split == "train"]
    with pytest.raises(ValueError, match="none of 6 songs is for validation"):
        module(train, tiny_cache)


def test_numbers_that_no_batch_can_have_are_refused(tmp_path: Path) -> None:
    good = DataSettings(tmp_path)
    for name in ("batch_size", "most_validated"):
        with pytest.raises(ValueError, match=name):
            replace(good, **{name: 0})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="workers -1"):
        replace(good, workers=-1)

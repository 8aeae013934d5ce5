"""Items and batches: targets lie where the tracks lie, truths belong to their tracks, and nothing depends on
who loads them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch.utils.data import DataLoader

from gainstage.console.session import Session
from gainstage.console.spec import named
from gainstage.data.batch import Batch
from gainstage.data.dataset import Item, SongDataset, collate
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs
from gainstage.mixing.mix import mix
from gainstage.roles import ROLES
from tests.data.songs import RATE, cache_in, console, noise, save
from tests.mixing.conftest import kick, pad

SHORT = ExcerptSettings(seconds=1.0, pre_roll_seconds=0.5, heard_seconds=20.0, audio_every=1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two songs with a mix of the rules engineer, of three and of four tracks."""
    root = tmp_path_factory.mktemp("songs")
    for name, style, stems in (
        ("one", 3, {"kick.wav": kick(4.0), "pad.wav": pad(4.0), "hat.wav": noise(150_000, seed=1)}),
        ("two", 5, {"bass.wav": noise(4 * RATE, seed=2), "vox.wav": noise(4 * RATE, 2, seed=3)}),
        ("two", 5, {"kick.wav": 0.1 * kick(4.0), "keys.wav": 0.3 * pad(4.0)}),
    ):
        for file, audio in stems.items():
            save(root / name / "stems" / file, audio)
        mix(root / name / "stems", root / name, style=style, report=False, console=named("basic"))
    return root


def _dataset(
    songs: Sequence[Song], folder: Path, settings: ExcerptSettings = SHORT, **rest: int
) -> SongDataset:
    data = SongDataset(songs, console(), cache_in(folder), settings=settings, **rest)
    data.prepare()
    return data


@pytest.fixture(scope="module")
def data(root: Path, tmp_path_factory: pytest.TempPathFactory) -> SongDataset:
    songs = load_songs("folders", root, validation=0.0, test=0.0)
    return _dataset(songs, tmp_path_factory.mktemp("cache"))


def _error_db(estimate: torch.Tensor, target: torch.Tensor) -> float:
    error = (estimate - target).double().square().mean() / target.double().square().mean()
    return float(10.0 * torch.log10(error))


def _render(data: SongDataset, batch: Batch) -> torch.Tensor:
    """The truth on the tracks of a batch whose items all have audio."""
    neutral = data.console.neutral(batch=len(batch.mask), tracks=batch.mask.shape[1])
    layout = data.console.layout
    values = {name: layout[name].to_physical(u, neutral.values[name]) for name, u in batch.truth.items()}
    column = layout["master"].index("output_gain", "gain_db")
    values["master"][:, 0, column] = batch.output_gain_db.double()
    return data.console.render(
        batch.tracks,
        replace(neutral, values=values),
        sample_rate=batch.sample_rate,
        mask=batch.mask,
        is_stereo=batch.is_stereo,
        start_sample=batch.start_sample,
    ).mix


def test_the_truth_on_the_tracks_is_the_target(data: SongDataset, tmp_path: Path) -> None:
    """Whole songs in one batch, so that nothing was played before the excerpt: null, level included."""
    whole = _dataset(data.songs, tmp_path, ExcerptSettings(seconds=3.0, audio_every=1, heard_seconds=3.0))
    batch = collate(list(whole))
    assert batch.has_truth.all()
    assert batch.start_sample.tolist() == [0, 0]
    rendered = _render(whole, batch)
    assert _error_db(rendered[0], batch.target[0]) < -100.0
    assert _error_db(rendered[1], batch.target[1]) < -100.0


def test_targets_lie_where_the_tracks_lie(data: SongDataset) -> None:
    """Excerpts from further on: those of the whole song's render and of its staged tracks."""
    starts = set()
    for item in (data[index] for index in range(12)):
        assert item.tracks is not None
        assert item.target is not None
        assert item.start_sample % 64 == 0
        starts.add(item.start_sample)
        song = next(song for song in data.songs if song.name == item.song_id)
        part = slice(item.start_sample, item.start_sample + item.target.shape[-1])
        assert song.mix is not None
        assert song.mix.loudness_lufs is not None
        mixed, _ = soundfile.read(song.path_of(song.mix), dtype="float32", always_2d=True)
        gain = 10.0 ** ((-20.0 - song.mix.loudness_lufs) / 20.0)
        torch.testing.assert_close(item.target, gain * torch.from_numpy(mixed.T[:, part].copy()))
        session = Session.load(Path(song.folder) / "session.json")
        for row, audio in zip(song.tracks, item.tracks, strict=True):
            settings = next(s for s in session.tracks if f"stems/{s.file}" == row.file)
            staged, _ = soundfile.read(song.path_of(row), dtype="float32", always_2d=True)
            staged = staged * 10.0 ** (settings.processors["trim"].values["gain_db"] / 20.0)
            wanted = torch.zeros_like(audio)
            kept = torch.from_numpy(np.ascontiguousarray(staged.T[:, part], np.float32))
            wanted[:, : kept.shape[-1]] = kept
            torch.testing.assert_close(audio, wanted, atol=1e-6, rtol=1e-5)
    assert len(starts) > 5


def test_settings_go_by_file_and_not_by_order(root: Path, data: SongDataset) -> None:
    session = json.loads((root / "one" / "session.json").read_text(encoding="utf-8"))
    session["tracks"].reverse()
    (root / "one" / "turned.json").write_text(json.dumps(session), encoding="utf-8")
    song = data.songs[0]
    turned = song.model_copy(update={"session": "turned.json"})
    moved = song.model_copy(update={"tracks": song.tracks[::-1]})
    plain, by_session, by_row = (
        _dataset([row], data.cache.folder.parent)[0].truth["tracks"] for row in (song, turned, moved)
    )
    assert not torch.equal(plain, plain.flip(0))
    torch.testing.assert_close(by_session, plain, atol=0, rtol=0)
    torch.testing.assert_close(by_row, plain.flip(0), atol=0, rtol=0)


def test_a_batch_holds_what_its_items_hold(data: SongDataset) -> None:
    items = [data[0], data[1]]
    batch = collate(items)
    count = max(len(item.roles) for item in items)
    assert batch.mask.sum(1).tolist() == [len(item.roles) for item in items]
    assert batch.tracks.shape == (2, count, 2, SHORT.num_samples(RATE))
    for i, item in enumerate(items):
        n = len(item.roles)
        song = next(song for song in data.songs if song.name == item.song_id)
        assert [ROLES[role] for role in batch.conditions.roles[i, :n]] == [t.role for t in song.tracks]
        assert batch.is_stereo[i, :n].tolist() == [track.channels == 2 for track in song.tracks]
        assert item.tracks is not None
        torch.testing.assert_close(batch.tracks[i, :n], item.tracks)
        for row, spectrum in zip(batch.heard[i, :n], item.spectra, strict=True):
            frames = spectrum.shape[-1]
            assert batch.num_frames[row] == frames
            torch.testing.assert_close(batch.spectra[row, ..., :frames], spectrum.float())
            assert not batch.spectra[row, ..., frames:].any()
        for name, truth in item.truth.items():
            torch.testing.assert_close(batch.truth[name][i, : len(truth)], truth)
    assert not batch.tracks[~batch.mask].any()
    assert (batch.pre_roll, batch.sample_rate) == (SHORT.pre_roll(RATE), RATE)
    assert batch.conditions.target_loudness_lufs.tolist() == [-20.0, -20.0]


def test_a_track_that_items_share_is_heard_once(data: SongDataset) -> None:
    song = data.songs[1]
    few = song.model_copy(
        update={"name": "two.a1", "tracks": song.tracks[:2], "session": "", "mix": song.mix}
    )
    shared = collate(
        [*_dataset([few], data.cache.folder.parent), *_dataset([song], data.cache.folder.parent)]
    )
    assert len(shared.spectra) == len(song.tracks)
    for i in range(2):
        torch.testing.assert_close(shared.spectra[shared.heard[0, i]], shared.spectra[shared.heard[1, i]])


def test_items_without_audio_come_without_files_being_opened(
    data: SongDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = _dataset(data.songs, data.cache.folder.parent, ExcerptSettings(seconds=1.0, audio_every=3))
    batch = collate([some[index] for index in range(6)])
    assert batch.rendered.tolist() == [0, 3]
    assert len(batch.tracks) == len(batch.target) == len(batch.start_sample) == 2
    monkeypatch.setattr(some, "audio", None)
    silent = collate([some[1], some[2]])
    assert silent.tracks.shape[0] == silent.target.shape[0] == silent.rendered.numel() == 0


def _same(one: Batch, other: Batch) -> None:
    assert one.song_ids == other.song_ids
    for name in (
        "spectra",
        "heard",
        "mask",
        "tracks",
        "target",
        "start_sample",
        "rendered",
        "output_gain_db",
    ):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), atol=0, rtol=0, equal_nan=True)
    for section, truth in one.truth.items():
        torch.testing.assert_close(truth, other.truth[section], atol=0, rtol=0)


@pytest.mark.parametrize(("workers", "context"), [(2, "fork"), (1, "spawn")])
def test_workers_load_what_one_process_loads(data: SongDataset, workers: int, context: str) -> None:
    few = _dataset(data.songs, data.cache.folder.parent, ExcerptSettings(seconds=0.5, audio_every=2))
    indices = range(12, 16)
    alone = list(DataLoader(few, batch_size=2, sampler=indices, collate_fn=collate))
    loader = DataLoader(
        few,
        batch_size=2,
        sampler=indices,
        collate_fn=collate,
        num_workers=workers,
        multiprocessing_context=context,
    )
    for one, other in zip(alone, loader, strict=True):
        _same(one, other)


def test_another_seed_draws_other_excerpts_and_the_same_seed_the_same(data: SongDataset) -> None:
    def starts(seed: int) -> list[tuple[str, int]]:
        drawn = _dataset(data.songs, data.cache.folder.parent, seed=seed)
        return [(item.song_id, item.start_sample) for item in (drawn[index] for index in range(8))]

    assert starts(0) == starts(0)
    assert starts(0) != starts(1)


def test_excerpts_go_where_tracks_play(tmp_path: Path) -> None:
    """Ten seconds of which the last two are played: hardly an excerpt should miss them all."""
    audio = np.concatenate([1e-7 * np.ones((1, 8 * RATE)), noise(2 * RATE)], axis=1)
    save(tmp_path / "root" / "song" / "stems" / "bass.wav", audio)
    save(tmp_path / "root" / "song" / "mix.wav", audio)
    songs = load_songs("folders", tmp_path / "root", validation=0.0, test=0.0)
    for heard_seconds in (20.0, 3.0):
        settings = ExcerptSettings(
            seconds=2.0, pre_roll_seconds=1.0, audio_every=1, heard_seconds=heard_seconds, candidates=8
        )
        items = [_dataset(songs, tmp_path / "cache", settings)[index] for index in range(20)]
        played = [item for item in items if item.target is not None and item.target.abs().max() > 0.01]
        assert len(played) >= 14  # 6 without a choice
    assert {item.spectra.shape[-1] for item in items} == {3 * RATE // 512 + 1}
    assert len({float(item.spectra.sum()) for item in items}) > 3  # what is heard moves with the excerpt


def test_other_rates_are_resampled_once_and_short_files_end_in_silence(tmp_path: Path) -> None:
    at_48 = noise(48_000 * 3, seed=4)
    save(tmp_path / "root" / "s" / "stems" / "bass.wav", at_48, 48_000)
    save(tmp_path / "root" / "s" / "stems" / "kick.wav", kick(0.3))
    save(tmp_path / "root" / "s" / "mix.wav", np.repeat(at_48, 2, 0), 48_000)
    data = _dataset(load_songs("folders", tmp_path / "root", validation=0.0, test=0.0), tmp_path / "cache")
    items: list[Item] = [data[index] for index in range(6)]
    for item in items:
        assert item.tracks is not None
        assert item.target is not None
        assert item.tracks.shape[-1] == item.target.shape[-1] == SHORT.num_samples(RATE)
        bass, kick_audio = item.tracks
        gain = (bass[0] @ item.target[0]) / bass[0].square().sum()
        assert _error_db(gain * bass, item.target) < -60.0
        assert not kick_audio[:, max(13_230 - item.start_sample, 0) :].any()


def test_nothing_to_learn_from_is_refused(data: SongDataset) -> None:
    with pytest.raises(ValueError, match="there is no song to train on"):
        SongDataset([], console(), data.cache)
    song = data.songs[0].model_copy(update={"mix": None, "session": ""})
    with pytest.raises(ValueError, match="'one' has neither a mix nor a session"):
        SongDataset([song], console(), data.cache)
    several = [song.tracks[0].model_copy(update={"name": f"t{i}"}) for i in range(65)]
    many = data.songs[0].model_copy(update={"tracks": tuple(several)})
    with pytest.warns(UserWarning, match="has 65 tracks"):
        SongDataset([many], console(), data.cache)

"""The data set of built-in songs: it says what a scan would find, and does not depend on who wrote it."""

import json
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from gainstage.cli.main import cli
from gainstage.console.session import Session
from gainstage.data.dataset import SongDataset, collate
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song, read_manifest
from gainstage.data.roles_file import read_roles
from gainstage.data.sources import load_songs, songs_of
from gainstage.data.synthetic import play_song
from gainstage.dsp.gain_staging import stage_meter
from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing import dataset
from gainstage.mixing.dataset import write_dataset
from gainstage.mixing.render import render_blocks
from tests.data.songs import cache_in, console

SECONDS = 4.0


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dataset")
    write_dataset(3, SECONDS, out, arrangements=3, validation=1, test=1, jobs=1)
    return out


def _names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.is_dir())


def _songs(out: Path, count: int | None = None) -> dict[str, bytes]:
    """The files of the first songs."""
    files = [path for name in _names(out)[:count] for path in (out / name).rglob("*") if path.is_file()]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


class _Loudness:
    def __init__(self, channels: int, sample_rate: int) -> None:
        self.meter = LoudnessMeter(1, channels, sample_rate=sample_rate)

    def hear(self, block: torch.Tensor) -> None:
        self.meter.update(block[None])


def test_rows_say_of_each_stem_what_a_scan_of_the_files_finds(written: Path) -> None:
    for song in (song for song in read_manifest(written / "manifest.jsonl") if "." not in song.name):
        folder = written / song.folder
        scan = scan_folder(folder, roles=read_roles(folder / "roles.yaml"), listen=_Loudness)
        assert len(song.tracks) == len(scan.song.tracks)
        for row, found in zip(song.tracks, scan.song.tracks, strict=True):
            staging = stage_meter(scan.heard[found.name].meter)[0]
            assert row.loudness_lufs == pytest.approx(staging.loudness_lufs, abs=1e-4)
            kept = {"loudness_lufs", "wetness"}
            assert row.model_dump(exclude=kept) == found.model_dump(exclude=kept)


def test_songs_have_arrangements_only_where_they_train(written: Path) -> None:
    songs = read_manifest(written / "manifest.jsonl")
    first, second, third = _names(written)
    assert {song.name: song.split for song in songs} == {
        first: "train",
        **{f"{first}.a{n}": "train" for n in (1, 2, 3)},
        second: "validation",
        third: "test",
    }
    whole, *parts = songs[:4]
    for part in parts:
        assert set(part.tracks) <= set(whole.tracks)
        assert len(part.tracks) >= 2
    assert len({part.tracks for part in parts}) > 1


def test_every_row_has_a_session_of_its_own_for_its_tracks(written: Path) -> None:
    songs = read_manifest(written / "manifest.jsonl")
    sessions = [Session.load(written / song.folder / song.session) for song in songs]
    for song, session in zip(songs, sessions, strict=True):
        assert [track.content_hash for track in session.tracks] == [t.content_hash for t in song.tracks]
        assert [f"stems/{track.file}" for track in session.tracks] == [t.file for t in song.tracks]
        assert [track.role for track in session.tracks] == [track.role for track in song.tracks]
        for settings, row in zip(session.tracks, song.tracks, strict=True):
            if row.loudness_lufs is not None:
                trim_db = settings.processors["trim"].values["gain_db"]
                assert trim_db == pytest.approx(-23.0 - row.loudness_lufs, abs=1e-9)
    assert len({session.seeds["style"] for session in sessions}) == len(sessions)


def test_the_output_gain_brings_each_mix_near_its_loudness(written: Path) -> None:
    for song in read_manifest(written / "manifest.jsonl"):
        session = Session.load(written / song.folder / song.session)
        blocks = [b.rendered.mix[0] for b in render_blocks(session, written / song.folder / "stems")]
        loudness = float(integrated_loudness(torch.cat(blocks, -1), sample_rate=song.sample_rate))
        assert loudness == pytest.approx(-20.0, abs=1.5)


def test_it_is_loaded_with_its_settings_as_the_truth(written: Path, tmp_path: Path) -> None:
    songs = songs_of(load_songs("built_in", written), "train")
    settings = ExcerptSettings(seconds=1.0, audio_every=2)
    data = SongDataset(songs, console(), cache_in(tmp_path), settings=settings)
    data.prepare()
    batch = collate(list(data))
    assert batch.has_truth.all()
    assert batch.rendered.tolist() == [0, 2]
    assert batch.target.isnan().all()
    by_name = {song.name: Session.load(Path(song.folder) / song.session) for song in songs}
    for name, gain_db, track_count in zip(
        batch.song_ids, batch.output_gain_db.tolist(), batch.mask.sum(1).tolist(), strict=True
    ):
        session = by_name[name]
        gain = session.master.processors["output_gain"].values["gain_db"]
        assert gain_db == pytest.approx(gain, abs=1e-5)
        assert track_count == len(session.tracks)


@pytest.mark.slow
def test_output_gains_are_near_for_long_songs_too(tmp_path: Path) -> None:
    """Twenty seconds, as in training; wherever three tracks are squashed hard a decibel more is allowed."""
    songs = write_dataset(4, 20.0, tmp_path, seed=40, arrangements=8, validation=0, test=0)
    off = []
    for song in songs[::3]:
        session = Session.load(tmp_path / song.folder / song.session)
        blocks = [b.rendered.mix[0] for b in render_blocks(session, tmp_path / song.folder / "stems")]
        off.append(float(integrated_loudness(torch.cat(blocks, -1), sample_rate=song.sample_rate)) + 20.0)
    assert max(map(abs, off)) < 2.5
    assert torch.tensor(off).square().mean().sqrt() < 0.7


@pytest.mark.slow
def test_two_processes_write_the_same_bytes_as_one(written: Path, tmp_path: Path) -> None:
    write_dataset(2, SECONDS, tmp_path, arrangements=3, validation=0, test=0, jobs=2)
    assert _songs(tmp_path) == _songs(written, 2)


def test_what_was_killed_goes_on_where_it_was(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[int] = []

    def play(seed: int, *, seconds: float) -> object:
        played.append(seed)
        if len(played) == 2:
            raise KeyboardInterrupt
        return play_song(seed, seconds=seconds)

    monkeypatch.setattr(dataset, "play_song", play)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(2, SECONDS, tmp_path, arrangements=3, jobs=1)
    assert not (tmp_path / "manifest.jsonl").exists()
    left = tmp_path / f".{_names(written)[1]}.part" / "stems"
    left.mkdir(parents=True)  # what a kill leaves where an interrupt cleans up
    (left / "01_Ghost.flac").write_bytes(b"half")
    write_dataset(2, SECONDS, tmp_path, arrangements=3, jobs=1)
    assert played == [0, 1, 1]
    assert _songs(tmp_path) == _songs(written, 2)


def test_a_player_that_is_killed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(ThreadPoolExecutor):
        def __init__(self, jobs: int, _: object, **__: object) -> None:
            super().__init__(jobs)

    def die(order: object) -> None:
        raise BrokenProcessPool(f"{order}")

    monkeypatch.setattr(dataset, "ProcessPoolExecutor", Killed)
    monkeypatch.setattr(dataset, "_make", die)
    with pytest.raises(OSError, match="was killed, perhaps for want of memory; ask for fewer jobs"):
        write_dataset(2, SECONDS, tmp_path, jobs=2)


def test_other_counts_go_on_from_the_same_folders(written: Path, tmp_path: Path) -> None:
    """Held-out songs keep their arrangements on disk, so that a larger set may train on them."""
    (tmp_path / "set").symlink_to(written)
    folders = _names(written)
    before = (written / "manifest.jsonl").read_bytes()
    try:
        songs = write_dataset(3, SECONDS, tmp_path / "set", arrangements=2, validation=0, test=1, jobs=1)
    finally:
        (written / "manifest.jsonl").write_bytes(before)
    assert [song.name for song in songs if song.split == "train"] == [
        name for folder in folders[:2] for name in (folder, f"{folder}.a1", f"{folder}.a2")
    ]


def test_places_that_are_taken_are_refused(written: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 3 arrangements, 4 are wanted"):
        write_dataset(3, SECONDS, written, arrangements=4, jobs=1)
    with pytest.raises(ValueError, match="does not hold the whole song of seed 0 with 5 s"):
        write_dataset(3, 5.0, written, arrangements=3, jobs=1)
    with pytest.raises(ValueError, match="none is left to train on"):
        write_dataset(2, SECONDS, tmp_path, validation=1, test=1)


def test_the_command_writes_a_data_set_and_refuses_what_does_not_belong(tmp_path: Path) -> None:
    command = ["synth", "--songs", "1", "--seconds", "4", "--out", str(tmp_path / "set")]
    held = ["--dataset", "--arrangements", "1", "--validation", "0", "--test", "0", "--jobs", "1"]
    done = CliRunner().invoke(cli, [*command, *held])
    assert done.exit_code == 0, done.output
    assert "1 songs, 1 arrangements" in done.output
    about = json.loads((tmp_path / "set" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert Song.model_validate(about).source == "built_in"
    for wrong, sentence in (
        ([*command, "--jobs", "1"], "--jobs is of no use without --dataset"),
        ([*command, "--dataset", "--no-mix"], "--mix is of no use with --dataset"),
        ([*command[:4], "3", "--out", "x"], "3"),
    ):
        refused = CliRunner().invoke(cli, wrong)
        assert refused.exit_code == 2
        assert sentence in refused.output

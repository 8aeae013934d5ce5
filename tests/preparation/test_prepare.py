"""A preparation: the same bytes whoever does it and however often it is killed; done once; told on a page."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gainstage.data.sources import load_songs
from gainstage.data.wav_file import float_samples
from gainstage.preparation import Settings, prepare
from gainstage.preparation import prepare as preparation
from tests.data.songs import RATE, noise, save
from tests.mixing.conftest import kick
from tests.preparation.test_bad_input import write_song

SETTINGS = Settings(jobs=1, validation=0.0, test=0.0, report=False, align=False)


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, name in enumerate(("A - one", "A - two", "B - three")):
        write_song(tmp_path / "set" / name, seed=10 * number)
    return tmp_path / "set"


@pytest.mark.slow
def test_the_number_of_workers_does_not_show(root: Path, tmp_path: Path) -> None:
    (root / "A - two" / "stems" / "Kick.wav").write_bytes(b"")
    save(root / "A - one" / "stems" / "Kick.wav", noise(RATE, seed=4), 48_000)
    settings = replace(SETTINGS, report=True, validation=0.3)
    for jobs in (1, 2):
        prepare("folders", root, tmp_path / f"out{jobs}", settings=replace(settings, jobs=jobs))
    one, two = tree(tmp_path / "out1"), tree(tmp_path / "out2")
    assert one == two
    assert {"manifest.jsonl", "report.html"} < set(one)


def test_a_second_run_hears_nothing_and_a_changed_file_alone_is_heard(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["gainstage.preparation.prepare"]
    heard: list[str] = []
    true = module.prepare_song  # type: ignore[attr-defined]

    def spy(order: Any) -> Any:
        heard.append(order.song.name)
        return true(order)

    monkeypatch.setattr(module, "prepare_song", spy)
    out = tmp_path / "out"

    def again(**how: Any) -> dict[str, bytes]:
        heard.clear()
        preparation("folders", root, out, settings=replace(SETTINGS, **how))
        return tree(out)

    first = again()
    assert heard == ["A - one", "A - two", "B - three"]
    assert again() == first
    assert heard == []
    save(root / "A - two" / "stems" / "Kick.wav", noise(RATE // 2, 2, seed=77))
    second = again()
    assert heard == ["A - two"]
    assert len(second) == len(first)  # the old audio is gone
    assert second != first
    next((out / "songs").glob("B - three*/*.wav")).unlink()
    assert again() == second
    assert heard == ["B - three"]
    record = next((out / "songs").glob("A - one*/*.json"))
    record.write_bytes(record.read_bytes()[:99])
    assert again() == second
    assert heard == ["A - one"]
    again(sample_rate=22_050)
    assert len(heard) == 3
    shutil.rmtree(root / "B - three")
    assert not [name for name in again(sample_rate=22_050) if "three" in name]
    assert heard == []


def test_what_a_killed_run_left_is_removed(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    prepare("folders", root, out, settings=SETTINGS)
    whole = tree(out)
    left = out / ".working-999999999"
    left.mkdir()
    (left / "half.wav").write_bytes(b"half")
    folder = next((out / "songs").glob("A - one*"))
    (folder / ".record.json.part").write_bytes(b"half")
    prepare("folders", root, out, settings=SETTINGS)
    assert tree(out) == whole
    assert not left.exists()


def test_an_interruption_leaves_whole_songs(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stop(doing: str, done: int, total: int) -> None:
        assert (doing, total) == ("preparing songs", 3)
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare("folders", root, out, settings=SETTINGS, progress=stop)
    assert len(list((out / "songs").iterdir())) == 2
    assert not list(out.glob(".working-*"))
    assert not (out / "manifest.jsonl").exists()
    assert len(prepare("folders", root, out, settings=SETTINGS).songs) == 3


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_ten_random_moments_it_comes_to_the_same(tmp_path: Path) -> None:
    root, undisturbed, killed = (tmp_path / name for name in ("set", "undisturbed", "killed"))
    for number in range(12):
        write_song(root / f"Artist {number % 5} - {number}", seed=10 * number, length=2 * RATE)
    arguments = [f"root={root}", "source=folders", "validation=0.2", "test=0.2"]
    command = [sys.executable, "-m", "gainstage.cli.main", "prepare", *arguments]

    def start(out: Path, jobs: int) -> "subprocess.Popen[bytes]":
        """A process that has begun to work."""
        process = subprocess.Popen([*command, f"out={out}", f"jobs={jobs}"], start_new_session=True)
        while process.poll() is None and not list(out.glob(".working-*")):
            time.sleep(0.01)
        return process

    process, began = start(undisturbed, 2), time.monotonic()
    assert process.wait() == 0
    seconds = time.monotonic() - began
    draw, kills = random.Random(0), 0
    while kills < 10:
        process = start(killed, 1 + kills % 2)
        try:
            process.wait(timeout=draw.uniform(0.0, 0.7) * seconds)
            shutil.rmtree(killed)  # it came to its end: begin anew
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its workers too
            process.wait()
            kills += 1
    assert start(killed, 2).wait() == 0
    assert tree(killed) == tree(undisturbed)


def test_the_cache_is_read_at_random_without_a_decoder(root: Path, tmp_path: Path) -> None:
    import soundfile

    done = prepare("folders", root, tmp_path / "out", settings=SETTINGS)
    song = done.songs[0]
    for track in song.tracks:
        path = song.path_of(track, root=tmp_path / "out")
        whole = soundfile.read(path, always_2d=True, dtype="float32")[0].T
        part = float_samples(path, 1234, 567, channels=track.channels)
        np.testing.assert_array_equal(part, whole[:, 1234 : 1234 + 567])
        over = float_samples(path, track.num_samples - 10, 30, channels=track.channels)
        np.testing.assert_array_equal(over[:, :10], whole[:, -10:])
        assert not over[:, 10:].any()
        before = float_samples(path, -5, 8, channels=track.channels)
        np.testing.assert_array_equal(before[:, 5:], whole[:, :3])
        assert not before[:, :5].any()
        assert not float_samples(path, -50, 8, channels=track.channels).any()


def test_roles_are_heard_where_neither_set_nor_name_says_them(root: Path, tmp_path: Path) -> None:
    for rate in (RATE, 96_000):
        stems = root / f"C - at {rate}" / "stems"
        for name, audio in (("Audio 1", kick(6.0)), ("Bass", 0.5 * kick(6.0)), ("Audio 3", 0.0 * kick(6.0))):
            save(stems / f"{name}.wav", np.atleast_2d(audio), rate)
    done = prepare("folders", root, tmp_path / "out", settings=replace(SETTINGS, exclude=("A - *", "B - *")))
    said = {fault.file: fault.cause for fault in done.faults if fault.kind == "name"}
    assert len(said) == 4
    assert "sounds like kick" in said[f"C - at {RATE}/stems/Audio 1.wav"]
    for song in done.songs:
        roles = {track.name: (track.role, track.role_confidence) for track in song.tracks}
        assert roles["Bass"][0] == "bass"  # whatever it sounds like
        assert roles["Audio 1"][0] == "kick"
        assert 0.0 < roles["Audio 1"][1] < 1.0
        assert roles["Audio 3"] == ("other", 0.0)


def test_everything_comes_to_the_rate_that_is_asked_for(root: Path, tmp_path: Path) -> None:
    done = prepare("folders", root, tmp_path / "out", settings=replace(SETTINGS, sample_rate=22_050))
    for song in done.songs:
        assert song.mix is not None
        assert {audio.sample_rate for audio in (*song.tracks, song.mix)} == {22_050}
        assert {audio.num_samples for audio in (*song.tracks, song.mix)} == {RATE // 4}


def test_a_prepared_set_is_data_to_train_on(root: Path, tmp_path: Path) -> None:
    (root / "B - three" / "mix.wav").unlink()
    prepare("folders", root, tmp_path / "out", settings=SETTINGS)
    songs = load_songs("prepared", tmp_path / "out")
    assert [song.name for song in songs] == ["A - one", "A - two"]  # without a mix nothing can be learnt
    assert len(load_songs("prepared", tmp_path / "out", paired=False)) == 3
    assert all(Path(song.folder).is_absolute() and song.path_of(song.tracks[0]).is_file() for song in songs)
    with pytest.raises(ValueError, match=r"has no manifest\.jsonl; write one with `gainstage prepare"):
        load_songs("prepared", tmp_path / "set")


# Splits


def test_artists_stay_together_where_a_split_is_drawn(root: Path, tmp_path: Path) -> None:
    done = prepare("folders", root, tmp_path / "out", settings=replace(SETTINGS, test=0.3))
    by_artist: dict[str, set[Any]] = {}
    for song in done.songs:
        by_artist.setdefault(song.artist, set()).add(song.split)
    assert by_artist in ({"A": {"train"}, "B": {"test"}}, {"A": {"test"}, "B": {"train"}})


def test_splits_that_overlap_are_refused(root: Path, tmp_path: Path) -> None:
    def splits(**given: tuple[str, ...]) -> Settings:
        return replace(SETTINGS, splits=given)

    out = tmp_path / "out"
    with pytest.raises(
        ValueError, match=r"'A - one' \(test\) and 'A - two' \(train\) are by the same artist"
    ):
        prepare("folders", root, out, settings=splits(test=("A - one",)))
    done = prepare("folders", root, out, settings=splits(test=("A - *",)))
    assert {song.name: song.split for song in done.songs}["B - three"] == "train"
    shutil.copytree(root / "B - three", root / "Somebody - three")
    save(root / "Somebody - three" / "stems" / "Extra.wav", noise(RATE // 2, seed=5))
    with pytest.raises(ValueError, match="is the same recording as a track of"):
        prepare("folders", root, out, settings=splits(test=("Somebody*",)))
    shutil.rmtree(root / "Somebody - three")
    (root / "live").mkdir()
    write_song(root / "live" / "b_THREE", seed=70)
    with pytest.raises(ValueError, match=r"'B - three' .* 'live/b_THREE' .* are the same song"):
        prepare("folders", root, out, settings=splits(test=("live*",)))


def test_a_song_that_is_there_twice_is_left_out_once(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "A - one", root / "Z - copy of one")
    done = prepare("folders", root, tmp_path / "out", settings=SETTINGS)
    assert [song.name for song in done.songs] == ["A - one", "A - two", "B - three"]
    assert ("Z - copy of one", "holds the same audio as the song 'A - one'") in done.left_out


def test_a_training_set_stays_apart_from_a_test_set(root: Path, tmp_path: Path) -> None:
    """By artist and title, however they are written, and by audio."""
    other = tmp_path / "other"
    write_song(other / "a_ONE", seed=90)  # the same song by name, another recording
    write_song(other / "Nobody - Here", seed=91)
    shutil.copytree(root / "B - three", other / "Other - Name")  # the same recording by another name
    prepare("folders", other, tmp_path / "held", settings=replace(SETTINGS, splits={"test": ("*e", "a_*")}))
    done = prepare(
        "folders", root, tmp_path / "out", settings=replace(SETTINGS, apart_from=(str(tmp_path / "held"),))
    )
    assert [song.name for song in done.songs] == ["A - two"]
    assert [(name, why.rpartition("by ")[2]) for name, why in done.left_out] == [
        ("A - one", "artist and title"),
        ("B - three", "its audio"),
    ]


def test_songs_of_medleydb_in_musdb18_are_known_by_name(tmp_path: Path) -> None:
    from tests.data.sources import layouts

    layouts.medleydb(tmp_path / "set")
    settings = replace(SETTINGS, apart_from=("medleydb_in_musdb18", "musdb18_test"))
    done = prepare("medleydb", tmp_path / "set", tmp_path / "out", settings=settings)
    assert [song.name for song in done.songs] == ["Someone_Else"]
    assert done.left_out == (
        ("AlexanderRoss_GoodbyeBolero", "is held out by medleydb_in_musdb18, by artist and title"),
    )


# The page


def test_the_page_tells_what_there_is_and_what_was_left_out(root: Path, tmp_path: Path) -> None:
    (root / "A - two" / "stems" / "Kick.wav").write_bytes(b"")
    (root / "A - one" / "stems" / "Lead Vox.wav").rename(root / "A - one" / "stems" / "<b>Qwx & Zrt.wav")
    done = prepare("folders", root, tmp_path / "out", settings=replace(SETTINGS, report=True, test=0.3))
    assert done.report is not None
    page = done.report.read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", page)
    for word in (
        "Left out",
        "A - two/stems/Kick.wav",
        "is empty (0 bytes)",
        "lead vocal",
        "Spectrum: vocals",
        "On disk",
    ):
        assert word in text, word
    assert "&lt;b&gt;Qwx &amp; Zrt" in page
    assert "<b>Qwx" not in page
    assert page.count("<svg") >= 4

"""Damaged files: the set is prepared without them, each is named with its cause, and strict stops instead."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.preparation import Preparation, Settings, prepare
from tests.data.songs import RATE, noise, save
from tests.data.sources import layouts
from tests.preparation.test_layouts import files

SETTINGS = Settings(jobs=1, validation=0.0, test=0.0, report=False, align=False)
LENGTH = RATE // 2


def write_song(folder: Path, *, seed: int, length: int = LENGTH) -> None:
    parts = {name: noise(length, 2, seed=seed + i) for i, name in enumerate(("Kick", "Bass", "Lead Vox"))}
    for name, audio in parts.items():
        save(folder / "stems" / f"{name}.wav", audio)
    save(folder / "mix.wav", sum(parts.values()))  # type: ignore[arg-type]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_song(tmp_path / "set" / "Good - Song", seed=0)
    write_song(tmp_path / "set" / "Bad - Song", seed=10)
    return tmp_path / "set"


def ready(root: Path, *, strict: bool = False, source: str = "folders") -> Preparation:
    out = root.with_name("out")
    return prepare(source, root, out, settings=replace(SETTINGS, strict=strict))  # type: ignore[arg-type]


def wav(path: Path, audio: np.ndarray, **how: str) -> None:
    soundfile.write(path, audio.T, RATE, **how)


def cut(path: Path, keep: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: round(keep * len(content))])


def as_flac_cut(path: Path) -> None:
    wav(path, noise(LENGTH, seed=99), format="FLAC")
    cut(path, 0.5)


def as_mp3_with_garbage(path: Path) -> None:
    wav(path, noise(4 * RATE, seed=99), format="MP3")
    content = bytearray(path.read_bytes())
    random = np.random.default_rng(0)
    content[3000:] = random.integers(0, 256, len(content) - 3000, dtype=np.uint8).tobytes()
    path.write_bytes(bytes(content))


def with_nan(path: Path) -> None:
    audio = noise(LENGTH, seed=99)
    audio[0, 1000] = np.nan
    wav(path, audio, subtype="FLOAT")


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("not there.wav")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated header": (lambda p: p.write_bytes(p.read_bytes()[:30]), "is not audio that can be read"),
    "cut in the middle": (lambda p: cut(p, 0.5), "is cut short or damaged: 0.2 s of 0.5 s"),
    "cut FLAC": (as_flac_cut, "cut short or damaged|is damaged at"),
    "zero bytes": (lambda p: p.write_bytes(b""), "is empty"),
    "no samples": (lambda p: wav(p, np.zeros((1, 0))), "has no samples"),
    "text called wav": (lambda p: p.write_text("no audio " * 99), "is not audio that can be read"),
    "noise called wav": (lambda p: p.write_bytes(os.urandom(9999)), "is not audio that can be read"),
    "three channels": (lambda p: wav(p, noise(LENGTH, 3)), "has 3 channels"),
    "5.1": (lambda p: wav(p, noise(LENGTH, 6)), "has 6 channels"),
    "MP3 with garbage": (as_mp3_with_garbage, "cut short or damaged|not audio|is damaged at"),
    "not a number": (with_nan, r"sample 1000 .* is NaN"),
    "link to itself": (loop, "cannot be opened: Too many levels of symbolic links"),
    "link to nothing": (nowhere, "cannot be opened: No such file"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_costs_itself_and_the_mix_it_is_heard_in(case: str, root: Path) -> None:
    damage, cause = DAMAGE[case]
    damage(root / "Bad - Song" / "stems" / "Lead Vox.wav")
    before = {} if "link" in case else files(root)
    done = ready(root)
    assert {song.name: len(song.tracks) for song in done.songs} == {"Bad - Song": 2, "Good - Song": 3}
    assert [song.mix is not None for song in done.songs] == [False, True]
    (fault,) = [fault for fault in done.faults if fault.is_damage]
    assert fault.file == "Bad - Song/stems/Lead Vox.wav"
    assert re.search(cause, fault.cause)
    assert str(root) not in fault.cause
    assert {file for file, _ in done.left_out} == {"Bad - Song/stems/Lead Vox.wav", "Bad - Song/mix.wav"}
    with pytest.raises(ValueError, match=r"Bad - Song/stems/Lead Vox\.wav .*strict=false") as caught:
        ready(root, strict=True)
    assert "\n" not in str(caught.value)
    assert not before or files(root) == before


def direct_current(path: Path) -> None:
    wav(path, noise(LENGTH, 2, seed=99) + 0.05, subtype="FLOAT")


def clipped(path: Path) -> None:
    wav(path, np.clip(20 * noise(LENGTH, 2, seed=99), -1, 1), subtype="FLOAT")


def opposite(path: Path) -> None:
    audio = noise(LENGTH, seed=99)
    wav(path, np.vstack([audio, -0.9 * audio]), subtype="FLOAT")


def one_sided(path: Path) -> None:
    audio = noise(LENGTH, seed=99)
    wav(path, np.vstack([audio, 0.0 * audio]), subtype="FLOAT")


def nearly_mono(path: Path) -> None:
    audio = noise(LENGTH, seed=99)
    wav(path, np.vstack([audio, audio + 1e-5 * noise(LENGTH, seed=98)]), subtype="FLOAT")


ODD: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "8 bits": (lambda p: wav(p, noise(LENGTH, 2, seed=99), subtype="PCM_U8"), "", ""),
    "64-bit float": (lambda p: wav(p, noise(LENGTH, 2, seed=99), subtype="DOUBLE"), "", ""),
    "FLAC called wav": (lambda p: wav(p, noise(LENGTH, 2, seed=99), format="FLAC"), "", ""),
    "silent": (lambda p: wav(p, np.zeros((2, LENGTH))), "silent", "is silent from beginning to end"),
    "direct current": (direct_current, "direct current", "constant offset of 0.050"),
    "clipped": (clipped, "clipped", r"is clipped in \d+ places"),
    "mono twice": (
        lambda p: wav(p, np.repeat(noise(LENGTH, seed=99), 2, axis=0)),
        "mono in stereo",
        "holds the same in both channels; kept as mono",
    ),
    "one side": (one_sided, "mono in stereo", "has one silent channel"),
    "nearly mono": (nearly_mono, "mono in stereo", "is nearly mono"),
    "opposite channels": (opposite, "polarity", "channels of opposite polarity"),
    "copy": (
        lambda p: shutil.copy(p.with_name("Kick.wav"), p),
        "copy",
        "holds the same audio as Bad - Song/stems/Kick.wav",
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_only_odd_is_kept_and_said(case: str, root: Path) -> None:
    change, kind, cause = ODD[case]
    change(root / "Bad - Song" / "stems" / "Lead Vox.wav")
    done = ready(root, strict=True)
    assert {song.name: len(song.tracks) for song in done.songs} == {
        "Bad - Song": 2 if case == "copy" else 3,
        "Good - Song": 3,
    }
    assert all(song.mix for song in done.songs)
    assert [fault.kind for fault in done.faults] == ([kind] if kind else [])
    if kind:
        assert re.search(cause, done.faults[0].cause)
        assert done.faults[0].file.startswith("Bad - Song/stems/")
    if case == "mono twice":
        assert [track.channels for track in done.songs[0].tracks] == [2, 2, 1]


def test_an_mp3_of_the_wrong_name_and_a_mix_that_is_none(root: Path) -> None:
    wav(root / "Bad - Song" / "stems" / "Kick.wav", noise(LENGTH, 2, seed=98), format="MP3")
    (root / "Bad - Song" / "mix.wav").write_bytes(b"RIFF")
    done = ready(root)
    assert [len(song.tracks) for song in done.songs] == [3, 3]
    assert [song.mix is not None for song in done.songs] == [False, True]
    assert [fault.file for fault in done.faults if fault.is_damage] == ["Bad - Song/mix.wav"]


@pytest.mark.parametrize(
    "source", ["musdb18_hq", "dsd100", "medleydb", "slakh2100", "enst_drums", "moisesdb"]
)
def test_missing_and_extra_stems_are_named(source: str, tmp_path: Path) -> None:
    root = tmp_path / "set"
    layouts.LAYOUTS[source](root)
    found = {
        "musdb18_hq": "train/A Band - Song/bass.wav",
        "dsd100": "Sources/Dev/051 - A Band - Song/bass.wav",
        "medleydb": "Audio/Someone_Else/Someone_Else_RAW/Someone_Else_RAW_02_01.wav",
        "slakh2100": "train/Track00001/stems/S00.flac",
        "enst_drums": "drummer_1/audio/kick/001_hits_snare.wav",
        "moisesdb": "moisesdb_v0.1/0a1b-uuid/bass/b1.wav",
    }[source]
    (root / found).unlink()
    extra = (root / found).with_name(f"strange{(root / found).suffix}")
    save(extra, noise(LENGTH, seed=5))
    done = ready(root, source=source)
    damage = [fault for fault in done.faults if fault.is_damage and fault.kind == "layout"]
    assert (found, "is missing; unpack the set again") in [(fault.file, fault.cause) for fault in damage]
    assert [song.mix for song in done.songs if all(part in found for part in song.name.split("/"))] == [None]
    if source not in ("dsd100", "enst_drums"):  # there a folder holds other things too
        name = extra.relative_to(root).as_posix()
        assert any(fault.file == name and "left out" in fault.cause for fault in done.faults)
    origins = {track.origin for song in done.songs for track in song.tracks}
    assert found not in origins
    with pytest.raises(ValueError, match="missing"):
        ready(root, source=source, strict=True)


def test_yaml_with_tabs_costs_what_it_says_and_no_audio(tmp_path: Path) -> None:
    root = tmp_path / "set"
    layouts.medleydb(root)
    place = root / "Metadata" / "Someone_Else_METADATA.yaml"
    place.write_text(place.read_text().replace("  S01:", "\tS01:"))
    done = ready(root, source="medleydb")
    song = next(song for song in done.songs if song.name == "Someone_Else")
    assert [track.role for track in song.tracks] == ["other", "other"]
    assert song.mix is not None
    assert (song.artist, song.title) == ("Someone", "Else")
    (fault,) = [fault for fault in done.faults if fault.is_damage]
    assert fault.file == "Metadata/Someone_Else_METADATA.yaml"
    assert "is not YAML (line" in fault.cause


@pytest.mark.parametrize(
    "name", ["Гитара", "キック ハット", "two\nlines", "tab\there", "e\u0301te\u0301", "-rf *", "'\"$(x)"]
)
def test_any_name_will_do(name: str, root: Path) -> None:
    song = root / "Bad - Song"
    (song / "stems" / "Kick.wav").rename(song / "stems" / f"{name}.wav")
    song.rename(root / f"{name} - Song")
    done = ready(root)
    assert {fault.kind for fault in done.faults} <= {"name"}
    assert [len(s.tracks) for s in done.songs] == [3, 3]
    assert all("\n" not in s.name and "\t" not in s.name for s in done.songs)
    again = ready(root)
    assert again.songs == done.songs


def test_a_name_that_is_no_unicode(root: Path) -> None:
    stem = root / "Bad - Song" / "stems" / "Kick.wav"
    try:
        os.rename(os.fsencode(stem), os.fsencode(stem.parent) + b"/K\xffck.wav")
    except OSError:
        pytest.skip("this file system refuses such names")
    done = ready(root)
    assert [len(s.tracks) for s in done.songs] == [3, 3]
    assert any(track.origin.endswith(r"K\udcffck.wav") for track in done.songs[0].tracks)


def test_folders_that_lead_back_into_themselves(root: Path) -> None:
    (root / "Good - Song" / "again").symlink_to(root)
    (root / "round").symlink_to(root)
    done = ready(root)
    assert [song.name for song in done.songs] == ["Bad - Song", "Good - Song"]
    assert any("leads back" in fault.cause and fault.file == "round" for fault in done.faults)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so root becomes somebody else for a moment."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_read_is_named(what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        here = Path(folder)
        root = here / "set"
        write_song(root / "Good - Song", seed=0)
        write_song(root / "Bad - Song", seed=10)
        locked = root / "Bad - Song" / ("stems/Kick.wav" if what == "file" else "stems")
        locked.chmod(0o000)
        here.chmod(0o777)
        try:
            with as_nobody():
                done = ready(root)
        finally:
            locked.chmod(0o755)
        (fault,) = [fault for fault in done.faults if fault.is_damage]
        assert fault.file == locked.relative_to(root).as_posix()
        assert "cannot be opened: Permission denied" in fault.cause
        assert next(song for song in done.songs if song.name == "Good - Song").mix is not None


def test_a_stem_mp4_that_is_none_and_one_that_is_cut(tmp_path: Path) -> None:
    root = tmp_path / "set"
    layouts.musdb18(root)
    for other in ("train/Meaxic - Take A Step", "test/Zeno - Signs"):
        (root / f"{other}.stem.mp4").unlink()
    good = root / "train" / "A Band - Song.stem.mp4"
    (root / "train" / "Empty - Song.stem.mp4").write_bytes(b"")
    (root / "train" / "Text - Song.stem.mp4").write_text("no audio at all " * 50)
    (root / "train" / "Cut - Song.stem.mp4").write_bytes(good.read_bytes()[:20_000])
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            good,
            "-map",
            "0:0",
            "-map",
            "0:1",
            "-c",
            "copy",
            root / "train" / "Two - Song.mp4",
        ],
        check=True,
    )
    (root / "train" / "Two - Song.mp4").rename(root / "train" / "Two - Song.stem.mp4")
    done = ready(root, source="musdb18")
    assert {song.name for song in done.songs} == {"A Band - Song", "Two - Song"}
    two = next(song for song in done.songs if song.name == "Two - Song")
    assert [track.name for track in two.tracks] == ["drums"]
    assert two.mix is None
    damaged = {fault.file.partition(" (stream")[0]: fault.cause for fault in done.faults if fault.is_damage}
    assert set(damaged) == {f"train/{name} - Song.stem.mp4" for name in ("Empty", "Text", "Cut", "Two")}
    assert "is empty" in damaged["train/Empty - Song.stem.mp4"]
    assert "no audio that ffmpeg can read" in damaged["train/Text - Song.stem.mp4"]
    assert "2 streams" in damaged["train/Two - Song.stem.mp4"]


def test_nothing_that_can_be_used(root: Path) -> None:
    for path in root.rglob("*.wav"):
        path.write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"no song of .* can be used; the first damaged file is .*Kick|Bass"
    ) as caught:
        ready(root)
    assert "\n" not in str(caught.value)
    assert not (root.with_name("out") / "manifest.jsonl").exists()


def test_places_that_would_alter_the_set_are_refused(root: Path) -> None:
    for out in (root, root / "out", root / "Good - Song" / "prepared"):
        with pytest.raises(ValueError, match="lies in the data's own folder"):
            prepare("folders", root, out, settings=SETTINGS)
    (root.parent / "file").write_text("in the way")
    with pytest.raises(ValueError, match="is a file; give a folder"):
        prepare("folders", root, root.parent / "file", settings=SETTINGS)
    with pytest.raises(ValueError, match="nowhere does not exist"):
        prepare("folders", root.parent / "nowhere", root.parent / "out", settings=SETTINGS)
    for wrong in (
        {"sample_rate": 10},
        {"jobs": 0},
        {"splits": {"tset": ("*",)}},
        {"apart_from": ("musdb19",)},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            prepare("folders", root, root.parent / "out", settings=replace(SETTINGS, **wrong))  # type: ignore[arg-type]

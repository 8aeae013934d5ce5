"""Every set, laid out for real, becomes the same kind of rows, and its audio is what the set holds."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import soundfile

from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs
from gainstage.data.sources.catalogue import DataSet, list_songs
from gainstage.preparation import Preparation, Settings, prepare
from tests.data.songs import RATE
from tests.data.sources import layouts
from tests.data.sources.layouts import LAYOUTS

ONE = Settings(jobs=1, validation=0.0, test=0.0, report=False)
WET = {"bass": "bass", "drums": "drums", "other": "other", "vocals": "lead_vocal"}

EXPECTED: dict[str, dict[str, Any]] = {
    "musdb18_hq": {
        "songs": {"A Band - Song": "train", "ANiMAL - Rockshow": "validation", "Zeno - Signs": "test"},
        "tracks": WET,
        "about": ("A Band", "Song", "", "musdb18-hq"),
        "is": ("wet", False, True),
    },
    "musdb18": {
        "songs": {"A Band - Song": "train", "Meaxic - Take A Step": "validation", "Zeno - Signs": "test"},
        "tracks": WET,
        "about": ("A Band", "Song", "", "musdb18"),
        "is": ("wet", False, True),
    },
    "medleydb": {
        "songs": {"AlexanderRoss_GoodbyeBolero": "train", "Someone_Else": "train"},
        "tracks": {"01_01 kick drum": "kick", "02_01 electric bass": "bass"},
        "about": ("Alexander Ross", "Goodbye Bolero", "Singer/Songwriter", "medleydb"),
        "is": ("dry", False, True),
    },
    "medleydb_stems": {
        "songs": {"AlexanderRoss_GoodbyeBolero": "train", "Someone_Else": "train"},
        "tracks": {"01 kick drum": "kick", "02 electric bass": "bass"},
        "about": ("Alexander Ross", "Goodbye Bolero", "Singer/Songwriter", "medleydb"),
        "is": ("wet", False, True),
    },
    "moisesdb": {
        "songs": {"0a1b-uuid": "train"},
        "tracks": {
            "kick drum": "kick",
            "bass guitar": "bass",
            "distorted electric guitar": "guitar_electric",
            "distorted electric guitar 2": "guitar_electric",
        },
        "about": ("An Artist", "A Title", "rock", "moisesdb"),
        "is": ("wet", None, False),
    },
    "enst_drums": {
        "songs": {
            f"drummer_{d}/{take}": "train" for d in (1, 2) for take in ("001_hits_snare", "036_phrase_rock")
        },
        "tracks": {"hi-hat": "hat", "kick": "kick", "overhead_L": "drums", "snare": "snare", "tom_1": "tom"},
        "about": ("drummer_1", "001_hits_snare", "drums", "enst-drums"),
        "is": ("dry", True, True),
    },
    "dsd100": {
        "songs": {"001 - Zeno - Signs": "test", "051 - A Band - Song": "train"},
        "tracks": WET,
        "about": ("Zeno", "Signs", "", "dsd100"),
        "is": ("wet", False, True),
    },
    "slakh2100": {
        "songs": {"Track00001": "train", "Track00002": "validation", "Track00003": "test"},
        "tracks": {"S00 Bass": "bass", "S01 Drums": "drums", "S02 Synth Pad": "pad"},
        "about": ("", "Track00001", "", "slakh2100"),
        "is": ("dry", False, True),
    },
    "cambridge_mt": {
        "songs": {"AlexanderRoss_GoodbyeBolero_Full": "train"},
        "tracks": {"01_Kick": "kick", "02_BassDI": "bass", "03_HiHat": "hat", "04_LeadVox": "lead_vocal"},
        "about": ("AlexanderRoss", "GoodbyeBolero", "", "cambridge-mt"),
        "is": ("dry", None, True),
    },
    "folders": {
        "songs": {"A Band - Song": "train", "live/Zeno_Signs": "train"},
        "tracks": {"Bass": "bass", "Kick": "kick"},
        "about": ("A Band", "Song", "", "folders"),
        "is": ("unknown", None, True),
    },
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A set that is laid out and prepared, each once; no test changes it."""
    done: dict[str, tuple[Path, Preparation]] = {}

    def of(source: str) -> tuple[Path, Preparation]:
        if source not in done:
            root = tmp_path_factory.mktemp(source) / "set"
            LAYOUTS[source](root)
            before = files(root)
            done[source] = root, prepare(source, root, root.with_name("out"), settings=ONE)  # type: ignore[arg-type]
            assert files(root) == before, "the source was altered"
        return done[source]

    return of


def files(root: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of all files below a folder."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def heard(song: Song, out: Path, number: int) -> Any:
    return soundfile.read(song.path_of(song.tracks[number], root=out), always_2d=True)[0].T


def test_every_set_has_a_layout_here() -> None:
    assert set(LAYOUTS) == set(get_args(DataSet))


@pytest.mark.parametrize("source", EXPECTED)
def test_rows_say_what_the_set_says(source: str, prepared: Any) -> None:
    root, done = prepared(source)
    expected, out = EXPECTED[source], done.manifest.parent
    assert {song.name: song.split for song in done.songs} == expected["songs"]
    first = done.songs[0]
    assert {t.name: t.role for t in first.tracks} == expected["tracks"]
    assert (first.artist, first.title, first.genre, first.source) == expected["about"]
    wetness, bleed, has_mix = expected["is"]
    assert {track.wetness for track in first.tracks} == {wetness}
    assert bleed is None or {track.bleed for track in first.tracks} == {bleed}
    assert (first.mix is not None) == has_mix
    assert not [fault for fault in done.faults if fault.is_damage]
    for track in first.tracks:
        about = soundfile.info(first.path_of(track, root=out))
        assert (about.subtype, about.samplerate, about.frames) == (
            "FLOAT",
            first.sample_rate,
            track.num_samples,
        )
        assert about.channels == track.channels
        assert (root / track.origin.partition(" (stream")[0]).is_file()


@pytest.mark.parametrize("source", ["musdb18_hq", "dsd100", "folders", "slakh2100"])
def test_the_audio_is_that_of_the_set_to_the_bit(source: str, prepared: Any) -> None:
    root, done = prepared(source)
    song = done.songs[0]
    for number, track in enumerate(song.tracks):
        wanted = soundfile.read(root / track.origin, always_2d=True, dtype="float32")[0].T[: track.channels]
        np.testing.assert_array_equal(heard(song, done.manifest.parent, number).astype(np.float32), wanted)


def test_streams_of_a_stem_mp4_are_those_of_their_names(prepared: Any) -> None:
    """In MUSDB18's order, as stempeg reads them, and as near to what was coded as AAC allows."""
    import stempeg

    root, done = prepared("musdb18")
    song = next(song for song in done.songs if song.name == "A Band - Song")
    decoded, rate = stempeg.read_stems(str(root / "train" / "A Band - Song.stem.mp4"), dtype=np.float32)
    assert rate == RATE == song.sample_rate
    for number, track in enumerate(song.tracks):
        place = layouts.MUSDB_STREAMS.index(track.name)
        found = heard(song, done.manifest.parent, number)
        np.testing.assert_array_equal(found, decoded[place].T[: track.channels])
        alike = {
            name: abs(np.corrcoef(found[0, : audio.shape[1]], audio[0])[0, 1])
            for name, audio in layouts.stems(0).items()
        }
        assert max(alike, key=alike.__getitem__) == track.name
        assert alike[track.name] > 0.95
    assert song.mix is not None
    assert song.mix.num_samples == decoded.shape[1]


def test_musdb_lists_what_the_package_lists(prepared: Any) -> None:
    import musdb as package

    for source, is_wav in (("musdb18", False), ("musdb18_hq", True)):
        root, done = prepared(source)
        listed = {track.name: track for track in package.DB(root=str(root), is_wav=is_wav)}
        assert set(listed) == {song.name for song in done.songs}
        valid = package.DB(root=str(root), is_wav=is_wav, subsets="train", split="valid")
        assert {t.name for t in valid} == {song.name for song in done.songs if song.split == "validation"}


def test_a_mix_elsewhere_in_time_moves_the_tracks_to_it(prepared: Any) -> None:
    """Cambridge-MT: the mix of this song begins 441 samples late."""
    _, done = prepared("cambridge_mt")
    (song,) = done.songs
    for track in song.tracks:
        assert track.alignment is not None
        assert track.alignment.delay_samples == pytest.approx(441, abs=0.05)
        assert track.alignment.confidence > 0.99
    moved = heard(song, done.manifest.parent, 0)[0]
    kick = layouts.tracks()["kick"][0]
    error = moved[441 + 1000 : 441 + RATE] - kick[1000:RATE]
    assert 20 * np.log10(np.abs(error).max() / np.abs(kick).max()) < -30


def test_moisesdb_comes_to_one_rate(prepared: Any) -> None:
    _, done = prepared("moisesdb")
    (song,) = done.songs
    assert song.sample_rate == RATE
    assert {track.sample_rate for track in song.tracks} == {RATE}
    bass = next(track for track in song.tracks if track.role == "bass")
    assert bass.num_samples == round(layouts.SECONDS * RATE * RATE / 48_000)
    assert {track.name: track.bleed for track in song.tracks} == {
        "kick drum": False,
        "bass guitar": False,
        "distorted electric guitar": True,
        "distorted electric guitar 2": False,
    }


def test_bleed_is_read_with_and_without_quotation_marks(prepared: Any) -> None:
    _, done = prepared("medleydb")
    assert [song.tracks[0].bleed for song in done.songs] == [False, True]


def test_built_in_songs_keep_sessions_and_arrangements(prepared: Any) -> None:
    """A prepared data set trains as the one that it was made of: the settings behind the mixes fit."""
    from gainstage.data.truth import read_truth
    from tests.data.songs import console

    root, done = prepared("built_in")
    before = load_songs("built_in", root)
    after = load_songs("prepared", done.manifest.parent)
    assert [(s.name, s.split) for s in after] == [(s.name, s.split) for s in before]
    for old, new in zip(before, after, strict=True):
        assert [t.content_hash for t in new.tracks] == [t.content_hash for t in old.tracks]
        assert [t.role for t in new.tracks] == [t.role for t in old.tracks]
        for one, other in zip(old.tracks, new.tracks, strict=True):
            assert other.loudness_lufs == pytest.approx(one.loudness_lufs, abs=1e-3)
        first, second = read_truth(old, console()), read_truth(new, console())
        assert not isinstance(first, str)
        assert not isinstance(second, str)
        for section, units in first.units.items():
            np.testing.assert_allclose(second.units[section], units, atol=1e-3)


@pytest.mark.parametrize(
    "source", [name for name in LAYOUTS if name not in ("built_in", "folders", "cambridge_mt")]
)
def test_another_root_is_refused_in_one_sentence(source: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(ValueError, match=r"does not hold .*; give the folder") as caught:
        list_songs(source, tmp_path)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)

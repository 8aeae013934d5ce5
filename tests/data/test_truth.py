"""The settings behind a mix as unit values, and sessions that unit values cannot say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, TrackSettings
from gainstage.console.spec import ConsoleSpec, named
from gainstage.data.dataset import SongDataset
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import AudioRef, Song, Track
from gainstage.data.staging import trim_db
from gainstage.data.truth import Truth, read_truth
from tests.data.songs import cache_in, console

FACTS: dict[str, Any] = {"sample_rate": 44_100, "num_samples": 88_200, "peak_amplitude": 0.5}
TRACKS = tuple(
    Track(
        name=f"{i:02d}",
        file=f"stems/{i:02d}.flac",
        channels=1,
        content_hash=f"hash {i}",
        loudness_lufs=-30.0 - i,
        role="bass",
        **FACTS,
    )
    for i in range(3)
)


def _strip(i: int, **processors: ProcessorSettings) -> TrackSettings:
    trim = ProcessorSettings(values={"gain_db": trim_db(TRACKS[i])})
    return TrackSettings(
        name=f"{i:02d}",
        file=f"{i:02d}.flac",
        role="bass",
        channels=1,
        content_hash=f"hash {i}",
        processors={"trim": trim, **processors},
    )


def _fader(gain_db: float, **rest: Any) -> dict[str, ProcessorSettings]:
    return {"fader": ProcessorSettings(values={"gain_db": gain_db}, **rest)}


def _song(folder: Path, tracks: list[TrackSettings], **rest: Any) -> Song:
    spec = rest.pop("console", named("basic"))
    buses = {"returns": [{"name": name} for name in spec.return_names]}
    session = Session.model_validate(
        {"name": "s", "sample_rate": 44_100, "num_samples": 9, "console": spec, "tracks": tracks}
        | buses
        | rest
    )
    session.save(folder / "session.json")
    return Song(name="s", folder=str(folder), sample_rate=44_100, tracks=TRACKS, session="session.json")


def _truth(song: Song) -> Truth:
    found = read_truth(song, console())
    assert isinstance(found, Truth), found
    return found


def _value(truth: Truth, strip: int, processor: str, parameter: str) -> float:
    """A value that was set, back in physical units."""
    layout = console().layout["tracks"]
    physical = layout.to_physical(truth.units["tracks"], layout.defaults().expand(3, -1))
    return float(physical[strip, layout.index(processor, parameter)])


def test_values_come_back_for_their_tracks_whatever_the_order(tmp_path: Path) -> None:
    strips = [_strip(i, **_fader(-3.0 * i)) for i in (2, 0, 1)]
    master = {"name": "master", "processors": {"output_gain": {"values": {"gain_db": -4.5}}}}
    truth = _truth(_song(tmp_path, strips, master=master))
    assert [_value(truth, i, "fader", "gain_db") for i in range(3)] == pytest.approx([0, -3, -6], abs=1e-5)
    assert truth.output_gain_db == -4.5
    assert {name: units.shape[0] for name, units in truth.units.items()} == {
        "tracks": 3,
        "groups": 0,
        "returns": 1,
        "master": 1,
    }
    assert all(units.dtype == torch.float32 for units in truth.units.values())


def test_what_is_switched_off_is_neutral_and_what_is_muted_is_down(tmp_path: Path) -> None:
    ratio = ProcessorSettings(values={"ratio": 8.0}, bypass=True)
    muted = _strip(1, **_fader(-2.0)).model_copy(update={"mute": True})
    truth = _truth(_song(tmp_path, [_strip(0, compressor=ratio), muted, _strip(2)]))
    assert _value(truth, 0, "compressor", "ratio") == pytest.approx(1.0)
    fader = console().layout["tracks"].processors["fader"].table[0]
    assert _value(truth, 1, "fader", "gain_db") == pytest.approx(fader.low)


def _moving(folder: Path) -> Song:
    moving = ProcessorSettings(curves={"gain_db": [(0.0, -3.0), (1.0, 0.0)]})
    return _song(folder, [_strip(0, fader=moving), _strip(1), _strip(2)])


def _trimmed(folder: Path) -> Song:
    by_hand = ProcessorSettings(values={"gain_db": trim_db(TRACKS[0]) + 1.0})
    return _song(
        folder, [_strip(0).model_copy(update={"processors": {"trim": by_hand}}), _strip(1), _strip(2)]
    )


def _small(folder: Path) -> Song:
    return _song(
        folder,
        [_strip(i) for i in range(3)],
        console=ConsoleSpec.model_validate({"tracks": ["trim", "fader"]}),
    )


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_moving, "it moves parameters in time"),
        (_trimmed, "it trims '00' to another level than -23 LUFS"),
        (_small, "it was made on another console"),
    ],
)
def test_what_units_cannot_say_is_told_and_the_mix_alone_remains(
    tmp_path: Path, make: Any, reason: str
) -> None:
    song = make(tmp_path)
    assert read_truth(song, console()) == reason
    cache = cache_in(tmp_path / "cache")
    for track in TRACKS:  # spectra of nothing: only settings are asked for here
        path = cache.folder / track.content_hash[:2] / f"{track.content_hash}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.zeros((1, 2, 20), np.float16))
    settings = ExcerptSettings(audio_every=0)
    with pytest.raises(ValueError, match=f"cannot be trained on: {reason}, and there is no mix file"):
        SongDataset([song], console(), cache, settings=settings)[0]
    mix = AudioRef(file="mix.wav", channels=2, content_hash="m", loudness_lufs=-20.0, **FACTS)
    item = SongDataset([song.model_copy(update={"mix": mix})], console(), cache, settings=settings)[0]
    assert not item.has_truth
    assert item.output_gain_db == 0.0
    layout: Console = console()
    assert {name: units.shape[-1] for name, units in item.truth.items()} == {
        name: len(layout.layout[name].driven) for name in item.truth
    }


def test_a_console_that_drives_less_has_a_shorter_truth(tmp_path: Path) -> None:
    song = _song(tmp_path, [_strip(i, **_fader(-3.0)) for i in range(3)])
    spec = named("basic").model_copy(update={"not_driven": ["*.equaliser.*", "*.compressor.*"]})
    truth = read_truth(song, Console(spec))
    assert isinstance(truth, Truth)
    assert truth.units["tracks"].shape[1] == len(Console(spec).layout["tracks"].driven)


def test_a_session_of_other_tracks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"session\.json has no settings for 'stems/02\.flac'"):
        read_truth(_song(tmp_path, [_strip(0), _strip(1)]), console())
    extra = _strip(0).model_copy(update={"file": "9.flac", "name": "9"})
    with pytest.raises(ValueError, match=r"has settings for '9\.flac', which the song 's' does not have"):
        read_truth(_song(tmp_path, [*(_strip(i) for i in range(3)), extra]), console())
    other = _strip(2).model_copy(update={"content_hash": "another"})
    with pytest.raises(ValueError, match=r"was made with another recording of 'stems/02\.flac'"):
        read_truth(_song(tmp_path, [_strip(0), _strip(1), other]), console())

"""Tracks are moved to their mix together; one that lies elsewhere by itself; what is there already stays."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gainstage.data.manifest import Song
from gainstage.dsp.alignment import Alignment, reader
from gainstage.dsp.realign import realigned
from gainstage.preparation import Preparation, Settings, prepare
from tests.data.songs import RATE, noise, save

SETTINGS = Settings(jobs=1, validation=0.0, test=0.0, report=False)
SECONDS = 4
Audio = NDArray[np.float64]


@pytest.fixture(scope="module")
def tracks() -> dict[str, Audio]:
    return {name: noise(SECONDS * RATE, seed=i)[0] for i, name in enumerate(("Kick", "Bass", "Lead Vox"))}


def heard_at(audio: Audio, delay: float, drift_ppm: float = 0.0) -> Audio:
    moved = np.concatenate(list(realigned(reader(audio), len(audio), Alignment(delay, drift_ppm))))
    return np.pad(moved, (0, max(SECONDS * RATE - len(moved), 0)))[: SECONDS * RATE].astype(np.float64)


def ready(folder: Path, tracks: dict[str, Audio], mix: Audio, **how: object) -> tuple[Song, Preparation]:
    for name, audio in tracks.items():
        save(folder / "set" / "A - Song" / "stems" / f"{name}.wav", audio[None])
    save(folder / "set" / "A - Song" / "mix.wav", np.vstack([mix, 0.8 * mix]))
    settings = replace(SETTINGS, **how)  # type: ignore[arg-type]
    done = prepare("folders", folder / "set", folder / "out", settings=settings)
    return done.songs[0], done


def audio_of(song: Song, out: Path, name: str) -> Audio:
    track = next(track for track in song.tracks if track.name == name)
    samples: Audio = soundfile.read(song.path_of(track, root=out))[0]
    return samples


@pytest.mark.parametrize(("delay", "drift_ppm"), [(1234.5, 0.0), (-220.3, 40.0)])
def test_delay_and_drift_of_a_mix_are_undone(
    delay: float, drift_ppm: float, tracks: dict[str, Audio], tmp_path: Path
) -> None:
    mix = np.sum([heard_at(audio, delay, drift_ppm) for audio in tracks.values()], axis=0)
    mix += 0.02 * np.random.default_rng(7).standard_normal(len(mix))
    song, done = ready(tmp_path, tracks, mix)
    assert not done.faults
    for track in song.tracks:
        assert track.alignment is not None
        assert track.alignment.confidence > 0.99
        assert track.alignment.drift_ppm == pytest.approx(drift_ppm, abs=0.2)
        middle = SECONDS * RATE / 2
        shift = track.alignment.delay_samples + 1e-6 * track.alignment.drift_ppm * middle
        assert shift == pytest.approx(delay + 1e-6 * drift_ppm * middle, abs=0.02)
    moved = np.sum([audio_of(song, tmp_path / "out", name)[: 3 * RATE] for name in tracks], axis=0)
    inside = slice(2000, 3 * RATE)
    error = moved[inside] - mix[: 3 * RATE][inside]
    assert 10 * np.log10(np.var(error) / np.var(mix)) < -6  # the noise is all that is left
    assert np.std(error) == pytest.approx(0.02, rel=0.05)


def test_what_lies_there_already_is_left_to_the_bit(tracks: dict[str, Audio], tmp_path: Path) -> None:
    song, done = ready(tmp_path, tracks, np.sum(list(tracks.values()), axis=0))
    assert not done.faults
    for track in song.tracks:
        assert track.alignment is None
        expected = tracks[track.name].astype(np.float32)
        np.testing.assert_array_equal(audio_of(song, tmp_path / "out", track.name), expected)


def test_a_track_that_lies_elsewhere_is_moved_by_its_own(tracks: dict[str, Audio], tmp_path: Path) -> None:
    late, near = 0.1 * RATE, 0.003 * RATE  # exported with a gap; a microphone further away
    mix = heard_at(tracks["Kick"], 0.0) + heard_at(tracks["Bass"], late) + heard_at(tracks["Lead Vox"], near)
    song, done = ready(
        tmp_path,
        {**tracks, "Hat": noise(SECONDS * RATE, seed=9)[0]},
        mix + heard_at(noise(SECONDS * RATE, seed=9)[0], 0.0),
    )
    moved = {track.name: track.alignment for track in song.tracks}
    assert moved["Bass"] is not None
    assert moved["Bass"].delay_samples == pytest.approx(late, abs=0.05)
    assert moved["Kick"] is None
    assert moved["Lead Vox"] is None
    assert [(fault.kind, fault.file) for fault in done.faults] == [("alignment", "A - Song/stems/Bass.wav")]
    assert "+100.0 ms" in done.faults[0].cause


def test_polarity_is_said_and_left(tracks: dict[str, Audio], tmp_path: Path) -> None:
    mix = tracks["Kick"] - tracks["Bass"] + tracks["Lead Vox"]
    song, done = ready(tmp_path, tracks, mix)
    assert [(fault.kind, fault.file) for fault in done.faults] == [("polarity", "A - Song/stems/Bass.wav")]
    np.testing.assert_array_equal(audio_of(song, tmp_path / "out", "Bass"), tracks["Bass"].astype(np.float32))


def test_a_mix_of_something_else_moves_nothing(tracks: dict[str, Audio], tmp_path: Path) -> None:
    song, done = ready(tmp_path, tracks, noise(SECONDS * RATE, seed=50)[0])
    assert all(track.alignment is None for track in song.tracks)
    (fault,) = done.faults
    assert (fault.file, fault.kind) == ("A - Song/mix.wav", "alignment")
    assert "cannot be aligned" in fault.cause


def test_nothing_is_moved_where_nobody_wants_it(tracks: dict[str, Audio], tmp_path: Path) -> None:
    mix = np.sum([heard_at(audio, 500.0) for audio in tracks.values()], axis=0)
    song, _ = ready(tmp_path, tracks, mix, align=False)
    assert all(track.alignment is None for track in song.tracks)

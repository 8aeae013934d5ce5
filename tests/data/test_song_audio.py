"""Excerpts are slices of what another program reads whole; a file that has changed is never silence."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import AudioReader, write_wav
from gainstage.data.manifest import AudioRef, Song, Track
from gainstage.data.song_audio import FileAudio
from gainstage.data.wav_file import HEADER_BYTES, float_header, wav_header

RATE, LENGTH = 44_100, 100_000
PLACES = (0, 12_345, 32_768, 99_990, LENGTH, LENGTH + 7, -20_000, -70_001)


def _noise(channels: int) -> NDArray[np.float32]:
    return (np.random.default_rng(5).standard_normal((channels, LENGTH)) * 0.1).astype(np.float32)


def _row(path: Path, channels: int, **more: Any) -> tuple[Song, AudioRef]:
    row: dict[str, Any] = {"sample_rate": RATE, "num_samples": LENGTH, "peak_amplitude": 1.0} | more
    track = Track(file=path.name, channels=channels, content_hash="0", name="track", **row)
    return Song(name="song", folder=str(path.parent), sample_rate=RATE, tracks=(track,)), track


def _read(
    path: Path, channels: int, start: int, *, rate: int = RATE, length: int = 70_000, **row: Any
) -> NDArray[np.float32]:
    into = np.zeros((2, length), np.float32)
    FileAudio().add(*_row(path, channels, **row), into, start=start, gain=1.0, sample_rate=rate)
    return into


def _slice(whole: NDArray[np.float32], start: int, length: int) -> NDArray[np.float32]:
    """Sample by sample, so that it shares no arithmetic with what it is compared to."""
    places = np.arange(start, start + length)
    there = (places >= 0) & (places < whole.shape[1])
    cut = np.zeros((len(whole), length), np.float32)
    cut[:, there] = whole[:, places[there]]
    return np.broadcast_to(cut, (2, length))


def _save(path: Path, audio: NDArray[np.float32], kind: str) -> Path:
    if kind == "ours":
        write_wav(path, audio, sample_rate=RATE)
    else:
        soundfile.write(path, audio.T, RATE, subtype=kind)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.wav", "ours"), ("a.wav", "FLOAT"), ("a.wav", "PCM_24"), ("a.flac", "PCM_24"), ("a.ogg", "VORBIS")],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_an_excerpt_is_a_slice_of_the_whole(tmp_path: Path, name: str, kind: str, channels: int) -> None:
    path = _save(tmp_path / name, _noise(channels), kind)
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    for start in PLACES:
        if name == "a.ogg" and start == 99_990:
            continue  # a seek into the last page gives other samples, in libsndfile itself
        assert np.array_equal(_read(path, channels, start), _slice(whole.T, start, 70_000)), start


def test_it_is_added_with_its_gain(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", _noise(1), "ours")
    into = np.ones((2, LENGTH), np.float32)
    FileAudio().add(*_row(path, 1), into, start=0, gain=-0.3, sample_rate=RATE)
    assert np.array_equal(into, np.broadcast_to(1.0 + _noise(1) * np.float32(-0.3), (2, LENGTH)))


@pytest.mark.parametrize("kind", ["ours", "PCM_24"])
def test_another_rate_is_that_of_the_reader(tmp_path: Path, kind: str) -> None:
    path = _save(tmp_path / "a.wav", _noise(2), kind)
    with AudioReader(path, sample_rate=48_000) as reader:
        whole = reader.read(10**6)
    for start in (0, 50_000, 108_840, 200_000, -20_000):
        part = _read(path, 2, start, rate=48_000, length=30_000)
        assert np.abs(part - _slice(whole, start, 30_000)).max() < 1e-7


@pytest.mark.parametrize("kind", ["ours", "PCM_16"])
def test_equal_channels_may_be_a_mono_row(tmp_path: Path, kind: str) -> None:
    dual = _save(tmp_path / "dual.wav", np.repeat(_noise(1), 2, axis=0), kind)
    whole, _ = soundfile.read(dual, dtype="float32", always_2d=True)
    assert np.array_equal(_read(dual, 1, 10), _slice(whole.T[:1], 10, 70_000))
    stereo = _save(tmp_path / "stereo.wav", _noise(2), kind)
    with pytest.raises(AudioFileError, match=r"stereo\.wav cannot be read as mono: its two channels differ"):
        _read(stereo, 1, 0)


@pytest.mark.parametrize("kind", ["ours", "FLOAT"])
def test_samples_that_are_not_finite_are_named(tmp_path: Path, kind: str) -> None:
    audio = _noise(2)
    audio[1, 66_150] = np.nan
    path = _save(tmp_path / "vox.wav", audio, kind)
    assert np.isfinite(_read(path, 2, 0, length=66_150)).all()
    with pytest.raises(
        AudioFileError, match=r"vox\.wav: sample 66150 \(1\.500 s, channel 2\) is NaN; export the file again"
    ):
        _read(path, 2, 60_000)


@pytest.mark.parametrize("rate", [RATE, 48_000])
@pytest.mark.parametrize("kind", ["ours", "PCM_24"])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, kind: str, rate: int) -> None:
    """Also where the excerpt lies in the part that is still there, or behind the end."""
    path = _save(tmp_path / "bass.wav", _noise(2), kind)
    path.write_bytes(path.read_bytes()[:-3])
    for start in (0, LENGTH * 2):
        with pytest.raises(
            AudioFileError, match=r"bass\.wav .*changed since: scan or prepare the songs again"
        ):
            _read(path, 2, start, rate=rate, length=1_000)


def test_a_flac_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "bass.flac", _noise(2), "PCM_24")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioFileError, match=r"bass\.flac .*again"):
        _read(path, 2, 20_000)


@pytest.mark.parametrize("kind", ["ours", "PCM_24"])
def test_a_file_that_was_replaced_is_refused(tmp_path: Path, kind: str) -> None:
    path = _save(tmp_path / "bass.wav", _noise(1), kind)
    with pytest.raises(
        AudioFileError, match=r"has 100000 samples at 44100 Hz, where the manifest says 100001"
    ):
        _read(path, 1, 0, num_samples=LENGTH + 1)
    if kind == "ours":
        with pytest.raises(AudioFileError, match=r"has 100000 samples .* says 99999"):
            _read(path, 1, 0, num_samples=LENGTH - 1)
    with pytest.raises(AudioFileError, match=r"at 44100 Hz, where the manifest says 100000 at 48000 Hz"):
        _read(path, 1, 0, sample_rate=48_000)
    with pytest.raises(AudioFileError, match=r"bass\.wav has 1 channel"):
        _read(path, 2, 0)
    path.unlink()
    with pytest.raises(AudioFileError, match=r"bass\.wav cannot be opened: No such file"):
        _read(path, 1, 0)


def test_the_headers_of_other_programs_are_left_to_the_decoder() -> None:
    """Where other chunks or another format follow, samples would be read from the wrong place."""
    ours = wav_header(1000, sample_rate=RATE, channels=2)
    long = wav_header(600_000_000, sample_rate=RATE, channels=2)
    for head, count in ((ours, 1000), (long, 600_000_000)):
        found = float_header(head)
        assert found is not None
        assert (found.channels, found.sample_rate, found.num_samples) == (2, RATE, count)
        for place in range(HEADER_BYTES):
            for bits in (0x01, 0x55, 0xFF):
                damaged = bytearray(head)
                damaged[place] ^= bits
                assert float_header(bytes(damaged)) is None
        assert float_header(head[:-1]) is None
    integers = ours.replace(struct.pack("<IHH", 18, 3, 2), struct.pack("<IHH", 18, 1, 2))
    assert integers != ours
    assert float_header(integers) is None
    assert float_header(b"") is None

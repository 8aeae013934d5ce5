"""16-bit FLAC: what was quantised comes back to the bit."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.data.audio_error import AudioFileError
from gainstage.data.flac_file import quantise, write_flac


@pytest.mark.parametrize("channels", [1, 2])
def test_quantised_samples_come_back_to_the_bit(tmp_path: Path, channels: int) -> None:
    audio = np.random.default_rng(0).uniform(-1.2, 1.2, (channels, 5000)).astype(np.float32)
    audio[:, :4] = [1.0, -1.0, 2.0**-16, 0.0]  # both ends, and half a step
    kept = quantise(audio)
    assert np.abs(kept - np.clip(audio, -1.0, 1.0)).max() <= 2.0**-15
    np.testing.assert_array_equal(quantise(kept), kept)
    write_flac(tmp_path / "a.flac", kept, sample_rate=48_000)
    read, rate = soundfile.read(tmp_path / "a.flac", dtype="float32", always_2d=True)
    assert rate == 48_000
    np.testing.assert_array_equal(read.T, kept)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"nowhere/a\.flac cannot be written"):
        write_flac(tmp_path / "nowhere" / "a.flac", np.zeros((1, 10), np.float32), sample_rate=44_100)

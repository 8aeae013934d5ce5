"""The trim from a manifest row is the trim that hearing the track gives."""

import numpy as np
import pytest
import torch

from gainstage.data.manifest import AudioRef
from gainstage.data.staging import is_silent, trim_db
from gainstage.dsp.gain_staging import stage_audio
from tests.data.songs import noise


@pytest.mark.parametrize(
    ("num_samples", "gain", "silent"),
    [
        (88_200, 1.0, False),
        (88_200, 1e-2, False),
        (88_200, 1e-6, True),
        (17_640, 0.3, False),  # exactly 400 ms: one block
        (17_639, 0.3, False),  # shorter: by its peak
        (17_639, 1e-6, True),
        (0, 1.0, True),
    ],
)
def test_a_row_stages_as_its_audio_does(num_samples: int, gain: float, silent: bool) -> None:
    audio = torch.from_numpy(np.ones((1, num_samples)) * noise(num_samples)) * gain
    staging = stage_audio(audio, sample_rate=44_100)
    row = AudioRef(
        file="a.wav",
        channels=1,
        sample_rate=44_100,
        num_samples=num_samples,
        peak_amplitude=float(audio.abs().max()) if num_samples else 0.0,
        content_hash="",
        loudness_lufs=staging.loudness_lufs,
    )
    assert trim_db(row) == pytest.approx(staging.trim_db, abs=1e-4)
    assert is_silent(row) == silent == (staging.rule == "silence")

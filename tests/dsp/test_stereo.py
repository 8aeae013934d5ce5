"""The stereo meter: width, correlation and spectrum by their laws, whatever the blocks."""

import numpy as np
import pytest
import torch

from gainstage.dsp.stereo import BAND_EDGES_HZ, StereoImage, StereoMeter


def measure(audio: torch.Tensor, cuts: list[int] | None = None) -> StereoImage:
    meter = StereoMeter(audio.shape[0], sample_rate=44100)
    for part in torch.tensor_split(audio, cuts or [], dim=-1):
        meter.update(part)
    return meter.result()


def test_mono_opposed_unrelated_and_one_sided() -> None:
    a, b = torch.randn(2, 200_000, generator=torch.Generator().manual_seed(1))
    pairs = [(a, a), (a, -a), (a, b), (a, 0 * a)]
    image = measure(torch.stack([torch.stack(pair) for pair in pairs]))
    assert image.width[0] == pytest.approx(0, abs=1e-9)
    assert image.width[1] > 1e6
    assert image.width[2] == pytest.approx(1, abs=0.05)
    assert image.width[3] == pytest.approx(1, abs=1e-6)
    assert image.correlation[:2].tolist() == pytest.approx([1, -1])
    assert image.correlation[2] == pytest.approx(0, abs=0.02)
    assert np.isnan(image.correlation[3])


def test_power_of_a_sine_lies_in_its_bin_and_band() -> None:
    t = torch.arange(8192 * 6) / 44100
    sine = torch.sin(2 * torch.pi * 1000 * t)
    image = measure(torch.stack([sine, -sine])[None])
    assert image.frequencies_hz[image.power[0].argmax()] == pytest.approx(1000, abs=5.4)
    assert image.power[0].sum() == pytest.approx(0.5, rel=0.01)  # a full-scale sine has a power of one half
    band = int(np.searchsorted(BAND_EDGES_HZ, 1000)) - 1
    assert image.band_correlation[0, band] == pytest.approx(-1)


def test_cutting_into_blocks_changes_nothing() -> None:
    audio = torch.randn(2, 2, 30_000, generator=torch.Generator().manual_seed(2))
    whole, parts = measure(audio), measure(audio, [1, 8191, 8192, 20_000, 20_001])
    np.testing.assert_allclose(parts.power, whole.power, rtol=1e-6)
    np.testing.assert_allclose(parts.band_width, whole.band_width, rtol=1e-6)


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_short_and_silent_signals_are_measured(samples: int) -> None:
    image = measure(torch.zeros(1, 2, samples))
    assert image.power.max() == 0
    assert image.width[0] == 0
    assert np.isnan(image.correlation[0])

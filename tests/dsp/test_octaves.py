"""Octave bands: they sum to the whole, each passes its own octave, and tiles join without a seam."""

import numpy as np
import pytest
import scipy.signal
import torch

from gainstage.dsp.noise import gaussian_noise
from gainstage.dsp.octaves import BANDS_HZ, TILE, octave_filters, octave_noise

CPU = torch.device("cpu")


@pytest.mark.parametrize("sample_rate", [8000, 44_100, 96_000])
def test_the_filters_sum_to_a_pure_delay(sample_rate: int) -> None:
    filters = octave_filters(sample_rate)
    expected = torch.zeros(filters.shape[-1], dtype=torch.float64)
    expected[filters.shape[-1] // 2] = 1.0
    torch.testing.assert_close(filters.sum(0), expected, atol=1e-12, rtol=0.0)


def test_each_filter_passes_its_octave_and_stops_the_others() -> None:
    filters = octave_filters(44_100)
    for band, kernel in enumerate(filters.numpy()):
        _, response = scipy.signal.freqz(kernel, worN=np.array(BANDS_HZ, float), fs=44_100)
        level_db = 20.0 * np.log10(np.abs(response) + 1e-12)
        assert abs(level_db[band]) < 0.2
        assert np.delete(level_db, band).max() < -40.0


def test_the_outer_bands_are_open() -> None:
    filters = octave_filters(44_100).numpy()
    _, lowest = scipy.signal.freqz(filters[0], worN=np.array([1e-6, 20.0]), fs=44_100)
    _, highest = scipy.signal.freqz(filters[-1], worN=np.array([16_000.0, 22_000.0]), fs=44_100)
    np.testing.assert_allclose(np.abs([*lowest, *highest]), 1.0, atol=1e-3)


def test_a_band_above_half_the_rate_is_empty() -> None:
    assert octave_filters(8000)[-1].abs().max() == 0.0


def test_tiles_are_one_noise_without_a_seam() -> None:
    tiles = [octave_noise(i, seed=11, sample_rate=44_100, device=CPU, dtype=torch.float64) for i in range(2)]
    joined = torch.cat(tiles, dim=-1).numpy()
    filters = octave_filters(44_100).numpy()
    reach = filters.shape[-1] // 2
    first = TILE - 500
    for channel in range(2):
        noise = gaussian_noise(first - reach, 1000 + 2 * reach, seed=11, stream=channel).numpy()
        for band in range(len(BANDS_HZ)):
            expected = scipy.signal.fftconvolve(noise, filters[band], mode="valid")
            np.testing.assert_allclose(joined[band, channel, first : first + 1000], expected, atol=1e-10)
    white = gaussian_noise(0, 2 * TILE, seed=11, stream=1).numpy()
    np.testing.assert_allclose(joined[:, 1].sum(0), white, atol=1e-10)

"""Octave bands that sum to the whole, and seeded noise split into them."""

import math
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from gainstage.dsp.convolution import fast_size
from gainstage.dsp.noise import gaussian_noise

BANDS_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000)
"""Centres of the octave bands; the first is open downwards, the last upwards."""

TILE = 2**15
"""Samples of noise that are made and kept together."""

_FILTER_SECONDS = 0.1  # resolves the lowest edge, 89 Hz, to ±30 Hz


def octave_filters(sample_rate: int) -> Tensor:
    """Linear-phase filters of the octave bands, which sum to a pure delay.

    Windowed-sinc low-passes at the edges; a band is the difference of two neighbours. A band that lies above
    half the sample rate is empty.

    Returns:
        Impulse responses, float64, centred.

    Shape: (bands, taps), taps odd.
    """
    half = round(_FILTER_SECONDS / 2.0 * sample_rate)
    time = torch.arange(-half, half + 1, dtype=torch.float64)
    window = torch.blackman_window(2 * half + 1, periodic=False, dtype=torch.float64)
    identity = (time == 0).double()
    low_passes = [torch.zeros_like(identity)]
    for lower, upper in pairwise(BANDS_HZ):
        cutoff = 2.0 * math.sqrt(lower * upper) / sample_rate  # of half the sample rate
        kernel = torch.sinc(cutoff * time) * window
        low_passes.append(kernel / kernel.sum() if cutoff < 1.0 else identity)
    return torch.stack([*low_passes, identity]).diff(dim=0)


@lru_cache(maxsize=64)
def octave_noise(
    index: int, *, seed: int, sample_rate: int, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Tile number `index` of white noise of power 1, split into octave bands.

    A tile is computed by itself, always in the same way, so that no bit of a response depends on its length
    or on what was asked for before. The latest are kept (2 MiB each in float32).

    Shape: (bands, 2 channels, TILE)
    """
    filters = octave_filters(sample_rate)
    reach = filters.shape[-1] - 1
    start, count = index * TILE - reach // 2, TILE + reach
    noise = torch.stack([gaussian_noise(start, count, seed=seed, stream=channel) for channel in range(2)])
    size = fast_size(count)
    spectra = torch.fft.rfft(filters, size)[:, None] * torch.fft.rfft(noise, size)
    bands: Tensor = torch.fft.irfft(spectra, size)[..., reach : reach + TILE]
    return bands.to(device=device, dtype=dtype).contiguous()

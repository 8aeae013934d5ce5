"""Filters with any gain over frequency and no phase: symmetric responses, run block by block in time.

A response of 2n + 1 taps that is symmetric about its middle delays everything by n samples. `filtered` gives
what is late back: its output lies where its input lies, and is as long.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from gainstage.dsp.convolution import convolve_block
from gainstage.dsp.response import Response

_FINE = 8  # points of the gain over frequency per tap, before it is cut to length


def zero_phase_taps(gain_db: Tensor, frequencies_hz: Tensor, *, num_taps: int, sample_rate: int) -> Tensor:
    """Taps of symmetric filters from gains at some frequencies; straight in dB over log frequency between.

    Below the first and above the last frequency the gain stays. Cutting the response to its length with a
    Hann window smooths the gain over about 4·sample_rate/num_taps Hz: 1001 taps at 44.1 kHz cannot tell 40 Hz
    from 120 Hz.

    Args:
        gain_db: gains of each row.
        frequencies_hz: where they hold, rising.
        num_taps: odd.
        sample_rate: in Hz.

    Shape: gain_db (rows, points), frequencies_hz (points,) → (rows, num_taps), float32

    Raises:
        ValueError: an even number of taps.
    """
    if num_taps % 2 == 0:
        raise ValueError(f"a symmetric filter has a middle tap: num_taps must be odd, got {num_taps}")
    size = 2 ** (_FINE * num_taps - 1).bit_length()
    grid = np.arange(size // 2 + 1) * (sample_rate / size)
    place, known = np.log(np.maximum(grid, 1.0)), np.log(frequencies_hz.double().cpu().numpy())
    curves = [np.interp(place, known, row) for row in gain_db.double().cpu().numpy()]
    gains = torch.from_numpy(10.0 ** (np.stack(curves) / 20.0))
    response = torch.fft.irfft(gains, size)  # about sample 0; its second half lies before it
    middle = num_taps // 2
    window = torch.hann_window(num_taps + 2, periodic=False, dtype=torch.float64)[1:-1]
    taps = torch.cat([response[:, size - middle :], response[:, : middle + 1]], dim=-1) * window
    return taps.float().to(gain_db.device)


def filtered(blocks: Iterable[Tensor], taps: Tensor) -> Iterator[Tensor]:
    """Rows through their symmetric filters, in time, as long as they are.

    Args:
        blocks: of a signal, in order.
        taps: of each row, from `zero_phase_taps`.

    Shape: blocks (rows, channels, samples), taps (rows, taps) → (rows, channels, samples)
    """
    late = taps.shape[-1] // 2
    response, history, skip, like = Response(taps[:, None]), None, late, None
    for block in blocks:
        if history is None:
            history = block.new_zeros(*block.shape[:2], 2 * late)
        out = convolve_block(block, response, history)
        history = torch.cat((history, block), -1)[..., block.shape[-1] :]
        if skip < out.shape[-1]:
            yield out[..., skip:]
        skip, like = max(skip - out.shape[-1], 0), block
    if history is not None and like is not None:
        rest = convolve_block(like.new_zeros(*like.shape[:2], late), response, history)
        yield rest[..., skip:]

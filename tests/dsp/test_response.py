"""A response: what it remembers, and its partitions against the defining sum."""

import torch

from gainstage.dsp.past import PART
from gainstage.dsp.response import Response, spectra_of


def test_a_response_remembers_few_spectra_and_none_that_has_a_gradient() -> None:
    response = Response(torch.randn(1, 2, 10))
    first = response.spectrum(64)
    assert response.spectrum(64) is first
    for size in (128, 256, 512):
        response.spectrum(size)
    assert response.spectrum(64) is not first
    trained = Response(torch.randn(1, 2, 10, requires_grad=True))
    assert trained.spectrum(64) is not trained.spectrum(64)


def test_a_window_gives_what_a_part_adds_so_many_parts_later() -> None:
    part, taps = torch.randn(PART, dtype=torch.float64), torch.randn(1, 1, 2500, dtype=torch.float64)
    response = Response(taps).partitions
    assert response.number == 3
    length = 2 * PART + 2500 - 1
    whole = torch.fft.irfft(torch.fft.rfft(part, length) * torch.fft.rfft(taps[0, 0], length), length)
    x = torch.complex(*spectra_of(part)[:, : PART + 1])
    for j in (1, 2, 3):
        g = torch.complex(*response.spectra[0, 0, j - 1, :, : PART + 1])
        added = torch.fft.irfft(x * g, 2 * PART)[:PART]
        expected = torch.nn.functional.pad(whole, (0, 2 * PART))[j * PART : (j + 1) * PART]
        torch.testing.assert_close(added, expected, atol=1e-10, rtol=0.0)


def test_a_stamp_tells_rows_apart_and_knows_them_again() -> None:
    taps = torch.randn(3, 2, 50)
    taps[2] = taps[0]
    a, b, c = Response(taps).partitions.stamps
    assert a == c != b
    assert Response(taps[1:2].clone()).partitions.stamps == (b,)
    assert Response(taps.double()).partitions.stamps[0] != a
    taps[1, 1, 49] += 1e-6
    assert Response(taps).partitions.stamps[1] != b

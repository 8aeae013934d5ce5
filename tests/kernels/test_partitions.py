"""The loops of the convolution in partitions against numpy."""

import numpy as np
import pytest
import torch

from gainstage.kernels.partitions import TILE, add_first_taps, add_products

dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


@dtypes
def test_products_run_backwards_through_the_spectra(dtype: torch.dtype) -> None:
    spectra, responses = torch.randn(2, 3, 5, 2, 16, dtype=dtype), torch.randn(2, 3, 7, 2, 16, dtype=dtype)
    total = torch.randn(2, 3, 2, 16, dtype=torch.float64)
    expected = torch.complex(*total.unbind(-2))
    x, g = (torch.complex(*t.double().unbind(-2)) for t in (spectra, responses))
    for i in range(3):
        expected += g[:, :, 2 + i] * x[:, :, 4 - i]
    add_products(total, spectra, responses, newest=4, first=2, count=3)
    torch.testing.assert_close(torch.complex(*total.unbind(-2)), expected, atol=1e-12, rtol=0.0)


@dtypes
@pytest.mark.parametrize(("start", "count"), [(0, 1), (0, 100), (5, 1), (31, 2), (37, 63), (99, 1)])
def test_the_first_taps_are_a_convolution(start: int, count: int, dtype: torch.dtype) -> None:
    """What stands behind the samples that have come is old, and must not be heard."""
    size = 100
    coming, recent = torch.randn(1, 2, size, dtype=dtype), torch.randn(1, 2, size, dtype=dtype)
    taps, out = torch.randn(1, 2, size, dtype=torch.float64), torch.full((1, 2, count + 9), 7.0, dtype=dtype)
    pairs = zip(recent[0].double().numpy(), taps[0].numpy(), strict=True)
    expected = np.array([[np.convolve(r, h)[:size] for r, h in pairs]]) + coming.double().numpy()
    recent[..., start + count :] = torch.nan
    padded = torch.nn.functional.pad(taps, (TILE, TILE))
    add_first_taps(out, coming, recent, padded, at=4, start=start, count=count)
    atol = 1e-12 if dtype == torch.float64 else 1e-4
    np.testing.assert_allclose(out[..., 4 : 4 + count], expected[..., start : start + count], atol=atol)
    assert torch.equal(out[..., :4], torch.full((1, 2, 4), 7.0, dtype=dtype))
    assert torch.equal(out[..., 4 + count :], torch.full((1, 2, 5), 7.0, dtype=dtype))

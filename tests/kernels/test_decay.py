"""The kernel against the formula written out, and against its plain sibling."""

import pytest
import torch
from torch import Tensor

from gainstage.kernels import backend, decay
from gainstage.kernels.decay import STEP

ROWS, BANDS, STEPS = 3, 8, 5
FIRST = 2 * STEP  # where the tile lies in the response


def inputs(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Noise, levels, rates, and the two factors of their envelopes."""
    noise = torch.randn(BANDS, 2, (STEPS + 2) * STEP, dtype=dtype)  # longer than what is used
    level, rate = torch.randn(ROWS, BANDS, dtype=torch.float64), 0.01 * torch.rand(ROWS, BANDS).double()
    coarse = torch.exp(level[..., None] - rate[..., None] * (FIRST + STEP * torch.arange(STEPS)))
    return noise, level, rate, coarse, torch.exp(-rate[..., None] * torch.arange(STEP))


def by_the_formula(noise: Tensor, level: Tensor, rate: Tensor, channels: int) -> Tensor:
    time = FIRST + torch.arange(STEPS * STEP, dtype=torch.float64)
    envelope = torch.exp(level[..., None] - rate[..., None] * time)
    return torch.einsum("rbt,bct->rct", envelope, noise[:, :channels, : len(time)].double())


@pytest.mark.parametrize("compiled", [True, False], ids=["kernel", "plain torch"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_follows_the_formula(
    monkeypatch: pytest.MonkeyPatch, compiled: bool, channels: int, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(backend, "has_compiled_kernels", lambda _: compiled)
    noise, level, rate, coarse, fine = inputs(dtype)
    level.requires_grad_()
    rate.requires_grad_()
    expected = by_the_formula(noise, level, rate, channels)
    rounding = 1e-6 if dtype == torch.float32 else 1e-12
    mixed = decay.mixed(noise, coarse, fine, channels)
    assert mixed.dtype == dtype
    assert torch.allclose(mixed.double(), expected, rtol=rounding, atol=rounding)
    whole = torch.randn(ROWS, channels, FIRST + STEPS * STEP + 7, dtype=dtype)
    grads = decay.gradients(whole, noise, coarse, fine, FIRST)
    heard = whole[..., FIRST : FIRST + STEPS * STEP].double()
    for grad, truth in zip(grads, torch.autograd.grad(expected, (level, rate), heard), strict=True):
        assert torch.allclose(grad, truth, rtol=10 * rounding, atol=10 * rounding * float(truth.abs().max()))

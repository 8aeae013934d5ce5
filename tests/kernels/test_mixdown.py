"""Sums of strips into buses: against the sum written out, in both backends, still and moving."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from gainstage.kernels import backend
from gainstage.kernels.grid import GRID, num_points
from gainstage.kernels.mixdown import mixdown
from gainstage.kernels.mixdown_cpu import TILE

COUNTS = [3, 0, 2]
BUSES = 4

compiled = pytest.mark.parametrize("compiled", [True, False], ids=["kernel", "plain torch"])


def inputs(
    samples: int, channels: int = 2, points: int = 1, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor]:
    """Some weights are 0 at all points, and nobody feeds the last bus."""
    audio = torch.randn(sum(COUNTS), channels, samples, dtype=dtype)
    weights = torch.randn(sum(COUNTS), channels, BUSES, points, dtype=torch.float64)
    weights *= torch.rand(weights.shape[:-1])[..., None] > 0.4
    weights[:, :, -1] = 0.0
    return audio, weights


def written_out(audio: Tensor, weights: Tensor, offset: int = 0) -> Tensor:
    """Sample by sample: the weight at sample t lies between two points of the grid."""
    at = torch.arange(audio.shape[-1]) + offset
    left, share = at // GRID, (at % GRID).double() / GRID
    if weights.shape[-1] == 1:
        now = weights.expand(*weights.shape[:-1], audio.shape[-1])
    else:
        now = torch.lerp(weights[..., left], weights[..., left + 1], share)
    every = torch.einsum("sct,scbt->sbt", audio.double(), now)
    ends = torch.tensor([0, *COUNTS]).cumsum(0).tolist()
    return torch.stack([every[a:b].sum(0) for a, b in pairwise(ends)])


@compiled
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [1, 7, 64, TILE - 3, 2 * TILE + 41])
def test_is_the_sum(monkeypatch: pytest.MonkeyPatch, compiled: bool, samples: int, channels: int) -> None:
    monkeypatch.setattr(backend, "has_compiled_kernels", lambda _: compiled)
    audio, weights = inputs(samples, channels)
    assert torch.allclose(mixdown(audio, weights, COUNTS), written_out(audio, weights), atol=1e-12)


@compiled
@pytest.mark.parametrize("offset", [0, 1, 63])
@pytest.mark.parametrize("samples", [1, 30, 64, 500])
def test_weights_move_straight_between_points(
    monkeypatch: pytest.MonkeyPatch, compiled: bool, samples: int, offset: int
) -> None:
    monkeypatch.setattr(backend, "has_compiled_kernels", lambda _: compiled)
    audio, weights = inputs(samples, points=num_points(samples, offset))
    found = mixdown(audio, weights, COUNTS, offset=offset)
    assert torch.allclose(found, written_out(audio, weights, offset), atol=1e-12)


def test_float32_is_rounded_once() -> None:
    audio, weights = inputs(3000, dtype=torch.float32)
    assert torch.equal(mixdown(audio, weights, COUNTS), written_out(audio, weights).float())


def test_a_weight_of_zero_keeps_what_is_broken_out() -> None:
    audio, weights = inputs(200)
    audio[0, 0], weights[0, 0] = torch.nan, 0.0
    assert torch.isfinite(mixdown(audio, weights, COUNTS)).all()


@compiled
@pytest.mark.parametrize("points", [1, num_points(150, 5)], ids=["still", "moving"])
def test_gradients_agree_with_finite_differences(
    monkeypatch: pytest.MonkeyPatch, compiled: bool, points: int
) -> None:
    monkeypatch.setattr(backend, "has_compiled_kernels", lambda _: compiled)
    audio, weights = (tensor.requires_grad_() for tensor in inputs(150, points=points))
    assert torch.autograd.gradcheck(
        lambda a, w: mixdown(a, w, COUNTS, offset=5), (audio, weights), fast_mode=True
    )


def test_rows_may_lie_in_any_order_in_memory() -> None:
    audio, weights = inputs(300)
    turned = audio.transpose(0, 2).contiguous().transpose(0, 2)
    every_other = torch.stack([audio, audio], 1)[:, 0]
    for other in (turned, every_other):
        assert torch.equal(mixdown(other, weights, COUNTS), mixdown(audio, weights, COUNTS))


def test_the_operator_keeps_the_rules_of_operators() -> None:
    audio, weights = inputs(100)
    arguments = (audio.requires_grad_(), weights[..., 0].clone().requires_grad_(), COUNTS)
    torch.library.opcheck(torch.ops.gainstage.mixdown.default, arguments)

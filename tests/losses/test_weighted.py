"""Weighted sums of losses: per item, 0 for equal mixes, and weight 0 is logged without any effect."""

import pytest
import torch
from torch import Tensor

from gainstage.losses.weighted import Weighted, WeightedLosses


def level(estimate: Tensor, target: Tensor) -> Tensor:
    return (estimate - target).square().mean((1, 2))


def peak(estimate: Tensor, target: Tensor) -> Tensor:
    return (estimate - target).abs().amax((1, 2))


def infinite(estimate: Tensor, target: Tensor) -> Tensor:
    return level(estimate, target) + float("inf")


LOSSES = WeightedLosses(
    {"level": Weighted(level, 2.0), "peak": Weighted(peak, 0.5), "seen": Weighted(level, 0.0)}
)


def test_each_item_has_its_loss_by_name() -> None:
    estimate, target = torch.randn(3, 2, 50), torch.randn(3, 2, 50)
    found = LOSSES(estimate, target)
    assert list(found) == ["level", "peak", "seen"]
    assert torch.equal(found["level"], level(estimate, target))  # before weighting
    assert torch.equal(found["seen"], level(estimate, target))
    alone = LOSSES(estimate[1:2], target[1:2])
    assert all(torch.allclose(found[name][1:2], alone[name]) for name in found)
    wanted = 2.0 * level(estimate, target).mean() + 0.5 * peak(estimate, target).mean()
    assert torch.allclose(LOSSES.total(found), wanted)


def test_equal_mixes_lose_nothing() -> None:
    mix = torch.randn(2, 2, 50)
    assert LOSSES.total(LOSSES(mix, mix)) == 0


def test_what_is_only_logged_has_no_gradient() -> None:
    estimate, target = torch.randn(2, 2, 50, requires_grad=True), torch.randn(2, 2, 50)
    found = LOSSES(estimate, target)
    assert [part.requires_grad for part in found.values()] == [True, True, False]
    with torch.no_grad():
        assert not LOSSES(estimate, target)["level"].requires_grad
    (whole,) = torch.autograd.grad(LOSSES.total(found), estimate)
    bare = WeightedLosses({name: LOSSES.losses[name] for name in ("level", "peak")})
    (wanted,) = torch.autograd.grad(bare.total(bare(estimate, target)), estimate)
    assert torch.equal(whole, wanted)


def test_what_is_only_logged_may_be_infinite() -> None:
    losses = WeightedLosses({"level": Weighted(level), "wild": Weighted(infinite, 0.0)})
    estimate, target = torch.randn(2, 2, 50), torch.randn(2, 2, 50)
    found = losses(estimate, target)
    assert found["wild"].isinf().all()
    assert torch.allclose(losses.total(found), level(estimate, target).mean())


def test_nothing_to_lose_is_zero() -> None:
    assert WeightedLosses({}).total({}) == 0
    assert LOSSES.total({"level": torch.zeros(0)}) == 0


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_bad_weight_is_named(weight: float) -> None:
    with pytest.raises(ValueError, match=r"the weight of loss 'peak' is .*; give 0 or more"):
        WeightedLosses({"level": Weighted(level), "peak": Weighted(peak, weight)})

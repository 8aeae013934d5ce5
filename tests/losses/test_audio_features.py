"""The AF loss: features by their definition on signals whose features are known, and its known traps."""

import math

import pytest
import torch

from gainstage.losses.audio_features import AudioFeatureLoss, bark_bank

RATE = 44100
LOSS = AudioFeatureLoss(sample_rate=RATE)


def noise(batch: int = 1, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(batch, 2, 88_200, generator=torch.Generator().manual_seed(seed))


def test_features_of_a_sine_in_one_channel() -> None:
    sine = 0.5 * torch.sin(2 * math.pi * 441 * torch.arange(44_100) / RATE)
    features = LOSS.features(torch.stack([sine, torch.zeros_like(sine)])[None])
    assert features.rms[0].tolist() == pytest.approx([0.5 / math.sqrt(2), 1e-4], rel=1e-4)
    assert features.crest[0, 0].item() == pytest.approx(3.01, abs=0.01)
    assert features.width.item() == pytest.approx(1.0, rel=1e-5)
    assert features.imbalance.item() == pytest.approx(-1.0, rel=1e-5)


def test_equal_is_zero_and_each_feature_is_heard() -> None:
    x = noise()
    assert LOSS(x, x).item() == 0
    louder, swapped = LOSS.parts(2 * x, x), LOSS.parts(x * torch.tensor([1.0, 0.5])[:, None], x)
    assert louder["rms"].item() == pytest.approx(0.1 * 0.1**2, rel=0.02)
    assert louder["bark"].item() == pytest.approx(0.1 * math.log(2) ** 2, rel=0.01)
    assert louder["crest"].item() == pytest.approx(0, abs=1e-8)
    assert swapped["imbalance"].item() == pytest.approx(0.36, rel=0.05)
    assert LOSS.parts(x.mean(1, keepdim=True).expand(-1, 2, -1), x)["width"].item() == pytest.approx(
        1, rel=0.1
    )


def test_a_dual_mono_mix_is_not_infinitely_wrong() -> None:
    x = noise()
    mono = x.mean(1, keepdim=True).expand(-1, 2, -1)
    assert LOSS.parts(mono, x)["bark"].item() < 0.1 * math.log(1000) ** 2


def test_an_item_does_not_depend_on_its_batch_and_gradients_are_finite() -> None:
    x, y = noise(2).requires_grad_(), noise(2, seed=1)
    both = LOSS(x, y)
    assert both[1].item() == pytest.approx(LOSS(x[1:], y[1:]).item(), rel=1e-5)
    both.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    silent = torch.zeros(1, 2, 1000, requires_grad=True)
    LOSS(silent, y[:1]).sum().backward()
    assert silent.grad is not None
    assert torch.isfinite(silent.grad).all()


def test_bark_bands_cover_the_range_once() -> None:
    bank = bark_bank(32768, 24, RATE)
    inner = bank[:, 200:8_000].sum(0)
    assert bank.shape == (24, 16385)
    assert torch.allclose(inner, torch.ones_like(inner), atol=1e-5)

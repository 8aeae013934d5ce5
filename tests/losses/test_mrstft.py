"""MR-STFT presets: auraloss as oracle where it defines them, per item, zero at equality, finite gradients."""

import auraloss
import pytest
import torch
from torch import Tensor

from gainstage.losses.mrstft import PRESETS, MultiResolutionSTFT
from gainstage.losses.spectrogram import a_weighting_db, mel_bank, power_spectrogram

RATE = 44100


def stereo(batch: int, samples: int = 40_000, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(batch, 2, samples, generator=torch.Generator().manual_seed(seed))


def test_preset_auraloss_is_auraloss() -> None:
    x, y = stereo(1), stereo(1, seed=1)
    theirs = auraloss.freq.MultiResolutionSTFTLoss()(x, y)
    assert MultiResolutionSTFT("auraloss", sample_rate=RATE)(x, y).item() == pytest.approx(
        theirs.item(), rel=0.02
    )
    # they take the convergence over both channels at once, we take it for each: equal where the channels are
    x, y = (a[:, :1].expand(-1, 2, -1) for a in (x, y))
    theirs = auraloss.freq.MultiResolutionSTFTLoss()(x, y)
    assert MultiResolutionSTFT("auraloss", sample_rate=RATE)(x, y).item() == pytest.approx(
        theirs.item(), rel=1e-5
    )


def test_preset_sum_difference_is_auraloss() -> None:
    x, y = stereo(1), stereo(1, seed=1)
    sizes = list(PRESETS["sum_difference"].fft_sizes)
    theirs = auraloss.freq.SumAndDifferenceSTFTLoss(
        fft_sizes=sizes, hop_sizes=[s // 2 for s in sizes], win_lengths=sizes
    )(x, y)
    assert MultiResolutionSTFT("sum_difference", sample_rate=RATE)(x, y).item() == pytest.approx(
        theirs.item(), rel=1e-5
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_equal_inputs_give_zero_and_others_do_not(preset: str) -> None:
    loss = MultiResolutionSTFT(preset, sample_rate=RATE)
    x, y = stereo(2), stereo(2, seed=1)
    assert loss(x, x).tolist() == [0, 0]
    assert (loss(x, y) > 0.1).all()
    assert (loss(0.5 * x, x) > 0.01).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_an_item_does_not_depend_on_its_batch(preset: str) -> None:
    loss = MultiResolutionSTFT(preset, sample_rate=RATE)
    x, y = stereo(3), stereo(3, seed=1)
    y[1] *= 100  # a loud neighbour
    for i in range(3):
        assert loss(x, y)[i].item() == pytest.approx(loss(x[i : i + 1], y[i : i + 1]).item(), rel=1e-5)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("estimate", ["silence", "equal", "noise"])
def test_gradients_are_finite(preset: str, estimate: str) -> None:
    y = stereo(1)
    x = {"silence": torch.zeros_like(y), "equal": y.clone(), "noise": stereo(1, seed=1)}[
        estimate
    ].requires_grad_()
    MultiResolutionSTFT(preset, sample_rate=RATE)(x, y).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert (x.grad.abs().max() > 0) == (estimate == "noise")


def test_sides_are_heard_where_the_preset_says_so() -> None:
    y = stereo(1)
    swapped = y.flip(1)  # M and |S| are the same, L and R are not
    assert MultiResolutionSTFT("sum_difference", sample_rate=RATE)(swapped, y).item() == pytest.approx(
        0, abs=1e-5
    )
    assert MultiResolutionSTFT("diffmst", sample_rate=RATE)(swapped, y).item() > 0.1
    assert MultiResolutionSTFT("deepafx", sample_rate=RATE)(swapped, y).item() == pytest.approx(0, abs=1e-5)


def test_preset_grafx_leaves_empty_bands_out() -> None:
    bank = mel_bank(512, 96, RATE)
    assert bank.shape[0] < 96
    assert (bank.sum(1) > 0).all()


def test_a_weighting_meets_the_standard() -> None:
    table = {63.1: -26.2, 100: -19.1, 1000: 0.0, 2500: 1.3, 10000: -2.5}
    got = a_weighting_db(torch.tensor(list(table)))
    assert got.tolist() == pytest.approx(list(table.values()), abs=0.1)


def test_errors_say_what_is_wanted() -> None:
    with pytest.raises(ValueError, match="no MR-STFT preset 'stft'; there are auraloss"):
        MultiResolutionSTFT("stft", sample_rate=RATE)
    with pytest.raises(ValueError, match="give at least 2049 samples"):
        power_spectrogram(torch.zeros(1000), fft_size=4096, hop=1024, window=4096)

"""The encoder: rows do not know of each other, padding plays no part, passages add up."""

import pytest
import torch

from gainstage.models.encoder import IS_STEREO, NUMBERS, Encoder
from gainstage.models.mixer import Mixer
from tests.models.scene import RATE, SETTINGS, fresh_mixer, lively_mixer, spectra


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """With the running values of a few batches."""
    encoder = fresh_mixer().encoder.train()
    for seed in range(5):
        heard = spectra(8, seed=seed)
        encoder(heard, torch.full((8,), heard.shape[-1]))
    return encoder.eval()


def lengths(rows: int, frames: int) -> torch.Tensor:
    return torch.full((rows,), frames)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 11, 12])
def test_padding_and_neighbours_change_nothing(encoder: Encoder, frames: int) -> None:
    alone = [spectra(3, frames, seed=2)[i : i + 1] for i in range(3)]
    single = torch.cat([encoder(row, lengths(1, frames)).pooled for row in alone])
    padded = torch.nn.functional.pad(torch.cat(alone), (0, 9))
    longer = spectra(4, frames + 9, seed=3)
    both = encoder(torch.cat([padded, longer]), torch.cat([lengths(3, frames), lengths(4, frames + 9)]))
    assert (both.pooled[:3] - single).abs().max() < 1e-5
    assert single.std(0).max() > 0.1  # rows differ, so that a mix-up would show


def test_a_view_is_as_wide_and_as_slow_as_it_says(encoder: Encoder) -> None:
    found = encoder(spectra(2, 13), lengths(2, 13))
    assert encoder.width == found.pooled.shape[1] == SETTINGS.encoder.width + NUMBERS
    assert found.frames.shape == (2, 4, SETTINGS.encoder.channels[-1])
    assert found.hop_seconds == pytest.approx(4 * 512 / RATE)


def test_plain_numbers_are_handed_through(encoder: Encoder) -> None:
    heard = spectra(4)
    found = encoder(heard, lengths(4, 12)).pooled[:, -NUMBERS:]
    described = encoder.spectral.describe(encoder.spectral(heard, lengths(4, 12)))
    assert torch.allclose(found, encoder.norm(described)[:, :NUMBERS], atol=1e-6)
    assert (found[:, IS_STEREO] > 0).tolist() == [False, True, False, True]


def test_a_passage_heard_twice_is_the_same_sound(encoder: Encoder) -> None:
    once = encoder.hear(spectra(3), lengths(3, 12))
    assert torch.allclose(encoder.embed(once + once), encoder.embed(once), atol=1e-5)
    other = encoder.hear(spectra(3, seed=1), lengths(3, 12))
    assert torch.allclose(encoder.embed(once + other), encoder.embed(other + once), atol=1e-5)
    assert (encoder.embed(once + other) - encoder.embed(once)).abs().max() > 0.1
    assert torch.equal((once + other).frames, torch.cat([once.frames, other.frames], dim=1))


def test_what_changes_over_time_is_heard_by_the_convolutions(encoder: Encoder) -> None:
    heard = spectra(1)
    view = encoder.hear(heard, lengths(1, 12)).view
    backwards = encoder.hear(heard.flip(-1), lengths(1, 12)).view
    assert (view.mean() - backwards.mean()).abs().max() > 1e-3


def test_silence_gives_finite_embeddings_and_gradients(encoder: Encoder) -> None:
    heard = torch.cat([torch.zeros(1, 3, 26, 7), spectra(1, 7)]).requires_grad_()
    found = encoder(heard, lengths(2, 7)).pooled
    assert torch.isfinite(found).all()
    found.square().sum().backward()
    assert heard.grad is not None
    assert torch.isfinite(heard.grad).all()
    for name, weight in encoder.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().max() > 0, name


def test_training_hears_a_row_as_evaluation_does() -> None:
    mixer: Mixer = lively_mixer()
    encoder, heard = mixer.encoder, spectra(4)
    for _ in range(400):
        encoder.train()(heard, lengths(4, 12))
    learning = encoder(heard, lengths(4, 12)).pooled
    assert (learning - encoder.eval()(heard, lengths(4, 12)).pooled).abs().max() < 1e-3

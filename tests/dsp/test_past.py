"""The past in pages against a plain tensor that is cut."""

import pytest
import torch
from torch import Tensor

from gainstage.dsp.past import PAGE, PART, Past, aligned, extended, filled, num_pages, silent_past, stretch

SAMPLES = 2 * PAGE + 5


def silence(rows: int = 1) -> Past:
    return silent_past(rows, 2, SAMPLES, dtype=torch.float64, device=torch.device("cpu"))


def noise(rows: int, samples: int) -> Tensor:
    return torch.randn(rows, 2, samples, dtype=torch.float64)


@pytest.mark.parametrize("length", [1000, PART, 3 * PART, PAGE, PAGE + 1, 3 * PAGE, 4 * PAGE + 77])
def test_it_is_what_came_last(length: int) -> None:
    past, heard = silence(), torch.zeros(1, 2, SAMPLES, dtype=torch.float64)
    shapes = {name: value.shape for name, value in past.items()}
    for i in range(0, 5 * PAGE, length):
        audio = noise(1, length + i % 3)
        past, heard = extended(past, audio), torch.cat((heard, audio), -1)
        assert torch.equal(stretch(past, SAMPLES), heard[..., -SAMPLES:])
    assert {name: value.shape for name, value in past.items()} == shapes


def test_a_stretch_of_some_rows_may_end_before_now() -> None:
    audio = noise(2, PAGE + 2 * PART + 100)
    past = extended(silence(2), audio)
    for age, samples in [(0, 0), (0, 1), (50, 100), (100, PART), (7, 3 * PART), (2 * PART + 100, PAGE)]:
        expected = audio[1:, :, audio.shape[-1] - age - samples : audio.shape[-1] - age]
        assert torch.equal(stretch(past, samples, age=age, rows=slice(1, 2)), expected)


def test_what_was_passed_in_can_be_continued_again() -> None:
    past = extended(silence(), noise(1, PAGE - 10))
    before = {name: value.clone() for name, value in past.items()}
    for length in (5, 10, 11, 3 * PAGE):
        extended(past, noise(1, length))
    assert all(torch.equal(past[name], value) for name, value in before.items())


def test_rows_from_elsewhere_come_into_line() -> None:
    """As when a strip's processor is switched on while others play."""
    audio = noise(2, 3 * PAGE)
    long, short = extended(silence(), audio[:1]), extended(silence(), audio[1:, :, : PART + 3])
    together = aligned({name: torch.cat([long[name], short[name]]) for name in long})
    assert filled(together) == 0
    heard = stretch(together, SAMPLES - 5)
    assert torch.equal(heard[:1], audio[:1, :, 5 - SAMPLES :])
    assert torch.equal(heard[1:, :, -PART - 3 :], audio[1:, :, : PART + 3])
    assert not heard[1:, :, : -PART - 3].any()
    assert aligned(together) is together


def test_no_call_copies_the_whole_past() -> None:
    past = extended(silence(), noise(1, 2 * PAGE))
    after = extended(past, noise(1, 100))
    pages = [f"past_{i}" for i in range(num_pages(past))]
    assert all(after[name] is past[name] for name in [*pages, "page"])


def test_gradients_go_into_the_past() -> None:
    audio = noise(1, PAGE + PART + 5).requires_grad_()
    weights = noise(1, PART + 1)
    (gradient,) = torch.autograd.grad((stretch(extended(silence(), audio), PART + 1) * weights).sum(), audio)
    assert torch.equal(gradient[..., -PART - 1 :], weights)
    assert not gradient[..., : -PART - 1].any()

"""Short calls of a long convolution: the same as the whole, in whatever order and length they come."""

import io

import pytest
import torch
from torch import Tensor

from gainstage.dsp import live_convolution
from gainstage.dsp.convolution import Response, convolve
from gainstage.dsp.live_convolution import LONGEST, PARTITION, Memory, convolve_live, silence

PAST = 9 * PARTITION
ROWS, CHANNELS = 2, 2


def noise(samples: int, dtype: torch.dtype = torch.float64, rows: int = ROWS) -> Tensor:
    return torch.randn(rows, CHANNELS, samples, dtype=torch.float64).to(dtype)


def start(rows: int = ROWS) -> Memory:
    return silence(rows, CHANNELS, PAST, device=torch.device("cpu"))


def play(audio: Tensor, response: Response, lengths: list[int], memory: Memory) -> tuple[Tensor, Memory]:
    parts, at = [], 0
    while at < audio.shape[-1]:
        for length in lengths:
            out, memory = convolve_live(audio[..., at : at + length], response, memory)
            parts.append(out)
            at += length
    return torch.cat(parts, -1), memory


def difference_db(found: Tensor, expected: Tensor) -> float:
    error = (found.double() - expected.double()).square().sum() / expected.double().square().sum()
    return float(10.0 * torch.log10(error + 1e-40))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("taps", [1, 300, PARTITION, PARTITION + 1, 5 * PARTITION - 7, PAST + 1])
@pytest.mark.parametrize(
    "lengths",
    [[128], [1, 700, 77, 0, 2048], [PARTITION], [3000, 5], [100, LONGEST + 5000, 300]],
    ids=["blocks", "odd", "partitions", "longer", "short and long"],
)
def test_calls_of_any_length_are_the_whole(lengths: list[int], taps: int, dtype: torch.dtype) -> None:
    """40 000 samples: more than are kept apart from the history."""
    audio, response = noise(40_000, dtype), noise(taps, dtype)
    found, _ = play(audio, Response(response), lengths, start())
    expected = convolve(audio.double(), response.double())[..., : audio.shape[-1]]
    assert found.dtype == dtype
    assert difference_db(found[..., : audio.shape[-1]], expected) < (-120 if dtype == torch.float32 else -250)


def test_a_memory_can_be_gone_on_from_twice_and_is_not_changed() -> None:
    response, past = Response(noise(4000)), noise(1500)
    _, memory = play(past, response, [100], start())
    kept = {name: value.clone() for name, value in memory.items()}
    for _ in range(2):
        audio = noise(3000)
        found, _ = play(audio, response, [250], memory)
        expected = convolve(torch.cat([past, audio], -1), response.taps)[..., 1500:4500]
        assert difference_db(found, expected) < -250
        assert all(torch.equal(memory[name], value) for name, value in kept.items())


@pytest.mark.parametrize("how", ["saved", "forgotten"])
def test_a_memory_without_its_line_works_it_out_again(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    response, audio = Response(noise(4000)), noise(4500)
    before, memory = play(audio[..., :1700], response, [100], start())
    if how == "saved":
        file = io.BytesIO()
        torch.save(memory, file)
        file.seek(0)
        memory = torch.load(file, weights_only=True)
    monkeypatch.setattr(live_convolution, "_lines", live_convolution.OrderedDict())
    after, _ = play(audio[..., 1700:], response, [100], memory)
    found = torch.cat([before, after], -1)
    assert difference_db(found, convolve(audio, response.taps)[..., :4500]) < -250


def test_another_response_sounds_from_its_first_sample() -> None:
    """As one that had been there all the time: what is remembered is the input."""
    audio, first, second = noise(5000), noise(3000), noise(6000)
    _, memory = play(audio[..., :2100], Response(first), [100], start())
    found, _ = play(audio[..., 2100:], Response(second), [100], memory)
    assert difference_db(found, convolve(audio, second)[..., 2100:5000]) < -250


def test_rows_that_join_have_been_silent() -> None:
    """A console lets buses join; their memory is zeros beside those of the others."""
    audio, late, response = noise(2100, rows=1), noise(2900, rows=2), noise(4000)
    _, memory = play(audio, Response(response[:1]), [100], start(1))
    joined = {name: torch.cat([value, torch.zeros_like(value)]) for name, value in memory.items()}
    found, _ = play(late, Response(response), [100], joined)
    whole = torch.cat([torch.cat([audio, torch.zeros_like(audio)]), late], -1)
    assert difference_db(found, convolve(whole, response)[..., 2100:5000]) < -250


def test_what_is_kept_beside_does_not_grow() -> None:
    play(noise(60_000), Response(noise(3000)), [512], start())
    assert len(live_convolution._lines) <= 16


def test_gradients_pass() -> None:
    response = noise(50).requires_grad_()
    audio = noise(100).requires_grad_()
    out, _ = convolve_live(audio, Response(response), start())
    grads = torch.autograd.grad(out.square().sum(), (audio, response))
    expected = torch.autograd.grad(convolve(audio, response)[..., :100].square().sum(), (audio, response))
    assert all(torch.allclose(a, b) for a, b in zip(grads, expected, strict=True))

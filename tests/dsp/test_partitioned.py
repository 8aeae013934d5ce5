"""The running convolution against scipy's whole one: lengths of calls in any order, turns and changes."""

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.dsp.partitioned import SHORT, convolve_on, silent_state
from gainstage.dsp.past import PAGE, PART, Past
from gainstage.dsp.response import Response

MEMORY = 3 * PAGE
CPU = torch.device("cpu")


def whole(audio: Tensor, taps: Tensor) -> Tensor:
    result = scipy.signal.fftconvolve(audio.double().numpy(), taps.double().numpy(), axes=-1)
    return torch.from_numpy(result)[..., : audio.shape[-1]]


def decaying(rows: int, taps: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return (torch.randn(rows, 2, taps) * torch.linspace(1.0, 0.0, taps + 1)[:-1]).to(dtype)


def on(audio: Tensor, response: Response, state: Past, lengths: list[int]) -> tuple[Tensor, Past]:
    outputs, start = [], 0
    for length in lengths:
        block, state = convolve_on(audio[..., start : start + length], response, state)
        outputs.append(block.detach())
        start += length
    assert start == audio.shape[-1]
    return torch.cat(outputs, -1), state


def random_lengths(total: int, choices: tuple[int, ...]) -> list[int]:
    generator, lengths = np.random.default_rng(8), []
    while total > 0:
        for _ in range(int(generator.integers(1, 12))):
            length = min(int(generator.choice(choices)), total)
            lengths.append(length)
            total -= length
            if total == 0:
                break
    return lengths


def difference_db(result: Tensor, expected: Tensor) -> float:
    error = (result.double() - expected.double()).square().sum() / expected.double().square().sum()
    return 10.0 * float(torch.log10(error + 1e-40))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("taps", [1, 3, PART - 1, PART, PART + 1, 9 * PART + 5, MEMORY])
def test_calls_of_any_length_in_any_order_are_the_whole(taps: int, dtype: torch.dtype) -> None:
    """Short ones go by partitions, long ones by large transforms; rows have responses of their own."""
    audio, response = torch.randn(2, 2, 5 * PAGE, dtype=dtype), decaying(2, taps, dtype)
    lengths = random_lengths(5 * PAGE, (1, 64, 77, 128, 128, 2048, PART, SHORT, SHORT + 1, PAGE))
    result, _ = on(audio, Response(response), silent_state(2, 2, MEMORY, device=CPU), lengths)
    assert result.dtype == dtype
    limit = -120.0 if dtype == torch.float32 else -280.0
    for i in range(2):
        assert difference_db(result[i], whole(audio[i], response[i])) < limit


def test_every_single_sample_is_right() -> None:
    """Of a length that no transform likes: one sample a call, across the end of a part."""
    audio, taps = torch.randn(1, 2, PART + 40), decaying(1, 1500)
    response, state = Response(taps), silent_state(1, 2, MEMORY, device=CPU)
    _, state = convolve_on(audio[..., : PART - 40], response, state)
    result, _ = on(audio[..., PART - 40 :], response, state, [1] * 80)
    expected = whole(audio, taps)[..., PART - 40 :]
    assert (result - expected).abs().max() < 1e-5 * expected.abs().max()


def test_what_is_remembered_does_not_depend_on_how_time_is_cut() -> None:
    """Bit for bit, so that the same session gives the same bits."""
    audio, response = torch.randn(1, 2, 9 * PART + 100), Response(decaying(1, 3 * PAGE))
    silence = silent_state(1, 2, MEMORY, device=CPU)
    _, fine = on(audio, response, silence, random_lengths(audio.shape[-1], (1, 100, 128)))
    _, coarse = on(audio, response, silence, random_lengths(audio.shape[-1], (PART, SHORT)))
    for name in ("sum", "coming", "page", "spectra", "spectra_0", "filled", "made"):
        assert torch.equal(fine[name], coarse[name]), name


def test_another_response_hears_the_same_past() -> None:
    """Changed between two calls, also to a longer one and back; rows that did not change, too."""
    audio, state = torch.randn(2, 2, 6 * PAGE), silent_state(2, 2, MEMORY, device=CPU)
    first = decaying(2, 3000)
    second = torch.cat([torch.nn.functional.pad(first[:1], (0, 2 * PAGE)), decaying(1, 2 * PAGE + 3000)])
    start = 0
    for taps in (first, second, first, second):
        stop = start + 3 * PART // 2 + PAGE
        result, state = on(
            audio[..., start:stop], Response(taps), state, random_lengths(stop - start, (128, 700))
        )
        assert difference_db(result, whole(audio[..., :stop], taps)[..., start:]) < -120.0
        start = stop


def test_a_state_can_be_continued_twice() -> None:
    audio, response = torch.randn(1, 2, PAGE + 500), Response(decaying(1, 5000))
    other = Response(decaying(1, 700))
    _, state = on(
        audio, response, silent_state(1, 2, MEMORY, device=CPU), [128] * 68 + [PAGE + 500 - 128 * 68]
    )
    kept = {name: value.clone() for name, value in state.items()}
    more = torch.randn(1, 2, 3 * PART)
    once, _ = on(more, response, state, [128] * 24)
    on(more, other, state, [1000, 2072])
    again, _ = on(more, response, state, [128] * 24)
    assert torch.equal(once, again)
    assert all(torch.equal(state[name], value) for name, value in kept.items())


def test_rows_that_have_not_come_together_play_together() -> None:
    """As when a second return is switched on: its state is younger."""
    audio, taps = torch.randn(2, 2, PAGE + 3000), decaying(2, 6000)
    one, state = on(
        audio[:1, :, :PAGE], Response(taps[:1]), silent_state(1, 2, MEMORY, device=CPU), [256] * (PAGE // 256)
    )
    fresh = silent_state(1, 2, MEMORY, device=CPU)
    _, fresh = convolve_on(audio[1:, :, PAGE - 700 : PAGE], Response(taps[1:]), fresh)
    both = {name: torch.cat([state[name], fresh[name]]) for name in state}
    result, _ = on(audio[..., PAGE:], Response(taps), both, [300] * 10)
    audio[1, :, : PAGE - 700] = 0.0
    expected = whole(audio, taps)
    assert difference_db(one, expected[:1, :, :PAGE]) < -120.0
    for i in range(2):
        assert difference_db(result[i], expected[i, :, PAGE:]) < -120.0


def test_calls_with_gradients_go_on_from_calls_without() -> None:
    audio = torch.randn(1, 2, 8 * PART)
    taps = decaying(1, 5000).requires_grad_()
    state, outputs, lengths = silent_state(1, 2, MEMORY, device=CPU), [], [300, 500, 1000, 2000, 4000, 392]
    for i, block in enumerate(audio.split(lengths, -1)):
        with torch.set_grad_enabled(i % 2 == 1):
            output, state = convolve_on(block, Response(taps), state)
        assert output.requires_grad == (i % 2 == 1)
        outputs.append(output.detach())
    assert difference_db(torch.cat(outputs, -1), whole(audio, taps.detach())) < -120.0


def test_gradients_reach_what_came_before() -> None:
    audio = torch.randn(1, 1, 60, dtype=torch.float64, requires_grad=True)
    taps = torch.randn(1, 1, 30, dtype=torch.float64, requires_grad=True)

    def run(audio: Tensor, taps: Tensor) -> Tensor:
        _, state = convolve_on(audio[..., :40], Response(taps), silent_state(1, 1, 100, device=CPU))
        return convolve_on(audio[..., 40:], Response(taps), state)[0]

    assert torch.autograd.gradcheck(run, (audio, taps))


def test_no_samples_and_no_taps() -> None:
    state = silent_state(1, 2, MEMORY, device=CPU)
    output, after = convolve_on(torch.zeros(1, 2, 0), Response(decaying(1, 5)), state)
    assert output.shape == (1, 2, 0)
    assert all(torch.equal(after[name], state[name]) for name in ("page", "recent", "filled"))
    assert not convolve_on(torch.ones(1, 2, 9), Response(torch.zeros(1, 2, 0)), state)[0].any()

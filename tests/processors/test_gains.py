"""Trim, fader, send and output gain: what is theirs beyond the contract."""

import pytest
import torch

from gainstage.kernels.grid import num_points
from gainstage.processors import Processor
from gainstage.processors.fader import Fader
from gainstage.processors.output_gain import OutputGain
from gainstage.processors.send import Send
from gainstage.processors.trim import Trim

RATE = 44_100


@pytest.mark.parametrize("processor", [Trim(), Fader(), Send(), OutputGain()], ids=lambda p: p.name)
def test_a_row_is_louder_by_its_own_level(processor: Processor) -> None:
    audio = torch.randn(3, 2, 50)
    levels_db = torch.tensor([-12.0, 0.0, 6.0])
    output, _ = processor.render(audio, levels_db[:, None, None], {}, sample_rate=RATE)
    torch.testing.assert_close(output, audio * (10.0 ** (levels_db / 20.0))[:, None, None])


@pytest.mark.parametrize("processor", [Fader(), Send()], ids=lambda p: p.name)
def test_the_low_end_is_silence_with_a_gradient(processor: Processor) -> None:
    audio = torch.ones(1, 1, 100)
    controls = torch.full((1, 1, 1), -60.0, requires_grad=True)
    output, _ = processor.render(audio, controls, {}, sample_rate=RATE)
    output.mean().backward()
    assert torch.equal(output, torch.zeros_like(output))
    assert controls.grad is not None
    assert controls.grad.item() == pytest.approx(1e-3 * 0.115129, rel=1e-4)


def test_a_trim_at_its_low_end_still_sounds() -> None:
    output, _ = Trim().render(torch.ones(1, 1, 4), torch.full((1, 1, 1), -60.0), {}, sample_rate=RATE)
    torch.testing.assert_close(output, torch.full((1, 1, 4), 1e-3))


def test_a_moving_fader_fades_in_a_straight_line_of_amplitude() -> None:
    controls = torch.tensor([-60.0, 0.0, 0.0])[None, :, None]
    output, _ = Fader().render(torch.ones(1, 1, 128), controls, {}, sample_rate=RATE)
    straight = torch.cat([torch.arange(64) / 64.0, torch.ones(64)])
    torch.testing.assert_close(output[0, 0], straight)


def test_the_output_gain_is_one_number() -> None:
    points = num_points(200, 0)
    controls = torch.linspace(0.0, 12.0, points)[None, :, None]
    audio = torch.randn(1, 2, 200)
    output, _ = OutputGain().render(audio, controls, {}, sample_rate=RATE)
    assert torch.equal(output, audio)

"""The panner: mono by the law, stereo by balance, row by row."""

from typing import get_args

import pytest
import torch

from gainstage.dsp.panning import PanLaw
from gainstage.processors.pan import Pan

RATE = 44_100
LAWS: tuple[PanLaw, ...] = get_args(PanLaw)


@pytest.mark.parametrize("law", LAWS)
def test_mono_at_the_sides_is_in_one_channel(law: PanLaw) -> None:
    audio = torch.randn(2, 1, 100)
    output, _ = Pan(law=law).render(audio, torch.tensor([-1.0, 1.0])[:, None, None], {}, sample_rate=RATE)
    assert output.shape == (2, 2, 100)
    assert output[0, 1].abs().max() == 0.0
    assert output[1, 0].abs().max() == 0.0
    assert output[0, 0].square().sum() > audio[0].square().sum()


@pytest.mark.parametrize("law", LAWS)
def test_stereo_keeps_its_near_channel_for_every_law(law: PanLaw) -> None:
    audio = torch.randn(1, 2, 100)
    output, _ = Pan(law=law).render(audio, torch.full((1, 1, 1), 0.25), {}, sample_rate=RATE)
    assert torch.equal(output[:, 1], audio[:, 1])
    torch.testing.assert_close(output[:, 0], 0.75 * audio[:, 0])


def test_a_moving_position_moves_sample_by_sample() -> None:
    controls = torch.tensor([-1.0, 1.0])[None, :, None]
    output, _ = Pan(law="linear").render(torch.ones(1, 1, 64), controls, {}, sample_rate=RATE)
    torch.testing.assert_close(output[0, 1], torch.arange(64) / 32.0)
    torch.testing.assert_close(output[0, 0], 2.0 - torch.arange(64) / 32.0)

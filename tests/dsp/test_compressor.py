import math

import pytest
import torch
from torch import Tensor

from gainstage.dsp.compressor import static_curve, time_coefficient
from gainstage.kernels.dynamics import compress


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize(
    ("level_db", "ratio", "knee_db", "expected_db"),
    [
        (-40.0, 4.0, 0.0, -40.0),  # below
        (-8.0, 4.0, 0.0, -17.0),  # 12 dB over become 3
        (-20.0, 4.0, 12.0, -21.125),  # at the threshold: 3/4 · 6²/24 dB less
        (-14.0, 4.0, 12.0, -18.5),  # upper end of the knee: as without it
        (-26.0, 4.0, 12.0, -26.0),  # lower end
        (0.0, 20.0, 24.0, -19.0),
        (0.0, 1.0, 6.0, 0.0),
    ],
)
def test_static_curve(level_db: float, ratio: float, knee_db: float, expected_db: float) -> None:
    settings = {"threshold_db": number(-20.0), "ratio": number(ratio), "knee_db": number(knee_db)}
    out_db = static_curve(number(level_db), makeup_db=number(3.0), **settings)
    assert math.isclose(float(out_db), expected_db + 3.0, abs_tol=1e-12)


def test_static_curve_is_where_the_recurrence_settles() -> None:
    levels_db = torch.linspace(-60.0, 0.0, 25, dtype=torch.float64)
    audio = (10.0 ** (levels_db / 20.0))[:, None, None].expand(-1, 1, 2000).contiguous()
    controls = torch.tensor([-24.0, 0.75, 10.0, 0.9, 0.99, 2.0, 1.0], dtype=torch.float64).expand(25, 1, 7)
    out, _ = compress(
        audio, None, controls, torch.zeros(25, 3).double(), detector="peak", rms_coefficient=0.0
    )
    settings = {"threshold_db": number(-24.0), "ratio": number(4.0), "knee_db": number(10.0)}
    expected_db = static_curve(levels_db, makeup_db=number(2.0), **settings)
    assert torch.allclose(20.0 * torch.log10(out[:, 0, -1]), expected_db, atol=1e-6)


@pytest.mark.parametrize("sample_rate", [8000, 44_100, 192_000])
def test_after_the_time_constant_63_percent_of_a_step_are_done(sample_rate: int) -> None:
    """Up with the attack, down with the release; peers mean 2.2 times that, or use one time for both."""
    attack_ms, release_ms = 10.0, 40.0
    attack, release = (time_coefficient(number(ms), sample_rate) for ms in (attack_ms, release_ms))
    loud, soft = sample_rate // 5, sample_rate // 5
    audio = torch.cat([torch.ones(loud), torch.full((soft,), 1e-3)]).double()[None, None]
    controls = torch.stack(
        [number(-20.0), number(0.5), number(0.0), attack, release, number(0.0), number(1.0)]
    )
    out, _ = compress(
        audio, None, controls[None, None], torch.zeros(1, 3).double(), detector="peak", rms_coefficient=0.0
    )
    reduction_db = -20.0 * torch.log10(out / audio)[0, 0]
    up, down = round(attack_ms / 1000.0 * sample_rate), round(release_ms / 1000.0 * sample_rate)
    assert math.isclose(float(reduction_db[up - 1]), 10.0 * (1.0 - math.exp(-1.0)), abs_tol=1e-3)
    assert math.isclose(float(reduction_db[loud + down - 1]), 10.0 * math.exp(-1.0), abs_tol=1e-3)

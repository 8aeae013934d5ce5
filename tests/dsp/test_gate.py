import math

import pytest
import torch
from torch import Tensor

from gainstage.dsp.gate import static_curve


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize(
    ("level_db", "ratio", "range_db", "expected_db"),
    [
        (-20.0, 4.0, -40.0, -20.0),  # above
        (-30.0, 4.0, -40.0, -30.0),  # at the threshold
        (-35.0, 4.0, -40.0, -50.0),  # 5 dB under become 20
        (-50.0, 4.0, -40.0, -90.0),  # at the range
        (-50.0, 1.0, -40.0, -50.0),
        (-50.0, 4.0, 0.0, -50.0),
    ],
)
def test_static_curve(level_db: float, ratio: float, range_db: float, expected_db: float) -> None:
    out_db = static_curve(
        number(level_db), threshold_db=number(-30.0), ratio=number(ratio), range_db=number(range_db)
    )
    assert math.isclose(float(out_db), expected_db, abs_tol=1e-12)

"""The law of the compressor: its static curve and its time constants. The recurrence itself is a kernel.

For a level L, threshold T, ratio R and knee width W, all but R in dB, the gain reduction asked for is

    g = (1 − 1/R) · ( 0                    where L ≤ T − W/2
                      (L − T + W/2)² / 2W  inside the knee
                      L − T                where L ≥ T + W/2 )

and what is done is s, which follows g with the attack coefficient where g > s and with the release
coefficient elsewhere. A coefficient is exp(−1/(τ·sample_rate)): after τ, 63 % of a step are done. (Others
call the time from 10 to 90 % by that name; theirs is 2.2 times as long.)

References:
    Giannoulis, Massberg, Reiss: Digital dynamic range compressor design. JAES 60(6), 2012, sections 2.2 and
    2.3.
"""

import torch
from torch import Tensor

from gainstage.kernels.block_dynamics import bend


def static_curve(
    level_db: Tensor, *, threshold_db: Tensor, ratio: Tensor, knee_db: Tensor, makeup_db: Tensor
) -> Tensor:
    """The level that comes out when `level_db` has gone in for a long time; for plots and for gain estimates.

    Args:
        level_db: level of the detector.
        threshold_db: where compression begins (the middle of the knee).
        ratio: dB in per dB out above the threshold; 1 does nothing.
        knee_db: width of the bend around the threshold; 0 is a corner.
        makeup_db: added to everything.

    Shape: all broadcast together.
    """
    return level_db - (1.0 - 1.0 / ratio) * bend(level_db - threshold_db, knee_db) + makeup_db


def time_coefficient(time_ms: Tensor, sample_rate: int) -> Tensor:
    """exp(−1/(τ·sample_rate)) in float64: the part of a deviation that is left one sample later."""
    return torch.exp(-1000.0 / (time_ms.double() * sample_rate))

"""The law of the gate: its static curve. Time constants are the compressor's; the recurrence is a kernel.

For a level L, threshold T, ratio R and range D ≤ 0, all but R in dB, the gain reduction asked for is

    g = min((R − 1) · max(T − L, 0), −D)

and none while the gate holds: for the hold time after the level was last at the threshold. What is done is s,
which follows g with the release coefficient where g > s (it closes) and with the attack coefficient elsewhere
(it opens).

References:
    Zölzer (editor): DAFX, Digital Audio Effects. 2nd edition, 2011, section 4.2.
"""

from torch import Tensor

from gainstage.kernels.block_dynamics import drop


def static_curve(level_db: Tensor, *, threshold_db: Tensor, ratio: Tensor, range_db: Tensor) -> Tensor:
    """The level that comes out when `level_db` has gone in for a long time; for plots and for gain estimates.

    Args:
        level_db: level of the detector.
        threshold_db: where it begins to close.
        ratio: dB out per dB in below the threshold; 1 does nothing.
        range_db: how far it may turn down at most, 0 or less.

    Shape: all broadcast together.
    """
    return level_db - drop(threshold_db - level_db, ratio - 1.0, -range_db)

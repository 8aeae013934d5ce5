"""The step of effect normalisation that changes dynamics: a compressor or an upward expander per stem.

FxNorm lowers the threshold and raises the ratio until the peaks lie within the spread of their class, and can
only compress. Here a handful of settings of either kind is tried on all stems at once, in one pass, and the
gentlest that comes nearest is taken; a stem within the spread is left as it is.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from gainstage.kernels.dynamics import compress
from gainstage.normalise.punch import PunchMeter
from gainstage.roles import MUSDB_CLASS

# Attack and release in ms, as published for the four classes of MUSDB.
_TIMES_MS = {"vocals": (7.5, 400.0), "drums": (10.0, 180.0), "bass": (10.0, 500.0), "other": (15.0, 666.0)}
_FAST_MS = (1.0, 60.0)  # also tried: what a fast compressor did, a slow one cannot undo
_KNEE_DB = 6.0
_BELOW_ATTACKS_DB = (0.0, 6.0, 12.0)
_SLOPES = (0.3, 0.6, 0.95)  # 1 − 1/ratio, up to a ratio of 20
_TRIED = [(0.0, 0.0, False), *product(_BELOW_ATTACKS_DB, _SLOPES, (False, True))]
_MOST_EXPANSION = -1.0  # slope; 2 dB out per dB in
_AS_GOOD_DB = 0.3  # a gentler setting that is so little further off is taken


@dataclass(frozen=True)
class Dynamics:
    """What is done to the dynamics of some stems.

    Args:
        threshold_db: dBFS.
        slope: 1 − 1/ratio; 0 does nothing, below 0 expands upwards.
        attack_ms, release_ms: time constants.

    Shape: (rows,) each, float64.
    """

    threshold_db: Tensor
    slope: Tensor
    attack_ms: Tensor
    release_ms: Tensor

    @property
    def ratio(self) -> Tensor:
        """dB in per dB out above the threshold; below 1 where it expands."""
        return 1.0 / (1.0 - self.slope)


def find_dynamics(
    blocks: Iterable[Tensor],
    punch_db: Tensor,
    level_db: Tensor,
    wanted_db: Tensor,
    roles: Sequence[str],
    *,
    sample_rate: int,
) -> Dynamics:
    """The settings that bring the punch of each stem nearest to what is wanted.

    Args:
        blocks: of the stems.
        punch_db, level_db: as a `PunchMeter` heard them.
        wanted_db: the punch that each should have; where it is that of `punch_db`, nothing is done.
        roles: what each plays.
        sample_rate: in Hz.

    Shape: blocks (rows, channels, samples), the others (rows,).
    """
    tried = torch.tensor(_TRIED).double()
    attack_ms, release_ms = torch.tensor([_TIMES_MS[MUSDB_CLASS[role]] for role in roles]).double().unbind(-1)
    nothing = torch.zeros_like(attack_ms)
    idle = Dynamics(nothing, nothing, attack_ms, release_ms)
    moved = ((wanted_db - punch_db).abs() > _AS_GOOD_DB).nonzero()[:, 0]
    if not len(moved):
        return idle
    top_db = (level_db + punch_db)[moved].nan_to_num()
    up = (wanted_db > punch_db)[moved, None]
    slopes = tried[:, 1] * torch.where(up, _MOST_EXPANSION, 1.0)
    settings = Dynamics(
        (top_db[:, None] - tried[:, 0]).flatten(),
        slopes.flatten(),
        torch.where(tried[:, 2] > 0.0, _FAST_MS[0], attack_ms[moved, None]).flatten(),
        torch.where(tried[:, 2] > 0.0, _FAST_MS[1], release_ms[moved, None]).flatten(),
    )
    meter = PunchMeter(sample_rate=sample_rate)
    copies = (block[moved].repeat_interleave(len(tried), 0) for block in blocks)
    for block in with_dynamics(copies, settings, sample_rate=sample_rate):
        meter.update(block)
    missed_db = (meter.result()[0].view(len(moved), -1) - wanted_db[moved, None]).abs().nan_to_num(math.inf)
    near = missed_db <= missed_db.amin(-1, keepdim=True) + _AS_GOOD_DB
    effort = (tried[:, 0] + _KNEE_DB) * tried[:, 1]
    chosen = torch.where(near, effort, math.inf).argmin(-1)
    at = torch.arange(len(moved)) * len(tried) + chosen
    return Dynamics(
        nothing.index_copy(0, moved, settings.threshold_db[at]),
        nothing.index_copy(0, moved, settings.slope[at]),
        attack_ms.index_copy(0, moved, settings.attack_ms[at]),
        release_ms.index_copy(0, moved, settings.release_ms[at]),
    )


def with_dynamics(blocks: Iterable[Tensor], dynamics: Dynamics, *, sample_rate: int) -> Iterator[Tensor]:
    """Stems with their dynamics changed, one gain for both channels.

    Shape: blocks (rows, channels, samples)
    """
    attack, release = (
        torch.exp(-1000.0 / (time * sample_rate)) for time in (dynamics.attack_ms, dynamics.release_ms)
    )
    # an expander's reduction is negative and falls where a compressor's rises
    down = dynamics.slope >= 0.0
    rise, fall = torch.where(down, attack, release), torch.where(down, release, attack)
    same = torch.ones_like(attack)
    controls = torch.stack(
        [dynamics.threshold_db, dynamics.slope, _KNEE_DB * same, rise, fall, 0.0 * same, same], -1
    )[:, None]
    state = controls.new_zeros(len(controls), 3)
    position = 0
    for block in blocks:
        out, state = compress(
            block,
            None,
            controls,
            state,
            detector="peak",
            rms_coefficient=0.0,
            offset=position % 64,
        )
        position += block.shape[-1]
        yield out

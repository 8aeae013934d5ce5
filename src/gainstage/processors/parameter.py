"""What a processor's parameter is: its name, unit, range, scale and kind; and the map from [0, 1] to units.

Everything that drives a console speaks *unit* values in [0, 1] or *physical* values in dB, Hz, ms. This file
is the only place where one becomes the other.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor


class Kind(StrEnum):
    """CONTINUOUS parameters may move in time (a curve); STATIC ones are a number for the whole song.

    Structural settings (look-ahead, detector, pan law, seed, …) are the constructor arguments of a processor:
    they have no unit value and no gradient, so they are no rows of a table.
    """

    CONTINUOUS = "continuous"
    STATIC = "static"


class Scale(StrEnum):
    """The scale on which a parameter is straight: for unit values, for curves and between two sessions."""

    LINEAR = "linear"
    LOG = "log"
    RATIO = "ratio"  # 1 − 1/R: the slope of a compressor, so that 1:1 … ∞:1 is evenly spread


@dataclass(frozen=True)
class Parameter:
    """One row of a processor's table.

    Args:
        name: the name with its unit (`threshold_db`), unique within the processor.
        unit: the unit as a person reads it (`dB`); empty for a pure number.
        low, high: ends of the range, physical.
        default: neutral value, at which the processor gives its input.
        start: gentle value at which networks and fits begin: at neutral some gradients are zero by law.
        meaning: one line that says what it does to the sound.
        scale: where the parameter is straight.
        kind: whether it may move in time.
        off_at_low: the lower end means silence (faders, sends), not merely a low level.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    start: float
    meaning: str
    scale: Scale = Scale.LINEAR
    kind: Kind = Kind.CONTINUOUS
    off_at_low: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"{self.name}: low {self.low} must be below high {self.high}")
        for field in ("default", "start"):
            if not self.low <= getattr(self, field) <= self.high:
                raise ValueError(
                    f"{self.name}: {field} {getattr(self, field)} lies outside {self.range_text()}"
                )
        if self.scale is Scale.LOG and self.low <= 0:
            raise ValueError(f"{self.name}: a log scale needs a positive low end, got {self.low}")

    def range_text(self) -> str:
        """The range as a person reads it: `-60 … 12 dB`."""
        return f"{self.low:g} … {self.high:g} {self.unit}".rstrip()

    def straighten(self, physical: Tensor) -> Tensor:
        """Physical values on the scale where the parameter is straight (log Hz, 1 − 1/R, …)."""
        if self.scale is Scale.LOG:
            return torch.log(physical)
        if self.scale is Scale.RATIO:
            return 1.0 - 1.0 / physical
        return physical

    def unstraighten(self, straight: Tensor) -> Tensor:
        """The inverse of `straighten`."""
        if self.scale is Scale.LOG:
            return torch.exp(straight)
        if self.scale is Scale.RATIO:
            return 1.0 / (1.0 - straight)
        return straight

    def from_unit(self, unit: Tensor) -> Tensor:
        """Unit values in [0, 1] as physical values; the ends are met exactly.

        Shape: any → the same, float64.
        """
        low, high = self._straight_ends()
        physical = self.unstraighten(low + (high - low) * unit.double())
        # exp(log(x)) misses x by a bit: put the ends right, and let the gradient pass there too
        ends = torch.where(unit >= 1, self.high, torch.where(unit <= 0, self.low, physical.detach()))
        return physical + (ends.clamp(self.low, self.high) - physical).detach()

    def to_unit(self, physical: Tensor) -> Tensor:
        """The inverse of `from_unit`, float64."""
        low, high = self._straight_ends()
        return ((self.straighten(physical.double()) - low) / (high - low)).clamp(0.0, 1.0)

    def _straight_ends(self) -> tuple[float, float]:
        if self.scale is Scale.LOG:
            return math.log(self.low), math.log(self.high)
        if self.scale is Scale.RATIO:
            return 1.0 - 1.0 / self.low, 1.0 - 1.0 / self.high
        return self.low, self.high

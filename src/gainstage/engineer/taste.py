"""Taste: what two good engineers would do differently with the same song."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

_SPREAD = {
    "vocals_db": 0.8,
    "drums_db": 0.8,
    "bass_db": 0.8,
    "background_db": 0.6,
    "warmth_db": 0.5,
    "presence_db": 0.5,
    "air_db": 0.5,
    "width": 0.12,
    "wetness_db": 0.9,
    "length": 0.12,
    "threshold_db": 0.7,
    "slope": 0.025,
    "speed": 0.15,
}


@dataclass(frozen=True)
class Taste:
    """How far an engineer leans from the middle of the road; all zero is its centre.

    Args:
        vocals_db, drums_db, bass_db, background_db: level of these groups.
        warmth_db, presence_db, air_db: lean of all equalisers below 200 Hz, around 3 kHz and above 8 kHz.
        width: pans wider, as the logarithm of a factor.
        wetness_db: level of all sends.
        length: longer reverb, octaves.
        threshold_db, slope, speed: compression begins lower (negative) or higher, with a steeper slope
            (1 − 1/ratio), and slower attack and release (octaves).
    """

    vocals_db: float = 0.0
    drums_db: float = 0.0
    bass_db: float = 0.0
    background_db: float = 0.0
    warmth_db: float = 0.0
    presence_db: float = 0.0
    air_db: float = 0.0
    width: float = 0.0
    wetness_db: float = 0.0
    length: float = 0.0
    threshold_db: float = 0.0
    slope: float = 0.0
    speed: float = 0.0

    @classmethod
    def draw(cls, style: int | None) -> Self:
        """The taste of a style: each lean drawn evenly from ± its spread; `None` is the centre of all draws.

        Raises:
            ValueError: a negative style.
        """
        if style is None:
            return cls()
        if style < 0:
            raise ValueError(f"a style is a seed of 0 or more, or None for the centre; got {style}")
        names = [field.name for field in fields(cls)]
        leans = np.random.default_rng(style).uniform(-1.0, 1.0, len(names))
        return cls(**{name: float(_SPREAD[name] * lean) for name, lean in zip(names, leans, strict=True)})

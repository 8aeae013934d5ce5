"""What a delay's settings mean: a note in milliseconds, a damping corner as a pole, how long echoes last."""

import math
import re

import torch
from torch import Tensor

from gainstage.dsp.biquad import HIGHEST

_DIVISION = re.compile(r"([1-9]\d*)/(1|2|4|8|16|32|64)([.t]?)")
_LENGTHENED = {"": 1.0, ".": 3.0 / 2.0, "t": 2.0 / 3.0}


def note_ms(tempo_bpm: float, division: str) -> float:
    """How long a note lasts at a tempo, for a delay in time with the music.

    >>> note_ms(120.0, "1/8.")
    375.0

    Args:
        tempo_bpm: quarter notes a minute.
        division: a fraction of a whole note, `1/4` or `3/16`; with a dot half as long again, `1/8.`, with a t
            two thirds, `1/4t`: three of them last as long as two plain ones.

    Raises:
        ValueError: the tempo is not a positive number, or the division cannot be read.
    """
    if not 0.0 < tempo_bpm < math.inf:
        raise ValueError(f"tempo_bpm is {tempo_bpm:g}; it wants quarter notes a minute, above 0")
    match = _DIVISION.fullmatch(division)
    if match is None:
        raise ValueError(
            f"division is '{division}'; write a part of a whole note down to 1/64: '1/8', dotted '1/8.', "
            "as a triplet '1/8t'"
        )
    numerator, denominator, mark = match.groups()
    return 240_000.0 / tempo_bpm * int(numerator) / int(denominator) * _LENGTHENED[mark]


def damping_pole(frequency_hz: Tensor, sample_rate: int) -> Tensor:
    """The pole p of the one-pole low-pass l[n] = (1 − p)·e[n] + p·l[n−1] that is 3 dB down at a frequency.

    |H|² = (1 − p)² / (1 − 2p·cos ω + p²) = ½ gives p² − 2p·(1 + k) + 1 = 0 with k = 1 − cos ω, so

        p = 1 + k − √(k·(k + 2)),

    exact up to the highest frequency, unlike the usual exp(−ω), and from 0 to 1 always: the loop is stable.
    k is 2·sin²(ω/2), which keeps its digits at low frequencies.

    Args:
        frequency_hz: corner; above .475 of the sample rate it counts as that.
        sample_rate: in Hz.

    Shape: any → the same, float64.
    """
    half = math.pi / sample_rate * frequency_hz.double().clamp(max=HIGHEST * sample_rate)
    k = 2.0 * torch.sin(half).square()
    return 1.0 + k - torch.sqrt(k * (k + 2.0))


def echo_seconds(time_s: Tensor, feedback: Tensor) -> Tensor:
    """When the last echo above −60 dB comes: the first at full level, each next weaker by `feedback`.

    Args:
        time_s: between echoes.
        feedback: 0 … below 1.

    Shape: all (...) → (...)
    """
    repeats = torch.log(torch.tensor(1e-3)) / torch.log(feedback.clamp(min=1e-3))
    return time_s * torch.where(feedback > 1e-3, 1.0 + repeats.floor(), 1.0)

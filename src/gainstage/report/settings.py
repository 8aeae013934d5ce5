"""What a strip of the console does, as plain values that a person can dial in on any desk."""

from dataclasses import dataclass
from typing import Literal

from gainstage.report.measured import Series


@dataclass(frozen=True)
class Pass:
    """A high-pass or low-pass filter of second order (12 dB per octave).

    Args:
        kind: which side passes.
        frequency_hz: the corner.
        q: .707 is Butterworth.
        amount: dry/wet, 0 … 1.
    """

    kind: Literal["high_pass", "low_pass"]
    frequency_hz: float
    q: float
    amount: float = 1.0


@dataclass(frozen=True)
class Band:
    """One band of an equaliser.

    Args:
        kind: shelf or peak.
        frequency_hz: centre of a peak, corner of a shelf (where half the gain in dB is reached).
        gain_db: at the centre, or of the shelf.
        q: as the RBJ cookbook defines it.
    """

    kind: Literal["low_shelf", "peak", "high_shelf"]
    frequency_hz: float
    gain_db: float
    q: float


@dataclass(frozen=True)
class Equaliser:
    """The bands that do something, in the order of the signal."""

    bands: tuple[Band, ...]


@dataclass(frozen=True, eq=False)
class Compressor:
    """A compressor, what it was set to and what it did.

    Args:
        threshold_db: in dBFS, at the compressor's input (that is after the trim).
        ratio: 4 means 4:1.
        attack_ms, release_ms: time constants (63 % of the way).
        knee_db: full width of the soft knee; 0 is hard.
        makeup_db: gain after compression.
        mix: 1 is all compressed, below that parallel.
        detector: what it listens to, peak or RMS.
        look_ahead_ms: by how much the audio comes later than what it listens to.
        key_high_pass_hz: it hears nothing below; 0 is off.
        link: one gain for both channels; else each has its own.
        band_low_hz, band_high_hz: the only part that it hears and turns down; 0 is open at that end.
        key: name of the strip that it listens to instead of its own; empty: itself.
        mean_reduction_db: mean gain reduction while the track plays, ≥ 0; NaN: not measured.
        max_reduction_db: the largest gain reduction, ≥ 0; NaN: not measured.
        reduction_db: gain reduction over time, ≥ 0.
    """

    threshold_db: float
    ratio: float
    attack_ms: float
    release_ms: float
    knee_db: float = 0.0
    makeup_db: float = 0.0
    mix: float = 1.0
    detector: Literal["peak", "rms"] = "peak"
    look_ahead_ms: float = 0.0
    key_high_pass_hz: float = 0.0
    link: bool = True
    band_low_hz: float = 0.0
    band_high_hz: float = 0.0
    key: str = ""
    mean_reduction_db: float = float("nan")
    max_reduction_db: float = float("nan")
    reduction_db: Series | None = None


@dataclass(frozen=True)
class Reverb:
    """A reverb.

    Args:
        t60_s: decay times to −60 dB, as (frequency in Hz, seconds), rising in frequency.
        pre_delay_ms: silence before the reverb starts.
        gains_db: level of each band, as (frequency in Hz, dB); empty: all 0 dB.
        mix: 1 on a return, below that an insert.
    """

    t60_s: tuple[tuple[float, float], ...]
    pre_delay_ms: float = 0.0
    gains_db: tuple[tuple[float, float], ...] = ()
    mix: float = 1.0


@dataclass(frozen=True)
class Effect:
    """Any other processor: its name and its settings as (name, value with its unit).

    Example:
        Effect("Gate", (("threshold", "-48 dB"), ("release", "120 ms")))
    """

    name: str
    settings: tuple[tuple[str, str], ...] = ()


Stage = Pass | Equaliser | Compressor | Reverb | Effect
"""One processor of a strip."""


@dataclass(frozen=True)
class Send:
    """A send to a return.

    Args:
        to: name of the return.
        level_db: −inf is off.
        pre_fader: taken before the fader and the pan.
    """

    to: str
    level_db: float
    pre_fader: bool = False


@dataclass(frozen=True, eq=False)
class Strip:
    """A strip of the console; what does nothing is left out.

    Args:
        name: the track's or bus's name, as a person wrote it.
        chain: the active processors, in the order of the signal, between trim and fader.
        fader_db: −inf is down. None: the strip has no fader.
        pan: −1 … 1 (left … right); of a stereo track it is the balance. None: the strip has no panner.
        width: 0 … 2, 1 as it is.
        sends: those that are on.
        muted: whether it is switched off.
        reasons: why, each a sentence.
    """

    name: str
    chain: tuple[Stage, ...] = ()
    fader_db: float | None = 0.0
    pan: float | None = None
    width: float = 1.0
    sends: tuple[Send, ...] = ()
    muted: bool = False
    reasons: tuple[str, ...] = ()

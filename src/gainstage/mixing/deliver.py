"""From the loudness that a mix has to the loudness that it is delivered at."""

from collections.abc import Callable
from dataclasses import dataclass

from gainstage.console.session import ProcessorSettings, Session
from gainstage.dsp.gating import integrated_from_power
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing.measure import loudness_or_silence

CEILING_DBTP = -1.0
DEFAULT_MAX_LIMITING_DB = 6.0
_MARGIN_DB = 0.005  # float32 rounding of the scaled samples
_OTHER_METERS_DB = 0.1  # limited peaks stand close together, and meters differ between their phases
_GAIN_RANGE_DB = (-60.0, 48.0)
_SILENCE_DBTP = -190.0  # the true-peak meter's floor is −200
_NEAR_LU = 0.03
_PROMISED_LU, _PROMISED_DB = 0.05, 0.01
_PASSES = 8

Limited = Callable[[float, float], LoudnessMeter]
"""Renders a mix at an output gain through a limiter at a ceiling (dB, dBTP), and measures what comes out."""


@dataclass(frozen=True)
class Delivery:
    """What the output gain and the limiter were set to, and why.

    Args:
        output_gain_db: the gain behind the master strip.
        ceiling_dbtp: of the limiter; None where it is not needed or not there.
        limiting_db: the largest momentary gain reduction.
        loudness_lufs: integrated loudness reached; −inf for silence.
        true_peak_dbtp: true peak reached.
        sentence: the decision in words.
    """

    output_gain_db: float
    ceiling_dbtp: float | None
    limiting_db: float
    loudness_lufs: float
    true_peak_dbtp: float
    sentence: str


def deliver(
    meter: LoudnessMeter,
    *,
    target_lufs: float,
    limited: Limited | None = None,
    max_limiting_db: float = DEFAULT_MAX_LIMITING_DB,
) -> Delivery:
    """The output gain that brings a mix, measured without it, to a loudness at −1 dBTP or less.

    Where the true peak would pass −1 dBTP the limiter takes over, up to its largest reduction; beyond that,
    or without a limiter, the gain stays lower and the sentence says so. Limiting lowers the loudness, so the
    mix is measured again at each guess, and the ceiling is lowered by what the limiter lets through. What has
    no loudness, since it is shorter than 400 ms or nothing in it lies above −70 LUFS, is brought to −1 dBTP
    as far as the output gain reaches; digital silence stays as it is.

    Args:
        meter: has heard the whole mix at an output gain of 0 dB, without a limiter (row 0).
        target_lufs: integrated loudness wanted.
        limited: renders again with gain and limiter; None where the console has no limiter.
        max_limiting_db: the largest momentary gain reduction that is put up with; 0 for none.
    """
    loudness = loudness_or_silence(float(meter.integrated_lufs[0]))
    peak = float(meter.true_peak_dbtp[0])
    headroom = CEILING_DBTP - _MARGIN_DB - peak
    if loudness == float("-inf"):
        return _by_peak(meter, peak, headroom)
    wanted = _gain_to(target_lufs, meter)
    if wanted > headroom and limited is not None and max_limiting_db > 0.0:
        return _by_limiting(limited, wanted, peak, target_lufs, max_limiting_db)
    gain = _clip(min(wanted, headroom))
    reached = _loudness_at(gain, meter)
    if gain < wanted - 0.05:
        why = (
            f"its true peak stands at {CEILING_DBTP:g} dBTP there"
            if headroom < _GAIN_RANGE_DB[1]
            else f"the output gain ends at {_GAIN_RANGE_DB[1]:g} dB"
        )
        sentence = f"{reached:.1f} LUFS instead of the {target_lufs:g} LUFS asked for: {why}."
    else:
        sentence = f"{reached:.1f} LUFS at {peak + gain:.1f} dBTP."
    return Delivery(gain, None, 0.0, reached, peak + gain, sentence)


def _by_peak(meter: LoudnessMeter, peak: float, headroom: float) -> Delivery:
    """What has no loudness (too short, or nothing above −70 LUFS) is brought to its peak."""
    if peak < _SILENCE_DBTP:
        sentence = "The mix is silent; its level was left as it is."
        return Delivery(0.0, None, 0.0, float("-inf"), peak, sentence)
    gain = _clip(headroom)
    why = "Nothing in it lies above -70 LUFS" if meter.momentary_power.shape[-1] else "Shorter than 400 ms"
    loudness = loudness_or_silence(_loudness_at(gain, meter))
    sentence = f"{why}, so it has no loudness: brought to {peak + gain:.1f} dBTP."
    return Delivery(gain, None, 0.0, loudness, peak + gain, sentence)


def _by_limiting(limited: Limited, gain: float, peak: float, target_lufs: float, most_db: float) -> Delivery:
    """Raise the gain into the limiter until the loudness is reached or the limiter does all that it may.

    The reduction is largest at the highest peak, which it brings down to the ceiling: so it is known.
    """
    wanted = CEILING_DBTP - _OTHER_METERS_DB
    ceiling = wanted - _MARGIN_DB
    for last in (*[False] * (_PASSES - 1), True):
        highest = min(ceiling - peak + most_db, _GAIN_RANGE_DB[1])
        gain = min(gain, highest)
        meter = limited(gain, ceiling)
        reached, through = float(meter.integrated_lufs[0]), float(meter.true_peak_dbtp[0])
        short, over = target_lufs - reached, through - wanted
        settled = abs(short) <= _NEAR_LU or (gain >= highest and short > 0.0)
        if last or (settled and over <= 0.0):
            break
        ceiling -= over + _MARGIN_DB if over > 0.0 else 0.0
        gain += short
    limiting = max(peak + gain - ceiling, 0.0)
    sentence = f"{reached:.1f} LUFS at {through:.1f} dBTP, limited by up to {limiting:.1f} dB."
    if short > 0.05:
        sentence = (
            f"{reached:.1f} LUFS instead of the {target_lufs:g} LUFS asked for: "
            f"more would take over {most_db:g} dB of limiting."
        )
    return Delivery(gain, ceiling, limiting, reached, through, sentence)


def broken_promise(delivery: Delivery, final: LoudnessMeter) -> list[str]:
    """A sentence where the file that was written measures otherwise than was promised.

    Args:
        delivery: what was measured before.
        final: has heard the file (row 0).
    """
    loudness = loudness_or_silence(float(final.integrated_lufs[0]))
    peak = float(final.true_peak_dbtp[0])
    promised = delivery.loudness_lufs, delivery.true_peak_dbtp
    as_loud = loudness == promised[0] or abs(loudness - promised[0]) <= _PROMISED_LU
    if as_loud and peak <= max(CEILING_DBTP, promised[1]) + _PROMISED_DB:
        return []
    expected = f"{promised[0]:.2f} LUFS and {promised[1]:.2f} dBTP were expected"
    return [f"mix.wav measures {loudness:.2f} LUFS and {peak:.2f} dBTP, where {expected}"]


def undelivered(session: Session) -> Session:
    """The session as it is measured before delivery: output gain at 0 dB, limiter as the console has it."""
    kept = {n: part for n, part in session.master.processors.items() if n not in ("output_gain", "limiter")}
    master = session.master.model_copy(update={"processors": kept})
    return session.model_copy(update={"master": master})


def with_delivery(session: Session, gain_db: float, ceiling_dbtp: float | None = None) -> Session:
    """The session with its output gain set, and its limiter where there is a ceiling."""
    processors = dict(session.master.processors)
    processors["output_gain"] = ProcessorSettings(values={"gain_db": gain_db})
    if ceiling_dbtp is not None:
        old = processors.get("limiter", ProcessorSettings())
        processors["limiter"] = old.model_copy(
            update={"bypass": False, "values": old.values | {"ceiling_db": ceiling_dbtp}}
        )
    master = session.master.model_copy(update={"processors": processors})
    return session.model_copy(update={"master": master})


def _gain_to(target_lufs: float, meter: LoudnessMeter) -> float:
    """The gain at which a mix has a loudness.

    Nearly the difference of the two; but what lies under the gate of −70 LUFS depends on the gain, so it is
    measured again at each guess. The gate makes small steps, so a few guesses come as near as can be.
    """
    gain = target_lufs - float(meter.integrated_lufs[0])
    for _ in range(8):
        gain += target_lufs - _loudness_at(gain, meter)
    return gain


def _loudness_at(gain_db: float, meter: LoudnessMeter) -> float:
    return float(integrated_from_power(meter.momentary_power[0] * 10.0 ** (gain_db / 10.0)))


def _clip(gain_db: float) -> float:
    return min(max(gain_db, _GAIN_RANGE_DB[0]), _GAIN_RANGE_DB[1])

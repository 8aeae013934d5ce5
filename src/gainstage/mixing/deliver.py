"""From the loudness that a mix has to the loudness that it is delivered at."""

from collections.abc import Callable
from dataclasses import dataclass

from gainstage.console.session import ProcessorSettings, Session
from gainstage.dsp.gating import integrated_from_power
from gainstage.dsp.meter import LoudnessMeter
from gainstage.dsp.true_peak import FLOOR_DB
from gainstage.mixing.measure import loudness_or_silence

CEILING_DBTP = -1.0
DEFAULT_MAX_LIMITING_DB = 6.0
_MARGIN_DB = 0.005  # float32 rounding of the scaled samples
_OTHER_METERS_DB = 0.1  # limited peaks stand close together, and meters differ between the phases they read
_GAIN_RANGE_DB = (-60.0, 48.0)
_NEAR_LU, _NEAR_DB = 0.03, 0.01
_AGREE_LU, _ROUNDING_DB = 0.05, 0.001
_PASSES = 12


@dataclass(frozen=True)
class Trial:
    """What came out of the limiter at one output gain and ceiling.

    Args:
        meter: has heard it (row 0).
        limiting_db: the largest momentary gain reduction, as it was measured.
    """

    meter: LoudnessMeter
    limiting_db: float


Limited = Callable[[float, float], Trial]
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
    no loudness (shorter than 400 ms, or nothing above −70 LUFS) is brought to −1 dBTP, as far as the gain
    goes; digital silence stays as it is.

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
        first = min(wanted, headroom - _OTHER_METERS_DB + max_limiting_db, _GAIN_RANGE_DB[1])
        return _by_limiting(limited, first, target_lufs, max_limiting_db)
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
    """What has no loudness by its peak alone."""
    if peak <= FLOOR_DB:
        sentence = "The mix is digital silence; its level was left as it is."
        return Delivery(0.0, None, 0.0, float("-inf"), peak, sentence)
    gain = _clip(headroom)
    reached = loudness_or_silence(_loudness_at(gain, meter))
    why = (
        "Nothing in the mix is above −70 LUFS"
        if meter.momentary_power.shape[-1] > 0
        else "Shorter than 400 ms"
    )
    ends = "" if gain == headroom else f", where the output gain ends ({gain:g} dB)"
    sentence = f"{why}, so it has no loudness: brought to {peak + gain:.1f} dBTP{ends}."
    return Delivery(gain, None, 0.0, reached, peak + gain, sentence)


def _by_limiting(limited: Limited, gain: float, target_lufs: float, most_db: float) -> Delivery:
    """Raise the gain into the limiter until the loudness is reached or the limiter does all that it may.

    The reduction is largest at the highest peak, which it brings down to the ceiling, so a decibel of gain is
    a decibel of reduction: what is left of the one is left of the other. Other meters than ours read limited
    mixes up to .06 dB higher (`python -m benchmarks.delivery`), so there is a margin for them.
    """
    wanted_dbtp = CEILING_DBTP - _OTHER_METERS_DB
    ceiling = wanted_dbtp - _MARGIN_DB
    for last in (*[False] * (_PASSES - 1), True):
        trial = limited(gain, ceiling)
        reached, through = float(trial.meter.integrated_lufs[0]), float(trial.meter.true_peak_dbtp[0])
        short, over = target_lufs - reached, through - wanted_dbtp
        room = min(most_db - trial.limiting_db, _GAIN_RANGE_DB[1] - gain)
        settled = room >= -_NEAR_DB and (abs(short) <= _NEAR_LU or (short > 0.0 and room <= _NEAR_DB))
        if last or (settled and over <= 0.0):
            break
        lower = over + _MARGIN_DB if over > 0.0 else 0.0
        ceiling, gain = ceiling - lower, gain + min(short, room - lower)
    if short > 0.05:
        why = (
            f"more would take over {most_db:g} dB of limiting"
            if gain < _GAIN_RANGE_DB[1]
            else f"the output gain ends at {_GAIN_RANGE_DB[1]:g} dB"
        )
        sentence = f"{reached:.1f} LUFS instead of the {target_lufs:g} LUFS asked for: {why}."
    else:
        by = f"limited by up to {trial.limiting_db:.1f} dB"
        sentence = f"{reached:.1f} LUFS at {through:.1f} dBTP, {by}."
    return Delivery(gain, ceiling, trial.limiting_db, reached, through, sentence)


def check_delivery(delivery: Delivery, final: LoudnessMeter) -> list[str]:
    """Whether the finished mix is what was promised when its gain was set; a sentence if it is not.

    It is not where a console's limiter stands lower by itself, or where stems changed in the meantime.

    Args:
        delivery: the promise.
        final: has heard the mix as it was written.
    """
    reached = loudness_or_silence(float(final.integrated_lufs[0]))
    peak = float(final.true_peak_dbtp[0])
    off = reached != delivery.loudness_lufs and not abs(reached - delivery.loudness_lufs) <= _AGREE_LU
    if not off and peak <= max(CEILING_DBTP, delivery.true_peak_dbtp) + _ROUNDING_DB:
        return []
    return [
        f"mix.wav has {reached:.2f} LUFS at {peak:.2f} dBTP, not the {delivery.loudness_lufs:.2f} LUFS at "
        f"{delivery.true_peak_dbtp:.2f} dBTP that were measured when its gain was set; mix again if a stem "
        "has changed meanwhile, else let the console's limiter stand bypassed"
    ]


def undelivered(session: Session) -> Session:
    """The session as it is measured before delivery: output gain at 0 dB, limiter off.

    What is locked on the limiter stays for when it is switched on.
    """
    processors = dict(session.master.processors) | {"output_gain": ProcessorSettings(values={"gain_db": 0.0})}
    if _has_limiter(session):
        old = processors.get("limiter", ProcessorSettings())
        old = old if set(old.locked) - {"ceiling_db"} else ProcessorSettings()
        processors["limiter"] = old.model_copy(update={"bypass": True})
    return _with_master(session, processors)


def with_delivery(session: Session, gain_db: float, ceiling_dbtp: float | None = None) -> Session:
    """The session with its output gain set, and its limiter where there is a ceiling.

    Without a ceiling the limiter is as the console has it.
    """
    processors = dict(session.master.processors)
    processors["output_gain"] = ProcessorSettings(values={"gain_db": gain_db})
    old = processors.pop("limiter", ProcessorSettings())
    if ceiling_dbtp is not None:
        processors["limiter"] = old.model_copy(
            update={"bypass": False, "values": old.values | {"ceiling_db": ceiling_dbtp}}
        )
    elif old.locked:
        processors["limiter"] = old
    return _with_master(session, processors)


def _has_limiter(session: Session) -> bool:
    return any(part.name == "limiter" for part in session.console.master)


def _with_master(session: Session, processors: dict[str, ProcessorSettings]) -> Session:
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

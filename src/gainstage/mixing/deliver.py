"""From the loudness that a mix has to the loudness that it is delivered at."""

from dataclasses import dataclass

from gainstage.console.session import ProcessorSettings, Session, StripSettings
from gainstage.dsp.gating import integrated_from_power
from gainstage.dsp.meter import LoudnessMeter
from gainstage.mixing.measure import loudness_or_silence

CEILING_DBTP = -1.0
_MARGIN_DB = 0.005  # float32 rounding of the scaled samples
_GAIN_RANGE_DB = (-60.0, 48.0)


@dataclass(frozen=True)
class Delivery:
    """What the output gain was set to, and why.

    Args:
        output_gain_db: the gain behind the master strip.
        loudness_lufs: integrated loudness reached; −inf for silence.
        true_peak_dbtp: true peak reached.
        sentence: the decision in words.
    """

    output_gain_db: float
    loudness_lufs: float
    true_peak_dbtp: float
    sentence: str


def deliver(meter: LoudnessMeter, *, target_lufs: float) -> Delivery:
    """The output gain that brings a mix, measured without it, to a loudness.

    The gain is lowered where the true peak would pass −1 dBTP: there is no limiter in this console that
    could hold it. What is silent stays as it is; what is shorter than 400 ms has no loudness and is brought
    to −1 dBTP.

    Args:
        meter: has heard the whole mix at an output gain of 0 dB (row 0).
        target_lufs: integrated loudness wanted.
    """
    loudness = loudness_or_silence(float(meter.integrated_lufs[0]))
    peak = float(meter.true_peak_dbtp[0])
    headroom = CEILING_DBTP - _MARGIN_DB - peak
    if loudness == float("-inf"):
        if not headroom < _GAIN_RANGE_DB[1] or meter.momentary_power.shape[-1] > 0:
            return Delivery(0.0, loudness, peak, "The mix is silent; its level was left as it is.")
        gain = _clip(headroom)
        return Delivery(
            gain,
            loudness,
            peak + gain,
            f"Shorter than 400 ms, so it has no loudness: brought to {peak + gain:.1f} dBTP.",
        )
    wanted = _gain_to(target_lufs, meter)
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
    return Delivery(gain, reached, peak + gain, sentence)


def with_output_gain(session: Session, gain_db: float) -> Session:
    """The session with its output gain set."""
    processors = dict(session.master.processors)
    processors["output_gain"] = ProcessorSettings(values={"gain_db": gain_db})
    master = StripSettings(name=session.master.name, mute=session.master.mute, processors=processors)
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

"""What a strip does, step by step in the order of the signal, in words that can be dialled in on any desk."""

from collections.abc import Iterator, Mapping

from gainstage.report import words
from gainstage.report.settings import Compressor, Effect, Equaliser, Pass, Reverb, Stage, Strip

_BANDS = {"low_shelf": "EQ low shelf", "peak": "EQ peak", "high_shelf": "EQ high shelf"}
_PASSES = {"high_pass": "High-pass", "low_pass": "Low-pass"}

CONVENTIONS = {
    "Filters": "biquads of the RBJ Audio EQ Cookbook with its Q; high-pass and low-pass are of second order "
    "(12 dB per octave); a shelf's frequency is where it reaches half its gain in dB.",
    "Compressor": "feed-forward on the level in dB at its place in the chain; with slope 1 - 1/ratio, the "
    "gain reduction is slope × (level - threshold) above the knee, slope × (level - threshold + knee/2)² / "
    "(2 × knee) within it and 0 below (Giannoulis, Massberg, Reiss 2012), then smoothed: by attack while it "
    "grows, by release while it shrinks. Both channels of a stereo track share one detector (the larger "
    "peak, or the mean of their squares) unless they are unlinked.",
    "Time constants": "attack and release are the times in which 63 % of the way is gone, alpha = "
    "exp(-1 / (seconds × sample rate)). A desk that states 10-90 % rise times needs 2.2 times the number.",
    "Pan": "sine/cosine law, 0 dB at the centre and +3 dB at the sides; L 100 … C … R 100. On stereo tracks "
    "it is a balance: the near channel stays, the far one falls in a straight line to silence.",
    "Levels": "trim comes first, before every processor; the fader comes last, before the pan. Sends are "
    "taken after fader and pan unless they say pre-fader.",
}


def laws(own: Mapping[str, str]) -> dict[str, str]:
    """The conventions, with those of a console that differ from them or add to them in their place."""
    known = {name.casefold(): name for name in CONVENTIONS}
    plain = {name: name.replace("_", " ") for name in own}
    return CONVENTIONS | {known.get(plain[name].casefold(), plain[name]): law for name, law in own.items()}


def level(strip: Strip) -> str:
    """Where the fader stands, or that the strip is muted; empty without a fader."""
    if strip.muted:
        return "mute"
    return "" if strip.fader_db is None else words.gain(strip.fader_db)


def steps(strip: Strip, *, trim_db: float | None = None, is_stereo: bool = True) -> list[tuple[str, str]]:
    """Each active step of a strip and its settings.

    Args:
        strip: the strip.
        trim_db: gain staging before it; None: the strip has none.
        is_stereo: a pan of a stereo track is a balance.
    """
    rows = [] if trim_db is None else [("Trim", words.gain(trim_db))]
    for stage in strip.chain:
        rows += stage_steps(stage)
    if strip.fader_db is not None:
        rows.append(("Fader", words.gain(strip.fader_db)))
    if strip.pan is not None:
        rows.append(("Balance" if is_stereo else "Pan", words.pan(strip.pan)))
    if strip.width != 1.0:
        rows.append(("Width", words.percent(strip.width)))
    rows += [(f"Send to {send.to}", _send(send.level_db, send.pre_fader)) for send in strip.sends]
    if strip.muted:
        rows.append(("Mute", "on"))
    return rows


def stage_steps(stage: Stage) -> Iterator[tuple[str, str]]:
    """The steps of one processor: an equaliser has one a band."""
    match stage:
        case Pass():
            wet = "" if stage.amount >= 1 else f", {words.percent(stage.amount)} wet"
            setting = f"{words.frequency(stage.frequency_hz)}, 12 dB/octave, Q {stage.q:.2f}{wet}"
            yield _PASSES[stage.kind], setting
        case Equaliser():
            for band in stage.bands:
                at, gain = words.frequency(band.frequency_hz), words.gain(band.gain_db)
                yield _BANDS[band.kind], f"{at}, {gain}, Q {band.q:.2f}"
        case Compressor():
            yield "Compressor", _compressor(stage)
        case Reverb():
            yield "Reverb", _reverb(stage)
        case Effect():
            yield stage.name, ", ".join(f"{name} {value}" for name, value in stage.settings) or "on"


def reduction(compressor: Compressor) -> str:
    """What a compressor did: `takes 2.1 dB on average, 6.3 dB at most`; empty if it was not measured."""
    if not compressor.max_reduction_db >= 0:
        return ""
    mean, most = (words.number(v, "dB") for v in (compressor.mean_reduction_db, compressor.max_reduction_db))
    return f"takes {mean} on average, {most} at most"


def _compressor(compressor: Compressor) -> str:
    parts = [
        f"threshold {words.number(compressor.threshold_db, 'dBFS')}",
        f"ratio {words.ratio(compressor.ratio)}",
        f"attack {words.milliseconds(compressor.attack_ms)}",
        f"release {words.milliseconds(compressor.release_ms)}",
        f"knee {words.number(compressor.knee_db, 'dB')}",
        f"make-up {words.gain(compressor.makeup_db)}",
        f"{'RMS' if compressor.detector == 'rms' else 'peak'} detector",
    ]
    if compressor.look_ahead_ms:
        parts.append(f"look-ahead {words.milliseconds(compressor.look_ahead_ms)}")
    if compressor.band_low_hz or compressor.band_high_hz:
        parts.append(f"only {_band(compressor.band_low_hz, compressor.band_high_hz)}")
    if compressor.key_high_pass_hz:
        parts.append(f"hears nothing below {words.frequency(compressor.key_high_pass_hz)}")
    if not compressor.link:
        parts.append("channels unlinked")
    if compressor.mix < 1:
        parts.append(f"mix {words.percent(compressor.mix)}")
    if compressor.key:
        parts.append(f"keyed by {compressor.key}")
    return ", ".join(parts)


def _band(low_hz: float, high_hz: float) -> str:
    """`from 5 kHz up`, `up to 200 Hz`, `200 Hz to 2 kHz`."""
    if not high_hz:
        return f"from {words.frequency(low_hz)} up"
    if not low_hz:
        return f"up to {words.frequency(high_hz)}"
    return f"{words.frequency(low_hz)} to {words.frequency(high_hz)}"


def _reverb(reverb: Reverb) -> str:
    def by_band(values: tuple[tuple[float, float], ...], unit: str) -> str:
        return ", ".join(f"{words.frequency(at)} {words.number(v, unit, digits=2)}" for at, v in values)

    if len({seconds for _, seconds in reverb.t60_s}) == 1:
        parts = [f"T60 {words.number(reverb.t60_s[0][1], 's', digits=2)}"]
    else:
        parts = [f"T60 by band: {by_band(reverb.t60_s, 's')}"]
    parts.append(f"pre-delay {words.milliseconds(reverb.pre_delay_ms)}")
    if any(gain_db for _, gain_db in reverb.gains_db):
        parts.append(f"level by band: {by_band(reverb.gains_db, 'dB')}")
    if reverb.mix < 1:
        parts.append(f"mix {words.percent(reverb.mix)}")
    return "; ".join(parts)


def _send(level_db: float, pre_fader: bool) -> str:
    return f"{words.gain(level_db)}{', pre-fader' if pre_fader else ''}"

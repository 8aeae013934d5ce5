"""Compressor and gate as formulas; the laws stand in `gainstage.dsp.compressor` and `gainstage.dsp.gate`."""

import math
from collections.abc import Sequence

from gainstage.interchange.formulas import biquads
from gainstage.interchange.formulas.expression import (
    Expression,
    Number,
    Value,
    clamped,
    exp,
    floor,
    larger,
    log,
    smaller,
    where_less,
)
from gainstage.interchange.formulas.program import RATE, Program, sum_of
from gainstage.processors.compressor import Compressor
from gainstage.processors.gate import Gate

_FLOOR, _NARROW = 1e-12, 1e-30
_DB, _KAPPA = 10.0 / math.log(10.0), math.log(10.0) / 20.0


def compressor(p: Program, processor: Compressor, signals: Sequence[Expression]) -> list[Expression]:
    """Level over threshold → knee → slope → branching smoother → gain; on the band alone if there is one."""
    low_hz, high_hz = processor.band_low_hz, processor.band_high_hz
    has_band = bool(low_hz or high_hz)
    parts = list(signals)
    if has_band:
        band = biquads.cut(low_hz, high_hz, p)
        parts = [biquads.filtered(p, x, band) for x in signals]
    heard: list[Expression] = list(parts)
    if has_band:
        for design, hz in ((biquads.high_pass, low_hz), (biquads.low_pass, high_hz)):
            if hz:
                edge = design(p, Number(hz), biquads.FLAT)
                heard = [biquads.filtered(p, x, edge) for x in heard]
    heard = _without_bass(p, heard, processor.key_high_pass_hz)
    threshold = p.moving(p.parameter("threshold_db"))
    slope = p.moving(1.0 - 1.0 / p.parameter("ratio"))
    knee = p.moving(p.parameter("knee_db"))
    attack, release = (p.moving(_coefficient(p.parameter(name))) for name in ("attack_ms", "release_ms"))
    makeup, mix = p.moving(p.parameter("makeup_db")), p.moving(p.parameter("mix"))
    gains = []
    for power in _powers(p, heard, processor.detector, processor.rms_window_ms, link=processor.link):
        over = p.now(_level(power) - threshold)
        inside = p.now(clamped(over + 0.5 * knee, 0.0, knee))
        counted = 0.5 * inside * inside / larger(knee, _NARROW) + larger(over - 0.5 * knee, 0.0)
        gains.append(_gain(p, p.now(slope * counted), attack, release, makeup, mix))
    wet = [x * g for x, g in zip(parts, _each(gains, parts), strict=True)]
    if not has_band:
        return wet
    return [x + (w - part) for x, w, part in zip(signals, wet, parts, strict=True)]


def gate(p: Program, processor: Gate, signals: Sequence[Expression]) -> list[Expression]:
    """Level under threshold → slope, down to the range, unless it holds → branching smoother → gain."""
    heard = _without_bass(p, list(signals), processor.key_high_pass_hz)
    threshold = p.moving(p.parameter("threshold_db"))
    slope, most = p.moving(p.parameter("ratio") - 1.0), p.moving(-1.0 * p.parameter("range_db"))
    opening, closing = (p.moving(_coefficient(p.parameter(name))) for name in ("attack_ms", "release_ms"))
    hold = p.once(floor(processor.hold_ms / 1000.0 * RATE + 0.5))
    gains = []
    for power in _powers(p, heard, processor.detector, processor.rms_window_ms, link=processor.link):
        held = p.state()
        under = p.now(threshold - _level(power))
        below = p.now(where_less(0.0, under, where_less(0.0, held, 0.0, under), 0.0))
        p.keep(held, where_less(0.0, under, larger(held - 1.0, 0.0), hold))
        gains.append(_gain(p, p.now(smaller(slope * below, most)), closing, opening, 0.0, 1.0))
    return [x * g for x, g in zip(signals, _each(gains, signals), strict=True)]


def _gain(
    p: Program, asked_db: Expression, rising: Value, falling: Value, makeup_db: Value, mix: Value
) -> Expression:
    """The smoother on the reduction, and the gain that follows from it."""
    done = p.state()
    rate = where_less(done, asked_db, rising, falling)
    p.keep(done, asked_db + rate * (done - asked_db))
    return p.now(1.0 + mix * (exp(_KAPPA * (makeup_db - done)) - 1.0))


def _powers(
    p: Program, heard: Sequence[Expression], detector: str, window_ms: float, *, link: bool
) -> list[Expression]:
    """What the detectors measure: one for all channels, or one for each."""
    squares = [p.now(x * x) for x in heard]
    linked = [squares] if link else [[square] for square in squares]
    powers = []
    for group in linked:
        if detector == "peak":
            power = group[0]
            for square in group[1:]:
                power = larger(power, square)
            powers.append(p.now(power))
        else:
            mean, now = p.state(), p.now(sum_of(group) / float(len(group)))
            a = p.once(exp(-1000.0 / (window_ms * RATE)))
            p.keep(mean, now + a * (mean - now))
            powers.append(mean)
    return powers


def _without_bass(p: Program, heard: list[Expression], frequency_hz: float) -> list[Expression]:
    if not frequency_hz:
        return heard
    corner = biquads.high_pass(p, Number(frequency_hz), biquads.FLAT)
    return [biquads.filtered(p, x, corner) for x in heard]


def _level(power: Expression) -> Expression:
    return _DB * log(larger(power, _FLOOR))


def _coefficient(time_ms: Expression) -> Expression:
    return exp(-1000.0 / (time_ms * RATE))


def _each(gains: list[Expression], signals: Sequence[Expression]) -> list[Expression]:
    return gains * len(signals) if len(gains) == 1 else gains

"""Second-order sections as formulas: the designs of `gainstage.dsp.biquad`, and the section itself."""

import math
from collections.abc import Sequence

from gainstage.interchange.formulas.expression import Expression, Value, exp, sin, smaller, tan
from gainstage.interchange.formulas.program import RATE, Program

HIGHEST = 0.475
FLAT = 0.5**0.5
Coefficients = Sequence[Expression]
"""b0, b1, b2, a1, a2."""


def high_pass(p: Program, frequency_hz: Value, q: Value) -> Coefficients:
    s, dip = _angle(p, frequency_hz)
    alpha = p.once(s / (2.0 * q))
    a0, a1, a2 = 1.0 + alpha, 2.0 * dip - 2.0, 1.0 - alpha
    return _section(p, a0, a1, a2, (1.0 - 0.5 * dip, dip - 2.0, 1.0 - 0.5 * dip))


def low_pass(p: Program, frequency_hz: Value, q: Value) -> Coefficients:
    s, dip = _angle(p, frequency_hz)
    alpha = p.once(s / (2.0 * q))
    a0, a1, a2 = 1.0 + alpha, 2.0 * dip - 2.0, 1.0 - alpha
    return _section(p, a0, a1, a2, (0.5 * dip, dip, 0.5 * dip))


def peak(p: Program, frequency_hz: Value, gain_db: Value, q: Value) -> Coefficients:
    s, dip = _angle(p, frequency_hz)
    alpha, amplitude = p.once(s / (2.0 * q)), p.once(exp(math.log(10.0) / 40.0 * gain_db))
    turn = 2.0 * dip - 2.0
    b = (1.0 + alpha * amplitude, turn, 1.0 - alpha * amplitude)
    return _section(p, 1.0 + alpha / amplitude, turn, 1.0 - alpha / amplitude, b)


def low_shelf(p: Program, frequency_hz: Value, gain_db: Value, q: Value) -> Coefficients:
    return _shelf(p, frequency_hz, gain_db, q, 1.0)


def high_shelf(p: Program, frequency_hz: Value, gain_db: Value, q: Value) -> Coefficients:
    return _shelf(p, frequency_hz, gain_db, q, -1.0)


def _shelf(p: Program, frequency_hz: Value, gain_db: Value, q: Value, side: float) -> Coefficients:
    """The cookbook's shelves in their Q form; they differ in the sign of A − 1 and of cos ω's place."""
    s, dip = _angle(p, frequency_hz)
    root = p.once(exp(math.log(10.0) / 80.0 * gain_db))
    amplitude = p.once(root * root)
    width = p.once(root * s / q)
    plus, minus, c = p.once(amplitude + 1.0), p.once(side * (amplitude - 1.0)), p.once(1.0 - dip)
    b = (
        amplitude * (plus - minus * c + width),
        2.0 * amplitude * (minus - plus * c),
        amplitude * (plus - minus * c - width),
    )
    a0, a2 = plus + minus * c + width, plus + minus * c - width
    return _section(p, a0, -2.0 * (minus + plus * c), a2, b)


def blend(p: Program, coefficients: Coefficients, amount: Value) -> Coefficients:
    """dry + amount·(filtered − dry) as one section."""
    b0, b1, b2, a1, a2 = coefficients
    dry: tuple[Value, ...] = (1.0, a1, a2)
    b = [p.once(a + amount * (b - a)) for a, b in zip(dry, (b0, b1, b2), strict=True)]
    return (*b, a1, a2)


def cut(low_hz: float, high_hz: float, p: Program) -> Coefficients:
    """The band of `gainstage.dsp.band.cut`."""
    low, high = (p.once(tan(smaller(math.pi * hz / RATE, math.pi * HIGHEST))) for hz in (low_hz, high_hz))
    if not high_hz:
        return _section(p, 1.0 + low, low - 1.0, low * 0.0, (low * 0.0 + 1.0, low * 0.0 - 1.0, low * 0.0))
    if not low_hz:
        return _section(p, 1.0 + high, high - 1.0, high * 0.0, (high, high, high * 0.0))
    width, centre = p.once(high - low), p.once(high * low)
    a0, a1, a2 = 1.0 + width + centre, 2.0 * (centre - 1.0), 1.0 - width + centre
    return _section(p, a0, a1, a2, (width, width * 0.0, width * -1.0))


def filtered(p: Program, signal: Expression, coefficients: Coefficients) -> Expression:
    """A section in transposed direct form II, with its own memory."""
    b0, b1, b2, a1, a2 = coefficients
    first, second = p.state(), p.state()
    y = p.now(b0 * signal + first)
    p.keep(first, b1 * signal - a1 * y + second)
    p.keep(second, b2 * signal - a2 * y)
    return y


def moving(p: Program, coefficients: Coefficients) -> Coefficients:
    """Coefficients that move in straight lines when settings move."""
    return tuple(p.moving(c) for c in coefficients)


def _angle(p: Program, frequency_hz: Value) -> tuple[Expression, Expression]:
    """sin ω and 1 − cos ω."""
    half = p.once(smaller(math.pi / RATE * frequency_hz, math.pi * HIGHEST))
    s = p.once(sin(half))
    return p.once(sin(2.0 * half)), p.once(2.0 * s * s)


def _section(
    p: Program, a0: Value, a1: Value, a2: Value, b: tuple[Value, Value, Value]
) -> tuple[Expression, ...]:
    scale = p.once(1.0 / a0)
    return tuple(p.once(scale * value) for value in (*b, a1, a2))

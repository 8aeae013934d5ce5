"""Smooth limits and ramps: a rule that bends has no step at which a tiny change of sound flips a decision."""

import math


def soft_limit(value: float, limit: float) -> float:
    """The value itself while small, never beyond ±limit: limit·tanh(value/limit)."""
    return limit * math.tanh(value / limit)


def soft_above(value: float, threshold: float, width: float) -> float:
    """How far a value exceeds a threshold: 0 well below, value − threshold well above, bent over `width`.

    width·log(1 + e^((value − threshold)/width)), written so that no exponential overflows.
    """
    x = (value - threshold) / width
    return width * (max(x, 0.0) + math.log1p(math.exp(-abs(x))))


def ramp(value: float, middle: float, width: float) -> float:
    """From 0 (far below the middle) to 1 (far above): the logistic function, 12 % to 88 % over 4·width."""
    return 0.5 + 0.5 * math.tanh((value - middle) / (2.0 * width))


def within(value: float, low: float, high: float) -> float:
    """A positive quantity between soft ends: straight in log between them, bent near them."""
    x, a, b = math.log2(value), math.log2(low), math.log2(high)
    inside = a + soft_above(x, a, 0.2)
    return math.pow(2.0, b - soft_above(b, inside, 0.2))

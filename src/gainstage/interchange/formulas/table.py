"""The one table of formulas: what each processor of the console computes, for every language.

What is not in it needs to look ahead, to hear another strip, to oversample or to convolve. Each formula
follows the law that its processor names; the tests hold what the languages make of it against the console.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gainstage.dsp.fractional_delay import DELAY_TAPS
from gainstage.interchange.desk import Stage
from gainstage.interchange.formulas import biquads, dynamics
from gainstage.interchange.formulas.expression import (
    Expression,
    Number,
    Value,
    cos,
    exp,
    floor,
    sin,
    smaller,
    sqrt,
    where_less,
)
from gainstage.interchange.formulas.program import RATE, Program, Setting, sum_of
from gainstage.processors.compressor import Compressor
from gainstage.processors.delay import Delay
from gainstage.processors.pan import Pan
from gainstage.processors.saturation import Saturation

Formula = Callable[[Program, Any, Sequence[Expression]], Sequence[Expression]]
"""Writes a processor into a program: signals in, signals out. It is given the processor for its settings."""

_ARDOUR_SCALE = 2.0 - 4.0 * 10.0 ** (-3.0 / 20.0)


def _gain_of(name: str) -> Formula:
    def gain(p: Program, processor: Any, signals: Sequence[Expression]) -> Sequence[Expression]:
        row = next(row for row in processor.table if row.name == name)
        amplitude = exp(math.log(10.0) / 20.0 * p.parameter(name))
        if row.off_at_low:
            amplitude = where_less(row.low, p.parameter(name), amplitude, 0.0)
        factor = p.moving(amplitude)
        return [factor * x for x in signals]

    return gain


def _blended(design: Callable[[Program, Value, Value], biquads.Coefficients]) -> Formula:
    def blended(p: Program, processor: Any, signals: Sequence[Expression]) -> Sequence[Expression]:
        del processor
        filter_alone = design(p, p.parameter("frequency_hz"), p.parameter("q"))
        section = biquads.moving(p, biquads.blend(p, filter_alone, p.parameter("amount")))
        return [biquads.filtered(p, x, section) for x in signals]

    return blended


def _equaliser(p: Program, processor: Any, signals: Sequence[Expression]) -> Sequence[Expression]:
    designs = {"low_shelf": biquads.low_shelf, "high_shelf": biquads.high_shelf}
    for row in processor.table:
        band = row.name.removesuffix("_gain_db")
        if band == row.name:
            continue
        settings = (p.parameter(f"{band}_{what}") for what in ("frequency_hz", "gain_db", "q"))
        section = biquads.moving(p, designs.get(band, biquads.peak)(p, *settings))
        signals = [biquads.filtered(p, x, section) for x in signals]
    return signals


def _saturation(p: Program, processor: Saturation, signals: Sequence[Expression]) -> Sequence[Expression]:
    """Without oversampling: (1 − mix)·x + mix·c·f(drive·x)."""
    del processor
    factor = p.once(exp(math.log(10.0) / 20.0 * p.parameter("drive_db")))
    s = p.once(sqrt(1.0 + 0.0625 * factor * factor))
    drive, mix = p.moving(factor), p.parameter("mix")
    dry, wet = p.moving(1.0 - mix), p.moving(mix * sqrt(0.5 * s * (s + 1.0)) / factor)
    bent = [p.now(drive * x) for x in signals]
    return [dry * x + wet * v / sqrt(1.0 + v * v) for x, v in zip(signals, bent, strict=True)]


def _pan(p: Program, processor: Pan, signals: Sequence[Expression]) -> Sequence[Expression]:
    """Mono: one signal into two by the law. Stereo: balance."""
    position = p.parameter("position")
    near = (p.once(1.0 - position), p.once(1.0 + position))
    if len(signals) == 1:
        return [p.moving(_law(x, processor.law)) * signals[0] for x in near]
    return [p.moving(smaller(x, 1.0)) * signal for x, signal in zip(near, signals, strict=True)]


def _law(near: Expression, law: str) -> Expression:
    sine = sin(math.pi / 4.0 * near) / math.sin(math.pi / 4.0)
    if law == "sine":
        return sine
    if law == "linear":
        return near
    if law == "ardour":
        centre = 0.5 * (0.5 * _ARDOUR_SCALE + 1.0 - _ARDOUR_SCALE)
        return 0.5 * near * (0.5 * _ARDOUR_SCALE * near + (1.0 - _ARDOUR_SCALE)) / centre
    return sqrt(near * sine)


def _width(p: Program, processor: Any, signals: Sequence[Expression]) -> Sequence[Expression]:
    del processor
    if len(signals) == 1:
        return signals
    filter_alone = biquads.high_pass(p, p.parameter("mono_below_hz"), Number(biquads.FLAT))
    section = biquads.moving(p, biquads.blend(p, filter_alone, p.parameter("mono_amount")))
    side = p.now(0.5 * (signals[0] - signals[1]))
    high = biquads.filtered(p, side, section)
    gained = p.now(p.moving(p.parameter("width")) * high - side)
    return [signals[0] + gained, signals[1] - gained]


def _delay(p: Program, processor: Delay, signals: Sequence[Expression]) -> Sequence[Expression]:
    """The loop of `gainstage.kernels.delay`: sixteen taps, a one-pole, feedback."""
    half, samples = DELAY_TAPS // 2, p.once(p.parameter("time_ms") / 1000.0 * RATE)
    whole = p.once(floor(samples))
    taps = [p.once(_tap(float(i - (half - 1)) - (samples - whole))) for i in range(DELAY_TAPS)]
    feedback, mix = p.moving(p.parameter("feedback")), p.moving(p.parameter("mix"))
    corner = p.once(sin(smaller(math.pi / RATE * p.parameter("damping_hz"), math.pi * biquads.HIGHEST)))
    k = p.once(2.0 * corner * corner)
    pole = p.moving(1.0 + k - sqrt(k * (k + 2.0)))
    rings = [p.ring(RATE + 64.0) for _ in signals]
    echoes = [
        p.now(sum_of([tap * p.past(ring, whole + float(i - (half - 1))) for i, tap in enumerate(taps)]))
        for ring in rings
    ]
    lows = []
    for echo in echoes:
        low = p.state()
        p.keep(low, echo + pole * (low - echo))
        lows.append(low)
    fed: Sequence[Expression] = signals
    if processor.ping_pong and len(signals) == 2:
        fed, lows = [p.now(0.5 * (signals[0] + signals[1])), Number(0.0)], lows[::-1]
    for ring, x, back in zip(rings, fed, lows, strict=True):
        p.push(ring, x + feedback * back)
    return [x + mix * (echo - x) for x, echo in zip(signals, echoes, strict=True)]


def _tap(away: Expression) -> Expression:
    """A sinc under a Hann window; 1 where the argument is as good as 0."""
    angle = math.pi * away
    window = cos(math.pi / DELAY_TAPS * away)
    return where_less(away * away, 1e-18, 1.0, sin(angle) / angle) * window * window


FORMULAS: Mapping[str, Formula] = {
    "trim": _gain_of("gain_db"),
    "output_gain": _gain_of("gain_db"),
    "fader": _gain_of("gain_db"),
    "high_pass": _blended(biquads.high_pass),
    "low_pass": _blended(biquads.low_pass),
    "equaliser": _equaliser,
    "compressor": dynamics.compressor,
    "gate": dynamics.gate,
    "saturation": _saturation,
    "pan": _pan,
    "width": _width,
    "delay": _delay,
}


def why_not(stage: Stage) -> str:
    """Why a processor, as it is set, has no formula; empty if it has one."""
    if stage.name not in FORMULAS:
        return f"the {stage.name.replace('_', ' ')} has no formula here"
    if stage.settings.key:
        return "it listens to another strip"
    if isinstance(stage.processor, Compressor) and stage.processor.look_ahead_ms > 0.0:
        return "it looks ahead"
    if isinstance(stage.processor, Saturation) and stage.processor.oversampling > 1:
        return "it oversamples"
    return ""


def programs(stages: Sequence[Stage], channels: int) -> list[Program]:
    """The programs of processors in series.

    Args:
        stages: those of which `why_not` has nothing to say.
        channels: of the first one's input; a panner makes two of one.
    """
    made = []
    for number, stage in enumerate(stages):
        program = Program(stage.name, number)
        program.settings = [
            Setting(stage.name, row, program.setting_name(i), stage.values[row.name])
            for i, row in enumerate(stage.processor.table)
        ]
        signals = program.take(channels)
        program.give(FORMULAS[stage.name](program, stage.processor, signals))
        channels = len(program.outputs)
        made.append(program)
    return made

"""The loops that make sound sample by sample, compiled: oscillators, strings, modes, resonators.

Every control signal has one value per `HOP` samples and runs straight from one to the next, so that no level,
pitch or filter ever steps (a step clicks). Phases count cycles, tables hold one cycle and a guard sample.
"""

import numpy as np
from numpy.typing import NDArray

from gainstage.kernels.compile import kernel

Array = NDArray[np.float64]
HOP = 64


def num_controls(num_samples: int) -> int:
    """Control values that `num_samples` samples need: one for each hop begun, and one to run to."""
    return -(-num_samples // HOP) + 1


@kernel
def add_unison(
    out: Array, start: int, num_samples: int, tables: Array, blend: Array, steps: Array, phases: Array,
    gains: Array, pitch: Array, level: Array,
) -> None:  # fmt: skip
    """Add a note of several slightly detuned oscillators.

    Each reads two tables of one cycle, a dark and a bright one, mixed by `blend` (0 … 1): a filter that opens
    and closes without a filter, and without aliasing, because both tables are band-limited.

    Shape: out (channels, samples), tables (2, size + 1), steps (cycles a sample) and phases (voices,),
        gains (channels, voices), blend, pitch (a factor) and level (controls,).
    """
    size = tables.shape[1] - 1
    channels = out.shape[0]
    for voice in range(len(steps)):
        phase = phases[voice]
        for first in range(0, num_samples, HOP):
            c = first // HOP
            p, dp = pitch[c] * steps[voice], (pitch[c + 1] - pitch[c]) * steps[voice] / HOP
            b, db = blend[c], (blend[c + 1] - blend[c]) / HOP
            a, da = level[c], (level[c + 1] - level[c]) / HOP
            for n in range(first, min(first + HOP, num_samples)):
                position = phase * size
                index = int(position)
                t = position - index
                dark = tables[0, index] + t * (tables[0, index + 1] - tables[0, index])
                bright = tables[1, index] + t * (tables[1, index + 1] - tables[1, index])
                value = a * (dark + b * (bright - dark))
                for channel in range(channels):
                    out[channel, start + n] += gains[channel, voice] * value
                phase += p
                if phase >= 1.0:
                    phase -= 1.0
                p += dp
                b += db
                a += da


@kernel
def pluck_string(
    out: Array, start: int, num_samples: int, excitation: Array, period: float, damping: float, feedback: float,
    gain: float,
) -> None:  # fmt: skip
    """Add a plucked string (Karplus and Strong 1983; tuned as Jaffe and Smith 1983).

    A delay of one period whose echo loses `feedback` at all frequencies and high frequencies by a one-zero
    low-pass of `damping` (0 none … .5 most). An all-pass makes the delay exact to a fraction of a sample.
    """
    # A one-zero (1 − d) + d z⁻¹ delays low frequencies by d samples, the all-pass by (1 − c) / (1 + c).
    whole = int(period - damping - 0.3)
    fraction = period - damping - whole
    c = (1.0 - fraction) / (1.0 + fraction)
    line = np.zeros(whole)
    position, last, all_in, all_out = 0, 0.0, 0.0, 0.0
    for n in range(num_samples):
        echo = line[position]
        low = (1.0 - damping) * echo + damping * last
        last = echo
        all_out = c * (low - all_out) + all_in
        all_in = low
        value = feedback * all_out
        if n < len(excitation):
            value += excitation[n]
        line[position] = value
        position += 1
        if position == whole:
            position = 0
        out[start + n] += gain * value


@kernel
def add_modes(
    out: Array, start: int, num_samples: int, radians: Array, decays: Array, amplitudes: Array, phases: Array
) -> None:
    """Add a sum of decaying sines: bars, bells, piano strings, cymbals. `decays` is the factor per sample.

    Each mode is a rotating number; it stops when it is 100 dB below its start.
    """
    for mode in range(len(radians)):
        r = decays[mode]
        cosine, sine = r * np.cos(radians[mode]), r * np.sin(radians[mode])
        x, y = amplitudes[mode] * np.cos(phases[mode]), amplitudes[mode] * np.sin(phases[mode])
        life = num_samples
        if r < 1.0:
            life = min(num_samples, int(-11.5 / np.log(r)) + 1)
        for n in range(start, start + life):
            out[n] += y
            x, y = cosine * x - sine * y, sine * x + cosine * y


@kernel
def sweep_lowpass(audio: Array, cutoff: Array, resonance: float) -> None:
    """Low-pass in place with a moving cut-off: the trapezoidal state-variable filter (Zavalishin 2012, ch. 4).

    Args:
        audio: (samples,), overwritten.
        cutoff: tan(π f / rate), one per hop (controls,).
        resonance: Q, .5 … 10.
    """
    k = 1.0 / resonance
    s1 = s2 = 0.0
    num_samples = len(audio)
    for first in range(0, num_samples, HOP):
        c = first // HOP
        g, dg = cutoff[c], (cutoff[c + 1] - cutoff[c]) / HOP
        for n in range(first, min(first + HOP, num_samples)):
            a1 = 1.0 / (1.0 + g * (g + k))
            v3 = audio[n] - s2
            v1 = a1 * (s1 + g * v3)
            v2 = s2 + g * v1
            s1 = 2.0 * v1 - s1
            s2 = 2.0 * v2 - s2
            audio[n] = v2
            g += dg


@kernel
def biquads(audio: Array, sections: Array, out: Array) -> None:
    """Second-order sections in series (transposed direct form II), two to a pass so that all fits in registers.

    Shape: audio and out (samples,), sections (an even number, 6) as b0 b1 b2 a0 a1 a2 with a0 = 1.
    """
    for k in range(0, len(sections), 2):
        b0, b1, b2, a1, a2 = sections[k, 0], sections[k, 1], sections[k, 2], sections[k, 4], sections[k, 5]
        c0, c1, c2 = sections[k + 1, 0], sections[k + 1, 1], sections[k + 1, 2]
        d1, d2 = sections[k + 1, 4], sections[k + 1, 5]
        s1 = s2 = t1 = t2 = 0.0
        source = audio if k == 0 else out
        for n in range(len(audio)):
            x = source[n]
            y = b0 * x + s1
            s1 = b1 * x - a1 * y + s2
            s2 = b2 * x - a2 * y
            z = c0 * y + t1
            t1 = c1 * y - d1 * z + t2
            t2 = c2 * y - d2 * z
            out[n] = z


@kernel
def glottis(tables: Array, choice: Array, step: Array, breath: Array, noise: Array, out: Array) -> None:
    """The voice's source: a pulse train, and breath that blows while the glottis is open.

    Shape: tables (tables, size + 1), band-limited for rising pitch; choice, step (cycles a sample; 0 = no voice)
        and breath (controls,); noise and out (samples,).
    """
    size = tables.shape[1] - 1
    num_samples = len(out)
    phase = 0.0
    for first in range(0, num_samples, HOP):
        c = first // HOP
        table = choice[c]
        p, dp = step[c], (step[c + 1] - step[c]) / HOP
        b, db = breath[c], (breath[c + 1] - breath[c]) / HOP
        for n in range(first, min(first + HOP, num_samples)):
            position = phase * size
            index = int(position)
            t = position - index
            pulse = tables[table, index] + t * (tables[table, index + 1] - tables[table, index])
            opened = 1.0 if phase < 0.6 else 0.3
            out[n] = pulse + b * opened * noise[n]
            phase += p
            if phase >= 1.0:
                phase -= 1.0
            p += dp
            b += db


@kernel
def resonate(audio: Array, coefficients: Array) -> None:
    """Two-pole resonators in series, in place, gain 1 at 0 Hz (Klatt 1980, section II): a vocal tract.

    Shape: audio (samples,), coefficients (controls, resonators, 3) as a, b, c of y = a x + b y₁ + c y₂.
    """
    count = coefficients.shape[1]
    num_samples = len(audio)
    y1, y2 = np.zeros(count), np.zeros(count)
    now, change = np.zeros((count, 3)), np.zeros((count, 3))
    for first in range(0, num_samples, HOP):
        point = first // HOP
        for k in range(count):
            for j in range(3):
                now[k, j] = coefficients[point, k, j]
                change[k, j] = (coefficients[point + 1, k, j] - now[k, j]) / HOP
        for n in range(first, min(first + HOP, num_samples)):
            x = audio[n]
            for k in range(count):
                y = now[k, 0] * x + now[k, 1] * y1[k] + now[k, 2] * y2[k]
                y2[k] = y1[k]
                y1[k] = y
                x = y
                for j in range(3):
                    now[k, j] += change[k, j]
            audio[n] = x

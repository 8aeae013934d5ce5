"""The loops that colour sound sample by sample, compiled: filters, and the parts of a voice.

Control signals have one value per `HOP` samples and run straight from one to the next.
"""

import numpy as np
from numpy.typing import NDArray

from gainstage.data.synthetic.recurrences import HOP, Array
from gainstage.kernels.compile import kernel


@kernel
def sweep_lowpass(audio: Array, cutoff: Array, resonance: float) -> None:
    """Low-pass in place with a moving cut-off: trapezoidal state-variable filter (Zavalishin 2012, ch. 4).

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
    """Second-order sections in series (transposed direct form II), two to a pass: all fits in registers.

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
def glottis(
    tables: Array, choice: NDArray[np.int64], step: Array, breath: Array, noise: Array, out: Array
) -> None:
    """The voice's source: a pulse train, and breath that blows while the glottis is open.

    Shape: tables (tables, size + 1), band-limited for rising pitch; choice (of a table), step (cycles a
        sample) and breath (controls,); noise and out (samples,).
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

"""The loops that make sound sample by sample, compiled: oscillators, strings, modes.

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
    out: Array,
    start: int,
    num_samples: int,
    tables: Array,
    blend: Array,
    steps: Array,
    phases: Array,
    gains: Array,
    pitch: Array,
    level: Array,
) -> None:
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
    out: Array,
    start: int,
    num_samples: int,
    excitation: Array,
    period: float,
    damping: float,
    feedback: float,
    gain: float,
) -> None:
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

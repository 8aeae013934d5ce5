"""Placing drum strokes: a drum is synthesised at a few strengths, once a song, and then laid out in time."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import Array
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import add_at

LAYERS = 5  # strengths of stroke; a real drum changes its sound with force, not only its level

Shot = Callable[[float, Generator], Array]  # (velocity, rng) → (samples,)


def lay_out(
    notes: Notes,
    shots: Mapping[int, Shot],
    rng: Generator,
    sample_rate: int,
    num_samples: int,
    *,
    range_db: float,
    choke: bool = False,
) -> Array:
    """Play strokes with the sound that belongs to their number and strength.

    Args:
        notes: the strokes; pitch is the number of the sound.
        shots: the sound of each number.
        rng: draws the layers.
        sample_rate: in Hz.
        num_samples: length of the track.
        range_db: level between the weakest and the strongest stroke.
        choke: each stroke damps the one before, as a closing hat does.

    Returns:
        One channel, (samples,).
    """
    strengths = np.linspace(1.0 / LAYERS, 1.0, LAYERS)
    layers = {number: [shot(float(s), rng) for s in strengths] for number, shot in shots.items()}
    out = np.zeros(num_samples)
    starts = (notes.onset_s * sample_rate).astype(np.int64)
    for index, (start, stroke, velocity) in enumerate(zip(starts, notes.pitch, notes.velocity, strict=True)):
        layer = int(np.clip(round(velocity * LAYERS) - 1 + int(rng.integers(-1, 2)), 0, LAYERS - 1))
        sound = layers[int(stroke)][layer]
        if choke and index + 1 < len(starts):
            sound = _damped(sound, int(starts[index + 1] - start), sample_rate)
        add_at(out, int(start), sound, 10.0 ** (range_db * (float(velocity) - 1.0) / 20.0))
    return out


def _damped(sound: Array, at: int, sample_rate: int) -> Array:
    fade = int(0.006 * sample_rate)
    if at + fade >= len(sound):
        return sound
    short = sound[: at + fade].copy()
    short[at:] *= np.linspace(1.0, 0.0, fade)
    return short


def decay(num_samples: int, sample_rate: int, seconds: float) -> Array:
    """exp(−t / seconds), faded to exact zero over its last tenth."""
    time = np.arange(num_samples) / sample_rate
    tail = np.clip((num_samples - np.arange(num_samples)) / (0.1 * num_samples), 0.0, 1.0)
    return np.asarray(np.exp(-time / seconds) * tail)

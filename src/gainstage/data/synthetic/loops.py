"""Whole kits on one track: a sampled loop, and the room microphone that hears the kit of the song."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic import drums, metals, rhythm
from gainstage.data.synthetic.form import Plan, Section
from gainstage.data.synthetic.recurrences import Array
from gainstage.data.synthetic.score import Notes, Written
from gainstage.data.synthetic.sound import add_at, filtered, peak, saturate
from gainstage.data.synthetic.streams import between, happens

_KICK, _SNARE, _HAT = 0, 1, 2


def write_loop(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Kick, snare and hats in one part; stroke 0, 1 and 2."""
    parts = ((rhythm.kick, _KICK), (rhythm.snare, _SNARE), (rhythm.hats, _HAT))
    return [
        (onset, length, float(stroke), velocity)
        for write, stroke in parts
        for onset, length, _, velocity in write(plan, playing, rng)
    ]


def play_loop(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A drum loop as it comes from a record or a machine: a kit of its own, pressed together.

    Returns:
        (1, samples)
    """
    machine = happens(rng, 0.5)
    out = np.zeros(num_samples)
    for stroke, play, level_db in (
        (_KICK, drums.kick, float(rng.uniform(-5.0, 3.0))),
        (_SNARE, drums.snare, float(rng.uniform(-8.0, 1.0))),
        (_HAT, metals.hats, float(rng.uniform(-22.0, -8.0))),
    ):
        line = play(notes.strokes(stroke), rng, sample_rate, num_samples, machine=machine)[0]
        out += 10.0 ** (level_db / 20.0) * line / peak(line)
    out = saturate(out / peak(out), between(rng, 0.3, 5.0))
    if happens(rng, 0.3):  # an old sampler
        out = filtered(out, sample_rate, "lowpass", between(rng, 4500.0, 12000.0))
    return out[None]


def hear_room(kit: Array, rng: Generator, sample_rate: int) -> Array:
    """A microphone some metres from the kit: late, with short reflections, pressed by its preamplifier.

    Args:
        kit: sum of the drums, each with peak 1.
        rng: room and place.
        sample_rate: in Hz.

    Returns:
        (2, samples): two microphones.
    """
    kit = kit / peak(kit)
    level, drive = between(rng, 0.2, 1.0), between(rng, 0.5, 4.0)
    channels = []
    first = int(sample_rate * between(rng, 0.003, 0.012))
    for _ in range(2):
        heard = np.zeros_like(kit)
        add_at(heard, first, kit, 1.0)
        for _ in range(7):
            late = first + int(sample_rate * between(rng, 0.003, 0.06))
            sign = 1.0 if happens(rng, 0.5) else -1.0
            add_at(heard, late, kit, sign * level * np.exp(-late / (0.03 * sample_rate)))
        channels.append(heard)
    return saturate(np.stack(channels), drive)

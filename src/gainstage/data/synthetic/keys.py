"""Keyboards: piano, electric piano, clavinet, organ."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.plucked import harp
from gainstage.data.synthetic.recurrences import HOP, Array, add_modes, add_unison, num_controls
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import (
    adsr,
    bell,
    cycle,
    equalised,
    passing,
    peak,
    pitch_hz,
    room_for,
    saturate,
    white,
)
from gainstage.data.synthetic.streams import between, happens

_DRAWBARS = np.array([0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0])  # of the played pitch


def piano(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A piano: stretched partials, two-stage decay, hammer noise; low notes to the left.

    Returns:
        (2, samples)
    """
    hardness, ring_s = between(rng, 400.0, 2800.0), between(rng, 0.6, 3.0)
    stretch, range_db = between(rng, 1e-4, 8e-4), float(rng.uniform(10.0, 26.0))
    spread, release_s = float(rng.uniform(0.0, 0.9)), between(rng, 0.05, 0.3)

    def note(frequency_hz: float, velocity: float, size: int) -> Array:
        count = int(min(24, 0.42 * sample_rate / frequency_hz, 6.0 + 7000.0 / frequency_hz))
        number = np.arange(1.0, count + 1.0)
        partial_hz = frequency_hz * number * np.sqrt(1.0 + stretch * number**2)
        keep = partial_hz < 0.45 * sample_rate
        tone = np.exp(-partial_hz / (hardness * (0.3 + 1.2 * velocity))) * np.abs(
            np.sin(np.pi * number / 7.7)
        )
        life_s = ring_s * np.sqrt(260.0 / frequency_hz) / (1.0 + 0.12 * number)
        sound = np.zeros(size)
        for share, factor in (
            (0.7, 0.35),
            (0.3, 1.0),
        ):  # the strings of a note first die together, then apart
            decays = np.exp(-1.0 / (life_s * factor * sample_rate))
            add_modes(
                sound,
                0,
                size,
                2.0 * np.pi * partial_hz[keep] / sample_rate,
                decays[keep],
                share * tone[keep],
                rng.uniform(0.0, 6.28, int(keep.sum())),
            )
        hammer = white(rng, min(size, int(0.03 * sample_rate)))
        sound[: len(hammer)] += 0.02 * velocity * hammer * np.linspace(1.0, 0.0, len(hammer)) ** 3
        return sound

    return _polyphonic(notes, note, sample_rate, num_samples, range_db, release_s, 4.0 * ring_s, spread)


def electric_piano(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Tines with a bell-like attack, by frequency modulation (Chowning 1973), some with tremolo and bark.

    Returns:
        (2, samples)
    """
    index, bell_level = between(rng, 0.7, 6.0), between(rng, 0.1, 1.0)
    ring_s, drive = between(rng, 0.2, 1.5), between(rng, 0.2, 2.0)
    range_db, release_s = float(rng.uniform(8.0, 22.0)), between(rng, 0.05, 0.25)

    def note(frequency_hz: float, velocity: float, size: int) -> Array:
        time = np.arange(size) / sample_rate
        angle = 2.0 * np.pi * frequency_hz * time
        fade = np.exp(-time / ring_s)
        tine = np.sin(angle + index * velocity**1.5 * np.exp(-time / (0.4 * ring_s)) * np.sin(angle))
        strike = np.sin(14.0 * angle if 14.0 * frequency_hz < 0.45 * sample_rate else 7.0 * angle)
        return np.asarray(tine * fade + bell_level * velocity**2 * strike * np.exp(-time / 0.06))

    out = _polyphonic(notes, note, sample_rate, num_samples, range_db, release_s, 4.0 * ring_s, 0.0)
    out = np.stack([saturate(out[0] / peak(out[0]), drive)] * 2)
    if happens(rng, 0.5):
        swing = np.sin(2.0 * np.pi * between(rng, 1.5, 7.0) * np.arange(num_samples) / sample_rate)
        out *= 1.0 + float(rng.uniform(0.05, 0.5)) * swing * np.array([[1.0], [-1.0]])
    return out


def organ(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A drawbar organ: nine sines a key, a click at the contact, a rotating speaker.

    Returns:
        (2, samples)
    """
    levels = rng.random(9) ** 2 * np.array([0.7, 0.6, 1.0, 0.9, 0.6, 0.7, 0.4, 0.4, 0.5])
    levels[2] = max(levels[2], 0.5)
    spectrum = np.zeros(16)
    spectrum[(2.0 * _DRAWBARS - 1.0).astype(int)] = levels  # harmonics of the octave below
    out = np.zeros((2, num_samples))
    rate_hz = float(rng.choice((0.8, 6.5)))
    depth = float(rng.uniform(0.0, 0.5))
    click = between(rng, 0.003, 0.1)
    for onset_s, length_s, pitch in zip(notes.onset_s, notes.length_s, notes.pitch, strict=True):
        start, size = room_for(float(onset_s), float(length_s) + 0.03, sample_rate, num_samples)
        if size < 64:
            continue
        step = float(pitch_hz(pitch)) / sample_rate / 2.0
        tables = np.stack([cycle(spectrum[: max(1, min(16, int(0.45 / step)))])] * 2)
        level = adsr(
            size,
            sample_rate,
            attack_s=0.004,
            decay_s=1.0,
            sustain=1.0,
            held_s=float(length_s),
            release_s=0.01,
        )
        flat = np.ones(num_controls(size))
        add_unison(
            out,
            start,
            size,
            tables,
            flat,
            np.array([step]),
            np.array([rng.random()]),
            np.ones((2, 1)),
            flat,
            level,
        )
        tick = white(rng, min(size, int(0.004 * sample_rate)))
        out[:, start : start + len(tick)] += click * tick * np.linspace(1.0, 0.0, len(tick))
    swing = np.sin(2.0 * np.pi * rate_hz * np.arange(num_samples) / sample_rate)
    out *= 1.0 + depth * swing * np.array([[1.0], [-1.0]])
    return saturate(out / peak(out), between(rng, 0.3, 3.0))


def clavinet(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A struck string with a pickup: thin, percussive.

    Returns:
        (1, samples)
    """
    short = Notes(
        notes.onset_s, np.minimum(notes.length_s, between(rng, 0.1, 0.4)), notes.pitch, notes.velocity
    )
    out = harp(short, rng, sample_rate, num_samples)
    return equalised(
        out,
        passing(sample_rate, "highpass", between(rng, 100.0, 350.0), order=1),
        bell(sample_rate, between(rng, 900.0, 2500.0), float(rng.uniform(3.0, 10.0)), 1.0),
    )


def _polyphonic(
    notes: Notes,
    note: Callable[[float, float, int], Array],
    sample_rate: int,
    num_samples: int,
    range_db: float,
    release_s: float,
    longest_s: float,
    spread: float,
) -> Array:
    out = np.zeros((2, num_samples))
    for onset_s, length_s, pitch, velocity in zip(
        notes.onset_s, notes.length_s, notes.pitch, notes.velocity, strict=True
    ):
        held_s = min(float(length_s), longest_s)
        start, size = room_for(float(onset_s), held_s + 4.0 * release_s, sample_rate, num_samples)
        if size < 64:
            continue
        envelope = adsr(
            size, sample_rate, attack_s=0.002, decay_s=1.0, sustain=1.0, held_s=held_s, release_s=release_s
        )
        sound = note(float(pitch_hz(pitch)), float(velocity), size) * np.interp(
            np.arange(size), np.arange(len(envelope)) * HOP, envelope
        )
        side = np.clip((float(pitch) - 60.0) / 30.0, -1.0, 1.0) * spread
        gain = 10.0 ** (range_db * (float(velocity) - 1.0) / 20.0)
        out[0, start : start + size] += gain * (1.0 - side) * sound
        out[1, start : start + size] += gain * (1.0 + side) * sound
    return out

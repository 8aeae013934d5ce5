"""Small percussion and timpani: shakers, tambourines, congas, wood, kettles."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.metals import plate
from gainstage.data.synthetic.recurrences import Array, add_modes
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import add_at, filtered, peak, pitch_hz, saturate, white
from gainstage.data.synthetic.streams import between, happens
from gainstage.data.synthetic.strokes import Shot, decay, lay_out


def percussion(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A small percussion instrument, drawn anew for every song.

    Returns:
        (1, samples)
    """
    makers: tuple[Callable[[Generator, int], dict[int, Shot]], ...] = (
        _shaker,
        _tambourine,
        _congas,
        _congas,
        _wood,
        _wood,
    )
    shots = makers[int(rng.integers(len(makers)))](rng, sample_rate)
    return lay_out(notes, shots, rng, sample_rate, num_samples, range_db=float(rng.uniform(8.0, 24.0)))[None]


def _shaker(rng: Generator, sample_rate: int) -> dict[int, Shot]:
    low_hz, high_hz = between(rng, 1800.0, 6000.0), between(rng, 6500.0, 15000.0)
    length_s, rise = between(rng, 0.03, 0.09), float(rng.uniform(0.2, 0.6))

    def shot_of(factor: float) -> Shot:
        def shot(velocity: float, draw: Generator) -> Array:
            size = int(sample_rate * 2.0 * length_s)
            bump = np.sin(np.pi * np.linspace(0.0, 1.0, size) ** (rise * factor)) ** 3
            noise = filtered(white(draw, size), sample_rate, "bandpass", (low_hz, high_hz))
            return np.asarray(noise * bump * (0.5 + 0.5 * velocity))

        return shot

    return {0: shot_of(1.0), 1: shot_of(1.4)}


def _tambourine(rng: Generator, sample_rate: int) -> dict[int, Shot]:
    ring_s, jingles = between(rng, 0.03, 0.15), int(rng.integers(3, 8))

    def shot(velocity: float, draw: Generator) -> Array:
        size = int(sample_rate * 8.0 * ring_s)
        out = np.zeros(size)
        for _ in range(jingles):
            late = int(sample_rate * float(draw.exponential(0.012)))
            add_at(
                out, late, filtered(plate(size, sample_rate, ring_s, draw), sample_rate, "highpass", 2500.0)
            )
        return out * decay(size, sample_rate, ring_s) * (0.4 + 0.6 * velocity)

    return {0: shot, 1: shot}


def _congas(rng: Generator, sample_rate: int) -> dict[int, Shot]:
    low_hz, ratio = between(rng, 150.0, 330.0), float(rng.uniform(1.2, 1.5))
    ring_s, slap = between(rng, 0.05, 0.25), between(rng, 0.05, 0.6)

    def shot_of(tone_hz: float) -> Shot:
        def shot(velocity: float, draw: Generator) -> Array:
            size = int(sample_rate * 7.0 * ring_s)
            time = np.arange(size) / sample_rate
            bent = time + 0.2 * 0.015 * velocity * (1.0 - np.exp(-time / 0.015))
            skin = sum(np.sin(2.0 * np.pi * tone_hz * r * bent) / r**1.5 for r in (1.0, 1.59, 2.14, 2.92))
            noise = filtered(white(draw, size), sample_rate, "bandpass", (800.0, 7000.0), order=1)
            return np.asarray(
                skin * decay(size, sample_rate, ring_s) + slap * velocity * noise * np.exp(-time / 0.006)
            )

        return shot

    return {0: shot_of(low_hz), 1: shot_of(low_hz * ratio)}


def _wood(rng: Generator, sample_rate: int) -> dict[int, Shot]:
    tone_hz, ring_s = between(rng, 600.0, 2300.0), between(rng, 0.012, 0.06)
    ratios = np.array([1.0, float(rng.uniform(1.4, 2.8)), float(rng.uniform(2.9, 4.5))])

    def shot_of(factor: float) -> Shot:
        def shot(velocity: float, draw: Generator) -> Array:
            size = int(sample_rate * 0.4)
            out = 0.02 * white(draw, size) * decay(size, sample_rate, 0.01)
            radians = 2.0 * np.pi * tone_hz * factor * ratios / sample_rate
            decays = np.exp(-np.array([1.0, 1.7, 3.0]) / (ring_s * sample_rate))
            add_modes(out, 0, size, radians, decays, np.array([1.0, 0.5, 0.3]) * velocity, np.zeros(3))
            return out * decay(size, sample_rate, 1.0)

        return shot

    return {0: shot_of(1.0), 1: shot_of(float(rng.uniform(1.2, 1.6)))}


def timpani(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Kettle drums, tuned: the pitch of a note is a MIDI pitch.

    Returns:
        (1, samples)
    """
    ring_s, felt = between(rng, 0.4, 1.2), between(rng, 0.02, 0.3)
    with_drive = happens(rng, 0.3)
    out = np.zeros(num_samples)
    ratios, levels = np.array([1.0, 1.5, 1.99, 2.44, 2.89]), np.array([1.0, 0.8, 0.6, 0.4, 0.25])
    size = int(sample_rate * min(5.0 * ring_s, 4.0))
    for onset_s, pitch, velocity in zip(notes.onset_s, notes.pitch, notes.velocity, strict=True):
        stroke = np.zeros(size)
        radians = 2.0 * np.pi * float(pitch_hz(pitch)) * ratios / sample_rate
        decays = np.exp(-np.linspace(1.0, 2.5, 5) / (ring_s * sample_rate))
        add_modes(stroke, 0, size, radians, decays, levels * velocity**1.5, np.zeros(5))
        beat = filtered(white(rng, size // 8), sample_rate, "bandpass", (200.0, 4000.0), order=1)
        stroke[: size // 8] += felt * velocity**2 * beat * decay(size // 8, sample_rate, 0.015)
        add_at(out, int(onset_s * sample_rate), stroke * decay(size, sample_rate, 10.0))
    return saturate(out / peak(out), 2.0 if with_drive else 0.3)[None]

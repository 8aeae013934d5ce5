"""Hats, cymbals, shakers, tambourines, wood, skins of the hand, timpani."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import Array, add_modes
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import add_at, equalised, filtered, passing, pitch_hz, saturate, white
from gainstage.data.synthetic.streams import between, happens
from gainstage.data.synthetic.strokes import Shot, decay, lay_out

_MACHINE_RATIOS = np.array([2.0, 3.0, 4.16, 5.43, 6.79, 8.21])  # six square waves ring as one plate


def hats(notes: Notes, rng: Generator, sample_rate: int, num_samples: int, *, machine: bool) -> Array:
    """Hi-hats, closed and open; closing stops the open one.

    Returns:
        (1, samples)
    """
    low_hz, high_hz = between(rng, 1800.0, 8500.0), between(rng, 9000.0, 19000.0)
    closed_s = between(rng, 0.016, 0.1)
    open_s = between(rng, 0.1, 0.5)
    metal, stick = float(rng.uniform(0.1, 0.9)), between(rng, 0.1, 1.2)
    base_hz, tilt = between(rng, 250.0, 900.0), float(rng.uniform(0.0, 0.6))
    order = int(rng.integers(1, 4))

    def shot_of(ring_s: float) -> Shot:
        def shot(velocity: float, draw: Generator) -> Array:
            size = int(sample_rate * min(max(7.0 * ring_s, 0.05), 2.0))
            time = np.arange(size) / sample_rate
            plate = _machine_plate(base_hz, time, draw) if machine else _plate(size, sample_rate, ring_s, draw)
            noise = white(draw, size)
            sound = metal * plate + (1.0 - metal) * noise
            cut_hz = min(high_hz * (1.0 - tilt * (1.0 - velocity)), 0.46 * sample_rate)
            sound = equalised(
                sound, passing(sample_rate, "highpass", low_hz, order=order), passing(sample_rate, "lowpass", cut_hz)
            )
            return sound * (decay(size, sample_rate, ring_s) + stick * np.exp(-time / 0.002))

        return shot

    shots = {0: shot_of(closed_s), 1: shot_of(open_s)}
    line = lay_out(notes, shots, rng, sample_rate, num_samples, range_db=float(rng.uniform(3.0, 15.0)), choke=True)
    return line[None]


def cymbals(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A crash (0) and a ride (1), one above each shoulder.

    Returns:
        (2, samples)
    """
    crash_s, ride_s = between(rng, 0.3, 1.2), between(rng, 0.2, 0.9)
    low_hz, wash = between(rng, 300.0, 2500.0), float(rng.uniform(0.2, 0.8))

    def shot_of(ring_s: float, ping: float) -> Shot:
        def shot(velocity: float, draw: Generator) -> Array:
            size = int(sample_rate * min(5.0 * ring_s, 4.0))
            sound = (1.0 - wash) * _plate(size, sample_rate, ring_s, draw) + wash * white(draw, size)
            sound = filtered(sound, sample_rate, "highpass", low_hz, order=1)
            time = np.arange(size) / sample_rate
            swell = 1.0 - (1.0 - ping) * np.exp(-time / 0.01)
            return sound * decay(size, sample_rate, ring_s) * swell * (0.5 + 0.5 * velocity)

        return shot

    out = np.zeros((2, num_samples))
    for number, shot in enumerate((shot_of(crash_s, 0.4), shot_of(ride_s, 2.0))):
        mine = notes.pitch == number
        strokes = Notes(notes.onset_s[mine], notes.length_s[mine], 0.0 * notes.pitch[mine], notes.velocity[mine])
        line = lay_out(strokes, {0: shot}, rng, sample_rate, num_samples, range_db=12.0)
        side = float(rng.uniform(-0.7, 0.7))
        out += (1.0, 0.4)[number] * line * np.array([[1.0 - side], [1.0 + side]])
    return out


def _machine_plate(base_hz: float, time: Array, rng: Generator) -> Array:
    phase = base_hz * _MACHINE_RATIOS[:, None] * time + rng.random((6, 1))
    return np.asarray(0.6 * np.sum(np.sign(np.sin(2.0 * np.pi * phase)), axis=0) / np.sqrt(6.0))


def _plate(num_samples: int, sample_rate: int, ring_s: float, rng: Generator) -> Array:
    # A plate has hundreds of modes, ever closer with frequency; forty of them already do not fuse to a pitch.
    frequency = 300.0 * (0.47 * sample_rate / 300.0) ** np.sqrt(rng.random(40))
    out = np.zeros(num_samples)
    life_s = ring_s * rng.uniform(0.7, 3.0, 40)
    decays = np.exp(-1.0 / (life_s * sample_rate))
    add_modes(
        out, 0, num_samples, 2.0 * np.pi * frequency / sample_rate, decays, rng.uniform(0.1, 0.5, 40),
        rng.uniform(0.0, 2.0 * np.pi, 40),
    )  # fmt: skip
    return out


def percussion(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A small percussion instrument, drawn anew for every song.

    Returns:
        (1, samples)
    """
    makers: tuple[Callable[[Generator, int], dict[int, Shot]], ...] = (_shaker, _tambourine, _congas, _congas, _wood, _wood)
    shots = makers[int(rng.integers(len(makers)))](rng, sample_rate)
    return lay_out(notes, shots, rng, sample_rate, num_samples, range_db=float(rng.uniform(8.0, 24.0)))[None]


def _shaker(rng: Generator, sample_rate: int) -> dict[int, Shot]:
    low_hz, high_hz = between(rng, 2500.0, 6500.0), between(rng, 8000.0, 16000.0)
    length_s, rise = between(rng, 0.03, 0.09), float(rng.uniform(0.2, 0.6))

    def shot_of(factor: float) -> Shot:
        def shot(velocity: float, draw: Generator) -> Array:
            size = int(sample_rate * 2.0 * length_s)
            bump = np.sin(np.pi * np.linspace(0.0, 1.0, size) ** (rise * factor)) ** 3
            noise = white(draw, size)
            return filtered(noise, sample_rate, "bandpass", (low_hz, high_hz)) * bump * (0.5 + 0.5 * velocity)

        return shot

    return {0: shot_of(1.0), 1: shot_of(1.4)}


def _tambourine(rng: Generator, sample_rate: int) -> dict[int, Shot]:
    ring_s, jingles = between(rng, 0.03, 0.15), int(rng.integers(3, 8))

    def shot(velocity: float, draw: Generator) -> Array:
        size = int(sample_rate * 8.0 * ring_s)
        out = np.zeros(size)
        for _ in range(jingles):
            late = int(sample_rate * float(draw.exponential(0.012)))
            add_at(out, late, filtered(_plate(size, sample_rate, ring_s, draw), sample_rate, "highpass", 3500.0))
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
            return skin * decay(size, sample_rate, ring_s) + slap * velocity * noise * np.exp(-time / 0.006)

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
    return saturate(out / max(float(np.abs(out).max()), 1e-9), 2.0 if with_drive else 0.3)[None]

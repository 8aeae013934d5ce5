"""Hats and cymbals: plates with hundreds of modes, or the six square waves of a machine."""

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import Array, add_modes
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import equalised, filtered, passing, white
from gainstage.data.synthetic.streams import between
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
            ring = _machine_plate(base_hz, time, draw) if machine else plate(size, sample_rate, ring_s, draw)
            noise = white(draw, size)
            sound = metal * ring + (1.0 - metal) * noise
            cut_hz = min(high_hz * (1.0 - tilt * (1.0 - velocity)), 0.46 * sample_rate)
            sound = equalised(
                sound,
                passing(sample_rate, "highpass", low_hz, order=order),
                passing(sample_rate, "lowpass", cut_hz),
            )
            return sound * (decay(size, sample_rate, ring_s) + stick * np.exp(-time / 0.002))

        return shot

    shots = {0: shot_of(closed_s), 1: shot_of(open_s)}
    line = lay_out(
        notes, shots, rng, sample_rate, num_samples, range_db=float(rng.uniform(2.0, 9.0)), choke=True
    )
    return line[None]


def cymbals(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A crash (0) and a ride (1), one above each shoulder.

    Returns:
        (2, samples)
    """
    crash_s, ride_s = between(rng, 0.3, 1.2), between(rng, 0.2, 0.9)
    low_hz, wash = between(rng, 300.0, 2500.0), float(rng.uniform(0.1, 0.6))
    high_hz, ride = between(rng, 7000.0, 18000.0), between(rng, 0.3, 1.2)

    def shot_of(ring_s: float, ping: float) -> Shot:
        def shot(velocity: float, draw: Generator) -> Array:
            size = int(sample_rate * min(5.0 * ring_s, 4.0))
            sound = (1.0 - wash) * plate(size, sample_rate, ring_s, draw) + wash * white(draw, size)
            sound = filtered(sound, sample_rate, "bandpass", (low_hz, high_hz), order=1)
            time = np.arange(size) / sample_rate
            swell = 1.0 - (1.0 - ping) * np.exp(-time / 0.01)
            return sound * decay(size, sample_rate, ring_s) * swell * (0.5 + 0.5 * velocity)

        return shot

    out = np.zeros((2, num_samples))
    for number, shot in enumerate((shot_of(crash_s, 0.4), shot_of(ride_s, 2.0))):
        line = lay_out(notes.strokes(number), {0: shot}, rng, sample_rate, num_samples, range_db=12.0)
        side = float(rng.uniform(-0.7, 0.7))
        out += (1.0, ride)[number] * line * np.array([[1.0 - side], [1.0 + side]])
    return out


def _machine_plate(base_hz: float, time: Array, rng: Generator) -> Array:
    phase = base_hz * _MACHINE_RATIOS[:, None] * time + rng.random((6, 1))
    return np.asarray(0.6 * np.sum(np.sign(np.sin(2.0 * np.pi * phase)), axis=0) / np.sqrt(6.0))


def plate(num_samples: int, sample_rate: int, ring_s: float, rng: Generator) -> Array:
    """Forty of the hundreds of modes of a plate, ever closer with frequency: no pitch is heard any more."""
    frequency = 300.0 * (0.47 * sample_rate / 300.0) ** np.sqrt(rng.random(40))
    out = np.zeros(num_samples)
    life_s = ring_s * rng.uniform(0.7, 3.0, 40)
    decays = np.exp(-1.0 / (life_s * sample_rate))
    add_modes(
        out,
        0,
        num_samples,
        2.0 * np.pi * frequency / sample_rate,
        decays,
        rng.uniform(0.1, 0.5, 40),
        rng.uniform(0.0, 2.0 * np.pi, 40),
    )
    return out

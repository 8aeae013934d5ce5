"""Kick, snare, clap and toms: skins, shells, wires and beaters, struck or made by a machine."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import Array
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import filtered, saturate, white
from gainstage.data.synthetic.streams import between, happens
from gainstage.data.synthetic.strokes import decay, lay_out

_SKIN_RATIOS = np.array([1.0, 1.59, 2.14, 2.30, 2.65, 2.92])  # modes of an ideal round membrane


@dataclass(frozen=True)
class _Skin:
    """A tuned skin that is struck: where its pitch starts and ends, how long it rings, how it is hit."""

    low_hz: float
    sweep: float  # start pitch over end pitch
    sweep_s: float
    ring_s: float
    overtones: float
    click: float
    click_hz: float
    click_s: float
    rattle: float
    rattle_hz: float
    rattle_s: float
    drive: float


def kick(notes: Notes, rng: Generator, sample_rate: int, num_samples: int, *, machine: bool) -> Array:
    """A bass drum, from a damped acoustic one with a hard beater to a long machine one without a click.

    Returns:
        (1, samples)
    """
    skin = _Skin(
        low_hz=between(rng, 36.0, 72.0),
        sweep=between(rng, 1.5, 6.0) if machine else between(rng, 1.1, 2.5),
        sweep_s=between(rng, 0.006, 0.05),
        ring_s=between(rng, 0.06, 0.35) if machine else between(rng, 0.035, 0.16),
        overtones=0.0 if machine else float(rng.uniform(0.05, 0.4)),
        click=between(rng, 0.01, 0.6),
        click_hz=between(rng, 900.0, 6000.0),
        click_s=between(rng, 0.001, 0.008),
        rattle=between(rng, 0.001, 0.012) if machine else between(rng, 0.006, 0.06),
        rattle_hz=9000.0,
        rattle_s=between(rng, 0.03, 0.15),
        drive=between(rng, 0.3, 4.0),
    )
    shots = {0: lambda velocity, draw: _strike(skin, velocity, draw, sample_rate)}
    return lay_out(notes, shots, rng, sample_rate, num_samples, range_db=float(rng.uniform(4.0, 14.0)))[None]


def toms(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Three toms, high to low, each at its place in the stereo image.

    Returns:
        (2, samples)
    """
    spacing, spread = float(rng.uniform(1.2, 1.5)), float(rng.uniform(0.1, 1.0))
    floor = _Skin(
        low_hz=between(rng, 62.0, 110.0),
        sweep=float(rng.uniform(1.05, 1.7)),
        sweep_s=0.03,
        ring_s=between(rng, 0.06, 0.28),
        overtones=float(rng.uniform(0.1, 0.6)),
        click=between(rng, 0.3, 1.5),
        click_hz=between(rng, 700.0, 2500.0),
        click_s=0.005,
        rattle=between(rng, 0.18, 0.6),
        rattle_hz=between(rng, 2600.0, 4400.0),
        rattle_s=0.08,
        drive=between(rng, 0.3, 2.0),
    )
    range_db = float(rng.uniform(3.0, 10.0))
    out = np.zeros((2, num_samples))
    for number in range(3):
        ratio = spacing ** (2 - number)
        skin = replace(floor, low_hz=floor.low_hz * ratio, ring_s=floor.ring_s * ratio**-0.5)
        shots = {0: lambda velocity, draw, skin=skin: _strike(skin, velocity, draw, sample_rate)}
        line = lay_out(notes.strokes(number), shots, rng, sample_rate, num_samples, range_db=range_db)
        side = 0.4 * spread * (number - 1)
        out += line * np.array([[1.0 - side], [1.0 + side]])
    return out


def _strike(skin: _Skin, velocity: float, rng: Generator, sample_rate: int) -> Array:
    num_samples = int(sample_rate * min(max(7.0 * skin.ring_s, 0.15), 2.5))
    time = np.arange(num_samples) / sample_rate
    bend = 1.0 + (skin.sweep - 1.0) * np.exp(-time / skin.sweep_s) * (0.6 + 0.4 * velocity)
    angle = 2.0 * np.pi * np.cumsum(skin.low_hz * bend) / sample_rate
    body = np.sin(angle) * decay(num_samples, sample_rate, skin.ring_s)
    if skin.overtones > 0.0:
        for index, ratio in enumerate(_SKIN_RATIOS[1:]):
            level = skin.overtones * velocity * float(rng.uniform(0.5, 1.0)) / (index + 1.0)
            body += (
                level
                * np.sin(ratio * angle)
                * decay(num_samples, sample_rate, skin.ring_s / (1.5 + 0.4 * index))
            )
    body *= np.minimum(time / 0.0008, 1.0)
    noise = white(rng, num_samples)
    edges = (0.5 * skin.click_hz, min(2.0 * skin.click_hz, 0.45 * sample_rate))
    click = filtered(noise, sample_rate, "bandpass", edges, order=1) * np.exp(-time / skin.click_s)
    rattle = filtered(noise, sample_rate, "bandpass", (150.0, skin.rattle_hz))
    rattle *= decay(num_samples, sample_rate, skin.rattle_s)
    sound = body + skin.click * velocity * 2.0 * click + skin.rattle * rattle
    return saturate(sound, skin.drive) * np.minimum((num_samples - np.arange(num_samples)) / 200.0, 1.0)


def snare(notes: Notes, rng: Generator, sample_rate: int, num_samples: int, *, machine: bool) -> Array:
    """A snare drum: two tones of the skin, the wires' noise, the stick; now and then a ring that wants an EQ.

    Returns:
        (1, samples)
    """
    tone_hz = between(rng, 130.0, 270.0)
    tone_s, wires_s = between(rng, 0.03, 0.16), between(rng, 0.03, 0.22)
    wires, tone = between(rng, 0.12, 1.0), between(rng, 0.3, 1.0)
    low_hz, high_hz = between(rng, 300.0, 2500.0), between(rng, 4500.0, 14000.0)
    ring_hz = between(rng, 350.0, 1100.0)
    ring = between(rng, 0.05, 0.4) if not machine and happens(rng, 0.5) else 0.0
    drive, crack = between(rng, 0.2, 3.0), between(rng, 0.1, 1.0)

    def shot(velocity: float, draw: Generator) -> Array:
        size = int(sample_rate * min(7.0 * max(tone_s, wires_s), 1.5))
        time = np.arange(size) / sample_rate
        angle = 2.0 * np.pi * tone_hz * (time + 0.25 * 0.02 * (1.0 - np.exp(-time / 0.02)))
        body = (np.sin(angle) + 0.6 * np.sin(1.66 * angle)) * decay(size, sample_rate, tone_s)
        body += ring * np.sin(2.0 * np.pi * ring_hz * time) * decay(size, sample_rate, 1.5 * tone_s)
        noise = filtered(white(draw, size), sample_rate, "bandpass", (low_hz, high_hz), order=1)
        rattle = noise * (decay(size, sample_rate, wires_s) + crack * np.exp(-time / 0.004))
        sound = tone * body + wires * (0.5 + 0.5 * velocity) * rattle
        return saturate(sound * np.minimum(time / 0.0005, 1.0), drive)

    return lay_out(notes, {0: shot}, rng, sample_rate, num_samples, range_db=float(rng.uniform(6.0, 22.0)))[
        None
    ]


def clap(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Several hands, nearly together: bursts of filtered noise, the last one ringing.

    Returns:
        (1, samples)
    """
    centre_hz, spread = between(rng, 900.0, 2400.0), float(rng.uniform(1.3, 3.0))
    tail_s, apart_s = between(rng, 0.03, 0.16), between(rng, 0.006, 0.014)
    hands, drive = int(rng.integers(2, 6)), between(rng, 0.3, 3.0)

    def shot(velocity: float, draw: Generator) -> Array:
        size = int(sample_rate * (hands * apart_s + 7.0 * tail_s))
        time = np.arange(size) / sample_rate
        envelope = np.zeros(size)
        for hand in range(hands):
            after = time - hand * apart_s * float(draw.uniform(0.8, 1.2))
            length_s = tail_s if hand == hands - 1 else 0.3 * apart_s
            envelope += np.where(after >= 0.0, np.exp(-np.maximum(after, 0.0) / length_s), 0.0)
        noise = white(draw, size)
        band = filtered(noise, sample_rate, "bandpass", (centre_hz / spread, centre_hz * spread), order=1)
        return saturate(
            (band + 0.02 * noise) * envelope * decay(size, sample_rate, 1.0) * (0.4 + 0.6 * velocity), drive
        )

    return lay_out(notes, {0: shot}, rng, sample_rate, num_samples, range_db=float(rng.uniform(3.0, 12.0)))[
        None
    ]

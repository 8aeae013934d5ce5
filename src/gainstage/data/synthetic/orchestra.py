"""Bowed strings, brass and winds: many players, slow attacks, vibrato; louder is brighter."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import HOP, Array, add_unison
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import (
    adsr,
    bell,
    cycle,
    equalised,
    filtered,
    pitch_hz,
    room_for,
    vibrato,
    white,
)
from gainstage.data.synthetic.streams import between


@dataclass(frozen=True)
class _Section:
    """Players of one kind.

    Args:
        players: how many play each note.
        soft_hz, loud_hz: the spectrum falls 12 dB per octave above, played softly and loudly.
        odd: level of even harmonics is lowered by this (1: only odd ones, a clarinet).
        attack_s, release_s: of a note.
        vibrato_cents, rate_hz: of one player.
        detune_cents: between players.
        air: level of bow or breath noise.
        swell: how much a note grows after its attack, 0 … 1.
        range_db: between soft and loud.
        spread: stereo width of the group.
    """

    players: int
    soft_hz: float
    loud_hz: float
    odd: float
    attack_s: float
    release_s: float
    vibrato_cents: float
    rate_hz: float
    detune_cents: float
    air: float
    swell: float
    range_db: float
    spread: float


def strings(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A string section, from four desks to an orchestra, warm or steely.

    Returns:
        (2, samples)
    """
    soft_hz = between(rng, 600.0, 2200.0)
    section = _Section(
        players=int(rng.integers(2, 5)),
        soft_hz=soft_hz,
        loud_hz=soft_hz * float(rng.uniform(1.5, 4.0)),
        odd=0.0,
        attack_s=between(rng, 0.03, 0.35),
        release_s=between(rng, 0.05, 0.25),
        vibrato_cents=float(rng.uniform(5.0, 25.0)),
        rate_hz=float(rng.uniform(4.8, 6.2)),
        detune_cents=float(rng.uniform(6.0, 20.0)),
        air=between(rng, 0.002, 0.05),
        swell=float(rng.uniform(0.0, 0.9)),
        range_db=float(rng.uniform(12.0, 36.0)),
        spread=float(rng.uniform(0.3, 1.0)),
    )
    out = _play(notes, section, rng, sample_rate, num_samples)
    boxes = (  # the bodies of the instruments
        bell(sample_rate, frequency_hz * float(rng.uniform(0.8, 1.25)), float(rng.uniform(-3.0, 5.0)), 2.0)
        for frequency_hz in (300.0, 500.0, 1100.0, 2600.0)
    )
    return equalised(out, *boxes)


def brass(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Trumpets, trombones or horns.

    Returns:
        (2, samples)
    """
    soft_hz = between(rng, 350.0, 900.0)
    section = _Section(
        players=int(rng.integers(1, 5)),
        soft_hz=soft_hz,
        loud_hz=soft_hz * float(rng.uniform(2.5, 6.0)),
        odd=0.0,
        attack_s=between(rng, 0.015, 0.1),
        release_s=between(rng, 0.03, 0.12),
        vibrato_cents=float(rng.uniform(0.0, 10.0)),
        rate_hz=5.0,
        detune_cents=float(rng.uniform(4.0, 12.0)),
        air=between(rng, 0.001, 0.01),
        swell=float(rng.uniform(0.0, 0.5)),
        range_db=float(rng.uniform(12.0, 32.0)),
        spread=float(rng.uniform(0.1, 0.8)),
    )
    out = _play(notes, section, rng, sample_rate, num_samples)
    return equalised(out, bell(sample_rate, between(rng, 900.0, 1800.0), float(rng.uniform(0.0, 6.0)), 1.0))


def wind(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A flute, clarinet or oboe.

    Returns:
        (1, samples)
    """
    soft_hz = between(rng, 700.0, 2500.0)
    section = _Section(
        players=1,
        soft_hz=soft_hz,
        loud_hz=soft_hz * float(rng.uniform(1.2, 2.5)),
        odd=float(rng.choice((0.0, 0.3, 0.9))),
        attack_s=between(rng, 0.03, 0.12),
        release_s=between(rng, 0.04, 0.12),
        vibrato_cents=float(rng.uniform(5.0, 30.0)),
        rate_hz=float(rng.uniform(4.5, 5.8)),
        detune_cents=0.0,
        air=between(rng, 0.005, 0.12),
        swell=float(rng.uniform(0.0, 0.5)),
        range_db=float(rng.uniform(12.0, 32.0)),
        spread=0.0,
    )
    return _play(notes, section, rng, sample_rate, num_samples)[:1]


def bowed_bass(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Double basses, bowed.

    Returns:
        (2, samples)
    """
    soft_hz = between(rng, 150.0, 450.0)
    section = _Section(
        players=int(rng.integers(2, 4)),
        soft_hz=soft_hz,
        loud_hz=soft_hz * float(rng.uniform(1.3, 3.0)),
        odd=0.0,
        attack_s=between(rng, 0.04, 0.25),
        release_s=between(rng, 0.05, 0.2),
        vibrato_cents=float(rng.uniform(2.0, 10.0)),
        rate_hz=4.8,
        detune_cents=float(rng.uniform(4.0, 10.0)),
        air=between(rng, 0.002, 0.02),
        swell=float(rng.uniform(0.0, 0.6)),
        range_db=float(rng.uniform(12.0, 32.0)),
        spread=float(rng.uniform(0.02, 0.3)),
    )
    return _play(notes, section, rng, sample_rate, num_samples)


def _play(notes: Notes, section: _Section, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    out = np.zeros((2, num_samples))
    presence = np.zeros(num_samples // HOP + 2)
    places = np.linspace(-1.0, 1.0, section.players) if section.players > 1 else np.zeros(1)
    gains = np.stack([1.0 - section.spread * places, 1.0 + section.spread * places]) / np.sqrt(
        section.players
    )
    for onset_s, length_s, pitch, velocity in zip(
        notes.onset_s, notes.length_s, notes.pitch, notes.velocity, strict=True
    ):
        start, size = room_for(
            float(onset_s), float(length_s) + 4.0 * section.release_s, sample_rate, num_samples
        )
        if size < 64:
            continue
        level = adsr(
            size,
            sample_rate,
            attack_s=section.attack_s,
            decay_s=1.0,
            sustain=1.0,
            held_s=float(length_s),
            release_s=section.release_s,
        )
        course = np.arange(len(level)) * (HOP / sample_rate) / max(float(length_s), 0.05)
        level *= 1.0 - section.swell * (1.0 - np.sin(0.5 * np.pi * np.clip(course, 0.0, 1.0)))
        blend = np.clip(level, 0.0, 1.0) * float(velocity) ** 1.5
        level *= 10.0 ** (section.range_db * (float(velocity) - 1.0) / 20.0)
        tables = _tables(section, float(pitch_hz(pitch)), sample_rate)
        for player in range(section.players):  # each has a vibrato of their own
            wobble = vibrato(
                size, sample_rate, rng, cents=section.vibrato_cents, rate_hz=section.rate_hz, delay_s=0.1
            )
            cents = section.detune_cents * (0.5 * places[player] + 0.3 * float(rng.normal()))
            step = np.array([float(pitch_hz(pitch)) * 2.0 ** (cents / 1200.0) / sample_rate])
            add_unison(
                out, start, size, tables, blend, step, rng.random(1), gains[:, [player]], wobble, level
            )
        first = start // HOP
        stretch = presence[first : first + len(level)]
        np.maximum(stretch, level[: len(stretch)], out=stretch)
    return out + section.air * _air(presence, rng, sample_rate, num_samples)


def _tables(section: _Section, frequency_hz: float, sample_rate: int) -> Array:
    number = np.arange(1.0, max(2.0, min(0.43 * sample_rate / frequency_hz, 200.0)))
    even = np.where(number % 2.0 == 0.0, 1.0 - section.odd, 1.0)
    phase = np.cos(2.4 * number**2)  # signs that keep the peaks of many harmonics apart
    soft, loud = (
        even * np.sign(phase) / number / (1.0 + (number * frequency_hz / corner_hz) ** 2)
        for corner_hz in (section.soft_hz, section.loud_hz)
    )
    return np.stack([0.8 * cycle(soft), cycle(loud)])


def _air(presence: Array, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    noise = filtered(white(rng, 2, num_samples), sample_rate, "bandpass", (700.0, 9000.0), order=1)
    return noise * np.interp(np.arange(num_samples), np.arange(len(presence)) * HOP, presence)

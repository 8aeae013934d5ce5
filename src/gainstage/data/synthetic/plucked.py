"""Plucked strings: acoustic guitar, harp, electric guitar with its amplifier, electric and double bass."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import Array, pluck_string
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import (
    bell,
    equalised,
    filtered,
    passing,
    peak,
    pitch_hz,
    room_for,
    saturate,
)
from gainstage.data.synthetic.streams import between, happens


@dataclass(frozen=True)
class _Strings:
    """How strings are made and touched.

    Args:
        position: where they are plucked, as a share of their length (near 0: thin and bright).
        softness_hz: a finger rounds the pluck off above this frequency, a pick does not.
        damping: loss of high frequencies per period, 0 … .5.
        ring_s: time to −60 dB at the pitch of middle C; low strings ring longer.
        release_s: the same after a note is let go.
        range_db: level between the softest and the hardest stroke.
    """

    position: float
    softness_hz: float
    damping: float
    ring_s: float
    release_s: float
    range_db: float


def acoustic_guitar(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A steel- or nylon-string guitar: strings, and a body with two low resonances that can boom.

    Returns:
        (1, samples)
    """
    is_nylon = happens(rng, 0.3)
    strings = _Strings(
        position=float(rng.uniform(0.08, 0.4)),
        softness_hz=between(rng, 500.0, 2000.0) if is_nylon else between(rng, 800.0, 4500.0),
        damping=float(rng.uniform(0.3, 0.5)) if is_nylon else float(rng.uniform(0.15, 0.5)),
        ring_s=between(rng, 0.6, 4.0),
        release_s=between(rng, 0.05, 0.4),
        range_db=float(rng.uniform(4.0, 16.0)),
    )
    out = _play(notes, strings, rng, sample_rate, num_samples)
    return equalised(
        out,
        bell(sample_rate, between(rng, 90.0, 125.0), float(rng.uniform(2.0, 10.0)), 4.0),
        bell(sample_rate, between(rng, 180.0, 250.0), float(rng.uniform(1.0, 7.0)), 4.0),
        bell(sample_rate, between(rng, 1500.0, 4500.0), float(rng.uniform(-6.0, 5.0)), 1.0),
        passing(sample_rate, "highpass", 65.0),
    )[None]


def harp(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A harp or another softly plucked instrument that rings on.

    Returns:
        (1, samples)
    """
    strings = _Strings(
        float(rng.uniform(0.3, 0.5)),
        between(rng, 900.0, 4000.0),
        float(rng.uniform(0.1, 0.4)),
        between(rng, 1.5, 5.0),
        between(rng, 0.5, 2.0),
        float(rng.uniform(8.0, 20.0)),
    )
    return _play(notes, strings, rng, sample_rate, num_samples)[None]


def electric_guitar(
    notes: Notes, rng: Generator, sample_rate: int, num_samples: int, *, drive: tuple[float, float]
) -> Array:
    """An electric guitar: strings, pickup, a valve stage, a loudspeaker.

    Args:
        notes: what is played.
        rng: guitar and amplifier.
        sample_rate, num_samples: of the track.
        drive: range of the gain into the valve; 1 is clean, 100 is metal.

    Returns:
        (1, samples)
    """
    strings = _Strings(
        position=float(rng.uniform(0.06, 0.3)),
        softness_hz=between(rng, 3500.0, 12000.0),
        damping=float(rng.uniform(0.05, 0.45)),
        ring_s=between(rng, 0.8, 5.0),
        release_s=between(rng, 0.03, 0.15),
        range_db=float(rng.uniform(3.0, 12.0)),
    )
    raw = _play(notes, strings, rng, sample_rate, num_samples)
    pickup = equalised(
        raw,
        passing(sample_rate, "lowpass", between(rng, 1500.0, 7000.0)),
        passing(sample_rate, "highpass", between(rng, 70.0, 300.0), order=1),
    )
    pickup /= peak(pickup)
    gain = between(rng, *drive)
    bias = 0.05  # a valve is not symmetric; at rest it is silent all the same
    driven = saturate(pickup + bias, gain) - np.tanh(gain * bias) / np.tanh(gain)
    return equalised(
        driven,
        passing(sample_rate, "lowpass", between(rng, 2800.0, 6500.0)),
        bell(sample_rate, between(rng, 1800.0, 3600.0), float(rng.uniform(-2.0, 8.0)), 1.2),
        bell(sample_rate, between(rng, 90.0, 160.0), float(rng.uniform(0.0, 6.0)), 2.0),
        passing(sample_rate, "highpass", between(rng, 60.0, 110.0)),
    )[None]


def electric_bass(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A bass guitar with fingers, pick or thumb, straight in or through a growling amplifier.

    Returns:
        (1, samples)
    """
    is_slapped = happens(rng, 0.2)
    strings = _Strings(
        position=float(rng.uniform(0.04, 0.12)) if is_slapped else float(rng.uniform(0.1, 0.4)),
        softness_hz=between(rng, 3000.0, 9000.0) if is_slapped else between(rng, 250.0, 4000.0),
        damping=float(rng.uniform(0.1, 0.45)),
        ring_s=between(rng, 1.0, 6.0),
        release_s=between(rng, 0.03, 0.2),
        range_db=float(rng.uniform(4.0, 16.0)),
    )
    out = _play(notes, strings, rng, sample_rate, num_samples)
    out /= peak(out)
    if happens(rng, 0.4):
        out = saturate(out, between(rng, 1.0, 8.0))
    return filtered(out, sample_rate, "lowpass", between(rng, 1200.0, 9000.0))[None]


def double_bass(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A plucked double bass: soft, short, woody.

    Returns:
        (1, samples)
    """
    strings = _Strings(
        float(rng.uniform(0.15, 0.4)),
        between(rng, 250.0, 1200.0),
        float(rng.uniform(0.3, 0.5)),
        between(rng, 0.5, 1.6),
        between(rng, 0.05, 0.2),
        float(rng.uniform(6.0, 16.0)),
    )
    out = _play(notes, strings, rng, sample_rate, num_samples)
    return equalised(out, bell(sample_rate, between(rng, 90.0, 220.0), float(rng.uniform(0.0, 8.0)), 3.0))[
        None
    ]


def _play(notes: Notes, strings: _Strings, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    out = np.zeros(num_samples)
    for onset_s, length_s, pitch, velocity in zip(
        notes.onset_s, notes.length_s, notes.pitch, notes.velocity, strict=True
    ):
        frequency_hz = float(pitch_hz(pitch)) * 2.0 ** (float(rng.normal(0.0, 3.0)) / 1200.0)
        ring_s = strings.ring_s * np.sqrt(260.0 / frequency_hz)
        start, size = room_for(
            float(onset_s), min(float(length_s) + strings.release_s, ring_s), sample_rate, num_samples
        )
        if size < 64:
            continue
        note = np.zeros(size)
        period = sample_rate / frequency_hz
        pluck = _excitation(period, strings, float(velocity), rng, sample_rate)
        gain = 10.0 ** (strings.range_db * (float(velocity) - 1.0) / 20.0)
        feedback = 10.0 ** (-3.0 / (ring_s * frequency_hz))
        pluck_string(note, 0, size, pluck, period, strings.damping, feedback, gain)
        out[start : start + size] += note * _let_go(size, sample_rate, float(length_s), strings.release_s)
    return out


def _let_go(num_samples: int, sample_rate: int, held_s: float, release_s: float) -> Array:
    time = np.arange(num_samples) / sample_rate
    envelope = 10.0 ** (-3.0 * np.maximum(time - held_s, 0.0) / release_s)
    return np.asarray(envelope * np.minimum((num_samples - np.arange(num_samples)) / 128.0, 1.0))


def _excitation(period: float, strings: _Strings, velocity: float, rng: Generator, sample_rate: int) -> Array:
    # One period of noise; a string plucked at a share p of its length lacks the harmonics 1/p, 2/p, …,
    # which is a comb of p periods. A harder stroke is brighter.
    size = int(period) + 1
    burst = rng.uniform(-1.0, 1.0, size)
    delay = max(1, int(strings.position * period))
    comb = burst - np.concatenate([np.zeros(delay), burst])[:size]
    softness_hz = min(strings.softness_hz * (0.35 + 0.65 * velocity), 0.45 * sample_rate)
    padded = np.concatenate([comb, np.zeros(size // 2)])
    soft = filtered(padded, sample_rate, "lowpass", softness_hz, order=1)
    return np.asarray(soft / max(float(np.sqrt(np.mean(soft**2))), 1e-9) * 0.3)

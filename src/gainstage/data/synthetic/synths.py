"""Synthesisers: leads, arpeggios, pads, basses: detuned oscillators, a filter that opens, an envelope."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import HOP, Array, add_unison, num_controls
from gainstage.data.synthetic.resonators import sweep_lowpass
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import (
    adsr,
    cycle,
    harmonics,
    peak,
    pitch_hz,
    rolled_off,
    room_for,
    saturate,
    vibrato,
)
from gainstage.data.synthetic.streams import between, happens


@dataclass(frozen=True)
class Patch:
    """A sound of a synthesiser.

    Args:
        shape, pulse: the wave, as in `harmonics`.
        voices: oscillators a note.
        detune_cents: between the outer ones.
        spread: how far they stand apart in the stereo image, 0 … 1.
        dark, bright: cut-off of the filter closed and open, as multiples of the pitch.
        open_s: how fast the filter closes after the attack.
        attack_s, decay_s, sustain, release_s: envelope.
        vibrato_cents: depth.
        range_db: level between the softest and the hardest note.
    """

    shape: str
    pulse: float
    voices: int
    detune_cents: float
    spread: float
    dark: float
    bright: float
    open_s: float
    attack_s: float
    decay_s: float
    sustain: float
    release_s: float
    vibrato_cents: float
    range_db: float


def lead(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A lead or arpeggio: from a soft flute-like sine to a wide, driven stack of saws.

    Returns:
        (2, samples)
    """
    is_plucked = happens(rng, 0.4)
    patch = Patch(
        shape=str(rng.choice(("saw", "saw", "pulse", "pulse", "triangle", "sine"))),
        pulse=float(rng.uniform(0.1, 0.5)),
        voices=int(rng.choice((1, 1, 2, 3, 5))),
        detune_cents=between(rng, 4.0, 40.0),
        spread=float(rng.uniform(0.1, 1.0)),
        dark=between(rng, 1.5, 16.0),
        bright=between(rng, 6.0, 80.0),
        open_s=between(rng, 0.04, 1.0),
        attack_s=between(rng, 0.002, 0.04),
        decay_s=between(rng, 0.06, 0.5),
        sustain=float(rng.uniform(0.0, 0.3)) if is_plucked else float(rng.uniform(0.4, 1.0)),
        release_s=between(rng, 0.02, 0.3),
        vibrato_cents=0.0 if is_plucked else float(rng.uniform(0.0, 35.0)),
        range_db=float(rng.uniform(3.0, 16.0)),
    )
    out = play(notes, patch, rng, sample_rate, num_samples)
    if happens(rng, 0.4):
        out = saturate(out / peak(out), between(rng, 1.0, 8.0))
    return out


def pad(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A pad: slow, wide, filtered.

    Returns:
        (2, samples)
    """
    patch = Patch(
        shape=str(rng.choice(("saw", "saw", "pulse", "triangle"))),
        pulse=float(rng.uniform(0.2, 0.5)),
        voices=int(rng.integers(2, 5)),
        detune_cents=between(rng, 6.0, 30.0),
        spread=float(rng.uniform(0.5, 1.0)),
        dark=between(rng, 1.5, 9.0),
        bright=between(rng, 4.0, 30.0),
        open_s=between(rng, 0.5, 3.0),
        attack_s=between(rng, 0.03, 0.9),
        decay_s=between(rng, 0.5, 3.0),
        sustain=float(rng.uniform(0.5, 1.0)),
        release_s=between(rng, 0.1, 0.8),
        vibrato_cents=float(rng.uniform(0.0, 8.0)),
        range_db=float(rng.uniform(3.0, 18.0)),
    )
    out = play(notes, patch, rng, sample_rate, num_samples)
    time = np.arange(num_controls(num_samples)) * (HOP / sample_rate)
    if happens(rng, 0.5):  # a foot on the volume pedal
        swell_db = float(rng.uniform(2.0, 9.0)) * np.sin(2.0 * np.pi * between(rng, 0.05, 0.3) * time)
        out *= np.interp(np.arange(num_samples), np.arange(len(time)) * HOP, 10.0 ** (swell_db / 20.0))
    if happens(rng, 0.4):  # a filter that breathes over the whole track
        rate_hz, low_hz, ratio = between(rng, 0.05, 0.5), between(rng, 300.0, 1000.0), between(rng, 2.0, 8.0)
        sweep_hz = low_hz * ratio ** (0.5 + 0.5 * np.sin(2.0 * np.pi * rate_hz * time))
        cutoff = np.tan(np.pi * np.minimum(sweep_hz, 0.45 * sample_rate) / sample_rate)
        for channel in out:
            sweep_lowpass(channel, cutoff, float(rng.uniform(0.6, 2.5)))
    return out


def bass(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """A synthesised bass: a saw or pulse behind a closing filter over a sine, or nearly a sine.

    Returns:
        (1, samples)
    """
    patch = Patch(
        shape=str(rng.choice(("saw", "pulse", "triangle", "sine"))),
        pulse=float(rng.uniform(0.2, 0.5)),
        voices=int(rng.choice((1, 1, 2))),
        detune_cents=between(rng, 3.0, 15.0),
        spread=0.0,
        dark=between(rng, 1.0, 3.0),
        bright=between(rng, 2.0, 25.0),
        open_s=between(rng, 0.05, 0.5),
        attack_s=between(rng, 0.002, 0.02),
        decay_s=between(rng, 0.1, 1.0),
        sustain=float(rng.uniform(0.05, 0.8)),
        release_s=between(rng, 0.02, 0.15),
        vibrato_cents=0.0,
        range_db=float(rng.uniform(2.0, 8.0)),
    )
    out = play(notes, patch, rng, sample_rate, num_samples)[:1]
    return saturate(out / peak(out), between(rng, 0.3, 5.0))


def play(notes: Notes, patch: Patch, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Play notes with a patch.

    Returns:
        (2, samples)
    """
    out = np.zeros((2, num_samples))
    places = np.linspace(-1.0, 1.0, patch.voices) if patch.voices > 1 else np.zeros(1)
    gains = np.stack([1.0 - patch.spread * places, 1.0 + patch.spread * places]) / np.sqrt(patch.voices)
    detune = 2.0 ** (0.5 * patch.detune_cents * places / 1200.0)
    for onset_s, length_s, pitch, velocity in zip(
        notes.onset_s, notes.length_s, notes.pitch, notes.velocity, strict=True
    ):
        start, size = room_for(
            float(onset_s), float(length_s) + 4.0 * patch.release_s, sample_rate, num_samples
        )
        if size < 64:
            continue
        level = adsr(
            size,
            sample_rate,
            attack_s=patch.attack_s,
            decay_s=patch.decay_s,
            sustain=patch.sustain,
            held_s=float(length_s),
            release_s=patch.release_s,
        )
        level *= 10.0 ** (patch.range_db * (float(velocity) - 1.0) / 20.0)
        time = np.arange(len(level)) * (HOP / sample_rate)
        blend = np.exp(-time / patch.open_s) * (0.3 + 0.7 * float(velocity))
        wobble = vibrato(size, sample_rate, rng, cents=patch.vibrato_cents, rate_hz=5.3, delay_s=0.2)
        frequency_hz = float(pitch_hz(pitch))
        tables = _tables(patch, frequency_hz, sample_rate)
        steps = frequency_hz * detune / sample_rate
        add_unison(out, start, size, tables, blend, steps, rng.random(patch.voices), gains, wobble, level)
    return out


def _tables(patch: Patch, frequency_hz: float, sample_rate: int) -> Array:
    wave = harmonics(patch.shape, 1.05 * frequency_hz, sample_rate, pulse=patch.pulse)
    dark, bright = (rolled_off(wave, 1.0, cut) for cut in (patch.dark, max(patch.bright, patch.dark)))
    loudest = max(float(np.abs(cycle(bright)).max()), 1e-9)
    return np.stack([cycle(dark), cycle(bright) / loudest])

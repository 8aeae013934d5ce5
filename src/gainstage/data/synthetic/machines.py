"""Sounds of machines that play no scale: the long sliding bass of hip-hop, rises and hits."""

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.recurrences import HOP, Array, num_controls
from gainstage.data.synthetic.resonators import sweep_lowpass
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import filtered, pitch_hz, room_for, saturate, white
from gainstage.data.synthetic.streams import between


def long_bass(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """The long, sliding, driven sine that hip-hop kicks and basses share.

    Returns:
        (1, samples)
    """
    out = np.zeros(num_samples)
    ring_s, drive = between(rng, 0.2, 1.5), between(rng, 0.3, 5.0)
    punch, slide_s = float(rng.uniform(1.0, 4.0)), between(rng, 0.01, 0.12)
    for index, (onset_s, length_s) in enumerate(zip(notes.onset_s, notes.length_s, strict=True)):
        start, size = room_for(float(onset_s), float(length_s) + 0.04, sample_rate, num_samples)
        if size < 64:
            continue
        time = np.arange(size) / sample_rate
        here, before = (float(pitch_hz(notes.pitch[max(index - back, 0)])) for back in (0, 1))
        frequency_hz = (
            here * (before / here) ** np.exp(-time / slide_s) * (1.0 + punch * np.exp(-time / 0.012))
        )
        fade = (
            np.minimum(time / 0.002, 1.0) * np.minimum((time[-1] - time) / 0.03, 1.0) * np.exp(-time / ring_s)
        )
        out[start : start + size] += (
            fade * notes.velocity[index] * np.sin(2.0 * np.pi * np.cumsum(frequency_hz) / sample_rate)
        )
    return saturate(out, drive)[None]


def effects(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Rises (stroke 0: noise behind an opening filter) and hits (stroke 1: a falling boom of noise).

    Returns:
        (2, samples)
    """
    low_hz, ratio, resonance = (
        between(rng, 150.0, 600.0),
        between(rng, 10.0, 50.0),
        float(rng.uniform(0.7, 5.0)),
    )
    out = np.zeros((2, num_samples))
    for onset_s, length_s, stroke, velocity in zip(
        notes.onset_s, notes.length_s, notes.pitch, notes.velocity, strict=True
    ):
        start, size = room_for(float(onset_s), float(length_s), sample_rate, num_samples)
        if size < 64:
            continue
        course = np.linspace(0.0, 1.0, num_controls(size))
        course = course if stroke == 0.0 else (1.0 - course) ** 2
        cutoff = np.tan(np.pi * np.minimum(low_hz * ratio**course, 0.45 * sample_rate) / sample_rate)
        level = np.interp(np.arange(size), np.arange(len(course)) * HOP, course**1.5)
        level *= np.minimum(np.minimum(np.arange(size), np.arange(size)[::-1]) / (0.005 * sample_rate), 1.0)
        for channel in range(2):
            noise = white(rng, size)
            sweep_lowpass(noise, cutoff, resonance)
            out[channel, start : start + size] += velocity * level * noise
    return filtered(out, sample_rate, "highpass", between(rng, 80.0, 600.0))

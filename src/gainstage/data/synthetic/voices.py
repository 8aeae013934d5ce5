"""Singing and rapping by formant synthesis: glottal pulse, breath, a vocal tract that moves (Klatt 1980)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.ndimage import uniform_filter1d

from gainstage.data.synthetic.recurrences import HOP, Array, num_controls
from gainstage.data.synthetic.resonators import glottis, resonate
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.sound import TABLE_SIZE, equalised, filtered, pitch_hz, shelf, white
from gainstage.data.synthetic.speech import VOWELS, Diction, articulate, tract_coefficients
from gainstage.data.synthetic.streams import between, happens

_HISS_HZ = ((4500.0, 10500.0), (2000.0, 6500.0), (1000.0, 9000.0))
_LOWEST_TABLE_HZ, _TABLES = 70.0, 9  # half an octave apart


@dataclass(frozen=True)
class _Singer:
    """A voice.

    Args:
        diction: articulation.
        open_share: share of the cycle in which the glottis is open; larger is softer.
        tilt_hz: the pulse falls faster above; low is dark.
        breath: noise in the tone.
        vibrato_cents, rate_hz, vibrato_delay_s: vibrato.
        scoop: semitones from below which notes are approached.
        glide_s: time between two pitches.
        tone_db: tilt of the whole voice around 2 kHz.
        air: breath above the formants, which a near microphone hears.
    """

    diction: Diction
    open_share: float
    tilt_hz: float
    breath: float
    vibrato_cents: float
    rate_hz: float
    vibrato_delay_s: float
    scoop: float
    glide_s: float
    tone_db: float
    air: float


def lead_vocal(
    notes: Notes, rng: Generator, sample_rate: int, num_samples: int, *, trained: bool = False
) -> Array:
    """One singer, or a rapper where the notes are low and quick.

    Returns:
        (1, samples)
    """
    singer = _draw_singer(notes, rng, trained=trained)
    lyrics = np.random.Generator(np.random.PCG64(int(rng.integers(2**32))))
    return _sing(notes, singer, lyrics, rng, sample_rate, num_samples)[None]


def backing_vocals(notes: Notes, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    """Several singers on the same words, side by side, or "ooh" and "aah".

    Returns:
        (2, samples)
    """
    words = int(rng.integers(2**32))
    simple = ("u", "o", "ɑ", "ʌ")[int(rng.integers(4))]
    vowels = (simple,) if happens(rng, 0.5) else tuple(VOWELS)
    voices = _split(notes)[:4]
    out = np.zeros((2, num_samples))
    spread = float(rng.uniform(0.2, 1.0))
    for index, voice in enumerate(voices):
        singer = _draw_singer(voice, rng, trained=False, vowels=vowels)
        lyrics = np.random.Generator(np.random.PCG64(words))
        side = spread * (2.0 * index / max(len(voices) - 1, 1) - 1.0) * (len(voices) > 1)
        line = _sing(voice, singer, lyrics, rng, sample_rate, num_samples)
        out += line * np.array([[1.0 - 0.8 * side], [1.0 + 0.8 * side]])
    return out


def _split(notes: Notes) -> list[Notes]:
    """Part notes that overlap into voices; each takes the first voice that is free."""
    members: list[list[int]] = []
    free_s: list[float] = []
    for index, (onset_s, end_s) in enumerate(zip(notes.onset_s, notes.end_s(), strict=True)):
        voice = next((v for v, until in enumerate(free_s) if until <= onset_s + 0.03), len(free_s))
        if voice == len(free_s):
            members.append([])
            free_s.append(0.0)
        members[voice].append(index)
        free_s[voice] = float(end_s)
    return [Notes(notes.onset_s[m], notes.length_s[m], notes.pitch[m], notes.velocity[m]) for m in members]


def _draw_singer(
    notes: Notes, rng: Generator, *, trained: bool, vowels: Sequence[str] = tuple(VOWELS)
) -> _Singer:
    is_high = float(np.median(notes.pitch)) > 61.0
    diction = Diction(
        vowels=tuple(vowels),
        consonants=0.0 if len(vowels) == 1 else float(rng.uniform(0.5, 0.95)),
        hiss=between(rng, 0.08, 0.7),
        tract=float(rng.normal(1.17 if is_high else 1.0, 0.035)),
        inhale=between(rng, 0.002, 0.12),
        ring=0.8 if trained else float(rng.uniform(0.0, 0.4)),
        attack_s=between(rng, 0.008, 0.06),
    )
    return _Singer(
        diction=diction,
        open_share=float(rng.uniform(0.35, 0.65)),
        tilt_hz=between(rng, 1200.0, 9000.0),
        breath=between(rng, 0.03, 0.7),
        vibrato_cents=float(rng.uniform(35.0, 70.0)) if trained else float(rng.uniform(0.0, 40.0)),
        rate_hz=float(rng.uniform(4.8, 6.5)),
        vibrato_delay_s=0.05 if trained else float(rng.uniform(0.15, 0.5)),
        scoop=float(rng.uniform(0.0, 2.0)),
        glide_s=between(rng, 0.03, 0.12),
        tone_db=float(rng.uniform(-2.0, 12.0)),
        air=between(rng, 0.002, 0.03),
    )


def _sing(
    notes: Notes, singer: _Singer, lyrics: Generator, rng: Generator, sample_rate: int, num_samples: int
) -> Array:
    mouth = articulate(notes, singer.diction, lyrics, sample_rate, num_samples)
    frequency_hz = _pitch_curve(notes, singer, rng, sample_rate, num_samples)
    choice = np.clip(np.ceil(2.0 * np.log2(frequency_hz / _LOWEST_TABLE_HZ)), 0, _TABLES - 1).astype(np.int64)
    noise = white(rng, num_samples)
    voice = np.zeros(num_samples)
    breath = np.full(len(frequency_hz), singer.breath)
    glottis(_pulses(singer, sample_rate), choice, frequency_hz / sample_rate, breath, noise, voice)
    at, points = np.arange(num_samples), np.arange(len(frequency_hz)) * HOP
    voice *= np.interp(at, points, mouth.voiced)
    voice += 2.0 * np.interp(at, points, mouth.hush) * noise
    resonate(voice, tract_coefficients(mouth.formants_hz, frequency_hz, sample_rate))
    voice /= max(
        float(np.sqrt(np.mean(voice**2)) / np.sqrt(max(float(np.mean(mouth.voiced**2)), 1e-9))), 1e-9
    )
    airy = singer.air * np.interp(at, points, mouth.voiced + 5.0 * mouth.hush)
    voice += airy * filtered(noise, sample_rate, "highpass", 4500.0, order=1)
    for edges, level in zip(_HISS_HZ, mouth.hiss, strict=True):
        if level.any():
            voice += np.interp(at, points, level) * filtered(noise, sample_rate, "bandpass", edges, order=1)
    return equalised(voice, shelf(sample_rate, 2000.0, singer.tone_db))


def _pitch_curve(notes: Notes, singer: _Singer, rng: Generator, sample_rate: int, num_samples: int) -> Array:
    count, per_second = num_controls(num_samples), sample_rate / HOP
    pitch = np.full(count, float(notes.pitch[0]) if len(notes) else 60.0)
    depth = np.zeros(count)
    for onset_s, end_s, note in zip(notes.onset_s, notes.end_s(), notes.pitch, strict=True):
        a, b = int(onset_s * per_second), int(end_s * per_second)
        pitch[a:] = note + float(rng.normal(0.0, 0.08))
        pitch[a : a + int(0.06 * per_second)] -= singer.scoop * float(rng.random())
        held_s = (np.arange(a, min(b, count)) - a) / per_second
        depth[a : min(b, count)] = np.clip((held_s - singer.vibrato_delay_s) / 0.25, 0.0, 1.0)
    smooth = max(3, int(singer.glide_s * per_second))
    pitch = uniform_filter1d(uniform_filter1d(pitch, smooth), smooth)
    time = np.arange(count) / per_second
    wave = np.sin(2.0 * np.pi * singer.rate_hz * time + 0.5 * np.sin(2.0 * np.pi * 0.3 * time))
    unsteady = uniform_filter1d(rng.standard_normal(count), max(3, int(0.04 * per_second)))
    pitch += 0.01 * singer.vibrato_cents * depth * wave + 0.25 * unsteady
    return np.clip(pitch_hz(pitch), 50.0, 1400.0)


def _pulses(singer: _Singer, sample_rate: int) -> Array:
    """Derivative of the glottal flow (Rosenberg 1971, shape B), as tables with fewer and fewer harmonics."""
    time = np.arange(TABLE_SIZE) / TABLE_SIZE
    opening, closing = 0.67 * singer.open_share, 0.33 * singer.open_share
    rising = 0.5 * (1.0 - np.cos(np.pi * time / opening))
    falling = np.cos(0.5 * np.pi * np.clip((time - opening) / closing, 0.0, 1.0))
    flow = np.where(time < opening, rising, falling)
    number = np.arange(TABLE_SIZE // 2 + 1)
    spectrum = np.fft.rfft(flow) * 2j * np.pi * number
    tables = []
    for index in range(_TABLES):
        highest_hz = _LOWEST_TABLE_HZ * 2.0 ** (0.5 * index)
        limited = np.where(number < 0.45 * sample_rate / highest_hz, spectrum, 0.0)
        wave = np.fft.irfft(limited / (1.0 + number * highest_hz / singer.tilt_hz), TABLE_SIZE)
        wave /= np.sqrt(np.mean(wave**2))
        tables.append(np.append(wave, wave[0]))
    return np.stack(tables)

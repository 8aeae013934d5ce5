"""What a singer's mouth does over time: vowels, the consonants before them, breaths; as control curves."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from gainstage.data.synthetic.recurrences import HOP, Array, num_controls
from gainstage.data.synthetic.score import Notes
from gainstage.data.synthetic.streams import happens

# First three formants in Hz of an adult male voice (averages as in Peterson and Barney 1952).
VOWELS = {
    "i": (280.0, 2250.0, 2900.0), "ɪ": (390.0, 1990.0, 2550.0), "ɛ": (530.0, 1840.0, 2480.0),
    "æ": (660.0, 1720.0, 2410.0), "ɑ": (730.0, 1090.0, 2440.0), "ɔ": (570.0, 840.0, 2410.0),
    "o": (450.0, 850.0, 2400.0), "u": (310.0, 870.0, 2240.0), "ʌ": (640.0, 1190.0, 2390.0),
    "ə": (500.0, 1400.0, 2450.0),
}  # fmt: skip
_UPPER = (3400.0, 4400.0)  # fourth and fifth formant, much the same for all vowels
_NASAL = (260.0, 1200.0, 2300.0)
_WIDTHS = (70.0, 90.0, 130.0, 200.0, 280.0)
HISSES = ("s", "sh", "f")


@dataclass(frozen=True)
class Mouth:
    """Control curves of one singer, one value per `HOP` samples.

    Args:
        voiced: level of the voice.
        hush: level of breath that blows without voice: h, inhaling.
        hiss: level of each noise in `HISSES`.
        formants_hz: five resonances.

    Shape: voiced and hush (controls,), hiss (3, controls), formants_hz (controls, 5)
    """

    voiced: Array
    hush: Array
    hiss: Array
    formants_hz: Array


@dataclass(frozen=True)
class Diction:
    """How a singer articulates.

    Args:
        vowels: those in use; one or two for "ooh" and "aah".
        consonants: chance that a note starts with one.
        hiss: level of s, sh and f against the vowels; high means sibilant.
        tract: length of the vocal tract against a man's, as a factor on the formants (women about 1.17).
        inhale: level of audible breaths.
        ring: how far formants 3 to 5 draw together near 2.9 kHz, as in trained voices, 0 … 1.
        attack_s: how fast a note starts.
    """

    vowels: tuple[str, ...]
    consonants: float
    hiss: float
    tract: float
    inhale: float
    ring: float
    attack_s: float


def articulate(
    notes: Notes, diction: Diction, lyrics: Generator, sample_rate: int, num_samples: int
) -> Mouth:
    """Sing a syllable on every note: consonant, vowel, sometimes a second vowel it glides to.

    Args:
        notes: one voice; notes must not overlap.
        diction: the singer.
        lyrics: draws the syllables: two singers with equal lyrics sing the same words.
        sample_rate, num_samples: of the track.
    """
    count = num_controls(num_samples)
    per_second = sample_rate / HOP
    voiced, hush = np.zeros(count), np.zeros(count)
    hiss = np.zeros((len(HISSES), count))
    formants = np.tile(_formants("ə", diction), (count, 1))
    last_end_s = -1.0
    for onset_s, end_s, velocity in zip(notes.onset_s, notes.end_s(), notes.velocity, strict=True):
        vowel, glide = (diction.vowels[int(lyrics.integers(len(diction.vowels)))] for _ in range(2))
        has_glide, kind, length_s = happens(lyrics, 0.25), lyrics.random(), float(lyrics.uniform(0.05, 0.13))
        has_consonant, breathes = happens(lyrics, diction.consonants), happens(lyrics, 0.7)
        a, b = int(onset_s * per_second), min(int((end_s - 0.015) * per_second), count)
        if a >= count or b <= a:
            continue
        formants[max(a - int(0.03 * per_second), 0) :] = _formants(vowel, diction)
        if has_glide:
            formants[(a + 2 * b) // 3 :] = _formants(glide, diction)
        stress = np.exp(-np.arange(b - a) / (0.8 * per_second))  # a syllable starts strong and fades
        voiced[a:b] = (0.45 + 0.55 * velocity) * (0.7 + 0.3 * stress)
        if has_consonant:
            _consonant(kind, a, int(length_s * per_second), velocity, diction, voiced, hush, hiss, formants)
        if onset_s - last_end_s > 0.35 and breathes and diction.inhale > 0.0:
            stop = max(a - int(0.09 * per_second), 0)
            start = max(stop - int(0.28 * per_second), 0)
            hush[start:stop] += diction.inhale * np.sin(np.linspace(0.0, np.pi, stop - start)) ** 2
        last_end_s = float(end_s)
    soft = max(3, int(diction.attack_s * per_second))
    return Mouth(
        uniform_filter1d(uniform_filter1d(voiced, soft), soft),
        uniform_filter1d(hush, 9),
        uniform_filter1d(hiss, 7, axis=1),
        uniform_filter1d(formants, int(0.05 * per_second) | 1, axis=0),
    )


def _formants(vowel: str, diction: Diction) -> Array:
    natural = np.array([*(_NASAL if vowel == "n" else VOWELS[vowel]), *_UPPER])
    drawn = np.array([*natural[:2], 2550.0, 2850.0, 3250.0])
    return np.asarray(diction.tract * (natural + diction.ring * (drawn - natural) * (natural > 2300.0)))


def _consonant(
    kind: float,
    a: int,
    length: int,
    velocity: float,
    diction: Diction,
    voiced: Array,
    hush: Array,
    hiss: Array,
    formants: Array,
) -> None:
    start = max(a - length, 0)
    voiced[start:a] *= 0.0 if kind < 0.7 else 0.5
    level = diction.hiss * (0.4 + 0.6 * velocity)
    if kind < 0.2:  # s
        hiss[0, start:a] += level
    elif kind < 0.3:  # sh
        hiss[1, start:a] += level
    elif kind < 0.45:  # f, th
        hiss[2, start:a] += 0.35 * level
    elif kind < 0.6:  # p, t, k: silence, then a burst
        burst = max(a - 10, 0)
        hiss[int(kind * 1000.0) % 3, burst:a] += 1.3 * level
    elif kind < 0.7:  # h
        hush[start:a] += 0.5 * level
    elif kind < 0.9:  # m, n
        voiced[start:a] = 0.3 * (0.45 + 0.55 * velocity)
        formants[start:a] = _formants("n", diction)
    else:  # l, w, r: the tongue comes from elsewhere
        voiced[start:a] = 0.5 * (0.45 + 0.55 * velocity)
        formants[start:a] = _formants("u", diction)


def tract_coefficients(formants_hz: Array, pitch_hz: Array, sample_rate: int) -> NDArray[np.float64]:
    """Resonators of the vocal tract; the first one never lies below the pitch, as singers arrange it.

    Shape: formants_hz (controls, 5), pitch_hz (controls,) → (controls, 5, 3)
    """
    frequency = formants_hz.copy()
    frequency[:, 0] = np.maximum(frequency[:, 0], 1.05 * pitch_hz)
    frequency[:, 1] = np.maximum(frequency[:, 1], 1.3 * frequency[:, 0])
    frequency = np.minimum(frequency, 0.46 * sample_rate)
    width = np.asarray(_WIDTHS) * (1.0 + 0.0002 * frequency)
    c = -np.exp(-2.0 * np.pi * width / sample_rate)
    b = 2.0 * np.exp(-np.pi * width / sample_rate) * np.cos(2.0 * np.pi * frequency / sample_rate)
    return np.stack([1.0 - b - c, b, c], axis=-1)

"""From the instrument to the file: colour, bleed, noise and hum, stereo placing, uneven levels.

Nothing here is an effect of a mix: tracks stay dry. But a recording has faults, and they are what a mixing
engineer must hear: a resonance, rumble, hiss, another instrument in the microphone, a level 20 dB too low.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gainstage.data.synthetic.recurrences import Array
from gainstage.data.synthetic.sound import (
    add_at,
    bell,
    equalised,
    filtered,
    passing,
    peak,
    power,
    saturate,
    shelf,
    white,
)
from gainstage.data.synthetic.streams import between, happens

Sound = NDArray[np.float32]  # kept for all of a song at once: half the memory

# Chance of a stereo file, and the range of its width (energy of L − R over L + R).
_STEREO = {
    "kick": (0.25, 1e-6, 0.012),
    "snare": (0.3, 1e-5, 0.16),
    "hat": (0.4, 1e-4, 1.2),
    "tom": (0.8, 0.002, 0.5),
    "cymbal": (0.75, 0.01, 1.0),
    "percussion": (0.45, 0.005, 0.4),
    "drums": (0.85, 1e-4, 0.04),
    "bass": (0.3, 1e-6, 0.15),
    "guitar_acoustic": (0.4, 0.005, 0.4),
    "guitar_electric": (0.35, 1e-4, 0.075),
    "piano": (0.85, 0.03, 0.9),
    "organ": (0.7, 0.02, 0.6),
    "keys": (0.7, 0.001, 0.5),
    "synth_lead": (0.65, 0.015, 1.5),
    "pad": (0.95, 0.15, 1.0),
    "strings": (0.85, 0.2, 1.0),
    "brass": (0.6, 0.1, 0.9),
    "wind": (0.3, 0.005, 0.3),
    "lead_vocal": (0.25, 0.002, 0.1),
    "backing_vocal": (0.75, 0.2, 0.8),
    "fx": (0.9, 0.1, 1.0),
}

# What a microphone hears besides its own instrument, with the range of the level in dB against full level.
_BLEED = {
    "kick": (("snare", -42.0, -26.0), ("hat", -56.0, -38.0)),
    "snare": (("hat", -36.0, -18.0), ("kick", -36.0, -20.0), ("cymbal", -38.0, -22.0)),
    "hat": (("snare", -36.0, -20.0), ("cymbal", -36.0, -22.0)),
    "tom": (("snare", -38.0, -22.0), ("kick", -40.0, -24.0), ("hat", -46.0, -30.0), ("cymbal", -38.0, -24.0)),
    "cymbal": (("snare", -26.0, -10.0), ("hat", -28.0, -12.0), ("kick", -34.0, -20.0), ("tom", -24.0, -10.0)),
    "lead_vocal": (("snare", -54.0, -36.0), ("guitar_acoustic", -46.0, -30.0), ("cymbal", -54.0, -38.0)),
    "guitar_acoustic": (("lead_vocal", -46.0, -28.0),),
    "piano": (("lead_vocal", -52.0, -36.0), ("strings", -46.0, -34.0)),
    "strings": (("brass", -40.0, -28.0), ("percussion", -44.0, -30.0), ("snare", -44.0, -30.0)),
    "wind": (("strings", -36.0, -22.0), ("brass", -36.0, -24.0)),
    "brass": (("strings", -40.0, -28.0), ("percussion", -42.0, -28.0)),
}
_HUMS = ("bass", "guitar_electric", "keys", "organ")
_MICROPHONES = (
    "kick",
    "snare",
    "hat",
    "tom",
    "cymbal",
    "percussion",
    "drums",
    "guitar_acoustic",
    "piano",
    "strings",
    "brass",
    "wind",
    "lead_vocal",
    "backing_vocal",
)


def draws_stereo(role: str, rng: Generator) -> bool:
    """Whether this track is a stereo file."""
    return happens(rng, _STEREO[role][0])


def colour(audio: Array, rng: Generator, sample_rate: int) -> Array:
    """Microphone, place and preamplifier: broad peaks and dips, a tilt, in one of three a narrow resonance.

    Shape: (channels, samples)
    """
    chain = [
        passing(sample_rate, "highpass", between(rng, 18.0, 45.0)),
        shelf(sample_rate, between(rng, 500.0, 3000.0), float(rng.normal(0.0, 4.0))),
        bell(sample_rate, between(rng, 120.0, 8000.0), float(rng.normal(0.0, 3.5)), between(rng, 0.6, 2.0)),
    ]
    if happens(rng, 0.33):
        chain.append(
            bell(
                sample_rate,
                between(rng, 150.0, 4000.0),
                float(rng.uniform(4.0, 11.0)),
                between(rng, 4.0, 12.0),
            )
        )
    if happens(rng, 0.12):
        chain.append(passing(sample_rate, "lowpass", between(rng, 6000.0, 14000.0)))
    return equalised(audio, *chain)


def bleed(
    audio: Array, role: str, others: Sequence[tuple[str, Sound]], rng: Generator, sample_rate: int
) -> Array:
    """Add what the microphone hears of other instruments: late, dull and soft.

    Args:
        audio: (channels, samples), peak near 1.
        role: whose microphone it is.
        others: the instruments beside it: role and sound, (1 or 2, samples) with peak 1.
        rng: places.
        sample_rate: in Hz.
    """
    out = audio.copy()
    for source, low_db, high_db in _BLEED.get(role, ()):
        level_db = float(rng.uniform(low_db, high_db))
        late_s, dull_hz = between(rng, 0.001, 0.009), between(rng, 2500.0, 12000.0)
        near = [sound.mean(axis=0, dtype=np.float64) for other, sound in others if other == source]
        if near:
            dull = filtered(np.sum(near, axis=0), sample_rate, "lowpass", dull_hz, order=1)
            add_at(out, int(late_s * sample_rate), dull, 10.0 ** (level_db / 20.0))
    return out


def place(audio: Array, role: str, rng: Generator, sample_rate: int, *, stereo: bool) -> Array:
    """Make the file mono, or stereo with a width that its role has in real recordings.

    Shape: (1 or 2, samples) → (1 or 2, samples)
    """
    _, narrow, wide = _STEREO[role]
    width, tilt = between(rng, narrow, wide), float(rng.uniform(-0.7, 0.7))
    middle = np.asarray(audio.mean(axis=0))
    if not stereo:
        return middle[None]
    side = 0.5 * (audio[0] - audio[-1])
    if power(side) < 1e-5 * power(middle):
        side = _decorrelated(middle, rng, sample_rate)
    middle_power, side_power = power(middle), max(power(side), 1e-15)
    side *= np.sqrt(width * (1.0 - tilt**2) * middle_power / side_power)
    side += tilt * np.sqrt(width) * middle
    return np.asarray(np.stack([middle + side, middle - side]))


def _decorrelated(audio: Array, rng: Generator, sample_rate: int) -> Array:
    out = np.zeros_like(audio)
    for _ in range(4):
        add_at(out, int(sample_rate * between(rng, 0.0008, 0.012)), audio, float(rng.choice((-1.0, 1.0))))
    return out


def add_noise(audio: Array, role: str, rng: Generator, sample_rate: int, *, machine: bool) -> Array:
    """Hiss of a preamplifier, rumble of a floor, hum of a pickup; a machine has hardly any.

    Shape: (channels, samples), peak near 1
    """
    floor_db = float(rng.uniform(-105.0, -85.0) if machine else rng.uniform(-90.0, -56.0))
    rumbles, hums = happens(rng, 0.2), happens(rng, 0.35)
    rumble_db, hum_db = float(rng.uniform(-66.0, -42.0)), float(rng.uniform(-80.0, -54.0))
    noise = white(rng, *audio.shape)
    out = 10.0 ** (floor_db / 20.0) * noise
    out += audio
    if rumbles and not machine and role in _MICROPHONES:
        rumble = filtered(noise, sample_rate, "bandpass", (18.0, 70.0), order=1)
        out += 10.0 ** (rumble_db / 20.0) * 20.0 * rumble
    if hums and not machine and role in _HUMS:
        angle = 2.0 * np.pi * float(rng.choice((50.0, 60.0))) * np.arange(audio.shape[1]) / sample_rate
        hum = np.sin(angle) + 0.6 * np.sin(3.0 * angle) + 0.3 * np.sin(5.0 * angle)
        out += 10.0 ** (hum_db / 20.0) * hum
    return np.asarray(out)


def set_level(audio: Array, rng: Generator, sample_rate: int) -> Array:
    """The level it was recorded at: peaks at −13 ± 12 dBFS; a twentieth clips softly, a twentieth is faint.

    Shape: (channels, samples)
    """
    peak_db, case = float(rng.uniform(-25.0, -1.0)), rng.random()
    out = audio / peak(audio)
    if case < 0.05:  # clipping an uneven wave moves its mean: no DC
        peak_db, out = -0.3, filtered(saturate(out, 2.0), sample_rate, "highpass", 15.0, order=1)
    elif case > 0.95:
        peak_db = float(rng.uniform(-42.0, -28.0))
    fade = int(0.02 * sample_rate)
    out[:, :fade] *= np.linspace(0.0, 1.0, fade)  # no click where the file is cut
    out[:, -fade:] *= np.linspace(1.0, 0.0, fade)
    out *= 10.0 ** (peak_db / 20.0) / peak(out)
    return np.asarray(out)

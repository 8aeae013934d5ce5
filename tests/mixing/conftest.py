"""Small stems to mix."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 44100


def write_stem(path: Path, audio: np.ndarray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio.T, rate, subtype=None if path.suffix == ".ogg" else "PCM_24")


def kick(seconds: float, rate: int = RATE) -> np.ndarray:
    """Decaying thumps, two a second."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.7 * np.sin(2 * np.pi * 55 * (t % 0.5)) * np.exp(-14 * (t % 0.5)))[None]


def pad(seconds: float, rate: int = RATE) -> np.ndarray:
    """A wide chord that swells."""
    t = np.arange(round(seconds * rate)) / rate
    left, right = (sum(np.sin(2 * np.pi * f * d * t) for f in (220, 277, 330, 1318)) for d in (0.999, 1.001))
    return 0.05 * np.stack([left, right]) * (1 + np.sin(2 * np.pi * 0.4 * t))


def noise(seconds: float, rate: int = RATE, *, seed: int = 0) -> np.ndarray:
    """Ticks of noise, eight a second."""
    t = np.arange(round(seconds * rate)) / rate
    return 0.2 * np.random.default_rng(seed).standard_normal((1, t.size)) * np.exp(-40 * (t % 0.125))


@pytest.fixture
def stems(tmp_path: Path) -> Path:
    """Three stems of 3 s: mono and stereo, of two rates and three kinds of file."""
    folder = tmp_path / "song" / "stems"
    write_stem(folder / "Kick.wav", kick(3.0))
    write_stem(folder / "Pad.flac", pad(3.0, 48000), 48000)
    write_stem(folder / "HiHat.wav", noise(2.5))
    return folder

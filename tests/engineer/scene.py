"""Small bands of noise and tones as tracks, so that what an engineer should hear is known."""

from functools import cache

import numpy as np
import torch
from scipy.signal import butter, sosfilt
from torch import Tensor

from gainstage.dsp.features import FeatureMeter
from gainstage.engineer.decision import StripDecision
from gainstage.engineer.hear import hear
from gainstage.engineer.hearing import HeardTrack
from gainstage.engineer.rules import RulesEngineer

RATE = 44100
SECONDS = 6.0


@cache
def band(low_hz: float, high_hz: float, seed: int = 0, seconds: float = SECONDS) -> Tensor:
    """Noise between two frequencies, mono."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    sos = butter(4, [low_hz, high_hz], "bandpass", fs=RATE, output="sos")
    return torch.from_numpy(0.1 * sosfilt(sos, white)).float()[None]


def beats(audio: Tensor, per_second: float = 2.0, decay_ms: float = 80.0, start_s: float = 0.0) -> Tensor:
    """The same sound as strokes."""
    time = (torch.arange(audio.shape[1]) / RATE - start_s) % (1.0 / per_second)
    return audio * torch.exp(-1000.0 * time / decay_ms)


def peak(audio: Tensor, hz: float, q: float, gain_db: float) -> Tensor:
    """The same sound through a resonance (RBJ peak)."""
    amplitude, omega = 10.0 ** (gain_db / 40.0), 2.0 * np.pi * hz / RATE
    alpha = np.sin(omega) / (2.0 * q)
    cosine = -2.0 * np.cos(omega)
    section = [
        1 + alpha * amplitude,
        cosine,
        1 - alpha * amplitude,
        1 + alpha / amplitude,
        cosine,
        1 - alpha / amplitude,
    ]
    sos = np.array([section]) / section[3]
    return torch.from_numpy(sosfilt(sos, audio.double().numpy())).float()


def track(role: str, audio: Tensor, content_hash: str = "") -> HeardTrack:
    """A track as an engineer gets it."""
    meter = FeatureMeter(audio.shape[0], sample_rate=RATE)
    meter.update(audio)
    return HeardTrack(role, meter.result(), content_hash)


@cache
def small_band() -> tuple[HeardTrack, ...]:
    """Kick, bass, two guitars, a stereo pad, a voice and a hat."""
    pad = torch.cat([band(200, 4000, 5), 0.7 * band(200, 4000, 6)])
    return (
        track("kick", beats(band(40, 120, 1), 2.0), "c"),
        track("bass", beats(band(50, 400, 2), 4.0, 200.0), "a"),
        track("guitar_electric", beats(band(150, 3000, 3), 3.0, 150.0), "f"),
        track("guitar_electric", beats(band(200, 5000, 4), 3.0, 150.0), "b"),
        track("pad", pad, "e"),
        track("lead_vocal", beats(band(150, 7000, 7), 1.0, 500.0), "d"),
        track("hat", beats(band(5000, 14000, 8), 4.0, 40.0), "g"),
    )


def decide(*tracks: HeardTrack, style: int | None = None) -> tuple[StripDecision, ...]:
    """The rules engineer's strips for a band."""
    return RulesEngineer(style).decide(hear(tracks)).tracks

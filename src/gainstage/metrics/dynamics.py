"""Level over time: peaks against loudness, spread, and how fast loud and soft follow each other (MLDR)."""

import math

import torch
from torch import Tensor

from gainstage.dsp.gating import ABSOLUTE_GATE_LUFS
from gainstage.dsp.loudness import SHORT_TERM_HOPS, hop_length, short_term_loudness
from gainstage.kernels.biquad import biquad_cascade

FRAME, HOP = 4096, 1024
QUIET_DB = -60.0  # frames that much below the loudest one are pauses
MLDR_MS = ((50.0, 1000.0), (100.0, 2000.0))
_FLOOR = 1e-8


def rms_dbfs(audio: Tensor) -> Tensor:
    """Level of both channels together; −80 for silence. Shape: (..., 2, samples) → (...)"""
    return 10.0 * torch.log10(audio.square().mean((-2, -1)).double().clamp(min=_FLOOR))


def crest_db(audio: Tensor) -> Tensor:
    """Largest sample over RMS level, in dB. Shape: (..., 2, samples) → (...)"""
    peak = audio.abs().amax((-2, -1)).double().clamp(min=math.sqrt(_FLOOR))
    return 20.0 * torch.log10(peak) - rms_dbfs(audio)


def peak_to_short_term_db(audio: Tensor, *, sample_rate: int) -> Tensor:
    """PSR: largest sample over short-term loudness of the same 3 s, the median over the song.

    Windows below −70 LUFS do not count.

    Shape: (batch, 2, samples) → (batch,); NaN if shorter than 3 s or silent
    """
    hop = hop_length(sample_rate)
    loudness = short_term_loudness(audio, sample_rate=sample_rate)  # (batch, windows)
    if loudness.shape[-1] == 0:
        return loudness.sum(-1) + math.nan
    whole = audio.shape[-1] // hop * hop
    peaks = audio[..., :whole].abs().amax(-2).unflatten(-1, (-1, hop)).amax(-1).double()
    peaks = peaks.unfold(-1, SHORT_TERM_HOPS, 1).amax(-1)
    psr = 20.0 * torch.log10(peaks.clamp(min=1e-10)) - loudness
    return torch.where(loudness > ABSOLUTE_GATE_LUFS, psr, math.nan).nanmedian(-1).values


def dynamic_spread_db(audio: Tensor) -> Tensor:
    """Mean distance of the level of frames (4096 samples, every 1024) from their mean, pauses left out.

    Shape: (batch, 2, samples) → (batch,), dB; 0 if shorter than a frame

    References: Vickers, "Automatic long-term loudness and dynamics matching", AES 111, 2001, section 3
        (p = 1).
    """
    power = audio.square().mean(-2)
    if power.shape[-1] < FRAME:
        return power.sum(-1).double() * 0.0
    level_db = 10.0 * torch.log10(power.unfold(-1, FRAME, HOP).mean(-1).double().clamp(min=1e-20))
    counted = level_db >= level_db.amax(-1, keepdim=True) + QUIET_DB
    number = counted.sum(-1)
    mean_db = torch.where(counted, level_db, 0.0).sum(-1) / number
    away_db = (level_db - mean_db[:, None]).abs()
    return torch.where(counted, away_db, 0.0).sum(-1) / number


def mldr(estimate: Tensor, target: Tensor, *, sample_rate: int) -> Tensor:
    """Multi-scale loudness dynamic range: how far a fast level stands above a slow one, compared over time.

    Σ over (τs, τl) of mean |d(x̂) − d(y)|, d(x) = ln avg_τs(x²) − ln avg_τl(x²) advanced by (τl − τs)/2, so
    that both averages look at the same moment. x² is floored at 1e-8.

    Shape: (batch, samples) twice → (batch,)

    Raises:
        ValueError: shorter than 1 s.

    References: Yu et al., "DiffVox: a differentiable model for capturing and analysing vocal effects
        distributions", DAFx 2025, section 4.2.
    """
    if estimate.shape[-1] < sample_rate:
        raise ValueError(f"MLDR compares at least 1 s, got {estimate.shape[-1]} samples at {sample_rate} Hz")
    total = torch.zeros(estimate.shape[0], dtype=torch.float64)
    for fast_ms, slow_ms in MLDR_MS:
        ranges = [_dynamic_range(audio, fast_ms, slow_ms, sample_rate) for audio in (estimate, target)]
        total = total + (ranges[0] - ranges[1]).abs().mean(-1)
    return total


def _dynamic_range(audio: Tensor, fast_ms: float, slow_ms: float, sample_rate: int) -> Tensor:
    power = audio.double().square().clamp(min=_FLOOR)
    fast, slow = (_smoothed(power, ms, sample_rate).log() for ms in (fast_ms, slow_ms))
    ahead = round((slow_ms - fast_ms) / 2000.0 * sample_rate)
    return fast[..., : fast.shape[-1] - ahead] - slow[..., ahead:]


def _smoothed(power: Tensor, time_ms: float, sample_rate: int) -> Tensor:
    """One-pole average a[n] = (1 − α)·x[n] + α·a[n − 1], α = exp(−1/(τ·fs)), from silence."""
    keep = math.exp(-1000.0 / (time_ms * sample_rate))
    rows = power.shape[0]
    section = torch.tensor([1.0 - keep, 0.0, 0.0, -keep, 0.0], dtype=torch.float64)
    state = torch.zeros(rows, 1, 1, 2, dtype=torch.float64)
    averaged, _ = biquad_cascade(power[:, None], section.expand(rows, 1, 1, 5), state)
    return averaged[:, 0]

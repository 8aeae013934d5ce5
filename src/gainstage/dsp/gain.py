"""Gains: dB and amplitude, faders that reach silence, and ramps between the points of the control grid."""

import math

import torch
from torch import Tensor

from gainstage.kernels.grid import GRID

_NEPER_PER_DB = math.log(10.0) / 20.0


def db_to_gain(level_db: Tensor) -> Tensor:
    """Amplitude factor of a level: 10^(dB/20); 0 dB is exactly 1.

    Args:
        level_db: in dB.

    Shape: any → the same.
    """
    return torch.exp(level_db * _NEPER_PER_DB)


def gain_to_db(gain: Tensor, *, floor_db: float = -200.0) -> Tensor:
    """Level of an amplitude factor: 20·log10 |gain|.

    Args:
        gain: amplitude factor; the sign is ignored.
        floor_db: what silence reads, so that neither the value nor its gradient is infinite. Below it the
            gradient is 0.

    Shape: any → the same.
    """
    return torch.log(gain.abs().clamp(min=10.0 ** (floor_db / 20.0))) / _NEPER_PER_DB


def fader_gain(gain_db: Tensor, low_db: float) -> Tensor:
    """Amplitude factor of a fader whose lower end is silence.

    Straight through: at the lower end the value is exactly 0, yet its gradient is that of 10^(dB/20) there.
    With the true gradient, 0, a track that was once pulled down could never come back.

    Args:
        gain_db: position of the fader in dB.
        low_db: lower end of its travel in dB (−60); there and below, the fader is off.

    Shape: any → the same.
    """
    gain = db_to_gain(gain_db)
    return gain - torch.where(gain_db <= low_db, gain, 0.0).detach()


def ramp(points: Tensor, offset: int, num_samples: int) -> Tensor:
    """Interpolate values on the control grid linearly to one value a sample.

    A sample's value depends only on its two grid points and its place between them, so a signal rendered in
    pieces gets the same values as one rendered whole, and equal points give exactly that number.

    Args:
        points: values every 64 samples, or a single one (constant).
        offset: samples (0 … 63) between the first point and the first sample.
        num_samples: length of the result.

    Shape: (..., points) → (..., samples); for a single point a view that takes no memory.
    """
    if points.shape[-1] == 1:
        return points.expand(*points.shape[:-1], num_samples)
    place = torch.arange(GRID, dtype=points.dtype, device=points.device) / GRID
    left, step = points[..., :-1, None], points.diff(dim=-1)[..., None]
    return (left + step * place).flatten(-2)[..., offset : offset + num_samples]


def apply_gain(audio: Tensor, gain: Tensor, *, offset: int = 0) -> Tensor:
    """Multiply audio by a gain that is constant or moves along the control grid.

    Args:
        audio: the signal.
        gain: amplitude factors at the grid points, the same for all channels; taken to the dtype of the audio
            only here, after whatever was computed in float64.
        offset: samples (0 … 63) between the first point and the first sample.

    Shape: audio (..., channels, samples), gain (..., points) → (..., channels, samples)
    """
    gain = gain.to(audio.dtype).unsqueeze(-2)
    return audio * ramp(gain, offset, audio.shape[-1])

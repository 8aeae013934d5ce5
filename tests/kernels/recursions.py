"""The recurrences as slow float64 loops, written from their definition: what the kernels are held to."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Doubles = NDArray[np.float64]


def at_sample(points: Doubles, n: int, offset: int) -> Doubles:
    """What is known at grid points, straight between them."""
    if len(points) == 1:
        return points[0]
    left, place = divmod(offset + n, 64)
    return points[left] + place / 64 * (points[left + 1] - points[left])


def biquad_cascade(
    audio: Tensor, coefficients: Tensor, state: Tensor, *, offset: int = 0
) -> tuple[Tensor, Tensor]:
    """Transposed direct form II, section after section."""
    out, state = audio.double().clone(), state.clone()
    for row in range(audio.shape[0]):
        points = coefficients[row].detach().numpy()
        for channel in range(audio.shape[1]):
            for section in range(points.shape[1]):
                s1, s2 = state[row, channel, section].tolist()
                signal = out[row, channel].numpy()
                for n in range(len(signal)):
                    b0, b1, b2, a1, a2 = at_sample(points, n, offset)[section]
                    x = signal[n]
                    y = signal[n] = b0 * x + s1
                    s1, s2 = b1 * x - a1 * y + s2, b2 * x - a2 * y
                state[row, channel, section] = torch.tensor([s1, s2], dtype=torch.float64)
    return out, state


def reduction_wanted(level_db: float, threshold_db: float, slope: float, knee_db: float) -> float:
    """The static curve in its three pieces."""
    over = level_db - threshold_db
    if 2.0 * over <= -knee_db:
        return 0.0
    if 2.0 * over >= knee_db:
        return slope * over
    return slope * (over + knee_db / 2.0) ** 2 / (2.0 * knee_db)


def compress(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    *,
    detector: str,
    rms_coefficient: float,
    offset: int = 0,
) -> tuple[Tensor, Tensor]:
    """Level, gain computer, branching one-pole, gain."""

    def wanted(level_db: float, held: float, point: Doubles) -> tuple[float, float]:
        return reduction_wanted(level_db, *point[:3]), held

    return _dynamics(audio, key, controls, state, wanted, detector, rms_coefficient, offset)


def expand(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    *,
    hold_samples: int,
    detector: str,
    rms_coefficient: float,
    offset: int = 0,
) -> tuple[Tensor, Tensor]:
    """The same below the threshold, with a counter of the samples that it is still held open."""

    def wanted(level_db: float, held: float, point: Doubles) -> tuple[float, float]:
        threshold_db, slope, range_db = point[:3]
        if level_db >= threshold_db:
            return 0.0, hold_samples
        if held > 0:
            return 0.0, max(held - 1, 0)
        return min(slope * (threshold_db - level_db), range_db), 0.0

    return _dynamics(audio, key, controls, state, wanted, detector, rms_coefficient, offset)


def _dynamics(
    audio: Tensor,
    key: Tensor | None,
    controls: Tensor,
    state: Tensor,
    wanted: Callable[[float, float, Doubles], tuple[float, float]],
    detector: str,
    rms_coefficient: float,
    offset: int,
) -> tuple[Tensor, Tensor]:
    out, state = audio.double().clone(), state.clone()
    listened = (audio if key is None else key).double().numpy()
    for row in range(audio.shape[0]):
        s, mean, held = state[row].tolist()
        for n in range(audio.shape[2]):
            point = at_sample(controls[row].numpy(), n, offset)
            rise, fall, makeup_db, mix = point[3:]
            power = float(np.max(listened[row, :, n] ** 2))
            if detector == "rms":
                power = float(np.mean(listened[row, :, n] ** 2))
                mean = power = rms_coefficient * mean + (1.0 - rms_coefficient) * power
            level_db = 10.0 * math.log10(power) if power > 1e-12 else -120.0
            g, held = wanted(level_db, held, point)
            a = rise if g > s else fall
            s = a * s + (1.0 - a) * g
            out[row, :, n] *= mix * 10.0 ** ((makeup_db - s) / 20.0) + 1.0 - mix
        state[row] = torch.tensor([s, mean, held], dtype=torch.float64)
    return out, state


def snr_db(estimate: Tensor, truth: Tensor) -> float:
    """How far the error lies below the truth."""
    error = (estimate.double() - truth.double()).square().sum()
    return float(10.0 * torch.log10(truth.double().square().sum() / (error + 1e-300)))

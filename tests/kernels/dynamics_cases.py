"""Compressor and gate as the tests of their kernel call them: programme, settings, three ways to compute."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gainstage.kernels import block_dynamics, dynamics
from gainstage.kernels.grid import num_points
from tests.kernels import recursions

Arguments = dict[str, Any]
Results = tuple[Tensor, Tensor]

# Threshold, slope, knee or range, rise, fall, make-up, mix: settings with attacks slower than releases too.
_CONTROLS = {
    "compress": ([-40.0, 0.1, 0.0, 0.8, 0.85, 0.0, 0.1], [-6.0, 0.95, 20.0, 0.99, 0.995, 12.0, 1.0]),
    "expand": ([-30.0, 0.2, 4.0, 0.85, 0.8, 0.0, 0.1], [-3.0, 6.0, 30.0, 0.995, 0.99, 12.0, 1.0]),
}


def arguments(
    rows: int = 3,
    channels: int = 2,
    samples: int = 700,
    *,
    law: str = "compress",
    key_channels: int = 0,
    detector: str = "peak",
    moving: bool = False,
    offset: int = 13,
    dtype: torch.dtype = torch.float64,
) -> Arguments:
    """Programme that swells across the thresholds."""
    points = num_points(samples, offset) if moving else 1
    low, high = (torch.tensor(ends, dtype=torch.float64) for ends in _CONTROLS[law])
    swell = 0.03 + torch.linspace(0.0, 7.0, samples, dtype=torch.float64).sin().square()
    key = torch.randn(rows, key_channels, samples, dtype=torch.float64) * swell if key_channels else None
    state = torch.rand(rows, 3, dtype=torch.float64)
    # Samples left to hold: between two whole numbers, where finite differences work.
    state[:, 2] = torch.arange(rows) + 0.5 if law == "expand" else 0.0
    return {
        "audio": (0.5 * torch.randn(rows, channels, samples, dtype=torch.float64) * swell).to(dtype),
        "key": key if key is None else key.to(dtype),
        "controls": low + (high - low) * torch.rand(rows, points, 7, dtype=torch.float64),
        "state": state,
        "detector": detector,
        "rms_coefficient": 0.97,
        "offset": offset,
    } | ({"hold_samples": 5} if law == "expand" else {})


def compiled(**args: Any) -> Results:
    """The kernel; the gate's if there is a hold."""
    return (dynamics.expand if "hold_samples" in args else dynamics.compress)(**args)


def in_blocks(**args: Any) -> Results:
    """The same in plain torch."""
    return (block_dynamics.expand if "hold_samples" in args else block_dynamics.compress)(**args)


def slow(**args: Any) -> Results:
    """The truth."""
    return (recursions.expand if "hold_samples" in args else recursions.compress)(**args)


def with_signals(args: Arguments, signals: list[Tensor]) -> Arguments:
    """The arguments with their tensors replaced, in order."""
    names = [name for name, value in args.items() if isinstance(value, Tensor)]
    return args | dict(zip(names, signals, strict=True))


def tensors(args: Arguments) -> list[Tensor]:
    return [value for value in args.values() if isinstance(value, Tensor)]


def gradients(function: Callable[..., tuple[Tensor, Tensor]], args: Arguments) -> tuple[Tensor, ...]:
    """Of a random linear loss on output and last state, to audio, key if there is one, controls and state."""
    leaves = [value.clone().requires_grad_() for value in tensors(args)]
    out, state = function(**with_signals(args, leaves))
    generator = torch.Generator().manual_seed(7)
    weights = [
        torch.randn(t.shape, generator=generator, dtype=torch.float64).to(t.dtype) for t in (out, state)
    ]
    return torch.autograd.grad([out, state], leaves, weights)


every_law = pytest.mark.parametrize("law", ["compress", "expand"])
every_form = pytest.mark.parametrize(
    "form",
    [
        {"detector": "peak"},
        {"detector": "rms"},
        {"detector": "peak", "moving": True, "key_channels": 1},
        {"detector": "rms", "moving": True, "key_channels": 2},
        {"detector": "rms", "channels": 1, "key_channels": 2},
        {"detector": "peak", "channels": 1, "moving": True},
        {"law": "expand"},
        {"law": "expand", "detector": "rms"},
        {"law": "expand", "moving": True, "key_channels": 1},
        {"law": "expand", "detector": "rms", "moving": True, "channels": 1, "key_channels": 2},
    ],
    ids=lambda form: " ".join(f"{name}={value}" for name, value in form.items()),
)

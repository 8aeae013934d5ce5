"""Contenders timed in turns, so that what else the machine does meets all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

import torch
from torch import Tensor


def take_turns(contenders: Mapping[str, Callable[[], object]], *, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each contender in each round, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            begin = time.perf_counter()
            run()
            if turn > 0:
                times[name].append(1000.0 * (time.perf_counter() - begin))
    return times


def median(times: list[float]) -> float:
    """Of the rounds; not a number where the contender did not run."""
    return statistics.median(times) if times else float("nan")


def optional(name: str) -> ModuleType | None:
    """A peer, if it is installed."""
    try:
        return import_module(name)
    except (ImportError, OSError, RuntimeError):
        return None


def snr_db(estimate: Tensor, truth: Tensor) -> float:
    """How far the error lies below the truth."""
    error = (estimate.double() - truth.double()).square().sum() + 1e-300
    return float(10.0 * torch.log10(truth.double().square().sum() / error))


def gradient_error_db(estimates: tuple[Tensor, ...], truths: tuple[Tensor, ...]) -> float:
    """The worst of some gradients: its error relative to its true length, in dB."""
    pairs = zip(estimates, truths, strict=True)
    return max(-snr_db(estimate, truth) for estimate, truth in pairs)


def named(peer: str) -> str:
    """A peer and its version, or that it is not here."""
    try:
        return f"{peer} {version(peer)}"
    except PackageNotFoundError:
        return f"{peer} (not installed)"

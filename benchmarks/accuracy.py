"""Errors of what a benchmark measures: of outputs, of gradients, and our own truth for both."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor

from gainstage.kernels import backend

Effect = Callable[..., Tensor]
"""(audio, *parameters) → output."""


def gradients(
    effect: Effect, audio: Tensor, parameters: Sequence[Tensor], weights: Tensor
) -> tuple[Tensor | None, ...]:
    """Of Σ weights · output; None where the output does not depend on a tensor."""
    leaves = [tensor.detach().requires_grad_() for tensor in (audio, *parameters)]
    return torch.autograd.grad(effect(*leaves), leaves, weights, allow_unused=True)


def snr_db(estimate: Tensor, truth: Tensor) -> float:
    """How far the error lies below the truth."""
    error = (estimate.double() - truth.double()).square().sum() + 1e-300
    return float(10.0 * torch.log10(truth.double().square().sum() / error))


def gradient_error_db(estimates: Sequence[Tensor | None], truths: Sequence[Tensor | None]) -> float:
    """The worst relative error of the gradient to the audio and of that to each single parameter."""
    worst = -float("inf")
    for i, (estimate, truth) in enumerate(zip(estimates, truths, strict=True)):
        if truth is None:
            continue
        estimate = torch.zeros_like(truth) if estimate is None else estimate
        columns = [(estimate, truth)] if i == 0 else zip(estimate.unbind(-1), truth.unbind(-1), strict=True)
        worst = max([worst, *(-snr_db(ours, true) for ours, true in columns if bool(true.any()))])
    return worst


@contextmanager
def block_forms() -> Iterator[None]:
    """Inside, our processors compute with their exact siblings in plain torch operations."""
    with patch.object(backend, "has_compiled_kernels", _never):
        yield


def _never(device: torch.device) -> bool:
    del device
    return False


def in_block_form(effect: Effect) -> Effect:
    """An effect of ours, always computed by the exact siblings."""

    def run(audio: Tensor, *parameters: Tensor) -> Tensor:
        with block_forms():
            return effect(audio, *parameters)

    return run

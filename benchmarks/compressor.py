"""How fast and how exact is the compressor beside its peers?

Eight mono rows of swelling noise, 262 144 samples, 44.1 kHz, float32 in and out; threshold, ratio, attack,
release, knee and make-up; two threads for all; gradients to the audio and to all seven controls. Errors are
measured on a shorter excerpt against our block form in float64, which tests hold to a slow recursion.
torchcomp has the ballistics only; it gets a gain computer in torch. pedalboard's compressor follows another
law (hard knee, its own detector), so that its speed alone can be compared. From the repository's root, with
the peers that are installed:

    python -m benchmarks.compressor
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from benchmarks.contest import gradient_error_db, median, named, optional, snr_db, take_turns
from benchmarks.record import write_results
from torch import Tensor

from gainstage.kernels import block_compressor
from gainstage.kernels.compressor import compress

RATE, ROWS = 44_100, 8
ATTACK, RELEASE = (float(np.exp(-1000.0 / (ms * RATE))) for ms in (5.0, 100.0))
pedalboard, torchcomp = optional("pedalboard"), optional("torchcomp")

Effect = Callable[[Tensor, Tensor], Tensor]  # audio (rows, samples), controls (rows, 7)


@dataclass(frozen=True)
class Row:
    """Milliseconds, medians and smallest; decibels; how far the worst gradient is off."""

    contender: str
    forward_ms: float
    forward_min_ms: float
    forward_backward_ms: float
    forward_backward_min_ms: float
    snr_db: float
    gradient_error_db: float


def settings() -> Tensor:
    """−24 dB, 4:1, 6 dB of knee, 5 and 100 ms, 3 dB of make-up, all wet; every row a little different."""
    values = torch.tensor([-24.0, 0.75, 6.0, ATTACK, RELEASE, 3.0, 1.0], dtype=torch.float64)
    vary = torch.tensor([0.5, 0.01, 0.2, 0.0, 0.0, 0.1, 0.0]) * torch.arange(ROWS)[:, None]
    return values + vary


def our_kernel(audio: Tensor, controls: Tensor) -> Tensor:
    state = torch.zeros(len(audio), 2, dtype=torch.float64)
    signals, points = audio.unsqueeze(1), controls.unsqueeze(1)
    return compress(signals, None, points, state, detector="peak", rms_coefficient=0.0)[0].squeeze(1)


def our_block_form(audio: Tensor, controls: Tensor) -> Tensor:
    state = torch.zeros(len(audio), 2, dtype=torch.float64)
    signals, points = audio.unsqueeze(1), controls.unsqueeze(1)
    out, _ = block_compressor.compress(signals, None, points, state, detector="peak", rms_coefficient=0.0)
    return out.squeeze(1)


def by_torchcomp(audio: Tensor, controls: Tensor) -> Tensor:
    threshold, slope, knee, attack, release, makeup, mix = controls.to(audio.dtype)[:, None].unbind(-1)
    level = 20.0 * torch.log10(audio.abs().clamp(min=1e-10))
    wanted = -slope * block_compressor.bend(level - threshold, knee)
    begin = torch.zeros_like(wanted[:, 0])
    reached = torchcomp.compressor_core(wanted, begin, 1.0 - attack[:, 0], 1.0 - release[:, 0])
    return audio * (1.0 + mix * (torch.pow(10.0, (reached + makeup) / 20.0) - 1.0))


def bare_ballistics(audio: Tensor, controls: Tensor) -> Tensor:
    attack, release = 1.0 - controls.to(audio.dtype)[:, 3], 1.0 - controls.to(audio.dtype)[:, 4]
    return torchcomp.compressor_core(audio.abs(), torch.ones_like(audio[:, 0]), attack, release)


def by_pedalboard(audio: Tensor, controls: Tensor) -> Tensor:
    effects = [
        pedalboard.Compressor(threshold, 1.0 / (1.0 - slope), attack_ms=5.0, release_ms=100.0)
        for threshold, slope in controls[:, :2].tolist()
    ]
    with ThreadPoolExecutor(2) as pool:
        rows = pool.map(lambda effect, row: effect(row, RATE), effects, audio.numpy())
        return torch.from_numpy(np.stack(list(rows)))


TRAINABLE: dict[str, Effect] = {
    "gainstage kernel": our_kernel,
    "gainstage block form, plain torch": our_block_form,
    **({f"{named('torchcomp')} with a gain computer": by_torchcomp} if torchcomp else {}),
    **({f"{named('torchcomp')}, bare ballistics": bare_ballistics} if torchcomp else {}),
}
FORWARD: dict[str, Effect] = {**TRAINABLE, **({named("pedalboard"): by_pedalboard} if pedalboard else {})}


def forward_backward(run: Effect, audio: Tensor, controls: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
    leaves = audio.detach().requires_grad_(), controls.detach().requires_grad_()
    return torch.autograd.grad(run(*leaves), leaves, weights)


def errors(name: str, audio: Tensor, controls: Tensor) -> tuple[float, float]:
    """Of the output and of the gradients, where the law is the same."""
    if "pedalboard" in name or "bare" in name:
        return float("nan"), float("nan")
    weights = torch.randn_like(audio)
    truth = forward_backward(our_block_form, audio.double(), controls, weights.double())
    gradients = forward_backward(TRAINABLE[name], audio, controls, weights)
    with torch.no_grad():
        accuracy = snr_db(FORWARD[name](audio, controls), our_block_form(audio.double(), controls))
    return accuracy, gradient_error_db(gradients, truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1 << 18)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(2)
    swell = torch.linspace(0.0, 20.0, arguments.samples).sin().square() + 0.01
    audio, controls = 0.3 * swell * torch.randn(ROWS, arguments.samples), settings()
    weights = torch.randn_like(audio)
    with torch.no_grad():
        forward = take_turns(
            {name: lambda run=run: run(audio, controls) for name, run in FORWARD.items()},
            repeats=arguments.repeats,
        )
    both = take_turns(
        {n: lambda run=run: forward_backward(run, audio, controls, weights) for n, run in TRAINABLE.items()},
        repeats=arguments.repeats,
    )
    rows = []
    for name in FORWARD:
        one, two = forward[name], both.get(name, [])
        least = min(one), min(two, default=float("nan"))
        accuracy = errors(name, audio[:, :32_768], controls)
        rows.append(Row(name, median(one), least[0], median(two), least[1], *accuracy))
    write_results("compressor", __doc__, rows)


if __name__ == "__main__":
    main()

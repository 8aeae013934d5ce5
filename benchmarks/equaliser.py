"""How fast and how exact are six bands of equaliser beside their peers?

Eight rows of noise, 262 144 samples, 44.1 kHz, float32 in and out, the same RBJ bands for all, designed by
our differentiable formulas; two threads for all; gradients to the audio and to all 18 parameters of each row.
Errors are measured on a shorter excerpt, the output against scipy in float64, the gradients against the block
form in float64. From the repository's root, with the peers that are installed:

    python -m benchmarks.equaliser
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from benchmarks.contest import gradient_error_db, median, named, optional, snr_db, take_turns
from benchmarks.record import write_results
from scipy.signal import sosfilt
from torch import Tensor

from gainstage.kernels import block
from gainstage.kernels.biquad import biquad_cascade
from gainstage.processors.equaliser import Equaliser

RATE, ROWS = 44_100, 8
EQUALISER = Equaliser()
pedalboard, torchlpc, philtorch = optional("pedalboard"), optional("torchlpc"), optional("philtorch.lti")

Filter = Callable[[Tensor, Tensor], Tensor]  # audio (rows, samples), parameters (rows, width)


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


def parameters() -> Tensor:
    """Every band at work, every row a little different."""
    values = {row.name: row.default for row in EQUALISER.table}
    gains = {"low_shelf": 6, "peak_1": -4, "peak_2": 5, "peak_3": -6, "peak_4": 3, "high_shelf": 4}
    values |= {f"{band}_gain_db": float(gain) for band, gain in gains.items()}
    vary = 1.0 + 0.01 * torch.arange(ROWS, dtype=torch.float64)[:, None]
    return torch.tensor(list(values.values()), dtype=torch.float64) * vary


def coefficients(controls: Tensor) -> Tensor:
    return EQUALISER.coefficients(controls, RATE)


def our_kernel(audio: Tensor, controls: Tensor) -> Tensor:
    c = coefficients(controls).unsqueeze(1)
    return biquad_cascade(audio.unsqueeze(1), c, c.new_zeros(len(audio), 1, 6, 2))[0].squeeze(1)


def our_block_form(audio: Tensor, controls: Tensor) -> Tensor:
    c = coefficients(controls).unsqueeze(1)
    return block.biquad_cascade(audio.unsqueeze(1), c, c.new_zeros(len(audio), 1, 6, 2))[0].squeeze(1)


def by_philtorch(audio: Tensor, controls: Tensor) -> Tensor:
    for c in coefficients(controls).to(audio.dtype).unbind(1):
        audio = philtorch.lfilter(c[:, :3], c[:, 3:], audio)
    return audio


def by_torchlpc(audio: Tensor, controls: Tensor) -> Tensor:
    for c in coefficients(controls).to(audio.dtype).unbind(1):
        late = torch.nn.functional.pad(audio, (2, 0))
        audio = c[:, :1] * late[:, 2:] + c[:, 1:2] * late[:, 1:-1] + c[:, 2:3] * late[:, :-2]
        poles = c[:, None, 3:].expand(-1, audio.shape[1], -1)
        audio = torchlpc.sample_wise_lpc(audio, poles)
    return audio


def by_scipy(audio: Tensor, controls: Tensor, dtype: type = np.float32) -> Tensor:
    sos = np.insert(coefficients(controls).numpy(), 3, 1.0, axis=2).astype(dtype)
    signals = audio.numpy().astype(dtype, copy=False)
    with ThreadPoolExecutor(2) as pool:
        return torch.from_numpy(np.stack(list(pool.map(sosfilt, sos, signals))))


def by_pedalboard(audio: Tensor, controls: Tensor) -> Tensor:
    kinds = [pedalboard.LowShelfFilter, *[pedalboard.PeakFilter] * 4, pedalboard.HighShelfFilter]
    boards = [
        pedalboard.Pedalboard(
            [kind(*band) for kind, band in zip(kinds, row.view(6, 3).tolist(), strict=True)]
        )
        for row in controls
    ]
    with ThreadPoolExecutor(2) as pool:
        rows = pool.map(lambda board, row: board(row, RATE), boards, audio.numpy())
        return torch.from_numpy(np.stack(list(rows)))


TRAINABLE: dict[str, Filter] = {
    "gainstage kernel": our_kernel,
    "gainstage block form, plain torch": our_block_form,
    **({named("philtorch"): by_philtorch} if philtorch else {}),
    **({named("torchlpc"): by_torchlpc} if torchlpc else {}),
}
FORWARD: dict[str, Filter] = {
    **TRAINABLE,
    f"sosfilt of {named('scipy')}, float32": by_scipy,
    **({named("pedalboard"): by_pedalboard} if pedalboard else {}),
}


def forward_backward(run: Filter, audio: Tensor, controls: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
    leaves = audio.detach().requires_grad_(), controls.detach().requires_grad_()
    return torch.autograd.grad(run(*leaves), leaves, weights)


def errors(name: str, audio: Tensor, controls: Tensor) -> tuple[float, float]:
    """Of the output and of the gradients."""
    with torch.no_grad():
        out = FORWARD[name](audio, controls)
    accuracy = snr_db(out, by_scipy(audio, controls, np.float64))
    if name not in TRAINABLE:
        return accuracy, float("nan")
    weights = torch.randn_like(audio)
    truth = forward_backward(our_block_form, audio.double(), controls, weights.double())
    return accuracy, gradient_error_db(forward_backward(TRAINABLE[name], audio, controls, weights), truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1 << 18)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(2)
    audio, controls = 0.1 * torch.randn(ROWS, arguments.samples), parameters()
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
    write_results("equaliser", __doc__, rows)


if __name__ == "__main__":
    main()

"""What the contests have in common: contenders timed in turns, their errors, their memory, one row for each.

A contest hands the same audio to all contenders. Each runs without gradients, and, where it can be trained,
forward and backward with gradients to the audio and to every parameter; in turns, so that what else the
machine does meets all alike; two threads for all; a first round to warm up. A contender that needs more than
`PATIENCE_S` for that first round is timed in one further round only.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numba
import torch
from benchmarks.accuracy import Effect, gradient_error_db, gradients, snr_db
from benchmarks.memory import measure, numbers_of_child
from benchmarks.record import RESULTS, write_results
from torch import Tensor

from gainstage.kernels.memory import keep_freed_memory

THREADS = 2
PATIENCE_S = 5.0
NOT_MEASURED = float("nan")
POOL = ThreadPoolExecutor(THREADS)
"""For peers that compute a row at a time and leave Python while they do."""


@dataclass(frozen=True)
class Contender:
    """One way to compute what the contest asks for.

    Args:
        name: with the version, as the table shows it.
        effect: what it does with audio and parameters.
        parameters: what it is set by; gradients go to all of these.
        trainable: whether it has gradients at all.
        truth: the same law in double precision, for the error; None where nobody has its law.
    """

    name: str
    effect: Effect
    parameters: tuple[Tensor, ...] = ()
    trainable: bool = True
    truth: Effect | None = None

    def forward(self, audio: Tensor) -> Tensor:
        """The output, without gradients."""
        with torch.no_grad():
            return self.effect(audio, *self.parameters)

    def forward_backward(self, audio: Tensor, weights: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients to the audio and to all parameters."""
        return gradients(self.effect, audio, self.parameters, weights)


@dataclass(frozen=True)
class Contest:
    """The contenders, ours first, and the audio that they all get; errors are taken on its beginning."""

    contenders: Sequence[Contender]
    audio: Tensor
    judged_samples: int = 1 << 15
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    """What a contender reached.

    Times are medians and the smallest of all rounds; a ratio is a median over that of the first row. The peak
    is the resident memory above that before one warm call (forward and backward, or forward for those that
    cannot be trained); scratch is what of it is neither output nor the gradient of the audio, as a share of
    the audio. Errors are decibels below the truth: of the output, and of the worst gradient, the audio's or
    that of any one parameter.
    """

    contender: str
    forward_ms: float
    forward_min_ms: float
    forward_ratio: float
    forward_backward_ms: float = NOT_MEASURED
    forward_backward_min_ms: float = NOT_MEASURED
    forward_backward_ratio: float = NOT_MEASURED
    peak_mib: float = NOT_MEASURED
    scratch: float = NOT_MEASURED
    snr_db: float = NOT_MEASURED
    gradient_error_db: float = NOT_MEASURED
    hard_snr_db: float = NOT_MEASURED


def prepare() -> None:
    """Two threads for everybody, the same numbers in every run, and freed memory that stays.

    A process that hands freed memory back gets it anew as pages to be zeroed: then the time of a contender
    depends on how large the tensors of the one before were, by a factor of four.
    """
    keep_freed_memory()
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    numba.set_num_threads(min(THREADS, numba.get_num_threads()))


def take_turns(
    contenders: Mapping[str, Callable[[], object]], *, repeats: int, patience_s: float = float("inf")
) -> dict[str, list[float]]:
    """Milliseconds of each contender in each round, after one round to warm up.

    One that needs longer than `patience_s` for its first round has one further round only.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    slow = set()
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            if turn > 1 and name in slow:
                continue
            gc.collect()
            begin = time.perf_counter()
            run()
            seconds = time.perf_counter() - begin
            if turn > 0:
                times[name].append(1000.0 * seconds)
            elif seconds > patience_s:
                slow.add(name)
    return times


def median(times: Sequence[float]) -> float:
    """Of the rounds; not a number where the contender did not run."""
    return statistics.median(times) if times else NOT_MEASURED


def errors(contender: Contender, audio: Tensor) -> tuple[float, float]:
    """Of the output and of the gradients, dB; where a peer draws noise, truth draws the same."""
    if contender.truth is None:
        return NOT_MEASURED, NOT_MEASURED
    torch.manual_seed(1)
    out = contender.forward(audio)
    with torch.no_grad():
        torch.manual_seed(1)
        accuracy = snr_db(out, contender.truth(audio.double(), *contender.parameters))
    if not contender.trainable:
        return accuracy, NOT_MEASURED
    # As a loss on the energy would have it, rising from the first sample of the first row to the last of the
    # last: noise in its place would leave gradients that are 0 but for chance.
    weights = out * torch.linspace(0.0, 1.0, out.numel()).view_as(out)
    torch.manual_seed(1)
    found = contender.forward_backward(audio, weights)
    torch.manual_seed(1)
    true = gradients(contender.truth, audio.double(), contender.parameters, weights.double())
    return accuracy, gradient_error_db(found, true)


def hold(contest: Contest, *, repeats: int) -> list[Row]:
    """Errors and times of all contenders; errors first, so that all is compiled before a clock runs."""
    audio, contenders = contest.audio, contest.contenders
    found = {c.name: errors(c, audio[..., : contest.judged_samples]) for c in contenders}
    weights = {c.name: torch.randn_like(c.forward(audio)) for c in contenders if c.trainable}
    one_way = {c.name: partial(c.forward, audio) for c in contenders}
    both_ways = {
        c.name: partial(c.forward_backward, audio, weights[c.name]) for c in contenders if c.trainable
    }
    forward = take_turns(one_way, repeats=repeats, patience_s=PATIENCE_S)
    both = take_turns(both_ways, repeats=repeats, patience_s=PATIENCE_S)
    first, rows = contenders[0].name, []
    for contender in contenders:
        one, two = forward[contender.name], both.get(contender.name, [])
        accuracy, gradient = found[contender.name]
        row = Row(
            contender.name,
            median(one),
            min(one, default=NOT_MEASURED),
            median(one) / median(forward[first]),
            median(two),
            min(two, default=NOT_MEASURED),
            median(two) / median(both[first]),
            snr_db=accuracy,
            gradient_error_db=gradient,
        )
        rows.append(row)
    return rows


def memory_of(contest: Contest, name: str) -> tuple[float, float]:
    """Peak in MiB and scratch of one contender, measured in this process; see `Row`."""
    contender = next(c for c in contest.contenders if c.name == name)
    audio, out_bytes, gradient_bytes = contest.audio, 0, 0
    if contender.trainable:
        weights = torch.randn_like(contender.forward(audio))
        out_bytes, gradient_bytes = weights.nbytes, audio.nbytes
        peak = measure(lambda: contender.forward_backward(audio, weights))
    else:
        out_bytes = contender.forward(audio).nbytes
        peak = measure(lambda: contender.forward(audio))
    return peak / 2**20, (peak - out_bytes - gradient_bytes) / audio.nbytes


def main(
    name: str,
    question: str | None,
    make: Callable[[int], Contest],
    *,
    samples: int,
    judge: Callable[[Row, Contender], Row] = lambda row, _: row,
) -> None:
    """Run a contest from the command line and write what came out.

    Args:
        name: of the script and of its result.
        question: its docstring.
        make: the contest for a number of samples.
        samples: how many, if the command line does not say.
        judge: adds to a row what only this contest asks.
    """
    parser = argparse.ArgumentParser(description=(question or name).splitlines()[0])
    parser.add_argument("--samples", type=int, default=samples)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the result")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory_of:
        print(*memory_of(make(given.samples), given.memory_of))
        return
    prepare()
    contest = make(given.samples)
    rows = []
    for row, contender in zip(hold(contest, repeats=given.repeats), contest.contenders, strict=True):
        call = ["--samples", str(given.samples), "--memory-of", contender.name]
        peak, scratch = numbers_of_child(f"benchmarks.{name}", *call, prompt=True)
        rows.append(judge(replace(row, peak_mib=peak, scratch=scratch), contender))
    write_results(name, question, rows, folder=given.out, notes=contest.notes)

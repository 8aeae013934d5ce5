"""How much slower than the kernels are their exact siblings in plain torch, and do they export?

Equaliser and compressor of `benchmarks.equaliser` and `benchmarks.compressor`: eight mono rows of 262 144
samples, float32 in and out, two threads, gradients to the audio and to all parameters. The block forms are
what runs where there is no kernel, and what a file for other tools may hold, for which they have to pass
`torch.export`. From the repository's root:

    .venv/bin/python -m benchmarks.block_form

The error of a kernel is against its block form in float64 and the other way round: both are exact up to
rounding. `exports` says whether `torch.export` takes the forward pass, and whether what it made of it gives
the same audio.
"""

import argparse
import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import torch
from benchmarks import compressor, equaliser
from benchmarks.accuracy import Effect, block_forms, in_block_form
from benchmarks.contest import Contender, Contest, hold, prepare
from benchmarks.record import RESULTS, write_results
from torch import Tensor


@dataclass(frozen=True)
class Row:
    """Medians in milliseconds; ratios are of the block form over the kernel; errors as in `contest.Row`."""

    contender: str
    forward_ms: float
    forward_ratio: float
    forward_backward_ms: float
    forward_backward_ratio: float
    snr_db: float
    gradient_error_db: float
    exports: str


class Graph(torch.nn.Module):
    """An effect as torch.export wants it."""

    def __init__(self, effect: Effect) -> None:
        super().__init__()
        self.effect = effect

    def forward(self, audio: Tensor, controls: Tensor) -> Tensor:
        return self.effect(audio, controls)


def exports(effect: Effect, audio: Tensor, controls: Tensor) -> str:
    """Whether it exports as plain torch operations, or what keeps it from that."""
    silence = io.StringIO()  # a refusal comes with the whole graph
    with block_forms(), torch.no_grad(), redirect_stdout(silence), redirect_stderr(silence):
        try:
            program = torch.export.export(Graph(effect), (audio, controls))
        except Exception as error:
            return f"no: {type(error).__name__}"
        made = program.module()(audio, controls)
        ours = sorted({str(n.target) for n in program.graph.nodes if "gainstage" in str(n.target)})
        if ours:
            return f"with {', '.join(ours)}"
        return "yes" if torch.equal(made, effect(audio, controls)) else "another result"


def rows(name: str, effect: Effect, audio: Tensor, controls: Tensor, *, repeats: int) -> list[Row]:
    """The kernel and the block form of an effect."""
    block = in_block_form(effect)
    contest = Contest(
        [
            Contender(f"{name}, kernel", effect, (controls,), truth=block),
            Contender(f"{name}, block form", block, (controls,), truth=effect),
        ],
        audio,
    )
    answers = ["", exports(effect, audio[:, : 1 << 14], controls)]
    return [
        Row(
            row.contender,
            row.forward_ms,
            row.forward_ratio,
            row.forward_backward_ms,
            row.forward_backward_ratio,
            row.snr_db,
            row.gradient_error_db,
            answer,
        )
        for row, answer in zip(hold(contest, repeats=repeats), answers, strict=True)
    ]


def equalise(audio: Tensor, controls: Tensor) -> Tensor:
    """The equaliser at the rate of its contest."""
    return equaliser.ours(audio, controls, equaliser.RATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1 << 18)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the result")
    given = parser.parse_args()
    prepare()
    results = []
    for module, effect in ((equaliser, equalise), (compressor, compressor.ours)):
        audio = module.contest(given.samples).audio
        name = module.__name__.rpartition(".")[2]
        results += rows(name, effect, audio, module.parameters(), repeats=given.repeats)
    write_results("block_form", __doc__, results, folder=given.out)


if __name__ == "__main__":
    main()

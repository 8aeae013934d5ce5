"""How much memory does a gradient through a whole song take, and how does it grow with length?

Eight mono tracks on the `basic` console at the settings where networks begin, float32, gradients of a sum to
all parameters; rendered whole (`Console.mix_in_time`), and by segments of six seconds that are rendered again
on the way back (`mix_in_segments`). Each in a process of its own: the peak beyond tracks, console and a warm
run of five seconds. From the repository's root:

    python -m benchmarks.song_gradient
"""

import argparse
import time
from dataclasses import dataclass, replace

import torch
from benchmarks.memory import numbers_of_child, peak_bytes, start_watch
from benchmarks.record import write_results

from gainstage.console.console import Console
from gainstage.console.segments import mix_in_segments
from gainstage.console.spec import named

RATE, TRACKS = 44_100, 8


@dataclass(frozen=True)
class Row:
    """One length, one way."""

    how: str
    seconds_of_song: float
    seconds: float
    peak_mib: float


def gradient(console: Console, tracks: torch.Tensor, *, whole: bool) -> None:
    """Forward and backward once."""
    neutral = console.neutral(batch=1, tracks=TRACKS)
    values = {s: layout.starts().expand_as(neutral.values[s]).clone() for s, layout in console.layout.items()}
    leaves = {section: value.requires_grad_() for section, value in values.items()}
    given = {"sample_rate": RATE, "is_stereo": torch.zeros(1, TRACKS, dtype=torch.bool)}
    parameters = replace(neutral, values=leaves)
    if whole:
        mix = console.mix_in_time(tracks, parameters, **given)
    else:
        mix = mix_in_segments(console, tracks, parameters, **given)
    mix.sum().backward()


def measure_here(seconds: float, *, whole: bool) -> None:
    """Print seconds and peak bytes of one run, in this process."""
    torch.set_num_threads(2)
    console = Console(named("basic"))
    tracks = 0.1 * torch.randn(1, TRACKS, 2, round(seconds * RATE))
    gradient(console, tracks[..., : 5 * RATE], whole=whole)
    before, begin = start_watch(), time.perf_counter()
    gradient(console, tracks, whole=whole)
    print(time.perf_counter() - begin, peak_bytes() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[15.0, 30.0, 60.0, 120.0, 240.0])
    parser.add_argument("--measure", choices=["whole", "segments"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure_here(given.seconds[0], whole=given.measure == "whole")
        return
    rows = []
    for how in ("whole", "segments"):
        for length in given.seconds:
            call = ["--measure", how, "--seconds", str(length)]
            seconds, peak = numbers_of_child("benchmarks.song_gradient", *call, prompt=True)
            rows.append(Row(how, length, seconds, peak / 2**20))
    write_results("song_gradient", __doc__, rows)


if __name__ == "__main__":
    main()

"""How fast is a song of eight stems rendered, and how much memory does that take?

Eight stems of 3 and of 30 minutes at 44.1 kHz, mono or stereo, on the console of `benchmarks.desk` (trim, six
bands of equaliser, compressor, pan; reverb; master with equaliser, compressor and gain), without gradients,
two threads, in blocks of 131 072 samples with the state carried on, from memory to memory. Each run is a
process of its own: memory is what it takes beyond that after import and a warm-up of 5 s. From the
repository's root:

    .venv-peers/bin/python -m benchmarks.song

pedalboard renders the same stems in the same blocks, a track a call in two threads, with its convolution or
with its own reverb.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch
from benchmarks.contest import median, prepare
from benchmarks.desk import RATE, SPEC, pedalboard, pedalboard_desk, settings
from benchmarks.memory import numbers_of_child, peak_bytes, start_watch
from benchmarks.peers import named
from benchmarks.record import RESULTS, write_results
from torch import Tensor

from gainstage.console.console import Console
from gainstage.mixing.render import BLOCK

STEMS = 8
WARM_UP_S = 5.0

Play = Callable[[float], None]
"""Renders so many seconds."""


@dataclass(frozen=True)
class Row:
    """Medians over the rounds; memory is the largest of them."""

    contender: str
    channels: int
    seconds_of_song: float
    seconds: float
    times_real_time: float
    least_times_real_time: float
    peak_mib: float


def stems(tracks: int, channels: int) -> Tensor:
    """Some seconds of noise, repeated for ever. Shape (tracks, channels, samples)."""
    return 0.1 * torch.randn(tracks, channels, 8 * BLOCK)


def blocks(seconds: float, audio: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Where each block of a song begins, and its audio, a view."""
    total, held = round(seconds * RATE), audio.shape[-1]
    for at in range(0, total, BLOCK):
        yield at, audio[..., at % held : at % held + min(BLOCK, total - at)]


def ours(tracks: int, channels: int) -> Play:
    console, values = Console(SPEC), settings(batch=1, tracks=tracks)
    audio, is_stereo = stems(tracks, channels), torch.full((1, tracks), channels == 2)

    def play(seconds: float) -> None:
        state: Any = None  # what a call hands to the next
        with torch.inference_mode():
            for at, block in blocks(seconds, audio):
                stereo = block[None].expand(-1, -1, 2, -1)
                rendered = console.render(
                    stereo, values, sample_rate=RATE, is_stereo=is_stereo, state=state, start_sample=at
                )
                state = rendered.state

    return play


def by_pedalboard(tracks: int, channels: int, *, convolution: bool) -> Play:
    desk = pedalboard_desk(tracks, channels=channels, convolution=convolution)
    audio = stems(tracks, channels)

    def play(seconds: float) -> None:
        for at, block in blocks(seconds, audio):
            desk.render(block.numpy(), reset=at == 0)

    return play


def players() -> dict[str, Callable[[int], Play]]:
    """What renders songs here, by name."""
    found: dict[str, Callable[[int], Play]] = {"gainstage": partial(ours, STEMS)}
    if pedalboard:
        for what, convolution in (("convolution", True), ("its Reverb", False)):
            found[f"{named('pedalboard')}, {what}"] = partial(by_pedalboard, STEMS, convolution=convolution)
    return found


def play_once(name: str, seconds: float, channels: int) -> None:
    """Print seconds and peak in bytes of one run, in this process."""
    prepare()
    play = players()[name](channels)
    play(WARM_UP_S)
    before = start_watch()
    begin = time.perf_counter()
    play(seconds)
    print(time.perf_counter() - begin, peak_bytes() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[180.0, 1800.0])
    parser.add_argument("--channels", type=int, nargs="+", choices=[1, 2], default=[1, 2])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the result")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.play:
        play_once(given.play, given.seconds[0], given.channels[0])
        return
    rows = []
    for song, channels in product(given.seconds, given.channels):
        runs: dict[str, list[list[float]]] = {name: [] for name in players()}
        for _ in range(given.repeats):
            for name, found in runs.items():
                call = ["--play", name, "--seconds", str(song), "--channels", str(channels)]
                found.append(numbers_of_child("benchmarks.song", *call, prompt=False))
        for name, found in runs.items():
            seconds = [run[0] for run in found]
            peak = max(run[1] for run in found) / 2**20
            speed = song / median(seconds), song / max(seconds)
            rows.append(Row(name, channels, song, median(seconds), *speed, peak))
    write_results("song", __doc__, rows, folder=given.out)


if __name__ == "__main__":
    main()

"""Does a second of a track cost the same in a short song of few tracks and in a long one of many?

4, 8, 16 and 32 tracks of 30, 60, 120 and 240 s at 44.1 kHz, mono or stereo, rendered as in `benchmarks.song`:
on the console of `benchmarks.desk`, in blocks of 131 072 samples, without gradients, two threads. All cells
are timed in turns. From the repository's root:

    .venv/bin/python -m benchmarks.scaling

A row of the result is a cell; the notes say how far the largest lies above the smallest, and what doubling
the tracks or the length changes (the slopes of a plane through the logarithms).
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from benchmarks.contest import median, prepare, take_turns
from benchmarks.record import RESULTS, write_results
from benchmarks.song import WARM_UP_S, ours


@dataclass(frozen=True)
class Row:
    """Milliseconds for a second of a track: the median, and the smallest and largest of all rounds."""

    channels: int
    tracks: int
    seconds: float
    ms_per_track_second: float
    least: float
    most: float


def trend(rows: list[Row], channels: int) -> str:
    """In a sentence."""
    rows = [row for row in rows if row.channels == channels]
    cost = np.array([row.ms_per_track_second for row in rows])
    doublings = np.log2([[row.tracks, row.seconds, 2.0] for row in rows])
    tracks, length, _ = 2.0 ** np.linalg.lstsq(doublings, np.log2(cost), rcond=None)[0] - 1.0
    return (
        f"{'Stereo' if channels == 2 else 'Mono'}: largest over smallest {cost.max() / cost.min():.2f}; "
        f"twice the tracks {tracks:+.1%}, twice the length {length:+.1%}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[4, 8, 16, 32])
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0, 60.0, 120.0, 240.0])
    parser.add_argument("--channels", type=int, nargs="+", choices=[1, 2], default=[1, 2])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the result")
    given = parser.parse_args()
    prepare()
    cells: dict[str, Callable[[], object]] = {}
    for channels, tracks in product(given.channels, given.tracks):
        play = ours(tracks, channels)
        play(WARM_UP_S)
        cells |= {f"{channels} {tracks} {seconds}": partial(play, seconds) for seconds in given.seconds}
    rows = []
    for name, times in take_turns(cells, repeats=given.repeats).items():
        channels, tracks, seconds = (float(word) for word in name.split())
        each = [time / tracks / seconds for time in times]
        rows.append(Row(int(channels), int(tracks), seconds, median(each), min(each), max(each)))
    notes = [trend(rows, channels) for channels in given.channels]
    write_results("scaling", __doc__, rows, folder=given.out, notes=notes)


if __name__ == "__main__":
    main()

"""How much of the time that a block lasts does the console need to mix it?

The default console at the settings where networks begin (nothing neutral, a hall of 1.6 s on the return),
mono tracks, 44.1 kHz, blocks of one length, while a fader and a frequency are being moved. Load is the time
taken over the time that the block lasts: above 1 the sound stops. The 99th percentile is what a live desk
must survive. From the repository's root:

    python -m benchmarks.stream
"""

import argparse
import statistics
import time
from dataclasses import dataclass

import torch
from benchmarks.record import write_results

from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.console.spec import named
from gainstage.console.stream import Stream

RATE = 44_100


@dataclass(frozen=True)
class Row:
    """Of one number of tracks and one length of blocks; milliseconds of computing and load."""

    tracks: int
    block_samples: int
    block_ms: float
    median_ms: float
    percentile_99_ms: float
    median_load: float
    percentile_99_load: float


def at_starts(console: Console, tracks: int) -> Parameters:
    """Every parameter where networks begin."""
    settings = console.neutral(batch=1, tracks=tracks)
    for section, layout in console.layout.items():
        settings.values[section][...] = layout.to_physical(
            layout.to_unit(layout.starts().expand_as(settings.values[section])), settings.values[section]
        )
    return settings


def measure(tracks: int, block_samples: int, *, seconds: float) -> Row:
    console = Console(named("default"))
    is_stereo = torch.zeros(tracks, dtype=torch.bool)
    stream = Stream(console, at_starts(console, tracks), sample_rate=RATE, is_stereo=is_stereo)
    audio = 0.1 * torch.randn(tracks, 2, block_samples)
    times = []
    for i in range(max(round(seconds * RATE / block_samples), 50)):
        if i % 40 == 0:
            stream.move("tracks", 0, "fader.gain_db", -float(i % 7))
            stream.move("tracks", 1, "equaliser.peak_2_frequency_hz", 500.0 + i % 300)
        begin = time.perf_counter()
        stream.process(audio)
        times.append(1000.0 * (time.perf_counter() - begin))
    times = sorted(times[10:])  # the first ones compile and fill caches
    median, late = statistics.median(times), times[int(0.99 * len(times))]
    lasts = 1000.0 * block_samples / RATE
    return Row(tracks, block_samples, lasts, median, late, median / lasts, late / lasts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # as a desk plays: a second one wakes too late for so short a call
    rows = [measure(t, b, seconds=arguments.seconds) for t in (8, 16, 32) for b in (128, 512, 2048)]
    write_results("stream", __doc__, rows)


if __name__ == "__main__":
    main()

"""How long does one call of each processor take, in blocks as short as a live desk's?

At the settings where networks begin, standing still, without gradients, state carried from call to call, 44.1
kHz; rows are mono, but stereo where a processor stands on buses. One thread, and the time that this thread
computed, so that what else the machine does shows less. The longest one in a hundred is what a live desk must
survive. From the repository's root:

    python -m benchmarks.calls
"""

import argparse
import statistics
import time
from dataclasses import dataclass

import torch
from benchmarks.record import write_results

from gainstage.processors import find

RATE = 44_100
MONO = ("equaliser", "gate", "compressor", "saturation", "fader", "pan")
STEREO = ("width", "delay", "reverb", "limiter")


@dataclass(frozen=True)
class Row:
    """Of one processor, number of rows and length of a block; milliseconds a call."""

    processor: str
    rows: int
    block_samples: int
    median_ms: float
    mean_ms: float
    percentile_99_ms: float


@torch.inference_mode()
def measure(name: str, rows: int, block_samples: int, *, seconds: float) -> Row:
    processor, channels = find(name)(), 2 if name in STEREO else 1
    start = torch.tensor([row.start for row in processor.table], dtype=torch.float64)
    controls = start.expand(rows, 1, -1).contiguous()
    state = processor.initial_state(rows, channels, sample_rate=RATE, device=torch.device("cpu"))
    audio = 0.1 * torch.randn(rows, channels, block_samples)
    times, begun = [], time.perf_counter()
    while len(times) < 60 or time.perf_counter() - begun < seconds:
        begin = time.thread_time()
        _, state = processor.render(audio, controls, state, sample_rate=RATE)
        times.append(1000.0 * (time.thread_time() - begin))
    times = times[20:]  # the first ones compile and fill caches
    late = sorted(times)[int(0.99 * len(times))]
    return Row(name, rows, block_samples, statistics.median(times), statistics.fmean(times), late)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [
        measure(name, number, block, seconds=arguments.seconds)
        for name in (*MONO, *STEREO)
        for number in ((1, 2, 8) if name == "reverb" else (8, 32))
        for block in (128, 512, 2048)
    ]
    write_results("calls", __doc__, rows)


if __name__ == "__main__":
    main()

"""How long does `gainstage mix` take, and how much memory, for songs of three and of thirty minutes?

    python -m benchmarks.mix [--minutes 3 30] [--stems 8]

The stems are those of a built-in song of three minutes, repeated as often as the length asks for. The command
runs as a person runs it, in a process of its own, without the report and with it.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import write_results

from gainstage.data.synthetic import play_song
from gainstage.data.wav_file import WavWriter


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    minutes: float
    stems: int
    report: bool
    seconds: float
    times_real_time: float
    peak_mib: float


def write_stems(folder: Path, *, minutes: float, stems: int, seed: int) -> None:
    """The stems of a long song."""
    song = play_song(seed, seconds=min(minutes, 3.0) * 60.0)
    folder.mkdir(parents=True)
    for track in song.tracks[:stems]:
        with WavWriter(
            folder / f"{track.name}.wav", sample_rate=song.sample_rate, channels=len(track.audio)
        ) as wav:
            for _ in range(max(round(minutes / 3.0), 1)):
                wav.write(track.audio)


def run(stems: Path, out: Path, *, report: bool) -> tuple[float, float]:
    """Seconds and the largest resident memory in MiB of one command."""
    command = [sys.executable, "-m", "gainstage.cli.main", "mix", str(stems), "--out", str(out)]
    began = time.perf_counter()
    process = subprocess.Popen(command + ([] if report else ["--no-report"]), stdout=subprocess.DEVNULL)
    peak = _watch(process)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"the command failed with {process.returncode}")
    return seconds, peak


def _watch(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; the kernel remembers its largest memory until it is reaped."""
    peak_kib = 0
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            lines = status.read_text().splitlines()
            peak_kib = max([peak_kib, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))])
        except OSError:
            break
        time.sleep(0.2)
    process.wait()
    return peak_kib / 1024 or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[3.0, 30.0])
    parser.add_argument("--stems", type=int, default=8)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        for minutes in arguments.minutes:
            stems = Path(scratch) / f"{minutes:g}" / "stems"
            write_stems(stems, minutes=minutes, stems=arguments.stems, seed=arguments.seed)
            for report in (False, True):
                seconds, peak = run(stems, Path(scratch) / "out", report=report)
                one = Run(minutes, arguments.stems, report, seconds, 60 * minutes / seconds, peak)
                runs.append(one)
                print(one, flush=True)
    write_results("mix", __doc__, runs)


if __name__ == "__main__":
    main()

"""How right and how fast are our loudness meters, beside pyloudnorm and ffmpeg's ebur128?

Errors: on the EBU's signals against what Tech 3341 and 3342 demand, on real songs (with --data) against the
two peers. Speed: seconds to meter the same stereo song, warm, median and spread of five runs. From the
repository's root:

    python -m benchmarks.loudness [--data DIR] > benchmarks/results/loudness.md
"""

import argparse
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyloudnorm
import soundfile
import torch
from tests import ebu
from torch import Tensor

from gainstage.dsp.loudness import (
    hop_length,
    integrated_loudness,
    loudness_range,
    maximum_momentary_loudness,
    maximum_short_term_loudness,
)
from gainstage.dsp.meter import LoudnessMeter
from gainstage.dsp.true_peak import true_peak_db

RATE = 44100
RUNS = 5
Loudness = Callable[..., Tensor]


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of songs, searched for mix.flac")
    parser.add_argument("--minutes", type=float, default=3.0, help="length of the song that is timed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("# Loudness: error and speed\n")
        print(f"{machine()}\n")
        print_ebu(Path(folder))
        if arguments.data is not None:
            print_songs(sorted(arguments.data.glob("**/mix.flac")), Path(folder))
        print_speed(arguments.minutes, Path(folder))


def machine() -> str:
    """What the numbers were measured with."""
    banner = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout
    return (
        f"{platform.machine()}, {torch.get_num_threads()} threads, Python {platform.python_version()}, "
        f"torch {torch.__version__}, numpy {np.__version__}, pyloudnorm {version('pyloudnorm')}, "
        f"ffmpeg {banner.split()[2]}"
    )


def print_ebu(folder: Path) -> None:
    """Largest distance from what the EBU demands, per kind of case."""
    steady = [(parts, "I", lufs) for parts, lufs in ebu.INTEGRATED.values()]
    ranges = [(parts, "LRA", lu) for parts, lu in ebu.RANGE.values()]
    short_term = [(parts, "S", -23.0) for parts in ebu.MAXIMUM_SHORT_TERM]
    momentary = [(parts, "M", -23.0) for parts in ebu.MAXIMUM_MOMENTARY]
    print("## EBU signals, 48 kHz: largest error\n")
    print("| cases | allowed | gainstage | ffmpeg |\n|---|---|---|---|")
    for name, cases, allowed in (
        ("3341-1 … 5, integrated", steady, "±.1 LU"),
        ("3341-10, largest short-term", short_term, "±.1 LU"),
        ("3341-13, largest momentary", momentary, "±.1 LU"),
        ("3342-1 … 4, range", ranges, "±1 LU"),
    ):
        errors = np.array([tone_errors(parts, what, expected, folder) for parts, what, expected in cases])
        print_row(name, allowed, errors)
    sines = [(ebu.sine(n, gain, phase), 20 * np.log10(gain)) for n, gain, phase, _ in ebu.SINES.values()]
    bursts = [(ebu.burst(offset), 0.0) for offset in ebu.BURST_OFFSETS.values()]
    for name, signals in (("3341-15 … 19, true peak", sines), ("3341-20 … 23, true peak", bursts)):
        errors = np.array([peak_errors(audio, expected, folder) for audio, expected in signals])
        print_row(name, "+.2/−.4 dB", errors)
    print()


def print_row(name: str, allowed: str, errors: ebu.Audio) -> None:
    """The error of largest size in each column."""
    worst = [column[np.abs(column).argmax()] for column in errors.T]
    print(f"| {name} | {allowed} | " + " | ".join(f"{error:+.3f}" for error in worst) + " |")


def tone_errors(parts: ebu.Tones, what: str, expected: float, folder: Path) -> tuple[float, float]:
    """Our error and ffmpeg's on one signal of tones."""
    ours = {
        "I": integrated_loudness,
        "LRA": loudness_range,
        "S": maximum_short_term_loudness,
        "M": maximum_momentary_loudness,
    }
    audio = ebu.tones(parts)
    theirs = ebu.ffmpeg_reading(audio, 48000, folder)
    reading = {
        "I": theirs.integrated_lufs,
        "LRA": theirs.range_lu,
        "S": np.nanmax(theirs.short_term_lufs),
        "M": np.nanmax(theirs.momentary_lufs),
    }
    return float(ours[what](torch.from_numpy(audio), sample_rate=48000)) - expected, reading[what] - expected


def peak_errors(audio: ebu.Audio, expected_db: float, folder: Path) -> tuple[float, float]:
    """Our error and ffmpeg's on one true-peak signal."""
    ours = float(true_peak_db(torch.from_numpy(audio), sample_rate=48000))
    return ours - expected_db, ebu.ffmpeg_reading(audio, 48000, folder).true_peak_db - expected_db


def print_songs(files: list[Path], folder: Path) -> None:
    """Our reading of each song and its distance from the peers."""
    print("## Real mixes: gainstage − peer\n")
    print("| mix | LUFS | − pyloudnorm | − ffmpeg | LRA | − ffmpeg | dBTP | − ffmpeg |\n" + "|---" * 8 + "|")
    for file in files:
        samples, rate = soundfile.read(file, always_2d=True)
        samples = samples[: len(samples) // hop_length(rate) * hop_length(rate)]  # what ffmpeg hears of it
        gain = 1.0 / np.abs(samples).max()  # ffmpeg prints true peaks with three decimals
        samples, back_db = gain * samples, -20.0 * np.log10(gain)
        audio, theirs = torch.from_numpy(samples.T), ebu.ffmpeg_reading(samples.T, rate, folder)
        lufs, lu = (float(f(audio, sample_rate=rate)) for f in (integrated_loudness, loudness_range))
        peak = float(true_peak_db(audio, sample_rate=rate))
        cells = (
            f"{lufs + back_db:.2f}",
            f"{lufs - pyloudnorm.Meter(rate).integrated_loudness(samples):+.3f}",
            f"{lufs - theirs.integrated_lufs:+.3f}",
            f"{lu:.2f}",
            f"{lu - theirs.range_lu:+.3f}",
            f"{peak + back_db:.2f}",
            f"{peak - theirs.true_peak_db:+.3f}",
        )
        print(f"| {file.parent.name} | " + " | ".join(cells) + " |")
    print()


def print_speed(minutes: float, folder: Path) -> None:
    """Times on one stereo song (noise that swells), and on eight of them at once."""
    num_samples = round(minutes * 60 * RATE)
    generator = torch.Generator().manual_seed(0)
    swell = torch.sin(torch.linspace(0, 30, num_samples)) ** 2
    song = 0.2 * swell * torch.randn(2, num_samples, generator=generator)
    path = folder / "song.wav"
    soundfile.write(path, song.T.numpy(), RATE, subtype="FLOAT")
    samples = song.T.numpy()
    print(f"## Speed: a stereo song of {minutes:g} minutes at {RATE} Hz, float32\n")
    print("| meter | measures | LUFS | s, median (spread) | × real time |\n|---|---|---|---|---|")
    for name, what, run in (
        ("pyloudnorm", "I", lambda: pyloudnorm.Meter(RATE).integrated_loudness(samples)),
        ("ffmpeg, reading the file", "I, M, S, LRA", lambda: ffmpeg(path, "none")),
        ("ffmpeg, reading the file", "I, M, S, LRA, true peak", lambda: ffmpeg(path, "true")),
        ("`integrated_loudness`", "I", lambda: float(integrated_loudness(song, sample_rate=RATE))),
        ("`integrated_loudness`, with backward", "I and its gradient", lambda: with_gradient(song)),
        ("`true_peak_db`", "true peak", lambda: float(true_peak_db(song, sample_rate=RATE))),
        ("`LoudnessMeter`, blocks of 65 536", "I, M, S, LRA, true peak", lambda: streamed(song[None])),
    ):
        print_time(name, what, run, minutes)
    stems = song.expand(8, -1, -1).contiguous()
    print_time(
        "`LoudnessMeter`, 8 songs at once", "the same, each", lambda: streamed(stems), minutes, songs=8
    )


def print_time(name: str, what: str, run: Callable[[], float], minutes: float, songs: int = 1) -> None:
    """One row of the table; seconds are per song."""
    lufs = run()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        seconds.append((time.perf_counter() - start) / songs)
    median = statistics.median(seconds)
    reading = "" if np.isnan(lufs) else f"{lufs:.2f}"
    spread = f"{min(seconds):.2f} … {max(seconds):.2f}"
    print(
        f"| {name} | {what} | {reading} | {median:.2f} ({spread}) | {minutes * 60 / median:.0f} |", flush=True
    )


def ffmpeg(path: Path, peak: str) -> float:
    """Meter a file with ffmpeg and read its summary."""
    meter = f"ebur128=peak={peak}:framelog=verbose"
    command = ["ffmpeg", "-nostats", "-i", str(path), "-af", meter, "-f", "null", "-"]
    summary = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(summary.split("I:")[-1].split()[0])


def with_gradient(song: Tensor) -> float:
    """Integrated loudness and its gradient."""
    leaf = song.clone().requires_grad_()
    loudness = integrated_loudness(leaf, sample_rate=RATE)
    loudness.backward()
    return loudness.item()


def streamed(rows: Tensor) -> float:
    """Meter rows of stereo audio in blocks of 65 536 samples and read everything."""
    meter = LoudnessMeter(rows.shape[0], 2, sample_rate=RATE)
    for at in range(0, rows.shape[-1], 65_536):
        meter.update(rows[..., at : at + 65_536])
    read = (meter.integrated_lufs, meter.loudness_range_lu, meter.true_peak_dbtp, meter.momentary_lufs)
    return float(read[0][0])


if __name__ == "__main__":
    main()

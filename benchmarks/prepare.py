"""How many songs a minute does `gainstage prepare` get ready, cold and warm, in how much memory?

    python -m benchmarks.prepare [--songs 4] [--minutes 1 3 10] [--stems 8] [--jobs 1 2]

Songs are folders of the stems of a built-in song and their sum, repeated to the length that is asked for; so
alignment has to look for the tracks as well. Cold prepares them into an empty folder, warm is the same
command again. Speed is told for songs of the first length; memory, of one process and one song, for each
length. The command runs in a process of its own, from start to report. `error` is the largest difference
between the cache and the files of the set.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from benchmarks.record import write_results
from scripts.measure import held_bytes

from gainstage.data.manifest import read_manifest
from gainstage.data.synthetic import play_song
from gainstage.data.wav_file import WavWriter


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    state: str
    songs: int
    minutes: float
    stems: int
    jobs: int
    seconds: float
    songs_per_minute: float
    times_real_time: float
    peak_mib: float
    error: float


def write_songs(root: Path, *, songs: int, minutes: float, stems: int) -> None:
    """Folders with stems and their sum; songs differ by a sample's gain."""
    played = play_song(3, seconds=min(minutes, 1.0) * 60.0)
    tracks = [np.broadcast_to(track.audio, (2, track.audio.shape[1])) for track in played.tracks[:stems]]
    for number in range(songs):
        folder = root / f"Artist {number} - Song"
        (folder / "stems").mkdir(parents=True)
        gain = 0.9**number
        parts = {f"stems/{t.name}": gain * a for t, a in zip(played.tracks, tracks, strict=False)}
        for name, audio in {**parts, "mix": 0.3 * np.sum(list(parts.values()), axis=0)}.items():
            with WavWriter(folder / f"{name}.wav", sample_rate=played.sample_rate, channels=2) as wav:
                for _ in range(max(round(minutes), 1)):
                    wav.write(audio)


def run(root: Path, out: Path, *, jobs: int) -> tuple[float, float]:
    """Seconds, and the most memory that the command and its workers held, in MiB."""
    asked = ["source=folders", f"root={root}", f"out={out}", f"jobs={jobs}"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gainstage.cli.main", "prepare", *asked], stdout=subprocess.DEVNULL
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, held_bytes(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"the command failed with {process.returncode}")
    return time.perf_counter() - began, peak / 2**20


def error(root: Path, out: Path) -> float:
    """The largest difference between the first song's cache and its files."""
    song = read_manifest(out / "manifest.jsonl")[0]
    return max(
        float(np.abs(_first(song.path_of(track, root=out)) - _first(root / track.origin)).max())
        for track in song.tracks
    )


def _first(path: Path) -> np.ndarray:
    audio: np.ndarray = soundfile.read(path, frames=1 << 20, dtype="float32", always_2d=True)[0][:, 0]
    return audio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=4)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 3.0, 10.0])
    parser.add_argument("--stems", type=int, default=8)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    cases = [(given.songs, given.minutes[0], jobs, ("cold", "warm")) for jobs in given.jobs]
    cases += [(1, minutes, 1, ("cold",)) for minutes in given.minutes]
    rows = []
    for songs, minutes, jobs, states in cases:
        with tempfile.TemporaryDirectory() as scratch:
            root, out = Path(scratch) / "set", Path(scratch) / "out"
            write_songs(root, songs=songs, minutes=minutes, stems=given.stems)
            for state in states:
                seconds, peak = run(root, out, jobs=jobs)
                rate, real = 60.0 * songs / seconds, 60.0 * songs * minutes / seconds
                rows.append(
                    Run(state, songs, minutes, given.stems, jobs, seconds, rate, real, peak, error(root, out))
                )
                print(rows[-1], flush=True)
            shutil.rmtree(out)
    write_results("prepare", __doc__, rows)


if __name__ == "__main__":
    main()

"""How long does a step of `experiment=medleydb` and of `experiment=musdb18` take, and what comes before it?

    python -m benchmarks.experiments [--steps 12] [--seconds 40] [--tracks 20]

Sets of the shape of the real ones: four built-in songs, two of them at once so that a song has as many
tracks as a session does, as dry tracks with their sum, and summed to MUSDB18's stems. They are prepared,
normalised and trained on by the commands as they stand, each in processes of its own and one job at a time.
`speed` is how many seconds of tracks are done in a second (aligning dry tracks, which is most of `prepare`,
costs the same for a long track, 1 to 2 s); a step is the difference between a long and a short training, so
that start and validation are left out; the last column says where its time goes.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.record import write_results
from numpy.typing import NDArray
from scripts.measure import held_bytes

from gainstage.data.synthetic import play_song
from gainstage.data.wav_file import write_wav
from gainstage.roles import MUSDB_CLASS

RATE = 44_100
SHORT = 4
PLACES = ("train/A - Song", "train/B - Song", "train/Meaxic - Take A Step", "test/Zeno - Signs")
"""The third is one of MUSDB18's songs for validation."""


@dataclass(frozen=True)
class Row:
    """One command."""

    command: str
    seconds: float
    speed: float
    seconds_a_step: float
    peak_mib: float
    time_goes_to: str


def write_sets(root: Path, *, seconds: float, tracks: int) -> None:
    """The songs as folders of dry tracks in `dry`, and as stems in `stems`, each with its mix."""
    for number, place in enumerate(PLACES):
        played = [track for seed in (100, 200) for track in play_song(seed + number, seconds=seconds).tracks]
        draw = np.random.default_rng(number)
        stems: dict[str, NDArray[np.float32]] = {}
        for i, track in enumerate(played[:tracks]):
            panned = (0.1 * draw.uniform(0.5, 1.0, (2, 1)) * track.audio).astype(np.float32)
            name = MUSDB_CLASS[track.role]
            stems[name] = stems.get(name, np.zeros_like(panned)) + panned
            _write(root / "dry" / Path(place).name / "stems" / f"{i:02d} {track.role}.wav", track.audio)
        mix = np.sum(list(stems.values()), axis=0)
        _write(root / "dry" / Path(place).name / "mix.wav", mix)
        _write(root / "stems" / place / "mixture.wav", mix)
        for name in ("bass", "drums", "other", "vocals"):
            _write(root / "stems" / place / f"{name}.wav", stems.get(name, 1e-3 * mix))


def _write(path: Path, audio: NDArray[np.floating]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, np.asarray(audio), sample_rate=RATE)


def run(*words: object) -> tuple[str, float, float]:
    """What a command prints, how many seconds it took, and the most memory that was held, in MiB."""
    began, peak = time.perf_counter(), 0
    command = [sys.executable, "-m", "gainstage.cli.main", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        while process.poll() is None:
            peak = max(peak, held_bytes(process.pid))
            time.sleep(0.05)
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    return said, time.perf_counter() - began, peak / 2**20


def made(name: str, track_seconds: float, *words: object) -> Row:
    """A command that works through tracks once."""
    _, seconds, peak = run(*words)
    return Row(name, seconds, track_seconds / seconds, float("nan"), peak, "")


def trained(experiment: str, root: Path, scratch: Path, steps: int) -> Row:
    """A training, after one that compiles and hears the songs."""
    seconds = {}
    for count in (1, SHORT, SHORT + steps):
        said, whole, peak = run(
            "train",
            f"experiment={experiment}",
            "trainer=cpu",
            "callbacks=none",
            f"data.songs.root={root}",
            f"data.settings.cache={scratch / 'cache'}",
            f"out={scratch / experiment / str(count)}",
            f"steps={count}",
            f"trainer.val_check_interval={count}",
        )
        seconds[count] = whole
    a_step = (seconds[SHORT + steps] - seconds[SHORT]) / steps
    goes = re.search(r"steps/s: (.*)", said)
    return Row(f"train experiment={experiment}", whole, float("nan"), a_step, peak, goes[1] if goes else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--tracks", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        write_sets(scratch, seconds=given.seconds, tracks=given.tracks)
        dry, wet, normalised = (scratch / "prepared" / name for name in ("dry", "wet", "normalised"))
        long = given.seconds * len(PLACES)
        held = ("splits.validation=['Meaxic*']", "splits.test=['Zeno*']", "validation=0", "test=0")
        prepare = ("prepare", "jobs=1", f"root={scratch / 'dry'}", f"out={dry}", "source=folders", *held)
        rows = [
            made("prepare, dry tracks", given.tracks * long, *prepare),
            made(
                "prepare source=musdb18_hq",
                5 * long,
                *("prepare", "source=musdb18_hq", f"root={scratch / 'stems'}", f"out={wet}", "jobs=1"),
            ),
            made(
                "normalise set --rooms",
                4 * long,
                *("normalise", "set", wet, "--rooms", "--out", normalised, "--jobs", 1),
            ),
            trained("medleydb", dry, scratch, given.steps),
            trained("musdb18", normalised, scratch, given.steps),
        ]
    write_results("experiments", __doc__, rows)


if __name__ == "__main__":
    main()

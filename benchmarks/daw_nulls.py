"""How far is what Ardour makes of an exported mix from our own render?

    python -m benchmarks.daw_nulls SONG [SONG …]

A song is a folder with `stems`, or a folder of stems; the rules engineer mixes it at −20 LUFS. Both flavours
are rendered by `ardour7-export` (or that of version 8 or 9), without display or sound card. The error is the
power of the difference over that of our render.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from benchmarks.record import write_results

from gainstage.mixing.export import export_mix
from gainstage.mixing.mix import mix

FLAVOURS = ("ardour", "ardour-native")


@dataclass(frozen=True)
class Row:
    """One song in one flavour."""

    song: str
    flavour: str
    tracks: int
    seconds: float
    null_db: float
    export_s: float
    ardour_s: float


def rows_of(song: Path, ardour: str, work: Path) -> list[Row]:
    """A song in both flavours."""
    stems = song / "stems" if (song / "stems").is_dir() else song
    mixed = mix(stems, work / "mix", report=False)
    wanted, rate = soundfile.read(work / "mix" / "mix.wav")
    rows = []
    for flavour in FLAVOURS:
        start = time.perf_counter()
        done = export_mix(work / "mix" / "session.json", stems, work / flavour, targets=[flavour])
        exported = time.perf_counter()
        (folder,) = done.folders[flavour].iterdir()
        out = work / f"{flavour}.wav"
        command = [ardour, "-b", "float", "-s", str(rate), "-o", out, folder, folder.name]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        found, _ = soundfile.read(out)  # it may crash when it is done: the file counts
        ended = time.perf_counter()
        null_db = 10.0 * np.log10(np.square(found - wanted).sum() / np.square(wanted).sum())
        about = song.parent.name if song.name == "stems" else song.name
        took = exported - start, ended - exported
        rows.append(Row(about, flavour, len(mixed.session.tracks), len(wanted) / rate, float(null_db), *took))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("songs", nargs="+", type=Path)
    songs = parser.parse_args().songs
    ardour = next((p for v in (7, 8, 9) if (p := shutil.which(f"ardour{v}-export"))), None)
    if ardour is None:
        parser.error("there is no ardour7-export, nor one of version 8 or 9")
    rows = []
    for song in songs:
        with tempfile.TemporaryDirectory() as work:
            rows += rows_of(song, ardour, Path(work))
    write_results("daw_nulls", __doc__, rows)


if __name__ == "__main__":
    main()

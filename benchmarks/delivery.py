"""Does a mix reach the loudness that it is asked for, at -1 dBTP, by somebody else's meter?

    python -m benchmarks.delivery --data ../shared/data

Songs of a folder like `../shared/data` (each with a folder `stems`), mixed by the rules at several targets as
`gainstage mix` does, with up to 6 dB of limiting; mix.wav is measured by ffmpeg's `ebur128`, which hears
whole tenths of a second and gives a true peak to .01 dB. Where a target is missed, the sentence that the
command prints stands in the notes.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import soundfile
from benchmarks.record import write_results
from tests import ebu

from gainstage.mixing.mix import mix

TARGETS = (-23.0, -16.0, -14.0, -9.0)


@dataclass(frozen=True)
class Row:
    """One mix."""

    song: str
    target_lufs: float
    ours_lufs: float
    ffmpeg_lufs: float
    ours_dbtp: float
    ffmpeg_dbtp: float
    limiting_db: float
    reached: bool
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=9)
    arguments = parser.parse_args()
    folders = sorted(arguments.data.glob("*/*/stems"))
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for stems in folders[:: max(len(folders) // arguments.songs, 1)][: arguments.songs]:
            for target in TARGETS:
                began = time.perf_counter()
                done = mix(stems, Path(scratch), loudness_lufs=target, report=False).delivery
                seconds = time.perf_counter() - began
                audio, rate = soundfile.read(Path(scratch) / "mix.wav", always_2d=True)
                heard = ebu.ffmpeg_reading(audio.T, rate, Path(scratch))
                song, ours = stems.parent.name, done.loudness_lufs
                rows.append(
                    Row(
                        song,
                        target,
                        ours,
                        heard.integrated_lufs,
                        done.true_peak_dbtp,
                        heard.true_peak_db,
                        done.limiting_db,
                        abs(ours - target) <= 0.1,
                        seconds,
                    )
                )
                print(rows[-1], flush=True)
                if not rows[-1].reached:
                    notes.append(f"{song}, {target:g}: {done.sentence}")
    write_results("delivery", __doc__, rows, notes=notes)


if __name__ == "__main__":
    main()

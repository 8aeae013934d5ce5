"""Does a mix reach the loudness asked for at −1 dBTP, by an outside meter, and what does it say where not?

Mixes songs of a folder laid out as `<source>/<song>/stems` by the rules at several targets, and measures each
mix.wav with ffmpeg's ebur128 (whole tenths of a second; true peaks as numbers of three decimals). Seconds are
those of the whole mix without its report. From the repository's root:

    python -m benchmarks.delivery --data DIR [--songs SOURCE/SONG …] [--targets -23 -16 -14 -9]
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
from benchmarks.record import write_results
from tests import ebu

from gainstage.mixing.mix import mix

SONGS = (
    "everythingisfree/2_Lithium",
    "freedoom-midi/d_dm01",
    "kira-dynamic/dynamic",
    "lmms-demos/CapDan-ReggaeTry",
    "lmms-demos/Thomasso-AxeFromThe80s",
    "mdn-webaudio/multi-track",
    "medleydb-raw-excerpts/MusicDelta_Disco",
    "musdb-samples/EastonEllises_Falcon69",
    "narwhalingus-ep/05_PoliticalCaptain",
)
TARGETS_LUFS = (-23.0, -16.0, -14.0, -9.0)
NEAR_LU = 0.1


@dataclass(frozen=True)
class Row:
    """One mix; `lufs` and `dbtp` are what was promised, `ffmpeg_…` what the file has."""

    song: str
    target_lufs: float
    lufs: float
    ffmpeg_lufs: float
    dbtp: float
    ffmpeg_dbtp: float
    limiting_db: float
    seconds: float
    stopped: str


def deliver(stems: Path, name: str, target_lufs: float, folder: Path, *, max_limiting_db: float) -> Row:
    """Mix a song and measure the file."""
    began = time.perf_counter()
    done = mix(stems, folder, loudness_lufs=target_lufs, max_limiting_db=max_limiting_db, report=False)
    seconds = time.perf_counter() - began
    audio, rate = soundfile.read(folder / "mix.wav", always_2d=True)
    theirs = ebu.ffmpeg_reading(audio.T, rate, folder)
    promise = done.delivery
    _, instead, why = promise.sentence.partition(" asked for: ")
    return Row(
        name,
        target_lufs,
        promise.loudness_lufs,
        theirs.integrated_lufs,
        promise.true_peak_dbtp,
        theirs.true_peak_db,
        promise.limiting_db,
        seconds,
        why.rstrip(".") if instead else "",
    )


def in_words(rows: Sequence[Row], *, max_limiting_db: float) -> list[str]:
    """What the table comes to."""
    reached = [row for row in rows if abs(row.ffmpeg_lufs - row.target_lufs) <= NEAR_LU]
    others = [row for row in rows if row not in reached]
    told = sum(bool(row.stopped) for row in others)
    apart = max(abs(row.lufs - row.ffmpeg_lufs) for row in rows)
    peak = max(row.ffmpeg_dbtp for row in rows)
    return [
        f"By ffmpeg {len(reached)} of {len(rows)} mixes lie within {NEAR_LU:g} LU of their target, with at "
        f"most {max(row.limiting_db for row in rows):.2f} dB of limiting ({max_limiting_db:g} allowed); of the "
        f"other {len(others)}, {told} say why. Our loudness and ffmpeg's differ by at most {apart:.3f} LU; the "
        f"highest true peak is {peak:.2f} dBTP by ffmpeg, {max(row.dbtp for row in rows):.2f} by us.",
        "Seconds: hearing, measuring, finding the gain, rendering; on a machine that other work shared.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of real multitracks")
    parser.add_argument("--songs", nargs="+", default=SONGS)
    parser.add_argument("--targets", type=float, nargs="+", default=TARGETS_LUFS)
    parser.add_argument("--max-limiting", type=float, default=6.0)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for song in arguments.songs:
            stems = arguments.data / song / "stems"
            for target in arguments.targets:
                limiting = arguments.max_limiting
                rows.append(deliver(stems, song, target, Path(scratch), max_limiting_db=limiting))
                print(rows[-1], flush=True)
    write_results("delivery", __doc__, rows, notes=in_words(rows, max_limiting_db=arguments.max_limiting))


if __name__ == "__main__":
    main()

"""Do the built-in songs lie where real tracks lie?

For every role: crest factor, short-term loudness range, spectral centroid, 85 % roll-off and width (stereo
tracks only), on active frames, of real tracks and of built-in ones. For roles with at least five real tracks
from at least three songs the median of the built-in tracks must lie within the range of the real ones. From
the repository's root:

    python -m benchmarks.realism --data DIR [--songs 60] [--seconds 20]
"""

import argparse
import json
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numba
import numpy as np
import soundfile
import torch
import yaml
from numpy.typing import NDArray

from gainstage.data.synthetic import play_song
from gainstage.dsp.features import FeatureMeter

ROOT = Path(__file__).resolve().parents[1]
ROLES = ROOT / "tests" / "data" / "real_roles.yaml"
RESULTS = ROOT / "benchmarks" / "results"
FEATURES = {
    "crest_db": "crest, dB",
    "loudness_range_lu": "loudness range, LU",
    "centroid_hz": "centroid, Hz",
    "rolloff_hz": "85 % roll-off, Hz",
    "width": "width",
}
MIN_TRACKS, MIN_SONGS = 5, 3


@dataclass(frozen=True)
class Heard:
    """One track's features; width is None for mono."""

    role: str
    song: str
    values: dict[str, float | None]


@dataclass(frozen=True)
class Row:
    """One feature of one role.

    Args:
        role, feature: which.
        real: smallest, median and largest of the real tracks; None where there are none.
        built_in: 10th, 50th and 90th percentile of the built-in tracks.
        real_tracks, real_songs, built_in_tracks: how many were measured.
        is_demanded: enough real tracks to demand that the median lies within their range.
        holds: it does.
    """

    role: str
    feature: str
    real: tuple[float, float, float] | None
    built_in: tuple[float, float, float] | None
    real_tracks: int
    real_songs: int
    built_in_tracks: int
    is_demanded: bool
    holds: bool


def main() -> None:
    """Measure, write realism.json and realism.md; exit 1 if the demand is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of real multitracks")
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    begun = time.process_time()
    built_in = list(built_in_tracks(arguments.songs, arguments.seconds))
    spent_s = time.process_time() - begun
    rows = compare(list(real_tracks(arguments.data)), built_in)
    about = {
        "songs": arguments.songs,
        "seconds": arguments.seconds,
        "tracks": len(built_in),
        "cpu_seconds_a_song_with_features": round(spent_s / arguments.songs, 2),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, "
        f"numba {numba.__version__}, torch {torch.__version__}",
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"about": about, "rows": [asdict(row) for row in rows]}
    (RESULTS / "realism.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "realism.md").write_text(table(rows, about), encoding="utf-8")
    print(table(rows, about))
    sys.exit(any(row.is_demanded and not row.holds for row in rows))


def read_roles() -> dict[str, str]:
    """Roles given by hand: source/song/stem → role."""
    roles: dict[str, str] = yaml.safe_load(ROLES.read_text(encoding="utf-8"))
    return roles


def real_tracks(data: Path) -> Iterator[Heard]:
    """Features of the real stems, with the roles that were given to them by hand."""
    for path, role in read_roles().items():
        source, song, stem = path.split("/")
        samples, rate = soundfile.read(
            data / source / song / "stems" / f"{stem}.flac", always_2d=True, dtype="float32"
        )
        audio = samples.T[:1] if np.array_equal(samples[:, 0], samples[:, -1]) else samples.T
        yield Heard(role, f"{source}/{song}", hear(audio, rate))


def built_in_tracks(count: int, seconds: float) -> Iterator[Heard]:
    """Features of the tracks of songs 0 … count − 1."""
    for seed in range(count):
        song = play_song(seed, seconds=seconds)
        for track in song.tracks:
            yield Heard(track.role, str(seed), hear(track.audio, song.sample_rate))


def hear(audio: NDArray[np.float32], sample_rate: int) -> dict[str, float | None]:
    """The features of one track, shape (channels, samples)."""
    meter = FeatureMeter(len(audio), sample_rate=sample_rate)
    meter.update(torch.from_numpy(np.ascontiguousarray(audio)))
    features = meter.result()
    values: dict[str, float | None] = {name: getattr(features, name) for name in FEATURES}
    return values if len(audio) == 2 else values | {"width": None}


def compare(real: Iterable[Heard], built_in: Iterable[Heard]) -> list[Row]:
    """One row for each role and feature, the demanded ones first."""
    found: dict[str, tuple[list[Heard], list[Heard]]] = defaultdict(lambda: ([], []))
    for kind, tracks in enumerate((real, built_in)):
        for track in tracks:
            found[track.role][kind].append(track)
    rows = []
    for role, (theirs, ours) in sorted(found.items()):
        songs = len({track.song for track in theirs})
        is_demanded = len(theirs) >= MIN_TRACKS and songs >= MIN_SONGS
        rows += [_row(role, name, theirs, ours, songs, is_demanded=is_demanded) for name in FEATURES]
    return sorted(rows, key=lambda row: not row.is_demanded)


def _row(
    role: str, feature: str, theirs: list[Heard], ours: list[Heard], songs: int, *, is_demanded: bool
) -> Row:
    real, built_in = (_values(tracks, feature) for tracks in (theirs, ours))
    around = tuple(float(np.quantile(real, q)) for q in (0.0, 0.5, 1.0)) if real else None
    spread = tuple(float(np.quantile(built_in, q)) for q in (0.1, 0.5, 0.9)) if built_in else None
    holds = around is None or (spread is not None and around[0] <= spread[1] <= around[2])
    return Row(role, feature, around, spread, len(real), songs, len(built_in), is_demanded, holds)


def _values(tracks: list[Heard], feature: str) -> list[float]:
    return [value for track in tracks if (value := track.values[feature]) is not None]


def table(rows: list[Row], about: dict[str, object]) -> str:
    """The report as Markdown."""
    met = [row for row in rows if row.is_demanded]
    lines = [
        "# Built-in songs beside real tracks",
        "",
        f"{about['songs']} built-in songs of {about['seconds']:g} s ({about['tracks']} tracks), "
        f"{about['cpu_seconds_a_song_with_features']} CPU seconds a song to play and to measure; "
        f"{about['machine']}.",
        "",
        f"Demand (median of the built-in tracks within the range of at least {MIN_TRACKS} real ones from at "
        f"least {MIN_SONGS} songs): {sum(row.holds for row in met)} of {len(met)} rows hold.",
    ]
    for title, chosen in (("Demanded", met), ("Without the demand", [r for r in rows if not r.is_demanded])):
        lines += [
            "",
            f"## {title}",
            "",
            "| role | feature | real: least … median … most (tracks/songs) "
            "| built-in: 10 … 50 … 90 % (tracks) | within |",
            "|---|---|---|---|---|",
        ]
        lines += [_line(row) for row in chosen]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    def triple(values: tuple[float, float, float] | None, count: str) -> str:
        return " … ".join(f"{value:.3g}" for value in values) + f" ({count})" if values else "none"

    real = triple(row.real, f"{row.real_tracks}/{row.real_songs}")
    no = "**no**" if row.is_demanded else "no"
    within = "" if row.real is None else "yes" if row.holds else no
    built_in = triple(row.built_in, str(row.built_in_tracks))
    return f"| {row.role} | {FEATURES[row.feature]} | {real} | {built_in} | {within} |"


if __name__ == "__main__":
    main()

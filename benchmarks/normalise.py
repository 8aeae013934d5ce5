"""Does effect normalisation bring wet stems back towards the dry ones that they were made of?

    python -m benchmarks.normalise --songs 24

Built-in songs, whose dry tracks are known: each track goes through a drawn channel strip (`wet.py`:
equaliser, compressor, pan, width, room in every second). The statistics are learnt from other songs, dry ones
(`built_in`). Features are those of `gainstage.dsp.features`, which the normalisation does not use. A distance
is the median over stems of the absolute difference of a feature:

- `wet`: of the wet stem to its dry one, what treatment did;
- `normalised`: of the normalised wet stem to the dry one as it was;
- `both`: of the normalised wet stem to the normalised dry one: what a network still hears of the treatment if
  all that it is given was normalised.

`mean` goes to the mean of the class, as published; `likely` as far as treatment probably went; `compress` is
`mean` without upward expansion, as published.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from benchmarks import wet
from benchmarks.record import write_results
from torch import Tensor

from gainstage.data.synthetic import play_song
from gainstage.dsp.track_features import TrackFeatures
from gainstage.normalise import Settings, named_or_read, normalise

FIRST_SEED = 5000  # far from the songs of the statistics
HOW = {
    "mean": Settings(),
    "likely": Settings(towards="likely"),
    "compress": Settings(expand=False),
}


@dataclass(frozen=True)
class Row:
    """One feature under one way to normalise."""

    settings: str
    feature: str
    wet: float
    normalised: float
    both: float
    nearer_percent: float
    x_realtime: float


def distances(one: TrackFeatures, other: TrackFeatures) -> dict[str, float]:
    """How far two stems lie apart, feature by feature; spectra within 40 dB of the second's top."""
    heard = other.spectrum_db > other.spectrum_db.max() - 40.0
    # spectra at equal loudness: features are measured on staged audio
    bands = float(np.abs(one.spectrum_db - other.spectrum_db)[heard].mean())
    return {
        "loudness LU": abs(one.loudness_lufs - other.loudness_lufs),
        "spectrum dB": bands,
        "centroid octaves": abs(float(np.log2(one.centroid_hz / other.centroid_hz))),
        "crest dB": abs(one.crest_db - other.crest_db),
        "spread LU": abs(one.dynamic_spread_lu - other.dynamic_spread_lu),
        "balance": abs(one.imbalance - other.imbalance),
        "width": abs(one.width - other.width),
    }


def measured(stems: Tensor, rate: int) -> list[TrackFeatures]:
    return [wet.features_of(stem, rate) for stem in stems]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=16.0)
    parser.add_argument("--statistics", default="built_in")
    arguments = parser.parse_args()
    statistics, strip = named_or_read(arguments.statistics), wet.strip()
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    took: dict[str, list[float]] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + arguments.songs):
        song = play_song(seed, seconds=arguments.seconds)
        rate, roles = song.sample_rate, [track.role for track in song.tracks]
        dry = torch.stack([torch.from_numpy(track.audio).expand(2, -1) for track in song.tracks])
        treated = torch.stack(
            [
                wet.wet(torch.from_numpy(track.audio), strip, sample_rate=rate, seed=1000 * seed + i)
                for i, track in enumerate(song.tracks)
            ]
        )
        dry_features, wet_features = measured(dry, rate), measured(treated, rate)
        for name, settings in HOW.items():
            begin = time.perf_counter()
            done = normalise(treated, roles, statistics, sample_rate=rate, settings=settings)
            took.setdefault(name, []).append(len(roles) * song.seconds / (time.perf_counter() - begin))
            reference = normalise(dry, roles, statistics, sample_rate=rate, settings=settings)
            after = measured(done, rate), measured(reference, rate)
            for d, w, n, r in zip(dry_features, wet_features, *after, strict=True):
                if d.is_silent:
                    continue
                parts: tuple[Mapping[str, float], ...] = distances(w, d), distances(n, d), distances(n, r)
                for feature in parts[0]:
                    found.setdefault((name, feature), []).append(tuple(p[feature] for p in parts))  # type: ignore[arg-type]
        print(seed, flush=True)
    rows = []
    for (name, feature), values in found.items():
        before, after, both = np.array(values).T
        medians = [float(np.median(x)) for x in (before, after, both)]
        nearer = 100.0 * float(np.mean(after < before))
        rows.append(Row(name, feature, *medians, nearer, float(np.median(took[name]))))
    write_results("normalise", __doc__, rows)


if __name__ == "__main__":
    main()

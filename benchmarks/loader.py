"""How many excerpts a second does the loader give, beside loading whole files and a plain soundfile loop?

    python -m benchmarks.loader --songs 2 --seconds 120 --excerpts 64

Songs of eight stereo stems of noise at 44.1 kHz, as 24-bit WAV and as FLAC, and their mix; excerpts of 5 s
(1 s of pre-roll, 4 s scored), all tracks and the mix. All contenders run in the same DataLoader:

- `ours`: `SongDataset`, with the spectra that the network hears, staging and the choice of a place in which
  tracks play;
- `ours, changed`: with all kinds of augmentation and at most six tracks;
- `soundfile loop`: opens, seeks and reads each stem, and nothing else;
- `whole files`: reads each stem whole and cuts, as many loaders of the field do.

MB are of float32 audio handed over; × real time is seconds of song a second and worker. The aim is 20.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import torch
from benchmarks.record import write_results
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gainstage.console.console import Console
from gainstage.console.spec import named
from gainstage.data.augment import AugmentSettings
from gainstage.data.dataset import SongDataset
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs
from gainstage.data.spectra import SpectraCache
from gainstage.models.log_mel import FrontSettings, LogMel

RATE, STEMS = 44_100, 8
EXCERPTS = ExcerptSettings(audio_every=1, together=1)
CHANGED = AugmentSettings(gain_db=6.0, flip_polarity=0.5, swap_channels=0.5)
WARM = 4


@dataclass(frozen=True)
class Row:
    """One contender with so many workers."""

    files: str
    contender: str
    workers: int
    excerpts_per_second: float
    mb_per_second: float
    x_realtime_per_worker: float


class Plain(Dataset[Tensor]):
    """Excerpts by one of the plain ways to read. Shape of an item: (stems + 1, 2, samples)."""

    def __init__(self, songs: list[Song], read: Callable[[Path, int, int], Tensor]) -> None:
        self.songs, self.read = songs, read
        self.length = EXCERPTS.num_samples(RATE)

    def __getitem__(self, index: int) -> Tensor:
        song = self.songs[index % len(self.songs)]
        assert song.mix is not None
        latest = round(song.seconds * RATE) - self.length
        start = int(np.random.default_rng((0, index)).integers(latest))
        files = [*song.tracks, song.mix]
        return torch.stack([self.read(song.path_of(file), start, self.length) for file in files])


def read_part(path: Path, start: int, length: int) -> Tensor:
    return torch.from_numpy(soundfile.read(path, length, start, dtype="float32")[0].T)


def read_whole(path: Path, start: int, length: int) -> Tensor:
    return torch.from_numpy(soundfile.read(path, dtype="float32")[0].T[:, start : start + length].copy())


def write_songs(root: Path, count: int, seconds: float, suffix: str) -> list[Song]:
    """Songs of noise: no codec finds anything to save."""
    draw = np.random.default_rng(0)
    for song in range(count):
        folder = root / f"song {song}"
        (folder / "stems").mkdir(parents=True)
        mix = np.zeros((round(seconds * RATE), 2))
        for stem in range(STEMS):
            audio = 0.03 * draw.standard_normal(mix.shape)
            mix += audio
            soundfile.write(folder / "stems" / f"{stem}{suffix}", audio, RATE, subtype="PCM_24")
        soundfile.write(folder / f"mix{suffix}", mix, RATE, subtype="PCM_24")
    return load_songs("folders", root, validation=0.0, test=0.0)


def rate_of(data: Dataset[object], workers: int, count: int) -> float:
    """Items a second, once the workers run."""
    loader = DataLoader(
        data,
        batch_size=None,
        sampler=range(count + WARM * workers),
        num_workers=workers,
        multiprocessing_context="spawn",
        worker_init_fn=one_thread,
    )
    items = iter(loader)
    for _ in range(WARM * workers):
        next(items)
    begin = time.perf_counter()
    got = sum(1 for _ in items)
    return got / (time.perf_counter() - begin)


def one_thread(worker: int) -> None:
    del worker
    torch.set_num_threads(1)


def contenders(songs: list[Song], cache: Path) -> dict[str, Dataset[object]]:
    front = LogMel(FrontSettings())
    spectra = SpectraCache(cache, front, front_id=front.identity, hop=front.settings.hop, front_rate=RATE)
    ours = partial(SongDataset, songs, Console(named("basic")), spectra)
    first = ours(settings=EXCERPTS)
    first.prepare()
    return {
        "ours": first,  # type: ignore[dict-item]  # a data set of items is one of objects
        "ours, changed": ours(settings=replace(EXCERPTS, most_tracks=6, augment=CHANGED)),  # type: ignore[dict-item]
        "soundfile loop": Plain(songs, read_part),  # type: ignore[dict-item]
        "whole files": Plain(songs, read_whole),  # type: ignore[dict-item]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--excerpts", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3, help="contenders take turns; medians of them")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    arguments = parser.parse_args()
    megabytes = (STEMS + 1) * 2 * EXCERPTS.num_samples(RATE) * 4 / 1e6
    seconds = EXCERPTS.num_samples(RATE) / RATE
    rows = []
    for suffix in (".wav", ".flac"):
        with tempfile.TemporaryDirectory() as scratch:
            songs = write_songs(Path(scratch) / "songs", arguments.songs, arguments.seconds, suffix)
            data = contenders(songs, Path(scratch) / "cache")
            for workers in arguments.workers:
                found: dict[str, list[float]] = {name: [] for name in data}
                for _ in range(arguments.rounds):
                    for name, part in data.items():
                        found[name].append(rate_of(part, workers, arguments.excerpts))
                for name, rates in found.items():
                    rate = float(np.median(rates))
                    rows.append(
                        Row(suffix[1:], name, workers, rate, rate * megabytes, rate * seconds / workers)
                    )
                    print(rows[-1], flush=True)
    write_results("loader", __doc__, rows)


if __name__ == "__main__":
    main()

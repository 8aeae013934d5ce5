"""How many excerpts a second does the loader give, beside whole-file loads and a plain soundfile loop?

    python -m benchmarks.loader [--songs 2] [--seconds 120] [--excerpts 48] [--rounds 3] [--workers 1 2 4]

Songs of eight stereo stems of noise at 44.1 kHz and their mix, as 24-bit WAV, as FLAC, and as `gainstage
prepare` leaves the WAV set (32-bit float); excerpts of 5 s (1 s of pre-roll, 4 s scored), all tracks and the
mix, in batches of 4. All contenders run in the same DataLoader:

- `ours`: `SongDataset`, with the spectra that the network hears, staging and the choice of a place in which
  tracks play;
- `ours, changed`: with all kinds of augmentation and at most six tracks;
- `ours, shards`: the prepared set as `gainstage shards` writes it, from a local disk;
- `soundfile loop`: opens, seeks and reads each stem, and nothing else;
- `whole files`: reads each stem whole and cuts, as torchaudio-style loaders of the field do.

MB are of float32 audio handed over; × real time is seconds of song a second and worker. The aim is 20. Warm:
all files lie in memory. Cold: the system was told to forget them before each round, one worker, and so few
excerpts that hardly a place is read twice. `error` is the largest difference between tracks that are handed
over and the same place of their files, read whole by soundfile and scaled.
"""

import argparse
import os
import subprocess
import sys
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
from gainstage.data.dataset import SongDataset, collate
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import Song
from gainstage.data.shards import ShardReader, ShardSpectra, write_shards
from gainstage.data.sources import load_songs
from gainstage.data.spectra import SpectraCache
from gainstage.data.staging import trim_db
from gainstage.models.log_mel import FrontSettings, LogMel

RATE, STEMS = 44_100, 8
EXCERPTS = ExcerptSettings(audio_every=1, together=1)
CHANGED = AugmentSettings(gain_db=6.0, flip_polarity=0.5, swap_channels=0.5)
BATCH = 4
COLD_BATCHES, WHOLE_BATCHES = 4, 2  # whole files take long


@dataclass(frozen=True)
class Row:
    """One contender with so many workers."""

    files: str
    cache: str
    contender: str
    workers: int
    excerpts_per_second: float
    mb_per_second: float
    x_realtime_per_worker: float
    error: float


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


def rate_of(data: Dataset[object], workers: int, batches: int) -> float:
    """Excerpts a second, once the workers run."""
    first = 2 * workers
    loader = DataLoader(
        data,
        batch_size=BATCH,
        sampler=range(BATCH * (batches + first)),
        num_workers=workers,
        collate_fn=collate if isinstance(data, SongDataset) else None,
        multiprocessing_context="spawn",
        worker_init_fn=one_thread,
    )
    items = iter(loader)
    for _ in range(first):
        next(items)
    begin = time.perf_counter()
    got = sum(BATCH for _ in items)
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


def streamed(songs: list[Song], scratch: Path) -> SongDataset:
    """The same excerpts from shards."""
    front = LogMel(FrontSettings())
    spectra = SpectraCache(
        scratch / "cache", front, front_id=front.identity, hop=front.settings.hop, front_rate=RATE
    )
    write_shards(songs, spectra, scratch / "shards")
    shards = ShardReader(str(scratch / "shards"), scratch / "cache")
    heard = ShardSpectra(shards, front_id=front.identity)
    return SongDataset(songs, Console(named("basic")), heard, settings=EXCERPTS, audio=shards)


def error(data: SongDataset) -> float:
    """Of some excerpts, against their files."""
    worst = 0.0
    for item in (data[index] for index in range(3)):
        song = next(song for song in data.songs if song.name == item.song_id)
        assert item.tracks is not None
        for track, found in zip(song.tracks, item.tracks, strict=True):
            wanted = read_whole(song.path_of(track), item.start_sample, found.shape[1])
            worst = max(worst, float((found - 10.0 ** (trim_db(track) / 20.0) * wanted).abs().max()))
    return worst


def forget(root: Path) -> None:
    """Tell the system that the files need not be kept in memory."""
    os.sync()
    for path in root.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def prepared(scratch: Path, songs: int, seconds: float) -> Path:
    """The WAV set as the command leaves it: its folder."""
    write_songs(scratch / "set", songs, seconds, ".wav")
    out = scratch / "songs"
    asked = [
        "source=folders",
        f"root={scratch / 'set'}",
        f"out={out}",
        "report=false",
        "validation=0.3",
        "test=0",
    ]
    subprocess.run(
        [sys.executable, "-m", "gainstage.cli.main", "prepare", *asked], stdout=subprocess.DEVNULL, check=True
    )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--excerpts", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3, help="contenders take turns; medians of them")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    given = parser.parse_args()
    megabytes = (STEMS + 1) * 2 * EXCERPTS.num_samples(RATE) * 4 / 1e6
    seconds = EXCERPTS.num_samples(RATE) / RATE
    rows = []
    for files in ("prepared", "wav", "flac"):
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            if files == "prepared":
                songs = load_songs("prepared", prepared(scratch, given.songs, given.seconds))
            else:
                songs = write_songs(scratch / "songs", given.songs, given.seconds, f".{files}")
            data = contenders(songs, scratch / "cache")
            if files == "prepared":
                data["ours, shards"] = streamed(songs, scratch)  # type: ignore[assignment]  # a data set of items
            for cache, workers in [*(("warm", n) for n in given.workers), ("cold", 1)]:
                found: dict[str, list[float]] = {name: [] for name in data}
                for _ in range(given.rounds):
                    for name, part in data.items():
                        batches = COLD_BATCHES if cache == "cold" else max(given.excerpts // BATCH, 1)
                        if cache == "cold":
                            forget(scratch)
                        batches = min(batches, WHOLE_BATCHES) if name == "whole files" else batches
                        found[name].append(rate_of(part, workers, batches))
                for name, rates in found.items():
                    rate, part = float(np.median(rates)), data[name]
                    off = (
                        error(part)
                        if name.startswith("ours")
                        and isinstance(part, SongDataset)
                        and name != "ours, changed"
                        else float("nan")
                    )
                    rows.append(
                        Row(
                            files, cache, name, workers, rate, rate * megabytes, rate * seconds / workers, off
                        )
                    )
                    print(rows[-1], flush=True)
    note = f"Medians of {given.rounds} rounds."
    write_results("loader", __doc__, rows, notes=[note])


if __name__ == "__main__":
    main()

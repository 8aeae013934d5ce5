"""Training and validation songs as batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Sampler

from gainstage.data.augment import AugmentSettings
from gainstage.data.batch import Batch
from gainstage.data.dataset import Item, SongDataset, collate
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import Song
from gainstage.data.shards import ShardReader, ShardSpectra
from gainstage.data.song_audio import SongAudio
from gainstage.data.sources import songs_of
from gainstage.data.spectra import Progress, SongSpectra, SpectraCache
from gainstage.models.mixer import Mixer
from gainstage.models.role_statistics import RoleStatistics, gather


@dataclass(frozen=True)
class DataSettings:
    """How songs become batches.

    Args:
        cache: folder for the spectra of all tracks.
        excerpts: how much of a song an item holds.
        batch_size: items a step.
        workers: processes that load; 0 loads between the steps.
        most_validated: at most so many songs are looked at in a validation.
        shards: where songs are streamed from (`gainstage.data.shards`); empty = they are files.
    """

    cache: Path
    excerpts: ExcerptSettings = field(default_factory=ExcerptSettings)
    batch_size: int = 32
    workers: int = 1
    most_validated: int = 32
    shards: str = ""

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.workers < 0:
            raise ValueError(
                f"a batch needs 1 item or more and workers are 0 or more, got batch_size {self.batch_size} "
                f"and workers {self.workers}"
            )
        if self.most_validated < 1:
            raise ValueError(f"most_validated is {self.most_validated}; a validation needs 1 song or more")


class _Onwards(Sampler[int]):
    """Indices from a step on, for as long as anybody asks: an index decides all that is drawn.

    Of several processes that train together each takes a batch of every step, one after the other, so that
    together they take each index once.

    Args:
        start, stop: steps.
        size: indices a process takes in a step.
        rank, world: which process it is, and of how many.
    """

    def __init__(self, start: int, stop: int, *, size: int = 1, rank: int = 0, world: int = 1) -> None:
        self._firsts = range((start * world + rank) * size, stop * world * size, world * size)
        self._size, self._length = size, stop * size

    def __iter__(self) -> Iterator[int]:
        return (first + place for first in self._firsts for place in range(self._size))

    def __len__(self) -> int:
        return self._length


class SongsModule(pl.LightningDataModule):
    """Songs as batches. Training is one long epoch, so that resuming is only a matter of the index.

    Args:
        songs: with splits; `train` and `validation` are used.
        mixer: whose front end listens and whose console the truths are of.
        settings: how songs become batches.
        steps: of the whole training.
        seed: of everything that is drawn.
    """

    def __init__(
        self, songs: Sequence[Song], mixer: Mixer, settings: DataSettings, *, steps: int, seed: int
    ) -> None:
        super().__init__()
        self.settings, self.steps = settings, steps
        self.sample_rate = mixer.front.settings.sample_rate
        cache, audio = _streamed(settings, mixer) if settings.shards else (spectra_of(settings, mixer), None)
        held_out = [song for song in songs_of(songs, "validation") if not _is_arrangement(song)]
        self._layout = mixer.console.layout
        self.train = self._dataset(songs_of(songs, "train"), mixer, cache, audio, settings.excerpts, seed)
        self.validation = self._dataset(
            held_out[: settings.most_validated],
            mixer,
            cache,
            audio,
            replace(
                settings.excerpts,
                audio_every=min(settings.excerpts.audio_every, 2),
                augment=AugmentSettings(),
            ),
            seed + 1,
        )

    def _dataset(
        self,
        songs: Sequence[Song],
        mixer: Mixer,
        cache: SongSpectra,
        audio: SongAudio | None,
        excerpts: ExcerptSettings,
        seed: int,
    ) -> SongDataset:
        return SongDataset(
            songs,
            mixer.console,
            cache,
            settings=excerpts,
            seed=seed,
            sample_rate=self.sample_rate,
            audio=audio,
        )

    def prepare(self, progress: Progress | None = None) -> None:
        """Hear all tracks that were not heard before."""
        self.train.prepare(progress=progress)
        self.validation.prepare(progress=progress)

    def usual(self) -> RoleStatistics:
        """Mean and spread of the settings of the training songs, arrangements left out."""
        rows = [row for row, song in enumerate(self.train.songs) if not _is_arrangement(song)]
        return gather((pair for row in rows if (pair := self.train.known(row)) is not None), self._layout)

    def train_dataloader(self) -> DataLoader[Item]:
        """From the step at which training stands; of several processes each loads its share of a step."""
        size, trainer = self.settings.batch_size, self.trainer
        done, rank, world = (
            (0, 0, 1) if trainer is None else (trainer.global_step, trainer.global_rank, trainer.world_size)
        )
        return self._loader(self.train, _Onwards(done, self.steps, size=size, rank=rank, world=world), size)

    def val_dataloader(self) -> DataLoader[Item]:
        """The same excerpts each time."""
        size = min(self.settings.batch_size, 16)
        return self._loader(self.validation, _Onwards(0, len(self.validation)), size, workers=0)

    def _loader(
        self, dataset: SongDataset, sampler: Sampler[int], size: int, *, workers: int | None = None
    ) -> DataLoader[Item]:
        workers = self.settings.workers if workers is None else workers
        return DataLoader(
            dataset,
            batch_size=size,
            sampler=sampler,
            num_workers=workers,
            collate_fn=collate,
            persistent_workers=workers > 0,
            multiprocessing_context="spawn" if workers else None,
            worker_init_fn=_one_thread if workers else None,
        )

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """To the device of the mixer."""
        del dataloader_idx
        return batch.to(device)


def spectra_of(settings: DataSettings, mixer: Mixer) -> SpectraCache:
    """The spectra that a mixer's network hears, kept in the settings' cache."""
    front = mixer.front
    return SpectraCache(
        settings.cache,
        front,
        front_id=front.identity,
        hop=front.settings.hop,
        front_rate=front.settings.sample_rate,
    )


def _streamed(settings: DataSettings, mixer: Mixer) -> tuple[ShardSpectra, ShardReader]:
    shards = ShardReader(settings.shards, settings.cache)
    return ShardSpectra(shards, front_id=mixer.front.identity), shards


def _one_thread(worker: int) -> None:
    """A worker leaves the cores to the network."""
    del worker
    torch.set_num_threads(1)


def _is_arrangement(song: Song) -> bool:
    """Whether a row is one of several arrangements of a song, but not the song itself."""
    return song.session.startswith("sessions/")

"""Songs as items to train on: spectra of every item, audio of some, and the settings behind the mix."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor
from torch.utils.data import Dataset, default_collate, get_worker_info

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.console.spec import SECTIONS
from gainstage.data.batch import Batch
from gainstage.data.excerpts import ExcerptSettings, best_start, draw, start_at
from gainstage.data.given import Given, Part, give
from gainstage.data.heard import DB_PER_VALUE
from gainstage.data.manifest import AudioRef, Song
from gainstage.data.song_audio import FileAudio, SongAudio
from gainstage.data.spectra import Passage, Progress, SongSpectra, num_frames
from gainstage.data.staging import trim_db
from gainstage.data.truth import Truth, read_truth
from gainstage.roles import ROLES

TARGET_LUFS = -20.0
_MANY_TRACKS = 64
_SOUNDS_LU = 30.0  # below a track's loud frames: under that it rests


@dataclass(frozen=True)
class Item:
    """One song of a batch; see `Batch` for what the fields mean.

    `heard` says, for each track, whose audio from which frame on its spectra are, and how many frames: a
    track is the same in two items only if all three are.

    Shape: spectra (tracks, planes, bands, frames), is_stereo and roles (tracks,), truth (strips, driven),
        tracks (tracks, 2, samples), target (2, samples).
    """

    song_id: str
    spectra: Tensor
    heard: tuple[tuple[str, int, int], ...]
    is_stereo: Tensor
    roles: Tensor
    truth: Mapping[str, Tensor]
    has_truth: bool
    output_gain_db: float
    sample_rate: int
    pre_roll: int
    start_sample: int
    tracks: Tensor | None = None
    target: Tensor | None = None


@final
class SongDataset(Dataset[Item]):
    """Excerpts of songs, each a pure function of (seed, index).

    An index may be any whole number from 0: `len` indices are an epoch, which shows each row once, and the
    indices after them are the next epoch, in another order. Items with audio read only their excerpt.

    A song with a mix file has it as its target, at −20 LUFS; the output gain that is given beside it then
    belongs to that level. Without a mix file the target is NaN, and the settings of the session are the truth
    to render. An item may have fewer tracks than its song, or changed ones (`ExcerptSettings`); where they
    are not what the settings of the session were made for, it has no truth.

    Args:
        songs: rows of a manifest, with folders that can be opened from here.
        console: whose driven parameters are the truth.
        cache: spectra of the songs; `prepare` fills it.
        settings: how much of a song an item holds.
        seed: of the order and the places.
        sample_rate: of all audio, in Hz; others are resampled.
        audio: where the songs' audio is read from; their files by default.

    Raises:
        ValueError: no songs, or a song with neither a mix nor a session.
    """

    def __init__(
        self,
        songs: Sequence[Song],
        console: Console,
        cache: SongSpectra,
        *,
        settings: ExcerptSettings | None = None,
        seed: int = 0,
        sample_rate: int = 44100,
        audio: SongAudio | None = None,
    ) -> None:
        if not songs:
            raise ValueError("there is no song to train on; check the data's folder and its split")
        self.songs, self.console, self.cache = tuple(songs), console, cache
        self.settings, self.seed, self.sample_rate = settings or ExcerptSettings(), seed, sample_rate
        self.audio = audio or FileAudio()
        self._rows = tuple(song.folder for song in self.songs)  # arrangements lie in their song's folder
        self._truths: dict[int, Truth | None] = {}
        self._playing: dict[int, NDArray[np.float32]] = {}
        for song in self.songs:
            _check(song, self.settings)

    def prepare(self, *, progress: Progress | None = None, threads: int = 2) -> None:
        """Compute the spectra that are not there yet; see `SpectraCache.prepare`."""
        self.cache.prepare(self.songs, progress=progress, threads=threads)

    def __len__(self) -> int:
        return len(self.songs)

    def __iter__(self) -> Iterator[Item]:
        """The first epoch."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Item:
        """An item.

        Raises:
            ValueError: the spectra are not prepared, or the session does not fit the song.
            AudioFileError: audio cannot be read.
        """
        drawn = draw(index, seed=self.seed, rows=self._rows, settings=self.settings)
        song = self.songs[drawn.row]
        truth = self._truth(drawn.row)
        start, first, passage = self._place(drawn.row, drawn.places, has_audio=drawn.has_audio)
        given = give(song, index, seed=self.seed, settings=self.settings)
        if not given.keeps_truth:
            truth = None
        return Item(
            song_id=song.name,
            spectra=given.heard(passage.spectra),
            heard=tuple((key, first, passage.num_frames) for key in given.keys(song)),
            is_stereo=torch.tensor([part.is_stereo for part in given.parts]),
            roles=torch.tensor([ROLES.index(part.role) for part in given.parts]),
            truth=self._units(truth, given),
            has_truth=truth is not None,
            output_gain_db=0.0 if truth is None else truth.output_gain_db + _mix_gain_db(song),
            sample_rate=self.sample_rate,
            pre_roll=self.settings.pre_roll(self.sample_rate),
            start_sample=start,
            tracks=self._tracks(song, given, start) if drawn.has_audio else None,
            target=self._target(song, given, start) if drawn.has_audio else None,
        )

    def known(self, row: int) -> tuple[Tensor, Mapping[str, Tensor]] | None:
        """Roles and unit values of a song whose settings are known; see `models.role_statistics.gather`."""
        truth = self._truth(row)
        if truth is None:
            return None
        return torch.tensor([ROLES.index(track.role) for track in self.songs[row].tracks]), truth.units

    def _place(self, row: int, places: tuple[float, ...], *, has_audio: bool) -> tuple[int, int, Passage]:
        """Where the excerpt begins, the first frame of what is heard around it, and that."""
        song, settings, rate = self.songs[row], self.settings, self.sample_rate
        length = settings.num_samples(rate)
        starts = [
            start_at(place, song_samples=round(song.seconds * rate), num_samples=length) for place in places
        ]
        whole, heard = (num_frames(self.cache, s) for s in (song.seconds, settings.heard_seconds))
        if whole <= heard:
            passage = self.cache.read(song.tracks)
            if not has_audio:
                return starts[0], 0, passage
            plays = _playing(passage.spectra[:, 0].amax(1).numpy())
        else:
            plays = self._plays(row)
        per_frame = self.cache.hop * rate / self.cache.front_rate  # samples

        def share(start: int) -> float:
            begin, end = (start + settings.pre_roll(rate)) / per_frame, (start + length) / per_frame
            part = plays[round(begin) : round(end) + 1]
            return float(part.mean()) if part.size else 0.0

        start = best_start(starts, share)
        if whole <= heard:
            return start, 0, passage
        middle = (start + (settings.pre_roll(rate) + length) / 2) / per_frame
        first = min(max(round(middle) - heard // 2, 0), whole - heard)
        return start, first, self.cache.read(song.tracks, start=first, frames=heard)

    def _plays(self, row: int) -> NDArray[np.float32]:
        """Share of a long song's tracks that play, frame by frame; kept, for it takes long to read."""
        if row not in self._playing:
            self._playing[row] = _playing(self.cache.levels(self.songs[row].tracks))
        return self._playing[row]

    def _tracks(self, song: Song, given: Given, start: int) -> Tensor:
        """Staged audio of an excerpt. Shape (parts, 2, samples)."""
        shape = len(given.parts), 2, self.settings.num_samples(self.sample_rate)
        audio = torch.from_numpy(np.zeros(shape, np.float32))
        for row, part in zip(audio, given.parts, strict=True):
            self._add(song, part, start, row)
        return audio.flip(1) if given.swapped else audio

    def _add(self, song: Song, part: Part, start: int, into: Tensor) -> None:
        """Add the tracks of a part."""
        late = round(part.shift_ms / 1000.0 * self.sample_rate)
        for row, more_db in zip(part.rows, part.gains_db, strict=True):
            track = song.tracks[row]
            self._read(song, track, start - late, into, gain_db=trim_db(track) + more_db, sign=part.polarity)

    def _target(self, song: Song, given: Given, start: int) -> Tensor:
        """The mix of an excerpt. Shape (2, samples)."""
        audio = torch.zeros(2, self.settings.num_samples(self.sample_rate))
        if song.mix is None:
            return audio.fill_(math.nan)
        self._read(song, song.mix, start, audio, gain_db=_mix_gain_db(song), sign=given.mix_polarity)
        return audio.flip(0) if given.swapped else audio

    def _read(
        self, song: Song, audio: AudioRef, start: int, into: Tensor, *, gain_db: float, sign: int
    ) -> None:
        """Add an excerpt."""
        gain = sign * 10.0 ** (gain_db / 20.0)
        self.audio.add(song, audio, into.numpy(), start=start, gain=gain, sample_rate=self.sample_rate)

    def _truth(self, row: int) -> Truth | None:
        """The settings behind a mix, parsed once; None where only the mix itself is known."""
        if row not in self._truths:
            song = self.songs[row]
            found = read_truth(song, self.console) if song.session else None
            if isinstance(found, str):
                if song.mix is None:
                    raise ValueError(
                        f"{Path(song.folder) / song.session} cannot be trained on: {found}, and there is no "
                        "mix file beside it"
                    )
                found = None
            self._truths[row] = found
        return self._truths[row]

    def _units(self, truth: Truth | None, given: Given) -> Mapping[str, Tensor]:
        if truth is not None:
            return given.units(truth.units, self.console.layout)
        layout = self.console.layout
        return {
            name: torch.zeros(self.console.num_strips(name, len(given.parts)), len(layout[name].driven))
            for name in SECTIONS
        }


def collate(items: Sequence[Item]) -> Batch:
    """Items as a batch: tracks and frames padded with zeros.

    Raises:
        ValueError: the items come from data sets of different rates or lengths.
    """
    if len({(item.sample_rate, item.pre_roll) for item in items}) > 1:
        raise ValueError("items of one batch need one sample rate and one pre-roll; use one data set")
    count = max(len(item.spectra) for item in items)
    rendered = [(i, item) for i, item in enumerate(items) if item.tracks is not None]
    audio = [
        (i, t, g) for i, item in rendered if (t := item.tracks) is not None and (g := item.target) is not None
    ]
    spectra, lengths, heard = _heard_once(items)
    return Batch(
        spectra=spectra,
        num_frames=lengths,
        heard=_padded(heard, count),
        mask=_padded([torch.ones(len(item.spectra), dtype=torch.bool) for item in items], count),
        is_stereo=_padded([item.is_stereo for item in items], count),
        conditions=Conditions(
            roles=_padded([item.roles for item in items], count),
            genre=torch.full((len(items),), -1),
            target_loudness_lufs=torch.full((len(items),), TARGET_LUFS),
        ),
        truth={
            name: _padded([item.truth[name] for item in items], count if name == "tracks" else None)
            for name in SECTIONS
        },
        has_truth=torch.tensor([item.has_truth for item in items]),
        output_gain_db=torch.tensor([item.output_gain_db for item in items]),
        rendered=torch.tensor([i for i, _, _ in audio], dtype=torch.long),
        tracks=_padded([tracks for _, tracks, _ in audio], count) if audio else torch.zeros(0, count, 2, 0),
        target=default_collate([target for _, _, target in audio]) if audio else torch.zeros(0, 2, 0),
        start_sample=torch.tensor([items[i].start_sample for i, _, _ in audio], dtype=torch.long),
        pre_roll=items[0].pre_roll,
        sample_rate=items[0].sample_rate,
        song_ids=tuple(item.song_id for item in items),
    )


def _heard_once(items: Sequence[Item]) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The spectra of all tracks, those that items share only once; their frames; each item's rows."""
    rows: dict[tuple[str, int, int], int] = {}
    parts: list[Tensor] = []
    heard = []
    for item in items:
        for key, part in zip(item.heard, item.spectra, strict=True):
            if rows.setdefault(key, len(parts)) == len(parts):
                parts.append(part)
        heard.append(torch.tensor([rows[key] for key in item.heard]))
    lengths = torch.tensor([part.shape[-1] for part in parts])
    spectra = _zeros((len(parts), *parts[0].shape[:2], int(lengths.max())))
    for row, part in zip(spectra, parts, strict=True):
        row[..., : part.shape[-1]] = part
    return spectra, lengths, heard


def _padded(parts: Sequence[Tensor], count: int | None) -> Tensor:
    """Parts side by side, each with zeros behind it up to `count` rows."""
    if count is None:
        return torch.stack(list(parts))
    whole = _zeros((len(parts), count, *parts[0].shape[1:]), parts[0].numpy().dtype)
    for row, part in zip(whole, parts, strict=True):
        row[: len(part)] = part
    return whole


def _zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Tensor:
    """Zeros to be handed over: in a worker at once in the memory that the trainer sees too.

    Elsewhere numpy makes them, which asks the system for large pages; torch does not, and waits for each of
    thousands of small ones.
    """
    if get_worker_info() is None:
        return torch.from_numpy(np.zeros(shape, dtype))
    zero = torch.from_numpy(np.zeros((), dtype))
    whole: Tensor = default_collate([zero.expand(shape[1:])] * shape[0])
    return whole


def _check(song: Song, settings: ExcerptSettings) -> None:
    if song.mix is None and not song.session:
        raise ValueError(
            f"the song '{song.name}' has neither a mix nor a session: nothing tells how it should sound; "
            "leave it out"
        )
    if song.mix is None and settings.level != "lufs":
        raise ValueError(
            f"tracks at level '{settings.level}' do not fit the settings of '{song.name}', which has no mix; "
            "use level=lufs"
        )
    if len(song.tracks) > _MANY_TRACKS and not settings.most_tracks:
        warnings.warn(
            f"the song '{song.name}' has {len(song.tracks)} tracks; a batch with it needs much memory: "
            "most_tracks=16 gives submixes",
            stacklevel=3,
        )


def _mix_gain_db(song: Song) -> float:
    """What brings the mix file to −20 LUFS; 0 where there is none, or nothing to hear in it."""
    if song.mix is None or song.mix.loudness_lufs is None:
        return 0.0
    return TARGET_LUFS - song.mix.loudness_lufs


def _playing(levels: NDArray[np.float16]) -> NDArray[np.float32]:
    """Share of the tracks that play, frame by frame: within 30 dB of their own loud frames.

    Each track is asked, not their sum: an excerpt in which only the loudest instrument plays teaches little
    about the others.

    Shape: levels (tracks, frames), of the loudest band of the mid
    """
    level = levels.astype(np.float32)
    loud = np.quantile(level, 0.9, axis=1, keepdims=True)
    audible = loud[:, 0] > 0.0
    if not audible.any():
        return np.zeros(level.shape[1], np.float32)
    plays = level[audible] > np.maximum(loud[audible] - _SOUNDS_LU / DB_PER_VALUE, 0.0)
    return np.asarray(plays.mean(0), np.float32)

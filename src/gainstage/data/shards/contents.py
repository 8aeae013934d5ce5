"""What lies where in shards: the first item says so, and every place follows from it.

The songs of one folder (a song and its arrangements) are a group. Its items are, in this order:

- pieces of audio: `AUDIO_SAMPLES` samples of every file, one file behind the other, each as 32-bit float with
  its channels interleaved, so that a place in the song is one request whatever the number of its tracks;
- pieces of spectra: `FRAMES` frames of every track, float16, planes × bands × frames;
- one item with the levels of every track, float16, by which a place is chosen in which tracks play.

A file that has ended takes no room in a piece. All numbers are little-endian.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from gainstage.data.manifest import AudioRef, Song

AUDIO_SAMPLES = 1 << 16
FRAMES = 256
VERSION = 1


class AudioFile(NamedTuple):
    """A file of a group: what of its recording is kept."""

    content_hash: str
    channels: int
    num_samples: int


class Heard(NamedTuple):
    """Spectra of a track of a group."""

    content_hash: str
    planes: int
    frames: int


class Front(BaseModel):
    """The front end whose spectra are kept; rates in Hz, the hop in samples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    front_id: str
    hop: int
    front_rate: int
    planes: int
    bands: int


class Group(BaseModel):
    """The songs of one folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[AudioFile, ...]
    heard: tuple[Heard, ...]

    @property
    def audio_pieces(self) -> int:
        """Items of audio."""
        return -(-max(file.num_samples for file in self.files) // AUDIO_SAMPLES)

    @property
    def heard_pieces(self) -> int:
        """Items of spectra."""
        return -(-max(track.frames for track in self.heard) // FRAMES)


class Contents(BaseModel):
    """The first item.

    Args:
        version: of this layout.
        front: of the spectra.
        groups: in the order of their items.
        songs: rows of the manifest.
        sessions: what the session files of songs hold, by the names of the songs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    front: Front
    groups: tuple[Group, ...]
    songs: tuple[Song, ...]
    sessions: dict[str, str]


@dataclass(frozen=True)
class Place:
    """Where a recording lies: its group, its row there, and the group's first item."""

    group: Group
    row: int
    first: int


def places(contents: Contents) -> tuple[dict[str, Place], dict[str, Place]]:
    """Content hash → place, of audio and of spectra."""
    audio: dict[str, Place] = {}
    heard: dict[str, Place] = {}
    first = 1
    for group in contents.groups:
        for row, file in enumerate(group.files):
            audio.setdefault(file.content_hash, Place(group, row, first))
        for row, track in enumerate(group.heard):
            heard.setdefault(track.content_hash, Place(group, row, first + group.audio_pieces))
        first += group.audio_pieces + group.heard_pieces + 1
    return audio, heard


def audio_span(group: Group, row: int, piece: int) -> tuple[int, int]:
    """Where a file lies in a piece of audio, and how many samples of it: byte offset, samples."""
    counts = [min(max(f.num_samples - piece * AUDIO_SAMPLES, 0), AUDIO_SAMPLES) for f in group.files]
    before = sum(4 * f.channels * n for f, n in zip(group.files[:row], counts[:row], strict=True))
    return before, counts[row]


def heard_span(group: Group, row: int, piece: int, bands: int) -> tuple[int, int]:
    """Where a track lies in a piece of spectra, and how many frames of it: byte offset, frames."""
    counts = [min(max(track.frames - piece * FRAMES, 0), FRAMES) for track in group.heard]
    tracks = zip(group.heard[:row], counts[:row], strict=True)
    return sum(2 * track.planes * bands * n for track, n in tracks), counts[row]


def grouped(songs: Sequence[Song]) -> Iterator[tuple[Sequence[Song], dict[str, tuple[Song, AudioRef]]]]:
    """The songs of each folder, and their recordings by content hash, sorted."""
    folders: dict[str, list[Song]] = {}
    for song in songs:
        folders.setdefault(song.folder, []).append(song)
    for rows in folders.values():
        files: dict[str, tuple[Song, AudioRef]] = {}
        for song in rows:
            for audio in (*song.tracks, *((song.mix,) if song.mix else ())):
                files.setdefault(audio.content_hash, (song, audio))
        yield rows, dict(sorted(files.items()))

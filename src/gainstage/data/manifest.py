"""The manifest: songs and their tracks as typed rows, one line of JSON a song.

Every source of multitracks becomes this, and everything after it reads nothing else. Rows are frozen; writing
is canonical (sorted keys, shortest numbers), so the same songs give the same bytes.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from gainstage.roles import check_role

Role = Annotated[str, AfterValidator(check_role)]
Wetness = Literal["dry", "wet", "normalised", "unknown"]
Split = Literal["train", "validation", "test"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AudioRef(_Row):
    """An audio file of a song.

    Args:
        file: path relative to the song's folder, with forward slashes.
        channels: 1 or 2; a stereo file whose channels are equal counts as 1.
        sample_rate: of the file, in Hz.
        num_samples: per channel, at `sample_rate`, that can really be decoded.
        peak_amplitude: largest absolute sample; 1 is full scale.
        content_hash: of the decoded samples, whatever the name and container of the file.
        loudness_lufs: loudness over the whole song (DESIGN.md, Gain staging); None = silent or not measured.
        origin: the file of the data set that it was prepared from, relative to the set's root.
    """

    file: str = Field(min_length=1)
    channels: Literal[1, 2]
    sample_rate: int = Field(gt=0)
    num_samples: int = Field(ge=0)
    peak_amplitude: FiniteFloat = Field(ge=0)
    content_hash: str
    loudness_lufs: FiniteFloat | None = None
    origin: str = ""

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate


class Alignment(_Row):
    """How a track was moved to where its mix holds it: sample n lies at n·(1 + drift) + delay now.

    Args:
        delay_samples: at the song's rate.
        drift_ppm: parts per million.
        confidence: 0 … 1, of the estimate for the whole song; see `gainstage.dsp.alignment`.
    """

    delay_samples: FiniteFloat
    drift_ppm: FiniteFloat
    confidence: float = Field(ge=0, le=1)


class Track(AudioRef):
    """One input signal of a song.

    Args:
        name: as a person reads it; unique within the song.
        role: one of `gainstage.roles.ROLES`.
        role_confidence: 1 = somebody said it; less = guessed; 0 = nothing is known.
        instrument: the source's own word for it.
        wetness: whether effects are already on it; `normalised` = they were, and were taken off as far as
            that goes.
        bleed: whether other instruments are heard in it; None = not known.
        alignment: how it was moved; None = not at all.
    """

    name: str = Field(min_length=1)
    role: Role = "other"
    role_confidence: float = Field(default=0.0, ge=0, le=1)
    instrument: str = ""
    wetness: Wetness = "unknown"
    bleed: bool | None = None
    alignment: Alignment | None = None


class Song(_Row):
    """A song: its tracks, and its mix where there is one.

    Args:
        name: unique within a manifest.
        folder: where the files lie; relative to the manifest, or absolute.
        sample_rate: the console's rate in Hz, to which all tracks are brought.
        tracks: at least one.
        mix: a mix by somebody else.
        session: file of the session behind the mix, relative to the song's folder; empty = not known.
        artist, title, genre, licence, source: in the words of the data set; empty = not known.
        split: the official split, if the data set has one.
    """

    name: str = Field(min_length=1)
    folder: str
    sample_rate: int = Field(gt=0)
    tracks: tuple[Track, ...] = Field(min_length=1)
    mix: AudioRef | None = None
    session: str = ""
    artist: str = ""
    title: str = ""
    genre: str = ""
    licence: str = ""
    source: str = ""
    split: Split | None = None

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        seen: set[str] = set()
        for track in self.tracks:
            if track.name in seen:
                raise ValueError(f"two tracks are called '{track.name}'; rename one")
            seen.add(track.name)
        return self

    @property
    def seconds(self) -> float:
        """Length of the longest track in seconds."""
        return max(track.seconds for track in self.tracks)

    @property
    def is_wet(self) -> bool:
        """Whether its tracks are treated stems, so that its mix is their sum and shows no mixing."""
        return self.mix is not None and all(track.wetness == "wet" for track in self.tracks)

    def path_of(self, audio: AudioRef, *, root: Path = Path()) -> Path:
        """Where a track or the mix lies.

        Args:
            audio: one of this song's.
            root: the folder of the manifest, if the song's folder is relative to it.
        """
        return root / self.folder / audio.file


def manifest_line(song: Song) -> str:
    """A song as one canonical line of JSON, without the line's end."""
    return json.dumps(
        song.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def write_manifest(path: Path, songs: Iterable[Song]) -> None:
    """Write songs, sorted by name; the file appears whole or not at all.

    Raises:
        ValueError: two songs share a name.
        OSError: the file cannot be written.
    """
    by_name: dict[str, Song] = {}
    for song in songs:
        if by_name.setdefault(song.name, song) is not song:
            raise ValueError(f"two songs are called '{song.name}'; give one another name")
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(
            "".join(f"{manifest_line(by_name[name])}\n" for name in sorted(by_name)), encoding="utf-8"
        )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_manifest(path: Path) -> list[Song]:
    """Read songs.

    Raises:
        ValueError: a line is no song; the sentence names file, line and field.
        OSError: the file cannot be read.
    """
    songs: list[Song] = []
    seen: set[str] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            song = Song.model_validate_json(line)
        except ValidationError as error:
            raise ValueError(f"{path}, line {number}: {_first_fault(error)}") from error
        if song.name in seen:
            raise ValueError(f"{path}, line {number}: the song '{song.name}' was there before; remove one")
        seen.add(song.name)
        songs.append(song)
    return songs


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"]).lstrip(".")
    message = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message

"""The session: a mix as a document that a person reads, edits, stores and hands on.

A session is everything that a render needs beside the audio: the console, the value of every parameter in
physical units, switches, automation, locks, seeds. Provenance says where it came from and never influences
a render. Writing is canonical, so a session that we wrote comes back byte for byte.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from gainstage.console.json_text import INTEGERS, check_plain, parse, shown
from gainstage.console.nearest import nearest_or_all
from gainstage.console.refusal import said, sentence
from gainstage.console.session_fit import check_fit
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.console.whole_file import write_whole

FORMAT = "gainstage-session"
VERSION = 2
MAX_BYTES = 64 * 2**20
MAX_DELAY_SAMPLES = 2**20
MAX_SECONDS = 1e6
MAX_SAMPLES = 2**53
TEMPO_BPM = (1.0, 1000.0)

CONVENTIONS = {
    "filters": "second-order sections by the RBJ audio EQ cookbook, transposed direct form II",
    "pan": "law named in the console, normalised to 0 dB at the centre; stereo tracks are balanced",
    "time_constants": "alpha = exp(-1 / (tau * sample_rate))",
    "compressor": "Giannoulis, Massberg, Reiss 2012: log domain, soft knee, smooth branching detector",
    "automation": "straight lines between breakpoints on the scale of the parameter",
}


def _pair(value: Any) -> Any:
    """JSON has lists where Python has pairs."""
    return tuple(value) if isinstance(value, list) else value


Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
Samples = Annotated[int, Field(ge=0, le=MAX_SAMPLES)]
Breakpoint = tuple[Seconds, Number]
Switch = tuple[Seconds, bool]
Knots = Annotated[list[Annotated[Breakpoint, BeforeValidator(_pair)]], Field(min_length=1)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class KeySource(_Document):
    """A strip that a processor listens to: before mute and solo, so that what is silent can still duck."""

    section: Literal["tracks", "groups", "returns"]
    strip: str
    gain_db: Annotated[float, Field(ge=-60, le=24)] = 0.0


class ProcessorSettings(_Document):
    """One processor of one strip: its values in physical units, what moves or is locked, what it listens to.

    Several keys are summed; without any a processor listens to itself.
    """

    bypass: bool = False
    key: list[KeySource] = Field(default_factory=list)
    values: dict[str, Number] = Field(default_factory=dict)
    curves: dict[str, Knots] = Field(default_factory=dict)
    locked: list[str] = Field(default_factory=list)


class StripSettings(_Document):
    """A strip: its switches, and the settings of its processors by name.

    `mute_curve` switches at times in seconds; before the first of them `mute` counts. `pre_fader_sends` names
    the returns whose sends are fed from the fader's input.
    """

    name: str
    mute: bool = False
    mute_curve: list[Annotated[Switch, BeforeValidator(_pair)]] = Field(default_factory=list)
    solo: bool = False
    inverted: bool = False
    pre_fader_sends: list[str] = Field(default_factory=list)
    processors: dict[str, ProcessorSettings] = Field(default_factory=dict)


class TrackSettings(StripSettings):
    """A track: its strip, and the file that feeds it."""

    file: str
    role: str
    channels: Annotated[int, Field(ge=1, le=2)]
    content_hash: str = ""
    group: str | None = None
    delay_samples: Annotated[int, Field(ge=0, le=MAX_DELAY_SAMPLES)] = 0


class SongSection(_Document):
    """A named part of the song."""

    name: str
    start_s: Seconds


class Session(_Document):
    """A mix. Lengths are in samples at `sample_rate`."""

    format: Literal["gainstage-session"] = "gainstage-session"
    version: Literal[2] = 2
    name: str
    sample_rate: Annotated[int, Field(ge=8000, le=768000)]
    num_samples: Samples
    tail_samples: Samples = 0
    tempo_bpm: Annotated[float, Field(ge=TEMPO_BPM[0], le=TEMPO_BPM[1], allow_inf_nan=False)] | None = None
    sections: list[SongSection] = Field(default_factory=list)
    console: ConsoleSpec
    tracks: list[TrackSettings] = Field(default_factory=list)
    groups: list[StripSettings] = Field(default_factory=list)
    returns: list[StripSettings] = Field(default_factory=list)
    master: StripSettings = StripSettings(name="master")
    conventions: dict[str, str] = Field(default_factory=lambda: dict(CONVENTIONS))
    seeds: dict[str, Annotated[int, Field(ge=INTEGERS[0], le=INTEGERS[1])]] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)

    @field_validator("conventions")
    @classmethod
    def _are_ours(cls, conventions: dict[str, str]) -> dict[str, str]:
        for name, law in conventions.items():
            if name not in CONVENTIONS:
                raise ValueError(f"we know no convention '{shown(name)}'{nearest_or_all(name, CONVENTIONS)}")
            if law != CONVENTIONS[name]:
                raise ValueError(
                    f"'{name}' says \"{shown(law)}\", which we do not implement; a render is by "
                    f'"{CONVENTIONS[name]}"'
                )
        if missing := [name for name in CONVENTIONS if name not in conventions]:
            raise ValueError(f"'{missing[0]}' is missing; a render is by \"{CONVENTIONS[missing[0]]}\"")
        return conventions

    @field_validator("provenance")
    @classmethod
    def _can_be_written(cls, provenance: dict[str, Any]) -> dict[str, Any]:
        check_plain(provenance, provenance)
        return provenance

    @model_validator(mode="after")
    def _fits_the_console(self) -> Self:
        check_fit(self)
        return self

    def strips(self) -> Iterator[tuple[str, str, StripSettings]]:
        """Every strip with the place where it stands and its section."""
        for section in SECTIONS:
            for i, strip in enumerate(self.strips_of(section)):
                yield "master" if section == "master" else f"{section}[{i}] '{strip.name}'", section, strip

    def strips_of(self, section: str) -> list[Any]:
        """The strips of one section; the master is one."""
        return [self.master] if section == "master" else list(getattr(self, section))

    def to_json(self) -> str:
        """Canonical text: sorted keys, shortest floats, one line feed at the end."""
        document = self.model_dump(mode="json")
        return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the session; beside first, then renamed, so that a file is whole or not there.

        Raises:
            OSError: the place cannot be written.
        """
        write_whole(Path(path), self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a session.

        Raises:
            ValueError: the file is not a session that can be used; one sentence names the place.
        """
        path = Path(path)
        try:
            if path.is_dir():
                raise ValueError(f"is a folder, not a session; give a file such as {path / 'session.json'}")
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise ValueError(f"is larger than {MAX_BYTES >> 20} MiB: not a session")
            return cls.from_json(content.decode("utf-8"))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not a session: byte {error.start} is not UTF-8 text") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A session from its text.

        Raises:
            ValueError: it is not a session that can be used; one sentence names the place.
        """
        document = parse(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"this is not a session: 'format' must be \"{FORMAT}\"")
        document = _migrated(document)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise ValueError(sentence(error, document, cls)) from None


def _migrated(document: dict[str, Any]) -> dict[str, Any]:
    """A document of an older version as one of this version.

    Version 2 added keys, solo, polarity, delays, pre-fader sends and automated mutes; all of them are off in
    what version 1 wrote. Of the conventions, those that an older version did not name are filled in.
    """
    if "version" not in document:
        raise ValueError(f"'version' is missing; this program writes {VERSION}")
    version = document["version"]
    if type(version) is not int or version < 1:
        raise ValueError(f"version: must be a whole number from 1 to {VERSION}, not {said(version)}")
    if version > VERSION:
        raise ValueError(
            f"session version {version} is newer than this program's {VERSION}: update gainstage"
        )
    if version == VERSION:
        if "conventions" not in document:
            raise ValueError("'conventions' is missing; it says by which laws the session is rendered")
        return document
    named = document.get("conventions", {})
    laws = CONVENTIONS | named if isinstance(named, dict) else named
    return document | {"version": VERSION, "conventions": laws}

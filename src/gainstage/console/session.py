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

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gainstage.console.console import Console
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.processors import Kind, Parameter

FORMAT = "gainstage-session"
VERSION = 2
MAX_BYTES = 64 * 2**20
MAX_DELAY_SAMPLES = 2**20

CONVENTIONS = {
    "filters": "second-order sections by the RBJ audio EQ cookbook, transposed direct form II",
    "pan": "law named in the console, normalised to 0 dB at the centre; stereo tracks are balanced",
    "time_constants": "alpha = exp(-1 / (tau * sample_rate))",
    "compressor": "Giannoulis, Massberg, Reiss 2012: log domain, soft knee, smooth branching detector",
    "automation": "straight lines between breakpoints on the scale of the parameter",
}

Number = Annotated[float, Field(allow_inf_nan=False)]
Breakpoint = tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], Number]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
    curves: dict[str, Annotated[list[Breakpoint], Field(min_length=1)]] = Field(default_factory=dict)
    locked: list[str] = Field(default_factory=list)


class StripSettings(_Document):
    """A strip: its switches, and the settings of its processors by name.

    `mute_curve` switches at times in seconds; before the first of them `mute` counts. `pre_fader_sends` names
    the returns whose sends are fed from the fader's input.
    """

    name: str
    mute: bool = False
    mute_curve: list[tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], bool]] = Field(
        default_factory=list
    )
    solo: bool = False
    inverted: bool = False
    pre_fader_sends: list[str] = Field(default_factory=list)
    processors: dict[str, ProcessorSettings] = Field(default_factory=dict)


class TrackSettings(StripSettings):
    """A track: its strip, and the file that feeds it."""

    file: str
    role: str
    channels: Literal[1, 2]
    content_hash: str = ""
    group: str | None = None
    delay_samples: Annotated[int, Field(ge=0, le=MAX_DELAY_SAMPLES)] = 0


class SongSection(_Document):
    """A named part of the song."""

    name: str
    start_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Session(_Document):
    """A mix. Lengths are in samples at `sample_rate`."""

    format: Literal["gainstage-session"] = "gainstage-session"
    version: Literal[2] = 2
    name: str
    sample_rate: Annotated[int, Field(ge=8000, le=768000)]
    num_samples: Annotated[int, Field(ge=0)]
    tail_samples: Annotated[int, Field(ge=0)] = 0
    tempo_bpm: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    sections: list[SongSection] = Field(default_factory=list)
    console: ConsoleSpec
    tracks: list[TrackSettings] = Field(default_factory=list)
    groups: list[StripSettings] = Field(default_factory=list)
    returns: list[StripSettings] = Field(default_factory=list)
    master: StripSettings = StripSettings(name="master")
    conventions: dict[str, str] = Field(default_factory=lambda: dict(CONVENTIONS))
    seeds: dict[str, int] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_the_console(self) -> Self:
        console = Console(self.console)
        for section in ("groups", "returns"):
            wanted = getattr(self.console, f"{section.removesuffix('s')}_names")
            given = [strip.name for strip in getattr(self, section)]
            if given != wanted:
                raise ValueError(f"{section}: the console has {wanted}, the session has {given}")
        for place, section, strip in self.strips():
            layout = console.layout[section]
            for name, settings in strip.processors.items():
                if name not in layout.processors:
                    raise ValueError(
                        f"{place}: there is no processor '{name}'; there are {list(layout.processors)}"
                    )
                table = {row.name: row for row in layout.processors[name].table}
                _check_settings(f"{place}.{name}", settings, table)
                if settings.key and not layout.processors[name].takes_key:
                    raise ValueError(f"{place}.{name}: listens to nothing, so it takes no key")
                for source in settings.key:
                    self._check_key(f"{place}.{name}", section, source)
            self._check_switches(place, section, strip)
        for i, track in enumerate(self.tracks):
            if track.group is not None and track.group not in self.console.group_names:
                raise ValueError(f"tracks[{i}] '{track.name}': there is no group '{track.group}'")
        return self

    def _check_key(self, place: str, section: str, source: KeySource) -> None:
        """A key exists once and sounds before what it keys."""
        order = SECTIONS.index(section) - SECTIONS.index(source.section)
        if order < 0 and (section, source.section) != ("tracks", "groups"):
            raise ValueError(
                f"{place}: its key '{source.strip}' is one of the {source.section}, which come later"
            )
        names = [strip.name for strip in getattr(self, source.section)]
        if names.count(source.strip) != 1:
            raise ValueError(
                f"{place}: {names.count(source.strip)} of the {source.section} are called "
                f"'{source.strip}'; a key must name one of {names}"
            )

    def _check_switches(self, place: str, section: str, strip: StripSettings) -> None:
        times = [time for time, _ in strip.mute_curve]
        if times != sorted(times):
            raise ValueError(f"{place}.mute_curve: the switches must be in order of time")
        if strip.solo and section == "master":
            raise ValueError(f"{place}: the master cannot be soloed")
        senders = self.console.return_names if section in ("tracks", "groups") else []
        for name in strip.pre_fader_sends:
            if name not in senders:
                raise ValueError(
                    f"{place}.pre_fader_sends: there is no send to '{name}'; there are {senders}"
                )

    def strips(self) -> Iterator[tuple[str, str, StripSettings]]:
        """Every strip with the place where it stands and its section."""
        for section in SECTIONS:
            for i, strip in enumerate(self.strips_of(section)):
                yield f"{section}[{i}] '{strip.name}'", section, strip

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
        target = Path(path)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            partial.write_text(self.to_json(), encoding="utf-8")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a session.

        Raises:
            ValueError: the file is not a session that can be used; one sentence names the place.
        """
        path = Path(path)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise ValueError(f"{path} is larger than {MAX_BYTES >> 20} MiB: not a session")
            return cls.from_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not a session: it is not UTF-8 text") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A session from its text.

        Raises:
            ValueError: it is not a session that can be used; one sentence names the place.
        """
        try:
            document = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"this is not JSON ({error})") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"this is not a session: 'format' must be \"{FORMAT}\"")
        document = _migrated(document)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            message = first["msg"].removeprefix("Value error, ")
            raise ValueError(f"{place}: {message}" if place else message) from None


def _migrated(document: dict[str, Any]) -> dict[str, Any]:
    """A document of an older version as one of this version.

    Version 2 added keys, solo, polarity, delays, pre-fader sends and automated mutes; all of them are off in
    what version 1 wrote.
    """
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ValueError(
            f"session version {version} is newer than this program's {VERSION}: update gainstage"
        )
    return document | {"version": VERSION} if version == 1 and version is not True else document


def _check_settings(place: str, settings: ProcessorSettings, table: dict[str, Parameter]) -> None:
    """Values, curves and locks name parameters that exist and lie in their ranges."""
    for name in [*settings.values, *settings.curves, *settings.locked]:
        if name not in table:
            raise ValueError(f"{place}: there is no parameter '{name}'; there are {list(table)}")
    for name, value in settings.values.items():
        _check_value(f"{place}.{name}", value, table[name])
    for name, curve in settings.curves.items():
        if table[name].kind is not Kind.CONTINUOUS:
            raise ValueError(f"{place}.{name}: is one number for the whole song and takes no curve")
        times = [time for time, _ in curve]
        if times != sorted(times):
            raise ValueError(f"{place}.{name}: the breakpoints must be in order of time")
        for _, value in curve:
            _check_value(f"{place}.{name}", value, table[name])


def _check_value(place: str, value: float, parameter: Parameter) -> None:
    if not parameter.low <= value <= parameter.high:
        raise ValueError(f"{place}: {value:g} lies outside {parameter.range_text()}")

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

from pydantic import Field, model_validator

from gainstage.console.console import Console
from gainstage.console.faults import meant, validated
from gainstage.console.json_text import check_plain, parse
from gainstage.console.place import figure, quoted, shown
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.console.strip_settings import (
    MAX_DELAY_SAMPLES,
    MAX_SECONDS,
    Breakpoint,
    Document,
    KeySource,
    ProcessorSettings,
    Seconds,
    StripSettings,
    TrackSettings,
    check_strip,
)

__all__ = [
    "MAX_DELAY_SAMPLES",
    "Breakpoint",
    "KeySource",
    "ProcessorSettings",
    "Session",
    "SongSection",
    "StripSettings",
    "TrackSettings",
]

FORMAT = "gainstage-session"
VERSION = 2
MAX_BYTES = 64 * 2**20
MIN_RATE, MAX_RATE = 8000, 768_000
MAX_SAMPLES = MAX_SECONDS * MAX_RATE
MIN_BPM, MAX_BPM = 10.0, 1000.0

CONVENTIONS = {
    "filters": "second-order sections by the RBJ audio EQ cookbook, transposed direct form II",
    "pan": "law named in the console, normalised to 0 dB at the centre; stereo tracks are balanced",
    "time_constants": "alpha = exp(-1 / (tau * sample_rate))",
    "compressor": "Giannoulis, Massberg, Reiss 2012: log domain, soft knee, smooth branching detector",
    "automation": "straight lines between breakpoints on the scale of the parameter",
}
"""What the numbers of a session mean. A render follows these and no others."""


class SongSection(Document):
    """A named part of the song."""

    name: str
    start_s: Seconds


class Session(Document):
    """A mix. Lengths are in samples at `sample_rate`."""

    format: Literal["gainstage-session"] = "gainstage-session"
    version: Literal[2] = 2
    name: str
    sample_rate: Annotated[int, Field(ge=MIN_RATE, le=MAX_RATE)]
    num_samples: Annotated[int, Field(ge=0, le=MAX_SAMPLES)]
    tail_samples: Annotated[int, Field(ge=0, le=MAX_SAMPLES)] = 0
    tempo_bpm: Annotated[float, Field(ge=MIN_BPM, le=MAX_BPM)] | None = None
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
        self._check_song()
        try:
            console = Console(self.console)
        except ValueError as error:
            raise ValueError(f"console.{error}") from None
        for section in ("groups", "returns"):
            wanted = getattr(self.console, f"{section.removesuffix('s')}_names")
            given = [strip.name for strip in getattr(self, section)]
            if given != wanted:
                both = f"the console has {_listed(wanted)}, the session has {_listed(given)}"
                raise ValueError(f"{section}: {both}")
        for place, section, strip in self.strips():
            check_strip(place, strip, console.layout[section].processors)
            for name, settings in strip.processors.items():
                for source in settings.key:
                    self._check_key(f"{place}.{name}", section, source)
            self._check_routing(place, section, strip)
        return self

    def _check_song(self) -> None:
        """What is said of the song and of the document can be meant and written."""
        for name, law in CONVENTIONS.items():
            if name not in self.conventions:
                raise ValueError(f"conventions: {quoted(name)} is missing; it is {law!r}")
            if self.conventions[name] != law:
                raise ValueError(
                    f"conventions.{name}: {quoted(self.conventions[name])} is not how this program renders; "
                    f"its convention is {law!r}"
                )
        for name in self.conventions:
            if name not in CONVENTIONS:
                hint = meant(name, list(CONVENTIONS))
                raise ValueError(f"conventions: there is no convention {quoted(name)}{hint}")
        starts = [section.start_s for section in self.sections]
        for i in range(1, len(starts)):
            if starts[i] <= starts[i - 1]:
                name, before = quoted(self.sections[i].name), figure(starts[i - 1])
                raise ValueError(
                    f"sections[{i}] {name}: starts at {figure(starts[i])} s, not after the one before it "
                    f"({before} s)"
                )
        check_plain({"provenance": self.provenance, "seeds": self.seeds})

    def _check_key(self, place: str, section: str, source: KeySource) -> None:
        """A key exists once and sounds before what it keys."""
        order = SECTIONS.index(section) - SECTIONS.index(source.section)
        if order < 0 and (section, source.section) != ("tracks", "groups"):
            raise ValueError(
                f"{place}: its key {quoted(source.strip)} is one of the {source.section}, which come later"
            )
        names = [strip.name for strip in getattr(self, source.section)]
        if (count := names.count(source.strip)) != 1:
            hint = meant(source.strip, names) if count == 0 else "; a key must name one"
            raise ValueError(
                f"{place}: {count or 'none'} of the {source.section} {'are' if count else 'is'} called "
                f"{quoted(source.strip)}{hint}"
            )

    def _check_routing(self, place: str, section: str, strip: StripSettings) -> None:
        if strip.solo and section == "master":
            raise ValueError(f"{place}: the master cannot be soloed")
        senders = self.console.return_names if section in ("tracks", "groups") else []
        for name in strip.pre_fader_sends:
            if name not in senders:
                hint = meant(name, senders)
                raise ValueError(f"{place}.pre_fader_sends: there is no send to {quoted(name)}{hint}")
        group = strip.group if isinstance(strip, TrackSettings) else None
        if group is not None and group not in self.console.group_names:
            hint = meant(group, self.console.group_names)
            raise ValueError(f"{place}: there is no group {quoted(group)}{hint}")

    def strips(self) -> Iterator[tuple[str, str, StripSettings]]:
        """Every strip with the place where it stands and its section."""
        for section in SECTIONS:
            for i, strip in enumerate(self.strips_of(section)):
                place = "master" if section == "master" else f"{section}[{i}] {quoted(strip.name)}"
                yield place, section, strip

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
            with path.open("rb") as file:  # a pipe has no size to ask for
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB: not a session")
            return cls.from_json(data.decode("utf-8-sig"))
        except IsADirectoryError:
            raise ValueError(f"{path} is a folder; give the session.json in it") from None
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not a session: it is not UTF-8 text") from None
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A session from its text.

        What it says is taken as it stands or refused: types are those of JSON, and nothing is passed over.

        Raises:
            ValueError: it is not a session that can be used; one sentence names the place.
        """
        document = parse(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"this is not a session: 'format' must be \"{FORMAT}\"")
        return validated(cls, _migrated(document))


def _listed(names: list[str]) -> str:
    return ", ".join(map(quoted, names)) or "none"


def _migrated(document: dict[str, Any]) -> dict[str, Any]:
    """A document of an older version as one of this version.

    Version 2 added keys, solo, polarity, delays, pre-fader sends and automated mutes; all of them are off in
    what version 1 wrote. Conventions that an older version did not name are those of now.
    """
    if "version" not in document:
        raise ValueError(f"'version' is missing; this program's sessions have {VERSION}")
    version = document["version"]
    if type(version) is not int or version < 1:
        raise ValueError(f"version: must be a whole number from 1 to {VERSION}, got {shown(version)}")
    if version > VERSION:
        raise ValueError(
            f"session version {shown(version)} is newer than this program's {VERSION}: update gainstage"
        )
    if version == VERSION:
        return document
    named = document.get("conventions", {})
    conventions = CONVENTIONS | named if isinstance(named, dict) else named
    return document | {"version": VERSION, "conventions": conventions}

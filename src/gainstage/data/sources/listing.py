"""What a source finds in a root before any audio is read: songs, their files, and what is said of them.

Each set has a file of its own beside this one, which turns a root into a `Listing`. Nothing is decoded there,
so listing a set takes a moment; `gainstage.preparation` then hears the files and makes manifest rows of them.
A fault in one song is written down and never keeps the others from being found.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gainstage.data.audio_file import AUDIO_SUFFIXES
from gainstage.data.manifest import Split, Wetness
from gainstage.data.stem_files import natural_order, printable_path
from gainstage.roles import guess


@dataclass(frozen=True)
class Fault:
    """Something about a file that a person should know.

    Args:
        file: relative to the root.
        cause: the rest of the sentence.
        is_damage: something of the set is lost by it; a strict preparation stops here.
        kind: what a report counts it under.
    """

    file: str
    cause: str
    is_damage: bool = True
    kind: str = "layout"


def note(file: str, cause: str, *, kind: str) -> Fault:
    """A fault that loses nothing."""
    return Fault(file, cause, is_damage=False, kind=kind)


@dataclass(frozen=True)
class TrackFile:
    """A file, or a stream in one, that holds a track or a mix.

    Args:
        path: the file.
        name: as a person reads it; unique within the song.
        role: one of `gainstage.roles.ROLES`; empty = to be guessed from the name.
        role_confidence: of that role.
        instrument: the set's own word for it.
        wetness: whether effects are already on it.
        bleed: whether other instruments are heard in it; None = not known.
        stream: of a file with several streams (`.stem.mp4`), counted from 0.
    """

    path: Path
    name: str
    role: str = ""
    role_confidence: float = 1.0
    instrument: str = ""
    wetness: Wetness = "unknown"
    bleed: bool | None = None
    stream: int | None = None


@dataclass(frozen=True)
class SongFiles:
    """A song as it lies in a set.

    Args:
        name: unique within the set.
        source: name of the set.
        group: where it lies below the root; arrangements of one song share it.
        tracks: its tracks; a song without any is left out.
        mix: a mix by somebody else.
        session: the session behind the mix.
        artist, title, genre, licence: in the words of the set; empty = not known.
        split: the official one.
        is_aligned: tracks and mix begin at the same moment by the set's own word, so nothing is moved.
        same_length: all files are equally long by the set's own word.
        about: files other than audio that all this was read from.
        lacks: names of tracks that the set promises and the disk does not hold.
        faults: what was noticed.
    """

    name: str
    source: str
    group: str
    tracks: tuple[TrackFile, ...]
    mix: TrackFile | None = None
    session: Path | None = None
    artist: str = ""
    title: str = ""
    genre: str = ""
    licence: str = ""
    split: Split | None = None
    is_aligned: bool = True
    same_length: bool = False
    about: tuple[Path, ...] = ()
    lacks: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass
class Listing:
    """The songs of a root, in order of discovery, and what was noticed beside them."""

    root: Path
    songs: list[SongFiles] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: Path, cause: str, *, is_damage: bool = True) -> Fault:
        """A fault of a file below the root."""
        return Fault(printable_path(path, self.root), cause, is_damage)

    def folders(self, folder: Path) -> list[Path]:
        """The folders in a folder, in natural order; hidden ones and links that lead back are passed over."""
        found = []
        for path in self.entries(folder):
            if not path.is_dir():
                continue
            if path.is_symlink() and path.resolve() in (folder.resolve(), *folder.resolve().parents):
                self.faults.append(
                    self.fault(path, "is a link that leads back to where it lies; left out", is_damage=False)
                )
                continue
            found.append(path)
        return found

    def audio(self, folder: Path) -> list[Path]:
        """The audio files in a folder, also those that cannot be opened: each stands for an instrument."""
        return [p for p in self.entries(folder) if p.suffix.lower() in AUDIO_SUFFIXES and not p.is_dir()]

    def entries(self, folder: Path) -> list[Path]:
        """What a folder holds, hidden things apart; nothing where it is not there or cannot be opened."""
        try:
            return sorted((p for p in folder.iterdir() if not p.name.startswith(".")), key=natural_order)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.faults.append(self.fault(folder, f"cannot be opened: {error.strerror or error}"))
            return []

    def read_yaml(self, path: Path, faults: list[Fault]) -> dict[str, Any]:
        """A mapping from a YAML (or JSON) file; empty, and a fault, where it is none."""
        try:
            with path.open("rb") as file:
                found = yaml.safe_load(file)
        except OSError as error:
            faults.append(self.fault(path, f"cannot be opened: {error.strerror or error}"))
            return {}
        except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            place = f" (line {mark.line + 1})" if mark else ""
            faults.append(self.fault(path, f"is not YAML{place}; what it says is not known"))
            return {}
        if not isinstance(found, dict):
            faults.append(self.fault(path, "holds no names and values; what it says is not known"))
            return {}
        return found

    def present(
        self, tracks: list[TrackFile], faults: list[Fault]
    ) -> tuple[list[TrackFile], tuple[str, ...]]:
        """Tracks whose file is there, and the names of the others."""
        kept, lacks = [], []
        for track in tracks:
            if track.path.is_symlink() or track.path.exists():
                kept.append(track)
            else:
                faults.append(self.fault(track.path, "is missing; unpack the set again"))
                lacks.append(track.name)
        return kept, tuple(lacks)


def role_of(instrument: str, *, usual: str = "") -> tuple[str, float]:
    """A role from the set's word for an instrument, and how sure that is.

    Args:
        instrument: the word.
        usual: the role to take where the word says nothing.
    """
    guessed = guess(instrument)
    if guessed.confidence == 0.0 and usual:
        return usual, 0.5
    return guessed.role, guessed.confidence


def texts(values: dict[str, Any], *keys: str) -> Iterator[str]:
    """Values as text; empty where there is none."""
    for key in keys:
        value = values.get(key)
        yield "" if value is None else str(value).strip()


def is_true(value: object) -> bool | None:
    """`yes`, `no`, true or false, as YAML files spell them; None for anything else."""
    word = str(value).strip().casefold()
    return True if word in ("yes", "true") else False if word in ("no", "false") else None


def artist_and_title(name: str) -> tuple[str, str]:
    """`Artist - Title` or `Artist_Title`; an empty artist where the name is neither."""
    for mark in (" - ", "_"):
        artist, found, title = name.partition(mark)
        if found and artist.strip() and title.strip():
            return artist.strip(), title.strip()
    return "", name

"""Which files of a folder are its stems, and which is its mix."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import AUDIO_SUFFIXES

NOT_READ = frozenset(
    {
        ".m4a",
        ".m4b",
        ".mp4",
        ".aac",
        ".wma",
        ".alac",
        ".ape",
        ".wv",
        ".caf",
        ".au",
        ".snd",
        ".w64",
        ".ac3",
        ".mka",
    }
)
"""Suffixes of audio that is not read."""

_MIX_NAMES = frozenset(
    {"mix", "mixture", "mixdown", "master", "mastered", "fullmix", "finalmix", "stereomix"}
)


@dataclass(frozen=True)
class StemFiles:
    """The audio files of a folder.

    Args:
        stems: in natural order (2 before 10).
        mix: a mix of them by somebody else, or None.
        warnings: what was passed over, a sentence each.
    """

    stems: tuple[Path, ...]
    mix: Path | None
    warnings: tuple[str, ...]


def find_stem_files(folder: Path, *, stems_named: frozenset[str] = frozenset()) -> StemFiles:
    """Find the stems of a folder: the audio files directly in it, or else in its subfolder `stems`.

    A file called mix, mixture or master is the song's mix, unless it is the only one. Hidden files are passed
    over, among them the `._kick.wav` that macOS leaves in archives.

    Args:
        folder: the folder.
        stems_named: names (without suffix) of files that are stems whatever they are called.

    Raises:
        AudioFileError: there is no such folder, it cannot be opened, or it holds no audio.
    """
    here = _audio_in(folder)
    below = next((p for p in _entries(folder) if p.is_dir() and p.name.casefold() == "stems"), None)
    mixes = [path for path in here if is_mix_name(path, folder) and path.stem not in stems_named]
    warnings = _not_read(folder)
    if below is not None and len(mixes) == len(here) and _audio_in(below):
        stems = _audio_in(below)
        warnings += _not_read(below)
    else:
        stems = [path for path in here if path not in mixes] or here
        mixes = [path for path in mixes if path not in stems]
        warnings += [f"{path.name} is taken for the song's mix, not for a stem" for path in mixes[:1]]
        if below is not None and stems:
            warnings.append(
                f"the subfolder {below.name} is left out, because {folder} itself has audio files"
            )
    if not stems:
        raise AudioFileError(_nothing_in(folder))
    warnings += [f"{path.name} is left out: {mixes[0].name} is already the song's mix" for path in mixes[1:]]
    return StemFiles(tuple(stems), mixes[0] if mixes else None, tuple(warnings))


def audio_files(folder: Path) -> list[Path]:
    """The stems of a folder, in natural order.

    Raises:
        AudioFileError: there is no such folder, it cannot be opened, or it holds no audio.
    """
    return list(find_stem_files(folder).stems)


def display_name(file_name: str) -> str:
    """A file name as a person reads it: composed Unicode, no line breaks or other control characters."""
    shown = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", file_name))
    return " ".join(shown.split()) or "unnamed"


def printable_path(path: Path, root: Path) -> str:
    """A path below a root in characters that any file can hold, with forward slashes."""
    place = path.relative_to(root) if path.is_relative_to(root) else path
    return place.as_posix().encode("utf-8", "backslashreplace").decode("utf-8")


def is_mix_name(path: Path, folder: Path, *more: str) -> bool:
    """Whether a file is a song's mix by its name: mix, mixture, master, `more`, the song's name before it."""

    def plain(name: str) -> str:
        return re.sub(r"[\W\d_]+", "", name.casefold())

    return plain(path.stem).removeprefix(plain(folder.absolute().name)) in {*_MIX_NAMES, *more}


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir(), key=natural_order)
    except NotADirectoryError as error:
        raise AudioFileError(f"{folder} is a file; give the folder that holds the stems") from error
    except FileNotFoundError as error:
        raise AudioFileError(f"{folder} does not exist; give the folder that holds the stems") from error
    except OSError as error:
        raise AudioFileError(f"{folder} cannot be opened: {error.strerror or error}") from error


def natural_order(path: Path) -> list[tuple[bool, int, str]]:
    """A key to sort by: 2_bass before 10_snare."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name.casefold())
    return [
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in [*parts, path.name]
    ]


def _audio_in(folder: Path) -> list[Path]:
    """Also what cannot be opened (a broken link, a loop of links): it stands for an instrument."""
    return [path for path in _visible(folder) if path.suffix.lower() in AUDIO_SUFFIXES]


def _not_read(folder: Path) -> list[str]:
    return [
        f"{path.name} is left out: files of this kind are not read; convert it to wav or flac"
        for path in _visible(folder)
        if path.suffix.lower() in NOT_READ
    ]


def _visible(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if not path.name.startswith(".") and not path.is_dir()]


def _nothing_in(folder: Path) -> str:
    kinds = "wav, flac, ogg, mp3 and aiff are read"
    inside = [path.name for path in _entries(folder) if path.is_dir() and _audio_in(path)]
    if inside:
        return f"{folder} has no audio files itself; give one of its subfolders: {', '.join(inside[:5])}"
    return f"{folder} has no audio files ({kinds})"

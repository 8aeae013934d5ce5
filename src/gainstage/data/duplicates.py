"""One stem in two formats (kick.wav beside kick.flac): once is enough if they sound alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gainstage.data.audio_file import AudioReader
from gainstage.data.stem_files import display_name

_BEST_FIRST = (
    ".wav",
    ".wave",
    ".bwf",
    ".rf64",
    ".aiff",
    ".aif",
    ".aifc",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
)
_FRAME_SECONDS = 0.05
_LENGTH_SECONDS = 0.1  # what an MP3 without a gapless tag is too long
_ALIKE = 0.98
_LEVEL_DB = 1.0


@dataclass(frozen=True)
class NamedStems:
    """Stems with distinct names.

    Args:
        names: file → name of its track, in the order of the files; without those left out.
        warnings: what was left out or renamed, a sentence each.
    """

    names: dict[Path, str]
    warnings: tuple[str, ...]


def name_stems(files: Sequence[Path]) -> NamedStems:
    """Name each stem after its file, without the suffix where that is enough.

    Of files that share a name and sound alike the best format is kept, for two would be twice as loud. Files
    that share a name and sound different are all kept, with their suffix as part of the name.
    """
    groups: dict[str, list[Path]] = {}
    for path in files:
        groups.setdefault(display_name(path.stem).casefold(), []).append(path)
    names: dict[Path, str] = {}
    warnings: list[str] = []
    for group in groups.values():
        kept, left_out = _without_copies(group)
        warnings += [f"{path.name} is left out: it sounds like {kept[0].name}" for path in left_out]
        if len(kept) > 1:
            listed = ", ".join(path.name for path in kept)
            warnings.append(f"{listed} share a name but sound different; all of them are kept")
        in_one_format = len({path.suffix.lower() for path in kept}) == 1
        for path in kept:
            names[path] = display_name(path.stem if in_one_format else path.name)
    ordered = {path: names[path] for path in files if path in names}
    return NamedStems(_distinct(ordered), tuple(warnings))


def _without_copies(group: list[Path]) -> tuple[list[Path], list[Path]]:
    """Files to keep, the best first, and those that sound like the best."""
    best, *others = sorted(group, key=lambda path: _BEST_FIRST.index(path.suffix.lower()))
    copies = [path for path in others if sound_alike(best, path)]
    return [best, *(path for path in others if path not in copies)], copies


def _distinct(names: dict[Path, str]) -> dict[Path, str]:
    """Count where names still agree (one composed and one decomposed é, a line break for a space)."""
    seen: dict[str, int] = {}
    distinct = {}
    for path, name in names.items():
        seen[name] = seen.get(name, 0) + 1
        distinct[path] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return distinct


def sound_alike(one: Path, other: Path) -> bool:
    """Whether two files hold the same recording, perhaps in a lossy format or at another rate.

    They do if lengths agree to .1 s, levels to 1 dB, and the envelopes in steps of 50 ms to a cosine of .98.

    Raises:
        AudioFileError: one of them cannot be read.
    """
    with AudioReader(one) as first, AudioReader(other) as second:
        lengths = [reader.info.num_samples / reader.info.sample_rate for reader in (first, second)]
        if abs(lengths[0] - lengths[1]) > _LENGTH_SECONDS:
            return False
        a, b = _envelope(first), _envelope(second)
    length = min(len(a), len(b))
    a, b = a[:length], b[:length]
    norm_a, norm_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(norm_a, norm_b) == 0.0:
        return norm_a == norm_b
    level_db = 20.0 * abs(np.log10(norm_a / norm_b))
    return bool(level_db < _LEVEL_DB and a @ b / (norm_a * norm_b) > _ALIKE)


def _envelope(reader: AudioReader) -> NDArray[np.float64]:
    """RMS over all channels, a value every 50 ms."""
    frame = round(_FRAME_SECONDS * reader.sample_rate)
    return np.array([np.sqrt(np.mean(np.square(block, dtype=np.float64))) for block in reader.blocks(frame)])

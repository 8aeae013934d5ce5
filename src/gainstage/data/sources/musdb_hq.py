"""MUSDB18-HQ: 150 songs as four wet stems, whose sum is the mixture.

The mixture being their sum, a mix that matches it says nothing about mixing; the set serves as a source of
references, and for training on effects that were taken off first.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gainstage.data.manifest import Song, Split
from gainstage.data.sources.folders import Progress, audio_below, is_excluded, measured_in_parallel
from gainstage.data.sources.measure import measure_song
from gainstage.data.sources.scan_cache import ScanCache

_ROLES = {"vocals": "lead_vocal", "drums": "drums", "bass": "bass", "other": "other"}


def load_musdb_hq(
    root: Path,
    *,
    exclude: Sequence[str] = (),
    cache: Path | None = None,
    progress: Progress | None = None,
    jobs: int = 2,
) -> list[Song]:
    """The songs of MUSDB18-HQ with the official split: 86 to train on, 14 for validation, 50 for the test.

    Names of files and the list of validation songs are those of the `musdb` package. The songs are found and
    measured here: `musdb` would start a process for each of them only to find its length.

    Args:
        root: the folder that holds `train` and `test`.
        exclude: names of songs that are not opened; `*` stands for anything.
        cache: where to keep what was measured; in the root if not given.
        progress: told "measuring songs", how many are done, and of how many.
        jobs: songs that are measured at the same time.

    Raises:
        ValueError: the root does not hold the set, a song lacks a stem, or `musdb` has no ffmpeg.
    """
    setup = _setup(root)
    folders: dict[Path, Split] = {}
    for subset in ("train", "test"):
        for folder in sorted(path for path in _entries(root / subset) if path.is_dir()):
            is_held = subset == "train" and folder.name in setup["validation_tracks"]
            folders[folder] = "validation" if is_held else "train" if subset == "train" else "test"
    if not folders:
        raise ValueError(
            f"{root} does not hold MUSDB18-HQ: no songs in its subfolders `train` and `test`; "
            "give the folder in which the set was unpacked"
        )
    kept = [folder for folder in folders if not is_excluded(folder.name, exclude)]
    scans = ScanCache(root, folder=cache)

    def load(folder: Path) -> Song:
        _check_files(folder, setup)
        song = scans.song(folder, audio_below(folder), lambda: _scan(folder, setup["mixture"]))
        return song.model_copy(update={"split": folders[folder]})

    return measured_in_parallel(kept, load, jobs=jobs, progress=progress)


def _setup(root: Path) -> dict[str, Any]:
    """File names and the validation songs."""
    try:
        import musdb
    except (ImportError, RuntimeError) as error:
        raise ValueError(f"MUSDB18-HQ is read through the package musdb, which fails: {error}") from error
    setup: dict[str, Any] = musdb.DB(root=str(root), is_wav=True, subsets=[]).setup
    return setup


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _check_files(folder: Path, setup: dict[str, Any]) -> None:
    wanted = [setup["mixture"], *setup["sources"].values()]
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(missing)}; unpack MUSDB18-HQ again")


def _scan(folder: Path, mixture: str) -> Song:
    song = measure_song(folder, roles=_ROLES).song
    if song.mix is None or song.mix.file != mixture:
        raise ValueError(f"{folder / mixture} cannot be read; unpack MUSDB18-HQ again")
    artist = folder.name.partition(" - ")[0]
    tracks = tuple(track.model_copy(update={"wetness": "wet"}) for track in song.tracks)
    return song.model_copy(update={"tracks": tracks, "artist": artist, "source": "musdb18-hq"})

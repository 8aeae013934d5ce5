"""Folders of songs as people have them: stems, and the mix or the session that was made of them."""

import fnmatch
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gainstage.data.audio_file import AUDIO_SUFFIXES
from gainstage.data.manifest import Song
from gainstage.data.roles_file import read_roles
from gainstage.data.sources.measure import Measured, measure_song
from gainstage.data.sources.scan_cache import ScanCache

Progress = Callable[[str, int, int], None]

_ROLES, _SESSION = "roles.yaml", "session.json"
_DEPTH = 3


def load_folders(
    root: Path,
    *,
    exclude: Sequence[str] = (),
    cache: Path | None = None,
    progress: Progress | None = None,
    jobs: int = 2,
) -> list[Song]:
    """The songs below a root.

    A song is a folder with audio files, or with a subfolder `stems` of them; a mix beside them,
    `session.json` (the session behind the mix) and `roles.yaml` are taken in if they are there. Songs are
    named by their place below the root. An artist is known where a folder is called `Artist - Title` or
    `Artist_Title`.

    Args:
        root: the folder of folders, up to three deep; or a song itself.
        exclude: names of songs that are not opened; `*` stands for anything.
        cache: where to keep what was measured; in the root if not given.
        progress: told "measuring songs", how many are done, and of how many.
        jobs: songs that are measured at the same time.

    Raises:
        ValueError: the root is not there, or no song is below it; or a song cannot be read.
    """
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder; give the folder that holds the folders of songs")
    folders = _song_folders(root, _DEPTH)
    if not folders:
        raise ValueError(f"there is no song below {root}: no folder of audio files; give another root")
    folders = [folder for folder in folders if not is_excluded(_name(root, folder), exclude)]
    scans = ScanCache(root, folder=cache)
    return measured_in_parallel(
        folders, lambda folder: _load(root, folder, scans), jobs=jobs, progress=progress
    )


def measured_in_parallel(
    folders: list[Path], load: Callable[[Path], Song], *, jobs: int, progress: Progress | None
) -> list[Song]:
    """Load songs, some at the same time; in the order of the folders."""
    songs = []
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(load, folder) for folder in folders]
        try:
            for done, future in enumerate(futures, start=1):
                songs.append(future.result())
                if progress is not None:
                    progress("measuring songs", done, len(folders))
        finally:
            for future in futures:
                future.cancel()
    return songs


def is_excluded(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name is one of those to leave out."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def audio_below(folder: Path) -> list[Path]:
    """The audio files of a song: in the folder, and in its folder of stems."""
    return [path for place in (folder, *_stems(folder)) for path in _audio(place)]


def _song_folders(folder: Path, depth: int) -> list[Path]:
    if audio_below(folder):
        return [folder]
    if depth == 0:
        return []
    below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [song for path in below for song in _song_folders(path, depth - 1)]


def _audio(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]


def _stems(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and path.name.casefold() == "stems"]


def _load(root: Path, folder: Path, scans: ScanCache) -> Song:
    files = audio_below(folder)
    roles = folder / _ROLES
    song = scans.song(
        folder, [*files, *([roles] if roles.is_file() else [])], lambda: _scan(folder, roles).song
    )
    session = _SESSION if (folder / _SESSION).is_file() else ""
    return song.model_copy(update={"name": _name(root, folder), "session": session})


def _name(root: Path, folder: Path) -> str:
    return folder.relative_to(root).as_posix() if folder != root else folder.resolve().name


def _scan(folder: Path, roles: Path) -> Measured:
    measured = measure_song(folder, roles=read_roles(roles) if roles.is_file() else None)
    broken = [sentence for sentence in measured.warnings if sentence.startswith("the song's own mix")]
    if broken:  # to mix without it is fine, to train without it is not
        raise ValueError(f"{folder}: {broken[0]}")
    about = {"artist": _artist(measured.song.name), "source": "folders"}
    return Measured(measured.song.model_copy(update=about), measured.warnings)


def _artist(name: str) -> str:
    for mark in (" - ", "_"):
        artist, *titles = name.split(mark)
        if len(titles) == 1 and artist.strip():
            return artist.strip()
    return ""

"""Folders of songs as people have them: stems, and the mix or the session that was made of them.

`list_folders` finds them for a preparation, which goes on past damage; `load_folders` hears them where they
lie and stops at the first fault.
"""

import fnmatch
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gainstage.data.audio_file import AUDIO_SUFFIXES
from gainstage.data.manifest import Song, Wetness
from gainstage.data.roles_file import assign_roles, read_roles
from gainstage.data.sources.listing import Fault, Listing, SongFiles, TrackFile, artist_and_title
from gainstage.data.sources.measure import Measured, measure_song
from gainstage.data.sources.scan_cache import ScanCache
from gainstage.data.stem_files import NOT_READ, display_name, is_mix_name

Progress = Callable[[str, int, int], None]

_ROLES, _SESSION = "roles.yaml", "session.json"
_DEPTH = 3


def list_folders(
    root: Path, *, source: str = "folders", wetness: Wetness = "unknown", mixes: Sequence[str] = ()
) -> Listing:
    """The songs below a root; see `load_folders` for what a song is. Tracks are aligned to a mix beside them.

    Args:
        root: the folder of folders, up to three deep; or a song itself.
        source: what the rows say where they come from.
        wetness: of all tracks, as far as it is known.
        mixes: names, beside mix, mixture and master, by which a file is known as the mix.

    Raises:
        ValueError: no song is below the root.
    """
    listing = Listing(root)
    for folder in _found_songs(listing, root, _DEPTH):
        listing.songs.append(_listed(listing, folder, source, wetness, mixes))
    if not listing.songs:
        raise ValueError(f"there is no song below {root}: no folder of audio files; give another root")
    return listing


def _found_songs(listing: Listing, folder: Path, depth: int) -> list[Path]:
    below = listing.folders(folder)
    if listing.audio(folder) or any(listing.audio(f) for f in below if f.name.casefold() == "stems"):
        return [folder]
    return [song for path in below for song in _found_songs(listing, path, depth - 1)] if depth else []


def _listed(listing: Listing, folder: Path, source: str, wetness: Wetness, mixes: Sequence[str]) -> SongFiles:
    faults: list[Fault] = []
    here = listing.audio(folder)
    stems = [path for place in _stems(folder) for path in listing.audio(place)]
    is_mix = [is_mix_name(path, folder, *mixes) for path in here]
    beside = [path for path, yes in zip(here, is_mix, strict=True) if not yes]
    files = beside or stems or here
    found = [path for path, yes in zip(here, is_mix, strict=True) if yes and path not in files]
    faults += [
        listing.fault(path, "is left out: another file is already the mix", is_damage=False)
        for path in found[1:]
    ]
    if beside and stems:
        faults.append(
            listing.fault(folder / "stems", "is left out: the folder has audio files itself", is_damage=False)
        )
    faults += [
        listing.fault(
            path, "is left out: files of this kind are not read; convert it to wav or flac", is_damage=False
        )
        for path in listing.entries(folder)
        if path.suffix.lower() in NOT_READ
    ]
    name = display_name(_name(listing.root, folder))
    session = folder / _SESSION
    artist, title = artist_and_title(name.rpartition("/")[2])
    return SongFiles(
        name,
        source,
        name,
        tuple(_tracks(listing, folder, files, wetness, faults)),
        mix=TrackFile(found[0], "mix") if found else None,
        session=session if session.is_file() else None,
        artist=artist,
        title=title,
        is_aligned=not found or session.is_file(),
        about=tuple(path for path in (folder / _ROLES, session) if path.is_file()),
        faults=tuple(faults),
    )


def _tracks(
    listing: Listing, folder: Path, files: list[Path], wetness: Wetness, faults: list[Fault]
) -> list[TrackFile]:
    roles: dict[Path, str] = {}
    if (folder / _ROLES).is_file():
        try:
            roles = assign_roles(files, read_roles(folder / _ROLES))
        except (ValueError, OSError) as error:
            faults.append(listing.fault(folder / _ROLES, f"is not used: {error}"))
    seen: dict[str, int] = {}
    tracks = []
    for path in files:
        name = display_name(path.stem)
        seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        if seen[name.casefold()] > 1:
            name = f"{name} ({seen[name.casefold()]})"
        tracks.append(TrackFile(path, name, roles.get(path, ""), wetness=wetness))
    return tracks


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

"""Songs from any source, split and checked: what a config names to get its data."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from gainstage.data.manifest import Song, Split, read_manifest
from gainstage.data.shards import shard_songs
from gainstage.data.sources.folders import is_excluded, load_folders
from gainstage.data.sources.musdb_hq import load_musdb_hq
from gainstage.data.sources.splits import check_splits, split_songs

Source = Literal["built_in", "folders", "musdb_hq", "prepared", "shards"]
Progress = Callable[[str, int, int], None]

MANIFEST = "manifest.jsonl"
_CACHE = Path("data/cache")


def load_songs(
    source: Source,
    root: Path | str,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    exclude: Sequence[str] = (),
    paired: bool = True,
    cache: Path | str | None = None,
    progress: Progress | None = None,
    jobs: int = 2,
) -> list[Song]:
    """Songs with a split each, whose folders are absolute.

    Args:
        source: `built_in` (what `gainstage synth --dataset` wrote, or any folder with a manifest.jsonl),
            `prepared` (what `gainstage prepare` wrote), `folders` (a folder a song), `musdb_hq`, or
            `shards` (what `gainstage shards` wrote).
        root: of the data; of shards also an address of object storage.
        validation, test: shares to hold out where the data has no split of its own.
        seed: of that draw.
        exclude: names of songs that are left out, unopened; `*` stands for anything.
        paired: every song needs a mix or a session to learn from; of a prepared set those without are left
            out, for its report has named them.
        cache: where to keep what was measured; in the root if not given.
        progress: told what is done, how much of it, and of how much.
        jobs: songs that are measured at the same time.

    Raises:
        ValueError: the data cannot be used; one sentence says why and what to do.
    """
    cache = None if cache is None else Path(cache)
    if source == "shards":
        found = [
            song for song in shard_songs(str(root), cache or _CACHE) if not is_excluded(song.name, exclude)
        ]
        return _split(found, Path(root), validation, test, seed, paired=paired)
    root = Path(root)
    if not root.is_dir():
        writers = (
            "; `gainstage prepare` or `gainstage normalise set` writes one" if source == "prepared" else ""
        )
        raise ValueError(f"the data's folder {root} does not exist; give the root of the data{writers}")
    match source:
        case "built_in":
            songs = [song for song in _load_manifest(root) if not is_excluded(song.name, exclude)]
        case "prepared":
            songs = [song for song in _load_prepared(root, paired) if not is_excluded(song.name, exclude)]
        case "folders":
            songs = load_folders(root, exclude=exclude, cache=cache, progress=progress, jobs=jobs)
        case "musdb_hq":
            songs = load_musdb_hq(root, exclude=exclude, cache=cache, progress=progress, jobs=jobs)
        case _:
            raise ValueError(
                f"there is no source '{source}'; there are built_in, prepared, folders, musdb_hq and shards; "
                "other sets are prepared first (`gainstage prepare source=… root=…`)"
            )
    return _split(songs, root, validation, test, seed, paired=paired)


def _split(
    songs: list[Song], root: Path, validation: float, test: float, seed: int, *, paired: bool
) -> list[Song]:
    if not songs:
        raise ValueError(f"no song is left in {root}; exclude fewer")
    if paired:
        _check_paired(songs, root)
    songs = split_songs(songs, validation=validation, test=test, seed=seed)
    check_splits(songs)
    return songs


def songs_of(songs: Sequence[Song], split: Split) -> list[Song]:
    """The songs of one split.

    Raises:
        ValueError: there is none.
    """
    found = [song for song in songs if song.split == split]
    if not found:
        raise ValueError(f"none of {len(songs)} songs is for {split}; hold out another share, or add songs")
    return found


def _load_prepared(root: Path, paired: bool) -> list[Song]:
    songs = _load_manifest(root, writer=f"gainstage prepare source=… root=… out={root}")
    kept = [song for song in songs if song.mix is not None or song.session or not paired]
    if not kept:
        raise ValueError(
            f"no song of {root} has a mix or a session: nothing tells how it should sound; prepare "
            "another set"
        )
    return kept


def _load_manifest(root: Path, *, writer: str = "") -> list[Song]:
    path = root / MANIFEST
    if not path.is_file():
        writer = writer or f"gainstage synth --dataset --out {root}"
        raise ValueError(
            f"{root} has no {MANIFEST}; write one with `{writer}`, or wait until it has finished"
        )
    songs = read_manifest(path)
    if not songs:
        raise ValueError(f"{path} is empty; write the data set again")
    return [song.model_copy(update={"folder": str((root / song.folder).resolve())}) for song in songs]


def _check_paired(songs: Sequence[Song], root: Path) -> None:
    alone = [song.name for song in songs if song.mix is None and not song.session]
    if alone:
        others = f" (and {len(alone) - 1} more)" if len(alone) > 1 else ""
        raise ValueError(
            f"'{alone[0]}' in {root}{others} has neither a mix nor a session.json: nothing tells how it "
            "should sound; exclude it, or put the mix beside its stems"
        )

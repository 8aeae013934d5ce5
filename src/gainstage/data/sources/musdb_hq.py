"""MUSDB18-HQ: 150 songs as four wet stems, whose sum is the mixture.

The mixture being their sum, a mix that matches it says nothing about mixing; the set serves as a source of
references, and for training on effects that were taken off first.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gainstage.data.manifest import Song
from gainstage.data.sources.folders import Progress, audio_below, is_excluded, measured_in_parallel
from gainstage.data.sources.listing import Fault, Listing, SongFiles, TrackFile, artist_and_title
from gainstage.data.sources.measure import measure_song
from gainstage.data.sources.musdb_setup import LICENCE, musdb_setup, split_of
from gainstage.data.sources.scan_cache import ScanCache
from gainstage.data.stem_files import display_name
from gainstage.roles import ROLE_OF_MUSDB_CLASS

_SUBSETS = ("train", "test")


def list_musdb_hq(root: Path) -> Listing:
    """The songs of MUSDB18-HQ with the official split: 86 to train on, 14 for validation, 50 for the test.

    Names of files and the list of validation songs are those of the `musdb` package.

    Args:
        root: the folder that holds `train` and `test`.

    Raises:
        ValueError: the root does not hold the set, or `musdb` has no ffmpeg.
    """
    setup, listing = musdb_setup(root), Listing(root)
    for subset in _SUBSETS:
        listing.songs += [_song(listing, folder, setup) for folder in listing.folders(root / subset)]
    if not listing.songs:
        raise ValueError(
            f"{root} does not hold MUSDB18-HQ: no songs in its subfolders `train` and `test`; "
            "give the folder in which the set was unpacked"
        )
    return listing


def _song(listing: Listing, folder: Path, setup: dict[str, Any]) -> SongFiles:
    name, faults = display_name(folder.name), list[Fault]()
    artist, title = artist_and_title(name)
    wanted = [
        TrackFile(folder / file, stem, ROLE_OF_MUSDB_CLASS[stem], instrument=stem, wetness="wet", bleed=False)
        for stem, file in sorted(setup["sources"].items())
    ]
    tracks, lacks = listing.present(wanted, faults)
    mix, _ = listing.present([TrackFile(folder / setup["mixture"], "mixture")], faults)
    known = {*setup["sources"].values(), setup["mixture"]}
    faults += [
        listing.fault(path, "is no file of the set; left out", is_damage=False)
        for path in listing.audio(folder)
        if path.name not in known
    ]
    return SongFiles(
        name,
        "musdb18-hq",
        f"{folder.parent.name}/{name}",
        tuple(tracks),
        mix=next(iter(mix), None),
        artist=artist,
        title=title,
        licence=LICENCE,
        split=split_of(folder.name, folder.parent.name, setup),
        same_length=True,
        lacks=lacks,
        faults=tuple(faults),
    )


def load_musdb_hq(
    root: Path,
    *,
    exclude: Sequence[str] = (),
    cache: Path | None = None,
    progress: Progress | None = None,
    jobs: int = 2,
) -> list[Song]:
    """The songs of MUSDB18-HQ as they were unpacked, measured; see `list_musdb_hq`.

    They are measured here: `musdb` would start a process for each of them only to find its length.

    Args:
        root: the folder that holds `train` and `test`.
        exclude: names of songs that are not opened; `*` stands for anything.
        cache: where to keep what was measured; in the root if not given.
        progress: told "measuring songs", how many are done, and of how many.
        jobs: songs that are measured at the same time.

    Raises:
        ValueError: the root does not hold the set, a song lacks a stem, or `musdb` has no ffmpeg.
    """
    found = {song.tracks[0].path.parent if song.tracks else root: song for song in list_musdb_hq(root).songs}
    kept = [folder for folder in found if not is_excluded(folder.name, exclude)]
    scans = ScanCache(root, folder=cache)

    def load(folder: Path) -> Song:
        _check_whole(folder, found[folder])
        song = scans.song(folder, audio_below(folder), lambda: _scan(folder))
        return song.model_copy(update={"split": found[folder].split})

    return measured_in_parallel(kept, load, jobs=jobs, progress=progress)


def _check_whole(folder: Path, song: SongFiles) -> None:
    missing = [f"{name}.wav" for name in song.lacks] + ([] if song.mix else ["mixture.wav"])
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(missing)}; unpack MUSDB18-HQ again")


def _scan(folder: Path) -> Song:
    song = measure_song(folder, roles=ROLE_OF_MUSDB_CLASS).song
    if song.mix is None or song.mix.file != "mixture.wav":
        raise ValueError(f"{folder / 'mixture.wav'} cannot be read; unpack MUSDB18-HQ again")
    artist = artist_and_title(folder.name)[0]
    tracks = tuple(track.model_copy(update={"wetness": "wet"}) for track in song.tracks)
    return song.model_copy(update={"tracks": tracks, "artist": artist, "source": "musdb18-hq"})

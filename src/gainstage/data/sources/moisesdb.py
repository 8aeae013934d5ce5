"""MoisesDB: 240 songs as wet tracks in 11 classes of stems; the mixture is their sum and not a file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from gainstage.data.sources.listing import Fault, Listing, SongFiles, TrackFile, is_true, role_of, texts
from gainstage.data.stem_files import display_name
from gainstage.roles import MOISESDB_CLASS, ROLE_OF_MOISESDB_CLASS

_LICENCE = "CC BY-NC-SA 4.0"
_DATA = "data.json"


def list_moisesdb(root: Path) -> Listing:
    """The songs of MoisesDB, without a split: it has no official one.

    Args:
        root: the folder of folders with a `data.json` each, or the one that holds `moisesdb_v0.1`.

    Raises:
        ValueError: the root does not hold the set.
    """
    listing = Listing(root)
    places = [root, *(path for path in listing.folders(root) if path.name.startswith("moisesdb"))]
    for place in places:
        for folder in listing.folders(place):
            if (folder / _DATA).exists():
                listing.songs.append(_song(listing, folder))
    if not listing.songs:
        raise ValueError(
            f"{root} does not hold MoisesDB: no folder with a {_DATA}; give the folder moisesdb_v0.1"
        )
    return listing


def _song(listing: Listing, folder: Path) -> SongFiles:
    faults: list[Fault] = []
    values = listing.read_yaml(folder / _DATA, faults)  # JSON is YAML
    title, artist, genre = texts(values, "song", "artist", "genre")
    wanted = [
        _track(folder, str(stem.get("stemName") or "other"), track)
        for stem in _rows(values.get("stems"))
        for track in _rows(stem.get("tracks"))
    ]
    if not wanted:
        wanted = [
            _plain(path, place.name) for place in listing.folders(folder) for path in listing.audio(place)
        ]
    tracks, lacks = listing.present(_named(wanted), faults)
    known = {track.path for track in wanted}
    faults += [
        listing.fault(path, f"is not in {_DATA}; left out", is_damage=False)
        for place in listing.folders(folder)
        for path in listing.audio(place)
        if path not in known
    ]
    return SongFiles(
        display_name(folder.name),
        "moisesdb",
        display_name(folder.name),
        tuple(tracks),
        artist=artist,
        title=title,
        genre=genre,
        licence=_LICENCE,
        about=(folder / _DATA,),
        lacks=lacks,
        faults=tuple(faults),
    )


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _track(folder: Path, stem: str, track: dict[str, Any]) -> TrackFile:
    track_id, extension, kind = texts(track, "id", "extension", "trackType")
    file = f"{track_id}.{extension.lstrip('.') or 'wav'}"
    usual = ROLE_OF_MOISESDB_CLASS.get(stem, "other")
    role, confidence = role_of(kind.partition("(")[0], usual=usual)
    if MOISESDB_CLASS[role] != stem and stem in ROLE_OF_MOISESDB_CLASS:  # the class was chosen by people
        role, confidence = usual, 0.6
    path = folder / Path(stem).name / Path(file).name
    return TrackFile(
        path, kind or stem, role, confidence, kind, wetness="wet", bleed=is_true(track.get("has_bleed"))
    )


def _plain(path: Path, stem: str) -> TrackFile:
    return TrackFile(path, stem, ROLE_OF_MOISESDB_CLASS.get(stem, ""), 0.8, stem, wetness="wet")


def _named(tracks: list[TrackFile]) -> list[TrackFile]:
    """The same tracks with a name each: the set calls both halves of a double alike."""
    seen: dict[str, int] = {}
    named = []
    for track in tracks:
        name = display_name(track.name)
        seen[name] = seen.get(name, 0) + 1
        named.append(replace(track, name=name if seen[name] == 1 else f"{name} {seen[name]}"))
    return named

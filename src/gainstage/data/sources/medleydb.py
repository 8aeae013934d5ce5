"""MedleyDB 1 and 2: dry tracks (RAW), wet stems (STEMS) and a professional mix (MIX) of each of 196 songs.

The one large set with both ends of mixing: RAW → MIX is what a network is to learn. The metadata name the
instrument of every file; where they cannot be read, the files alone still make a song.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from gainstage.data.sources.listing import (
    Fault,
    Listing,
    SongFiles,
    TrackFile,
    artist_and_title,
    is_true,
    role_of,
    texts,
)
from gainstage.data.stem_files import display_name

Which = Literal["raw", "stems"]

_LICENCE = "CC BY-NC-SA 4.0"
_PLACES = ("Audio", "audio", "V1", "V2")
_METADATA = ("Metadata", "metadata")


def list_medleydb(root: Path, *, which: Which = "raw") -> Listing:
    """The songs of MedleyDB, without a split: it has no official one.

    Args:
        root: the folder that holds `Audio`, or `V1` and `V2`, or the songs themselves.
        which: dry tracks, or wet stems.

    Raises:
        ValueError: the root does not hold the set.
    """
    listing = Listing(root)
    places = [root / place for place in _PLACES if (root / place).is_dir()]
    inner = [place / version for place in places for version in ("V1", "V2") if (place / version).is_dir()]
    for place in dict.fromkeys([*places, *inner] or [root]):
        for folder in listing.folders(place):
            if any(
                path.name.endswith(("_RAW", "_STEMS", "_METADATA.yaml")) for path in listing.entries(folder)
            ):
                listing.songs.append(_song(listing, folder, which))
    if not listing.songs:
        raise ValueError(
            f"{root} does not hold MedleyDB: no folder with <song>_RAW and <song>_STEMS in it or in its "
            "subfolder Audio; give the folder in which the set was unpacked"
        )
    return listing


def _song(listing: Listing, folder: Path, which: Which) -> SongFiles:
    track_id, faults = folder.name, list[Fault]()
    path, about = _metadata(listing, folder, track_id)
    values = listing.read_yaml(path, faults) if path else {}
    if path is None:
        faults.append(
            listing.fault(folder / f"{track_id}_METADATA.yaml", "is missing; instruments are not known")
        )
    key = "raw_dir" if which == "raw" else "stem_dir"
    audio = folder / (str(values.get(key) or "") or f"{track_id}_{'RAW' if which == 'raw' else 'STEMS'}")
    bleed = is_true(values.get("has_bleed"))
    wanted = [_track(audio, row, which, bleed) for row in _rows(values, which)]
    if not wanted:
        wanted = [_track(audio, (file.name, "", file.stem), which, bleed) for file in listing.audio(audio)]
    tracks, lacks = listing.present(_once(wanted), faults)
    known = {track.path.name for track in wanted}
    faults += [
        listing.fault(file, "is not in the metadata; left out", is_damage=False)
        for file in listing.audio(audio)
        if file.name not in known
    ]
    mix_name = str(values.get("mix_filename") or "") or f"{track_id}_MIX.wav"
    mix, _ = listing.present([TrackFile(folder / mix_name, "mix")], faults)
    artist, title = artist_and_title(display_name(track_id))
    said_artist, said_title, genre = texts(values, "artist", "title", "genre")
    return SongFiles(
        display_name(track_id),
        "medleydb",
        display_name(track_id),
        tuple(tracks),
        mix=next(iter(mix), None),
        artist=said_artist or artist,
        title=said_title or title,
        genre=genre,
        licence=_LICENCE,
        is_aligned=which == "stems",
        same_length=which == "stems",
        about=about,
        lacks=lacks,
        faults=tuple(faults),
    )


def _metadata(listing: Listing, folder: Path, track_id: str) -> tuple[Path | None, tuple[Path, ...]]:
    """The song's metadata, beside the audio or in a folder of their own."""
    file = f"{track_id}_METADATA.yaml"
    places = [
        folder,
        *(listing.root / place for place in _METADATA),
        *(folder.parents[1] / m for m in _METADATA),
    ]
    found = next((place / file for place in places if (place / file).is_file()), None)
    return found, (found,) if found else ()


def _rows(values: dict[str, Any], which: Which) -> Iterator[tuple[str, str, str]]:
    """File, instrument and place (`01_02`) of each track, as the metadata have them."""
    for stem_key, stem in sorted(_mapping(values.get("stems"))):
        if which == "stems":
            yield (*texts(stem, "filename", "instrument"), str(stem_key).lstrip("S"))  # type: ignore[misc]
            continue
        for raw_key, raw in sorted(_mapping(stem.get("raw"))):
            place = f"{str(stem_key).lstrip('S')}_{str(raw_key).lstrip('R')}"
            yield (*texts(raw, "filename", "instrument"), place)  # type: ignore[misc]


def _mapping(value: object) -> list[tuple[Any, dict[str, Any]]]:
    items = value.items() if isinstance(value, dict) else ()
    return [(key, part) for key, part in items if isinstance(part, dict) and (part.get("filename"))]


def _track(audio: Path, row: tuple[str, str, str], which: Which, bleed: bool | None) -> TrackFile:
    file, instrument, place = row
    role, confidence = role_of(instrument)
    return TrackFile(
        audio / Path(file).name,
        display_name(f"{place} {instrument}"),
        role,
        confidence,
        instrument,
        wetness="dry" if which == "raw" else "wet",
        bleed=bleed,
    )


def _once(tracks: list[TrackFile]) -> list[TrackFile]:
    """Each file once, whatever the metadata say."""
    return list({track.path: track for track in reversed(tracks)}.values())[::-1]

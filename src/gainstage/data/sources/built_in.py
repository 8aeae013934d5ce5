"""Songs that gainstage has played: a data set with its manifest, or folders with their sessions."""

from dataclasses import replace
from pathlib import Path

from gainstage.data.manifest import AudioRef, Song, Track, read_manifest
from gainstage.data.sources.folders import list_folders
from gainstage.data.sources.listing import Listing, SongFiles, TrackFile

MANIFEST = "manifest.jsonl"


def list_built_in(root: Path) -> Listing:
    """What `gainstage synth` wrote, with `--dataset` or without.

    Args:
        root: its `--out`, or any folder with a manifest.jsonl.

    Raises:
        ValueError: there is no song, or the manifest cannot be read.
    """
    if not (root / MANIFEST).is_file():
        listing = list_folders(root, source="built_in", wetness="dry")
        listing.songs = [replace(song, artist="", title="") for song in listing.songs]  # 00_pop_name
        return listing
    listing = Listing(root)
    listing.songs = [_song(listing, row) for row in read_manifest(root / MANIFEST)]
    if not listing.songs:
        raise ValueError(f"{root / MANIFEST} is empty; write the data set again")
    return listing


def _song(listing: Listing, row: Song) -> SongFiles:
    faults = [
        listing.fault(path, "is missing; write the data set again")
        for audio in row.tracks
        if not (path := row.path_of(audio, root=listing.root)).exists()
    ]
    return SongFiles(
        row.name,
        row.source or "built_in",
        row.folder,
        tuple(
            _track(listing, row, track)
            for track in row.tracks
            if row.path_of(track, root=listing.root).exists()
        ),
        mix=None if row.mix is None else _mix(listing, row, row.mix),
        session=listing.root / row.folder / row.session if row.session else None,
        artist=row.artist,
        genre=row.genre,
        licence=row.licence,
        split=row.split,
        about=(listing.root / row.folder / row.session,) if row.session else (),
        lacks=tuple(t.name for t in row.tracks if not row.path_of(t, root=listing.root).exists()),
        faults=tuple(faults),
    )


def _track(listing: Listing, row: Song, track: Track) -> TrackFile:
    return TrackFile(
        row.path_of(track, root=listing.root),
        track.name,
        track.role,
        track.role_confidence,
        track.instrument,
        track.wetness,
        track.bleed,
    )


def _mix(listing: Listing, row: Song, mix: AudioRef) -> TrackFile:
    return TrackFile(row.path_of(mix, root=listing.root), "mix")

"""ENST-Drums: three drummers, a folder a microphone, with a wet and a dry mix of every take."""

from pathlib import Path

from gainstage.data.sources.listing import Fault, Listing, SongFiles, TrackFile
from gainstage.data.stem_files import display_name

_LICENCE = "research only"
_ROLES = {
    "kick": "kick",
    "snare": "snare",
    "hi-hat": "hat",
    "tom": "tom",
    "overhead": "drums",
}
_NOT_TRACKS = ("accompaniment", "dry_mix", "wet_mix")


def list_enst_drums(root: Path) -> Listing:
    """The takes of ENST-Drums: the microphones as tracks, the wet mix as the mix.

    Every microphone hears the whole kit. The accompaniment is no part of the mixes and left out, and so is
    the dry mix.

    Args:
        root: the folder that holds `drummer_1` … `drummer_3`.

    Raises:
        ValueError: the root does not hold the set.
    """
    listing = Listing(root)
    for drummer in listing.folders(root):
        audio = drummer / "audio"
        if drummer.name.startswith("drummer") and audio.is_dir():
            microphones = [f for f in listing.folders(audio) if f.name not in _NOT_TRACKS]
            takes = {
                path.name: None
                for place in (*microphones, audio / "wet_mix")
                for path in listing.audio(place)
            }
            listing.songs += [_song(listing, drummer, microphones, take) for take in sorted(takes)]
    if not listing.songs:
        raise ValueError(
            f"{root} does not hold ENST-Drums: no drummer_1/audio with a folder a microphone; give the "
            "folder in which the set was unpacked"
        )
    return listing


def _song(listing: Listing, drummer: Path, microphones: list[Path], take: str) -> SongFiles:
    faults: list[Fault] = []
    wanted = [
        TrackFile(
            place / take,
            display_name(place.name),
            next((role for word, role in _ROLES.items() if place.name.startswith(word)), "drums"),
            instrument=place.name,
            wetness="dry",
            bleed=True,
        )
        for place in microphones
    ]
    tracks, lacks = listing.present(wanted, faults)
    mix, _ = listing.present([TrackFile(drummer / "audio" / "wet_mix" / take, "wet_mix")], faults)
    name = display_name(f"{drummer.name}/{Path(take).stem}")
    return SongFiles(
        name,
        "enst-drums",
        name,
        tuple(tracks),
        mix=next(iter(mix), None),
        artist=drummer.name,
        title=Path(take).stem,
        genre="drums",
        licence=_LICENCE,
        lacks=lacks,
        faults=tuple(faults),
    )

"""DSD100: 100 songs as four wet stems, whose sum is the mixture; the forerunner of MUSDB18."""

from pathlib import Path

from gainstage.data.manifest import Split
from gainstage.data.sources.listing import Fault, Listing, SongFiles, TrackFile, artist_and_title
from gainstage.data.stem_files import display_name
from gainstage.roles import ROLE_OF_MUSDB_CLASS

_LICENCE = "educational use only"
_SPLITS: dict[str, Split] = {"Dev": "train", "Test": "test"}


def list_dsd100(root: Path) -> Listing:
    """The songs of DSD100 with the official split: 50 to train on (`Dev`), 50 for the test.

    Args:
        root: the folder that holds `Mixtures` and `Sources`.

    Raises:
        ValueError: the root does not hold the set.
    """
    listing = Listing(root)
    for subset, split in _SPLITS.items():
        places = [*listing.folders(root / "Sources" / subset), *listing.folders(root / "Mixtures" / subset)]
        names = dict.fromkeys(place.name for place in places)
        listing.songs += [_song(listing, subset, name, split) for name in names]
    if not listing.songs:
        raise ValueError(
            f"{root} does not hold DSD100: no Sources/Dev and Sources/Test; give the folder in which the set "
            "was unpacked"
        )
    return listing


def _song(listing: Listing, subset: str, name: str, split: Split) -> SongFiles:
    faults: list[Fault] = []
    sources = listing.root / "Sources" / subset / name
    wanted = [
        TrackFile(sources / f"{stem}.wav", stem, role, instrument=stem, wetness="wet", bleed=False)
        for stem, role in sorted(ROLE_OF_MUSDB_CLASS.items())
    ]
    tracks, lacks = listing.present(wanted, faults)
    mixture = TrackFile(listing.root / "Mixtures" / subset / name / "mixture.wav", "mixture")
    mix, _ = listing.present([mixture], faults)
    artist, title = artist_and_title(name.partition(" - ")[2])  # 051 - Artist - Title
    return SongFiles(
        display_name(name),
        "dsd100",
        display_name(name),
        tuple(tracks),
        mix=next(iter(mix), None),
        artist=artist,
        title=title,
        licence=_LICENCE,
        split=split,
        same_length=True,
        lacks=lacks,
        faults=tuple(faults),
    )

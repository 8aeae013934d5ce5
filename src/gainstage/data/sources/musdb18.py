"""MUSDB18: 150 songs as `.stem.mp4`, each five AAC streams: mixture, drums, bass, other, vocals.

The mixture is the sum of the stems (before coding), so a mix that matches it says nothing about mixing.
"""

from pathlib import Path

from gainstage.data.sources.listing import Listing, SongFiles, TrackFile, artist_and_title
from gainstage.data.sources.musdb_setup import LICENCE, musdb_setup, split_of
from gainstage.data.stem_files import display_name
from gainstage.roles import ROLE_OF_MUSDB_CLASS

_SUFFIX = ".stem.mp4"


def list_musdb18(root: Path) -> Listing:
    """The songs of MUSDB18 with the official split: 86 to train on, 14 for validation, 50 for the test.

    Args:
        root: the folder that holds `train` and `test`.

    Raises:
        ValueError: the root does not hold the set, or `musdb` has no ffmpeg.
    """
    setup, listing = musdb_setup(root), Listing(root)
    for subset in ("train", "test"):
        for path in listing.entries(root / subset):
            if path.name.endswith(_SUFFIX):
                listing.songs.append(_song(path, setup))
    if not listing.songs:
        raise ValueError(
            f"{root} does not hold MUSDB18: no {_SUFFIX} files in its subfolders `train` and `test`; give "
            "the folder in which the set was unpacked"
        )
    return listing


def _song(path: Path, setup: dict[str, object]) -> SongFiles:
    name = display_name(path.name.removesuffix(_SUFFIX))
    artist, title = artist_and_title(name)
    streams = dict(setup["stem_ids"])  # type: ignore[call-overload]  # name → place in the file
    mixture = streams.pop("mixture")
    tracks = tuple(
        TrackFile(
            path, stem, ROLE_OF_MUSDB_CLASS[stem], instrument=stem, wetness="wet", bleed=False, stream=i
        )
        for stem, i in sorted(streams.items())
    )
    return SongFiles(
        name,
        "musdb18",
        f"{path.parent.name}/{name}",
        tracks,
        mix=TrackFile(path, "mixture", stream=mixture),
        artist=artist,
        title=title,
        licence=LICENCE,
        split=split_of(name, path.parent.name, setup),
        same_length=True,
    )

"""Cambridge-MT, "Mixing Secrets": a folder of dry tracks a song, sometimes with a mix elsewhere in time."""

import re
from dataclasses import replace
from pathlib import Path

from gainstage.data.sources.folders import list_folders
from gainstage.data.sources.listing import Listing, SongFiles, artist_and_title

_LICENCE = "educational use only"
_ENDING = re.compile(r"_(full|lite|multitrack|unmastered)$", re.IGNORECASE)


def list_cambridge_mt(root: Path) -> Listing:
    """The songs of a folder with unpacked zips, without a split.

    A folder is `Artist_Title_Full` with `NN_Name.wav` in it, roles in the names. Where a file called mix,
    master or preview lies beside the tracks, it is the mix, and the tracks will be aligned to it.

    Args:
        root: the folder of folders.

    Raises:
        ValueError: there is no song.
    """
    listing = list_folders(root, source="cambridge-mt", wetness="dry", mixes=("preview", "fullpreview"))
    listing.songs = [_about(song) for song in listing.songs]
    return listing


def _about(song: SongFiles) -> SongFiles:
    artist, title = artist_and_title(_ENDING.sub("", song.name.rpartition("/")[2]))
    return replace(song, artist=artist, title=title, licence=_LICENCE)

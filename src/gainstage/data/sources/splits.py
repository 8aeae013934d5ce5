"""Which songs are trained on and which are held out."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from gainstage.data.manifest import Song, Split
from gainstage.data.staging import is_silent


def split_songs(songs: Sequence[Song], *, validation: float, test: float, seed: int) -> list[Song]:
    """Give each song that has no official split one.

    Songs of one artist stay together, for the same voice and the same room on both sides would make the test
    easier than it says; so do rows of one folder. Who is held out follows from a hash of the name and the
    seed: a song that is added moves few others.

    Args:
        songs: any; those with a split keep it.
        validation, test: shares of the songs without one, each at least one song where it is above 0.
        seed: of the draw.

    Raises:
        ValueError: shares that leave nothing to train on.
    """
    if min(validation, test) < 0.0 or validation + test >= 1.0:
        raise ValueError(
            f"shares of songs are wanted that leave some to train on, got validation {validation} and "
            f"test {test}"
        )
    keys = {_group(song) for song in songs if song.split is None}
    sizes = Counter(_group(song) for song in songs if song.split is None)
    rest = sorted(keys, key=lambda key: hashlib.blake2b(f"{seed} {key}".encode(), digest_size=8).digest())
    chosen: dict[str, Split] = {}
    for name, share in (("test", test), ("validation", validation)):
        taken = _take(rest, sizes, round(share * sizes.total()) or int(share > 0.0))
        chosen |= dict.fromkeys(taken, name)  # type: ignore[arg-type]  # the two names are splits
        rest = [key for key in rest if key not in taken]
    return [
        song if song.split else song.model_copy(update={"split": chosen.get(_group(song), "train")})
        for song in songs
    ]


def _take(groups: Sequence[str], sizes: Counter[str], wanted: int) -> list[str]:
    """Groups in order, as long as they fit; the smallest if none does. One always remains."""
    taken: list[str] = []
    for key in groups[:-1]:
        if sum(sizes[t] for t in taken) + sizes[key] <= wanted:
            taken.append(key)
    if not taken and wanted and len(groups) > 1:
        taken.append(min(groups, key=lambda key: sizes[key]))
    return taken


def check_splits(songs: Sequence[Song]) -> None:
    """Make sure that no recording is both trained on and held out.

    Raises:
        ValueError: one is; the sentence names both songs.
    """
    seen: dict[str, Song] = {}
    for song in songs:
        for track in song.tracks:
            if is_silent(track):
                continue
            other = seen.setdefault(track.content_hash, song)
            if other.split != song.split:
                raise ValueError(
                    f"'{track.name}' of '{song.name}' ({song.split}) is the same recording as a track of "
                    f"'{other.name}' ({other.split}), so the test would say nothing; exclude one of the songs"
                )


def _group(song: Song) -> str:
    return song.artist.casefold() or song.folder

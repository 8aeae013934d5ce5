"""Who is trained on and who is held out: drawn, given by name, kept apart from another set, and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from gainstage.data.manifest import Song, Split, read_manifest
from gainstage.data.sources.built_in import MANIFEST
from gainstage.data.sources.known_songs import KNOWN, artist_key, song_key
from gainstage.data.sources.splits import check_splits, split_songs
from gainstage.data.staging import is_silent


@dataclass(frozen=True)
class HeldOut:
    """Songs that this set must not hold.

    Args:
        name: what sentences call them.
        keys: of artist and title.
        audio: hashes of their tracks.
    """

    name: str
    keys: frozenset[str]
    audio: frozenset[str]

    def why(self, song: Song) -> str:
        """Why a song is one of them, or nothing."""
        if song_key(song.artist, song.title) in self.keys:
            return f"is held out by {self.name}, by artist and title"
        if any(track.content_hash in self.audio for track in song.tracks if not is_silent(track)):
            return f"is held out by {self.name}, by its audio"
        return ""


def held_out(places: Sequence[str]) -> list[HeldOut]:
    """What to stay apart from.

    Args:
        places: names of published lists (`musdb18_test`, `medleydb_in_musdb18`), or folders of prepared sets,
            whose songs for validation and test are meant.

    Raises:
        ValueError: there is no such list or set.
    """
    return [_known(place) or _prepared(place) for place in places]


def _known(place: str) -> HeldOut | None:
    return HeldOut(place, KNOWN[place], frozenset()) if place in KNOWN else None


def _prepared(place: str) -> HeldOut:
    path = Path(place) / MANIFEST
    if not path.is_file():
        raise ValueError(
            f"apart_from: '{place}' is neither a list ({', '.join(sorted(KNOWN))}) nor a folder with a "
            f"{MANIFEST}"
        )
    songs = [song for song in read_manifest(path) if song.split != "train"]
    keys = {song_key(song.artist, song.title) for song in songs} - {""}
    audio = {track.content_hash for song in songs for track in song.tracks if not is_silent(track)}
    return HeldOut(place, frozenset(keys), frozenset(audio))


def split(
    songs: Sequence[Song],
    *,
    given: Mapping[str, Sequence[str]],
    validation: float,
    test: float,
    seed: int,
) -> list[Song]:
    """Songs with a split each: by name, else the official one, else drawn by artist.

    Args:
        songs: rows in any folder, a folder a song.
        given: split → names of songs; `*` stands for anything.
        validation, test: shares of the songs that have no split yet.
        seed: of that draw.

    Raises:
        ValueError: a split that does not exist, or shares that leave nothing to train on.
    """
    unknown = set(given) - {"train", "validation", "test"}
    if unknown:
        raise ValueError(f"splits.{min(unknown)}: a split is train, validation or test")
    named = [song.model_copy(update={"split": _given(song, given) or song.split}) for song in songs]
    return split_songs(named, validation=validation, test=test, seed=seed)


def _given(song: Song, given: Mapping[str, Sequence[str]]) -> Split | None:
    for name, patterns in given.items():
        if any(fnmatchcase(song.name, pattern) for pattern in patterns):
            return name  # type: ignore[return-value]  # checked by `split`
    return None


def check_apart(songs: Sequence[Song], *, official: frozenset[str]) -> None:
    """Make sure that no song, artist or recording is both trained on and held out.

    Published splits may share artists (MUSDB18's do); what is drawn or given here may not.

    Args:
        songs: with splits.
        official: names of the songs whose split is that of the set itself.

    Raises:
        ValueError: the sentence names both songs.
    """
    check_splits(songs)
    by_song: dict[str, Song] = {}
    by_artist: dict[str, Song] = {}
    for song in songs:
        key, artist = song_key(song.artist, song.title), artist_key(song.artist)
        if key and by_song.setdefault(key, song).split != song.split:
            _refuse(song, by_song[key], "are the same song")
        if artist:
            other = by_artist.setdefault(artist, song)
            if other.split != song.split and not {song.name, other.name} <= official:
                _refuse(song, other, "are by the same artist")


def _refuse(song: Song, other: Song, why: str) -> None:
    raise ValueError(
        f"'{other.name}' ({other.split}) and '{song.name}' ({song.split}) {why}, so the test would say less "
        "than it seems; exclude one of them, or give both the same split"
    )


def copies_of_songs(songs: Sequence[Song]) -> dict[str, str]:
    """Name of a song → the song before it that has just the same tracks."""
    first: dict[tuple[str, ...], str] = {}
    found = {}
    for song in songs:
        if song.session:  # arrangements of one song share their tracks on purpose
            continue
        audio = tuple(sorted(t.content_hash for t in song.tracks if not is_silent(t)))
        if audio and first.setdefault(audio, song.name) != song.name:
            found[song.name] = first[audio]
    return found

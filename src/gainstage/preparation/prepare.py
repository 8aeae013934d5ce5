"""Prepare a data set: find it, hear it, check it, align it, split it, and write what training reads.

What is written, below `out`: `manifest.jsonl`, a row a song; `songs/<song>/<hash>.wav`, its tracks and mix as
32-bit float, each named by its content; `report.html`. A song is done when its record stands beside its
audio, so a run that was killed goes on with the songs that are left, and a second run on the same files hears
nothing. All bytes depend on the set and the settings alone. Nothing of the set itself is touched.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gainstage.data.audio_error import AudioFileError
from gainstage.data.folder import Progress
from gainstage.data.manifest import Song
from gainstage.data.sources.catalogue import DataSet, list_songs
from gainstage.data.sources.folders import is_excluded
from gainstage.data.sources.listing import Fault, Listing, SongFiles
from gainstage.preparation.record import SongRecord
from gainstage.preparation.result import Preparation, write_set
from gainstage.preparation.song import Order, prepare_song
from gainstage.preparation.splits import HeldOut, check_apart, copies_of_songs, held_out, split
from gainstage.preparation.workplace import check_places, records, working_folder

_LOWEST_RATE, _HIGHEST_RATE = 8_000, 384_000


@dataclass(frozen=True)
class Settings:
    """How a set is prepared.

    Args:
        sample_rate: of all audio, in Hz; None = of each song the most frequent of its tracks, at least 44.1
            kHz.
        align: whether dry tracks may be moved to their mix, where the set does not say that they lie there.
        exclude: names of songs that are not opened; `*` stands for anything.
        apart_from: published lists, or folders of prepared sets, whose held-out songs this set must not hold.
        splits: train, validation or test → names of songs; `*` stands for anything.
        validation, test: shares to hold out of the songs that have no split.
        seed: of that draw.
        strict: stop at the first damaged file.
        report: write the page.
        jobs: processes.
    """

    sample_rate: int | None = None
    align: bool = True
    exclude: tuple[str, ...] = ()
    apart_from: tuple[str, ...] = ()
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    validation: float = 0.1
    test: float = 0.1
    seed: int = 0
    strict: bool = False
    report: bool = True
    jobs: int = 2

    def __post_init__(self) -> None:
        if self.sample_rate is not None and not _LOWEST_RATE <= self.sample_rate <= _HIGHEST_RATE:
            raise ValueError(
                f"sample_rate is {self.sample_rate}; give {_LOWEST_RATE} to {_HIGHEST_RATE} Hz, or null"
            )
        if self.jobs < 1:
            raise ValueError(f"jobs is {self.jobs}; give 1 or more")


def prepare(
    source: DataSet,
    root: Path,
    out: Path,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Preparation:
    """Prepare a data set for training and evaluation.

    Args:
        source: which set it is.
        root: where it was unpacked.
        out: where to put what is prepared; outside the root.
        settings: how.
        progress: told "preparing songs", how many are done, and of how many.

    Raises:
        ValueError: the root does not hold the set, nothing of it can be used, its splits overlap, or, if
            `strict`, a file is damaged.
        OSError: something cannot be written; songs that are done are kept.
    """
    settings = settings or Settings()
    apart = held_out(settings.apart_from)
    check_places(root, out)
    listing = list_songs(source, root)
    songs = _distinct([song for song in listing.songs if not is_excluded(song.name, settings.exclude)], root)
    if settings.strict:
        _stop_at([*listing.faults, *(fault for song in songs for fault in song.faults)])
    with working_folder(out) as work:
        orders = [Order(root, out, work, song, settings.sample_rate, settings.align) for song in songs]
        heard = _records(orders, settings, progress)
        return _finished(source, out, work, listing, heard, apart, settings)


def _finished(
    source: str,
    out: Path,
    work: Path,
    listing: Listing,
    heard: Sequence[SongRecord],
    apart: Sequence[HeldOut],
    settings: Settings,
) -> Preparation:
    """Manifest and page of what was heard."""
    rows, left_out = _kept(heard, apart)
    if not rows:
        raise ValueError(_nothing_left(listing, heard))
    rows = split(
        rows, given=settings.splits, validation=settings.validation, test=settings.test, seed=settings.seed
    )
    official = frozenset(r.name for r in heard if r.official_split) - _named(rows, settings.splits)
    check_apart(rows, official=official)
    faults = [*listing.faults, *(fault for record in heard for fault in record.faults)]
    return write_set(source, out, work, rows, heard, faults=faults, left_out=left_out, report=settings.report)


def _distinct(songs: Sequence[SongFiles], root: Path) -> list[SongFiles]:
    counts = Counter(song.name for song in songs)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"two songs in {root} are called '{twice[0]}'; rename or exclude one")
    return sorted(songs, key=lambda song: song.name)


def _records(orders: Sequence[Order], settings: Settings, progress: Progress | None) -> list[SongRecord]:
    """What came of each song; a strict preparation stops at the first damaged file."""
    found = []
    for record in records(
        orders, prepare_song, jobs=settings.jobs, doing="preparing songs", progress=progress
    ):
        if settings.strict:
            _stop_at(record.faults)
        found.append(record)
    return found


def _stop_at(faults: Sequence[Fault]) -> None:
    damage = next((fault for fault in faults if fault.is_damage), None)
    if damage is not None:
        raise AudioFileError(f"{damage.file} {damage.cause} (strict=false goes on without it)")


def _kept(
    records: Sequence[SongRecord], apart: Sequence[HeldOut]
) -> tuple[list[Song], list[tuple[str, str]]]:
    """Rows to go into the manifest, and what does not, with the reason."""
    left_out = [pair for record in records for pair in record.left_out]
    rows = []
    for record in records:
        if record.song is None:
            left_out.append((record.name, "has no track that can be used"))
            continue
        why = next(filter(None, (held.why(record.song) for held in apart)), "")
        if why:
            left_out.append((record.name, why))
        else:
            rows.append(record.song)
    copies = copies_of_songs(rows)
    left_out += [(name, f"holds the same audio as the song '{other}'") for name, other in copies.items()]
    return [row for row in rows if row.name not in copies], left_out


def _named(songs: Sequence[Song], splits: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Songs whose split somebody gave by name."""
    patterns = [pattern for of in splits.values() for pattern in of]
    return frozenset(song.name for song in songs if is_excluded(song.name, patterns))


def _nothing_left(listing: Listing, records: Sequence[SongRecord]) -> str:
    faults = [*listing.faults, *(fault for record in records for fault in record.faults)]
    damage = next((fault for fault in faults if fault.is_damage), None)
    why = f"; the first damaged file is {damage.file}, which {damage.cause}" if damage else ""
    root = listing.root
    return f"no song of {root} can be used{why}" if records else f"no song is left in {root}; exclude fewer"

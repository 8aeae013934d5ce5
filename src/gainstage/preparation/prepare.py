"""Prepare a data set: find it, hear it, check it, align it, split it, and write what training reads.

What is written, below `out`: `manifest.jsonl`, a row a song; `songs/<song>/<hash>.wav`, its tracks and mix as
32-bit float, each named by its content; `report.html`. A song is done when its record stands beside its
audio, so a run that was killed goes on with the songs that are left, and a second run on the same files hears
nothing. All bytes depend on the set and the settings alone. Nothing of the set itself is touched.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gainstage.data.audio_error import AudioFileError
from gainstage.data.folder import Progress
from gainstage.data.manifest import Song, read_manifest, write_manifest
from gainstage.data.sources.built_in import MANIFEST
from gainstage.data.sources.catalogue import DataSet, list_songs
from gainstage.data.sources.folders import is_excluded
from gainstage.data.sources.listing import Fault, Listing, SongFiles
from gainstage.preparation.page import preparation_page
from gainstage.preparation.parallel import in_processes
from gainstage.preparation.record import SongRecord, read_record, record_path
from gainstage.preparation.song import Order, prepare_song
from gainstage.preparation.splits import HeldOut, check_apart, copies_of_songs, held_out, split

REPORT = "report.html"
_WORK = ".working-"
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


@dataclass(frozen=True)
class Preparation:
    """A set that is ready.

    Args:
        songs: the rows of the manifest.
        faults: what was found, damage first.
        left_out: songs or files of which nothing is in the manifest, and why.
        manifest, report: the files; no report where none was asked for.
    """

    songs: tuple[Song, ...]
    faults: tuple[Fault, ...]
    left_out: tuple[tuple[str, str], ...]
    manifest: Path
    report: Path | None


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
    _check_places(root, out)
    listing = list_songs(source, root)
    songs = _distinct([song for song in listing.songs if not is_excluded(song.name, settings.exclude)], root)
    if settings.strict:
        _stop_at([*listing.faults, *(fault for song in songs for fault in song.faults)])
    with _working_folder(out) as work:
        orders = [Order(root, out, work, song, settings.sample_rate, settings.align) for song in songs]
        records = _records(orders, settings, progress)
        return _finished(source, out, work, listing, records, apart, settings)


def _finished(
    source: str,
    out: Path,
    work: Path,
    listing: Listing,
    records: Sequence[SongRecord],
    apart: Sequence[HeldOut],
    settings: Settings,
) -> Preparation:
    """Manifest and page of what was heard."""
    rows, left_out = _kept(records, apart)
    if not rows:
        raise ValueError(_nothing_left(listing, records))
    rows = split(
        rows, given=settings.splits, validation=settings.validation, test=settings.test, seed=settings.seed
    )
    official = frozenset(r.name for r in records if r.official_split) - _named(rows, settings.splits)
    check_apart(rows, official=official)
    write_manifest(out / MANIFEST, rows)
    _remove_unused(out, records)
    faults = [*listing.faults, *(fault for record in records for fault in record.faults)]
    faults.sort(key=lambda fault: not fault.is_damage)
    rows = read_manifest(out / MANIFEST)
    if settings.report:
        power = {record.name: record.power for record in records}
        preparation_page(source, rows, faults, left_out, power=power).write(work / REPORT)
        (work / REPORT).replace(out / REPORT)
    report = out / REPORT if settings.report else None
    return Preparation(tuple(rows), tuple(faults), tuple(left_out), out / MANIFEST, report)


def _check_places(root: Path, out: Path) -> None:
    if not root.is_dir():
        raise ValueError(f"the data's folder {root} does not exist; give the root of the data")
    if out.resolve() == root.resolve() or root.resolve() in out.resolve().parents:
        raise ValueError(
            f"{out} lies in the data's own folder {root}, which is left as it is; give another out="
        )
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; give a folder as out=FOLDER")


def _distinct(songs: Sequence[SongFiles], root: Path) -> list[SongFiles]:
    counts = Counter(song.name for song in songs)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"two songs in {root} are called '{twice[0]}'; rename or exclude one")
    return sorted(songs, key=lambda song: song.name)


def _records(orders: Sequence[Order], settings: Settings, progress: Progress | None) -> list[SongRecord]:
    """What came of each song, in the order of their names; those that were done before are read."""
    known = [_known(order) for order in orders]
    missing = [order for order, record in zip(orders, known, strict=True) if record is None]
    made = in_processes(prepare_song, missing, jobs=settings.jobs)
    records = []
    for record in known:
        records.append(record or next(made))
        if settings.strict:
            _stop_at(records[-1].faults)
        if progress is not None:
            progress("preparing songs", len(records), len(orders))
    return records


def _known(order: Order) -> SongRecord | None:
    record = read_record(record_path(order.out, order.song.group, order.song.name))
    return record if record is not None and record.stamp == order.stamp else None


@contextmanager
def _working_folder(out: Path) -> Iterator[Path]:
    """A folder for unfinished files; those of runs that were killed are removed."""
    (out / "songs").mkdir(parents=True, exist_ok=True)
    for left in out.glob(f"{_WORK}*"):
        if not _is_alive(left.name.removeprefix(_WORK)):
            shutil.rmtree(left, ignore_errors=True)
    work = out / f"{_WORK}{os.getpid()}"
    work.mkdir(exist_ok=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return int(pid) != os.getpid()


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


def _remove_unused(out: Path, records: Sequence[SongRecord]) -> None:
    """Audio and records of songs that are no more, or were something else before."""
    used = set()
    for record in records:
        used.add(record_path(out, record.group, record.name))
        if record.song is not None:
            folder = out / record.song.folder
            files = [*record.song.tracks, *([record.song.mix] if record.song.mix else [])]
            used |= {folder / file.file for file in files}
            used |= {folder / record.song.session} if record.song.session else set()
    for path in sorted((out / "songs").rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in used:
            path.unlink()

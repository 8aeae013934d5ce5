"""Where sets are written: songs in parallel, each whole or not at all; what is done stays done."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from gainstage.data.folder import Progress
from gainstage.preparation.parallel import in_processes
from gainstage.preparation.record import SongRecord, read_record, record_path, write_record

_WORK = ".working-"


class Ordered(Protocol):
    """A song to make: where its record goes, what it depends on, and a folder for unfinished files."""

    @property
    def record(self) -> Path: ...
    @property
    def stamp(self) -> str: ...
    @property
    def work(self) -> Path: ...


Order = TypeVar("Order", bound=Ordered)


def check_places(root: Path, out: Path) -> None:
    """Make sure that writing to `out` alters nothing of `root`.

    Raises:
        ValueError: it would, or the root is not there.
    """
    if not root.is_dir():
        raise ValueError(f"the data's folder {root} does not exist; give the root of the data")
    if out.resolve() == root.resolve() or root.resolve() in out.resolve().parents:
        raise ValueError(
            f"{out} lies in the data's own folder {root}, which is left as it is; give another folder as out"
        )
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; give a folder as out")


@contextmanager
def working_folder(out: Path) -> Iterator[Path]:
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


def recorded(order: Order, make: Callable[[Order, Path], SongRecord]) -> SongRecord:
    """Make a song in a folder of its own that is removed, and write down what came of it.

    Raises:
        OSError: nothing can be written.
    """
    work = order.work / order.record.stem
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        record = make(order, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    write_record(order.record, record)
    return record


def records(
    orders: Sequence[Order],
    make: Callable[[Order], SongRecord],
    *,
    jobs: int,
    doing: str,
    progress: Progress | None,
) -> Iterator[SongRecord]:
    """What came of each song, in the order that was given; those that were done before are read.

    Args:
        orders: the songs.
        make: a function of a module.
        jobs: processes.
        doing: what progress calls it.
        progress: told how many songs are done, and of how many.
    """
    known = [_known(order) for order in orders]
    missing = [order for order, record in zip(orders, known, strict=True) if record is None]
    made = in_processes(make, missing, jobs=jobs)
    for done, record in enumerate(known, start=1):
        yield record or next(made)
        if progress is not None:
            progress(doing, done, len(orders))


def remove_unused(out: Path, kept: Sequence[SongRecord]) -> None:
    """Audio and records of songs that are no more, or were something else before."""
    used = set()
    for record in kept:
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


def _known(order: Ordered) -> SongRecord | None:
    record = read_record(order.record)
    return record if record is not None and record.stamp == order.stamp else None


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return int(pid) != os.getpid()

"""A set that is ready: its manifest and its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gainstage.data.manifest import Song, read_manifest, write_manifest
from gainstage.data.sources.built_in import MANIFEST
from gainstage.data.sources.listing import Fault
from gainstage.preparation.page import preparation_page
from gainstage.preparation.record import SongRecord
from gainstage.preparation.workplace import remove_unused
from gainstage.report.page import Section

REPORT = "report.html"


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


def write_set(
    name: str,
    out: Path,
    work: Path,
    rows: Sequence[Song],
    made: Sequence[SongRecord],
    *,
    faults: Sequence[Fault],
    left_out: Sequence[tuple[str, str]],
    report: bool,
    more: Sequence[Section] = (),
) -> Preparation:
    """Write manifest and page of songs whose audio is there, and remove what belongs to no song.

    Args:
        name: of the set.
        out: its folder.
        work: folder for unfinished files.
        rows: of the manifest.
        made: all songs, also those that are not in the manifest.
        faults: what was found.
        left_out: what is not in the manifest, and why.
        report: whether to write the page.
        more: sections of it about how the set was made.

    Raises:
        OSError: a file cannot be written.
    """
    write_manifest(out / MANIFEST, rows)
    remove_unused(out, made)
    faults = sorted(faults, key=lambda fault: not fault.is_damage)
    rows = read_manifest(out / MANIFEST)
    if report:
        power = {record.name: record.power for record in made}
        preparation_page(name, rows, faults, left_out, power=power, more=more).write(work / REPORT)
        (work / REPORT).replace(out / REPORT)
    where = out / REPORT if report else None
    return Preparation(tuple(rows), tuple(faults), tuple(left_out), out / MANIFEST, where)

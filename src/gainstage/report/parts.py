"""What the parts of a long piece of work took, and a page that puts them before what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gainstage.report import words
from gainstage.report.blocks import Block, Column, Drawing, Fact, Facts, Grid, Link, Links, Table
from gainstage.report.page import Page, Section, sections_of
from gainstage.report.plots import bars


@dataclass(frozen=True)
class Part:
    """One part of the work.

    Args:
        name: what was done.
        seconds: how long it took.
        peak_bytes: the most memory that its processes held together; None where that is not known.
        is_kept: it was done by an earlier run, and what came of it was kept.
        is_set_up: it is done once and for all, and does not count in the sum.
    """

    name: str
    seconds: float
    peak_bytes: int | None = None
    is_kept: bool = False
    is_set_up: bool = False


def parts_page(
    parts: Sequence[Part], evaluation: Path, *, title: str, subtitle: str, footer: str, links: Sequence[Link]
) -> Page:
    """The page of an evaluation with the way that led there.

    Args:
        parts: what was done, in its order.
        evaluation: the page of the evaluation, which is taken over as it stands.
        title, subtitle, footer: of the new page.
        links: ways to other files, relative to the new page.

    Raises:
        OSError: the page cannot be read.
        ValueError: it is none of ours.
    """
    way = Section("What was done", (*([Links(tuple(links))] if links else []), *parts_blocks(parts)))
    return Page(title, subtitle, (way, *sections_of(evaluation)), footer)


def parts_blocks(parts: Sequence[Part]) -> tuple[Block, ...]:
    """Facts, bars and a table of parts."""
    known = [part.peak_bytes for part in parts if part.peak_bytes is not None]
    before = [f"after {_time(part.seconds)} for the {part.name}" for part in parts if part.is_set_up]
    seconds = sum(part.seconds for part in parts if not part.is_set_up)
    facts = [Fact("Time", _time(seconds), tuple(before))]
    if known:
        most = max(parts, key=lambda part: part.peak_bytes or 0)
        facts.append(Fact("Memory at its peak", _memory(max(known)), (f"in “{most.name}”",)))
    plot = bars(
        [part.name for part in parts], [part.seconds for part in parts], title="Time", unit="s", digits=0
    )
    rows = tuple((part.name, _time(part.seconds), _memory(part.peak_bytes)) for part in parts)
    columns = (Column("Part"), Column("Time", is_number=True), Column("Memory at its peak", is_number=True))
    kept = words.listed([part.name for part in parts if part.is_kept])
    note = "The most that all processes of a part held together, shared libraries counted once."
    note += f" Done by an earlier run, and kept: {kept}." if kept else ""
    table = Table("In numbers", columns, rows, note)
    return Facts(tuple(facts)), Grid((Drawing(plot, "Time of each part"), table))


def _time(seconds: float) -> str:
    return words.clock(seconds) if seconds < 9.95 or seconds >= 60 else f"{seconds:.0f} s"


def _memory(peak_bytes: int | None) -> str:
    return "–" if peak_bytes is None else f"{peak_bytes / 2**30:.2f} GiB"

"""What an export carried over, item by item: nothing is left out in silence."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """EXACT: the same sound to rounding, to be edited. APPROXIMATE: to be edited, and sounds alike.
    FROZEN: the same sound, as audio. DROPPED: it is not there.
    """

    EXACT = "exact"
    APPROXIMATE = "approximate"
    FROZEN = "frozen"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Item:
    """One thing of a session in one target.

    Args:
        target: such as `ardour`.
        strip: whose it is: `Kick`, `group drums`, `master`.
        what: such as `compressor`, `send to reverb`, `fader automation`.
        verdict: how it was carried over.
        note: why, and what to do about it; may be empty.
        null_db: error over signal where it was worked out, in dB.
    """

    target: str
    strip: str
    what: str
    verdict: Verdict
    note: str = ""
    null_db: float | None = None

    @property
    def words(self) -> str:
        """`approximate (-42 dB)`."""
        return self.verdict if self.null_db is None else f"{self.verdict} ({self.null_db:.0f} dB)"


@dataclass(frozen=True)
class ExportReport:
    """All items of an export, and what else a person should know."""

    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        document = {"format": "gainstage-export-report", "version": 1, **asdict(self)}
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Heads and rows: an item a row, a target a column."""
        targets = list(dict.fromkeys(item.target for item in self.items))
        rows: dict[tuple[str, str], dict[str, str]] = {}
        for item in self.items:
            rows.setdefault((item.strip, item.what), {})[item.target] = item.words
        cells = [[strip, what, *(found.get(t, "") for t in targets)] for (strip, what), found in rows.items()]
        return ["Strip", "Item", *targets], cells

    def counts(self) -> dict[str, dict[Verdict, int]]:
        """Target → verdict → number of items."""
        found: dict[str, dict[Verdict, int]] = {}
        for item in self.items:
            of_target = found.setdefault(item.target, dict.fromkeys(Verdict, 0))
            of_target[item.verdict] += 1
        return found


def joined(parts: Iterable[ExportReport]) -> ExportReport:
    """Several reports as one."""
    parts = list(parts)
    return ExportReport(
        tuple(item for part in parts for item in part.items),
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )

"""A strip of a session's document while it is edited, and the words for what is done to it."""

import math
from collections.abc import Sequence
from typing import Any

from gainstage.console.session_words import change, path_label
from gainstage.interchange.desk import Strip
from gainstage.interchange.movement import thinned
from gainstage.processors import Parameter

_SAME = 2e-6
"""Ardour keeps numbers in single precision: what differs by less has not been moved."""


class StripDocument:
    """The strip's part of the document.

    Args:
        strip: as it was.
        target: its part of the session's document, which is edited.
    """

    def __init__(self, strip: Strip, target: dict[str, Any]) -> None:
        self.strip, self.target = strip, target
        self.changes: list[str] = []
        self.left: list[str] = []

    def processor(self, name: str) -> dict[str, Any]:
        """The settings of one processor, to be edited."""
        empty = {"bypass": False, "key": [], "values": {}, "curves": {}, "locked": []}
        found: dict[str, Any] = self.target["processors"].setdefault(name, empty)
        return found

    def set(self, name: str, row: Parameter, before: float, value: float, table: Sequence[Parameter]) -> None:
        """Set a parameter, within its range, and switch its processor on."""
        inside = min(max(value, row.low), row.high)
        if not same(inside, value) and not (row.off_at_low and value < row.low):
            self.leave(f"{name} {row.name} {value:.4g} is out of range")
        self.processor(name)["bypass"] = False
        self.processor(name)["values"][row.name] = inside
        self.say(f"{path_label(name, row, table)} {change(row, before, inside)}")

    def curve(
        self, name: str, row: Parameter, found: list[tuple[float, float]], table: Sequence[Parameter]
    ) -> None:
        """Let a parameter move by points in seconds; without any it stands still."""
        if not found:
            self.drop_curve(name, row)
            return
        inside = [(at, min(max(value, row.low), row.high)) for at, value in found]
        self.processor(name)["curves"][row.name] = thinned(inside, row)
        self.say(f"{path_label(name, row, table)} moves otherwise")

    def drop_curve(self, name: str, row: Parameter) -> None:
        """Let a parameter stand still."""
        if self.processor(name)["curves"].pop(row.name, None) is not None:
            self.say(f"{path_label(name, row, (row,))} does not move any more")

    def bypass(self, names: Sequence[str]) -> None:
        """Switch processors off."""
        for name in dict.fromkeys(names):
            self.processor(name)["bypass"] = True
            self.say(f"{name.replace('_', ' ')} off")

    def add_to(self, name: str, by_db: float, what: str) -> None:
        """A gain that we had not set goes to the processor that is there for it."""
        stage = next((s for s in self.strip.chain if s.name == name), None)
        if stage is None:
            self.leave(f"{what} was moved by {by_db:.1f} dB and is left out")
            return
        row = stage.processor.table[0]
        value = (
            self.target["processors"].get(name, {}).get("values", {}).get(row.name, stage.values[row.name])
        )
        self.set(name, row, value, value + by_db, stage.processor.table)

    def say(self, what: str) -> None:
        """Note what was done."""
        self.changes.append(f"{self.strip.label}: {what}")

    def leave(self, what: str) -> None:
        """Note what could not be done."""
        self.left.append(f"{self.strip.label}: {what}")


def level(gain: float, row: Parameter) -> float:
    """A factor as a level, not below the lower end."""
    return row.low if gain <= 0.0 else max(decibels(gain), row.low)


def decibels(gain: float) -> float:
    """A factor as a level; silence is -240 dB."""
    return 20.0 * math.log10(max(gain, 1e-12))


def same(a: float, b: float) -> bool:
    """Whether two numbers differ by no more than their storage."""
    return math.isclose(a, b, rel_tol=_SAME, abs_tol=_SAME)


def same_points(found: Sequence[tuple[float, float]], written: Sequence[tuple[float, float]]) -> bool:
    """Whether automation is what was written."""
    if len(found) != len(written):
        return False
    return all(
        abs(a[0] - b[0]) <= 1.0 and math.isclose(a[1], b[1], rel_tol=1e-5, abs_tol=1e-5)
        for a, b in zip(found, written, strict=True)
    )

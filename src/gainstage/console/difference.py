"""One thing that two sessions, or two consoles, have otherwise."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One thing that two sessions have otherwise.

    Args:
        place: where, from the outside in: `tracks 'Kick' · compressor · threshold_db`.
        before, after: the value there, as the session's JSON writes it; None where there is none.
        unit: of the values; empty for pure numbers, switches and texts.
        sentence: `Kick: compressor threshold -18.0 → -21.5 dB`.
    """

    place: str
    before: Any
    after: Any
    unit: str
    sentence: str


def plain(value: Any, nothing: str = "none") -> str:
    """A value of a document as a person reads it."""
    return nothing if value is None else f"{value:g}" if isinstance(value, float) else f"{value}"

"""The name that somebody probably meant."""

import difflib
from collections.abc import Iterable

_MOST = 12


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The end of a sentence: `; did you mean '…'?`, or nothing where no name is near.

    Dotted names are compared whole first, then by their last parts alone.
    """
    names = sorted(set(known))
    found = difflib.get_close_matches(wrong, names, n=1)
    if not found:
        by_last = {path.rpartition(".")[2]: path for path in reversed(names)}
        close = difflib.get_close_matches(wrong.rpartition(".")[2], by_last, n=1)
        found = [by_last[last] for last in close]
    return f"; did you mean '{found[0]}'?" if found else ""


def nearest_or_all(wrong: str, known: Iterable[str]) -> str:
    """The end of a sentence: the name that was probably meant, or else those that there are."""
    names = list(known)
    there = ", ".join(names[:_MOST]) + (", …" if len(names) > _MOST else "")
    return nearest(wrong, names) or (f"; there is {there}" if names else "; there is none")

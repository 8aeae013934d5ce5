"""JSON as we take it from people: strict, so that whatever is read can be written again as it was.

Python's reader takes more than JSON (`NaN`), keeps the last of two equal keys, makes `1e999` infinite and
lets half a surrogate pair through, which no file can hold. All of that is refused here, with its place.
"""

import json
import math
from typing import Any

MAX_DEPTH = 64
_DIGITS = 40
INTEGERS = (-(2**63), 2**64 - 1)
"""What other programs can hold: 64 bits, with or without a sign."""

MOST = 600
"""Characters of a sentence about a fault, whatever the document holds."""

Loc = tuple[str | int, ...]


def parse(text: str) -> Any:
    """The value that a JSON text holds.

    Raises:
        ValueError: it is no JSON, or holds what could not be written again; one sentence names line and
            column, or the place inside.
    """
    if not text.strip():
        raise ValueError("it is empty")
    if text.startswith("\ufeff"):
        raise ValueError("it begins with a byte order mark; save it as UTF-8 without one")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_marked,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise ValueError(f"line {error.lineno}, column {error.colno}: this is not JSON: {what}") from None
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels") from None
    check_plain(value, value)
    return value


def check_plain(value: Any, root: Any, at: Loc = ()) -> None:
    """Check that a value is made of what JSON can hold.

    Args:
        value: the value.
        root: the document that holds it, for the names in the sentence.
        at: where it stands in the document.

    Raises:
        ValueError: it cannot be written to a file and read again; the sentence names the place.
    """
    if len(at) > MAX_DEPTH:
        raise ValueError(f"{place(at[:3], root)}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        if isinstance(value, _Doubled):
            raise ValueError(f"{place(at, root)}: '{shown(value.twice)}' stands twice; keep one of them")
        for key, part in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{place(at, root)}: the name {key!r} must be text")
            _check_text(key, root, at)
            check_plain(part, root, (*at, key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            check_plain(part, root, (*at, i))
    elif isinstance(value, str):
        _check_text(value, root, at)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place(at, root)}: {value} is not a finite number")
    elif isinstance(value, int):
        if not INTEGERS[0] <= value <= INTEGERS[1]:
            raise ValueError(f"{place(at, root)}: the whole number is too large; 64 bits are the most")
    elif value is not None:
        raise ValueError(f"{place(at, root)}: JSON cannot hold a {type(value).__name__}")


def place(at: Loc, root: Any) -> str:
    """Where something stands in a session, as a person says it: `tracks[2] 'Kick'.compressor.threshold_db`.

    The levels `processors` and `values` are left out where something follows them: they say nothing.
    """
    words, here = "", root
    for i, part in enumerate(at):
        if isinstance(part, int):
            here = here[part] if isinstance(here, list | tuple) and part < len(here) else None
            name = here.get("name") if isinstance(here, dict) else None
            words += f"[{part}]" + (f" '{shown(name)}'" if isinstance(name, str) else "")
            continue
        here = here.get(part) if isinstance(here, dict) else None
        if part not in ("processors", "values") or i == len(at) - 1:
            words += ("." if words else "") + shown(part)
    return words or "the document"


def shown(text: str, *, most: int = 60) -> str:
    """A text of a document as a sentence can quote it: on one line, not too long, fit for a terminal."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _check_text(text: str, root: Any, at: Loc) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        words = f"'{shown(text)}' holds half a character (a lone surrogate)"
        raise ValueError(f"{place(at, root)}: {words}") from None


class _Doubled(dict[str, Any]):
    """An object in which a name stands twice: kept until the walk through the document knows its place."""

    twice: str = ""


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    doubled = _Doubled(made)
    doubled.twice = next(name for name in names if names.count(name) > 1)
    return doubled


def _integer(digits: str) -> int:
    """An integer; of one that is too long only so much that the walk through the document refuses it."""
    return int(digits[:_DIGITS])

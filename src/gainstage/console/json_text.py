"""JSON text as plain values, with nothing passed over in silence.

Python's reader takes the last of two equal keys, NaN, 1e999, halves of characters and integers of any length
without a word. What cannot be written again as it was read is refused here, with its place.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from gainstage.console.place import Step, at, place, quoted

MAX_DEPTH = 64
"""Lists and objects within each other. A session needs eight."""

_MOST_DIGITS = 20
_LEAST, _MOST = -(2**63), 2**64 - 1


def parse(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON (line and column are named), or `check_plain` refuses what it holds.
    """
    if not text.strip():
        raise ValueError("there is nothing in it")
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=lambda word: _Fault(f"{word} is no number"),
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        why = f"{error.msg[0].lower()}{error.msg[1:]}".removesuffix(" at")
        raise ValueError(f"line {error.lineno}, column {error.colno}: this is not JSON ({why})") from None
    except RecursionError:
        raise ValueError(_too_deep()) from None
    check_plain(document)
    return document


def check_plain(document: Any) -> None:
    """Look whether a value can be written as JSON and come back as it is.

    Raises:
        ValueError: something in it cannot: a number that is not finite or an integer beyond 64 bits, half a
            character, a kind that JSON does not have, more than `MAX_DEPTH` levels.
    """
    _check(document, document, ())


@dataclass(frozen=True)
class _Fault:
    """Stands where the reader found something that a document must not hold."""

    sentence: str


def _object(pairs: list[tuple[str, Any]]) -> "dict[str, Any] | _Fault":
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            return _Fault(f"{quoted(key)} stands twice; leave one of them out")
        made[key] = value
    return made


def _float(text: str) -> "float | _Fault":
    value = float(text)
    return value if math.isfinite(value) else _Fault(f"{quoted(text)} is too large for a number")


def _int(text: str) -> "int | _Fault":
    if len(text) > _MOST_DIGITS:
        return _Fault(f"an integer of {len(text)} digits is too long; 64 bits are what it may have")
    return int(text)


def _check(document: Any, value: Any, steps: tuple[Step, ...]) -> None:
    fault = _fault(value)
    if len(steps) > MAX_DEPTH:
        fault, steps = _too_deep(), steps[:2]
    if fault:
        raise ValueError(at(place(document, steps), fault))
    if isinstance(value, dict):
        for key, part in value.items():
            if wrong := _fault(key) if isinstance(key, str) else f"the key {key!r} is no text":
                raise ValueError(at(place(document, steps), wrong))
            _check(document, part, (*steps, key))
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            _check(document, part, (*steps, i))


def _fault(value: Any) -> str:
    """What is wrong with a value by itself; empty if nothing."""
    match value:
        case _Fault():
            return value.sentence
        case bool() | None | dict() | list() | tuple():
            return ""
        case int():
            return "" if _LEAST <= value <= _MOST else "an integer may have 64 bits, this one has more"
        case float():
            return "" if math.isfinite(value) else f"{value} is no number"
        case str():
            is_whole = value.isascii() or _is_whole(value)
            return "" if is_whole else f"{value[:24]!a} holds half a character"
    return f"a {type(value).__name__} is no value that JSON has"


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep() -> str:
    return f"it is nested deeper than {MAX_DEPTH} levels"

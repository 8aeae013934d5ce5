"""Where something stands in a document, and what stands there, in a person's words."""

import json
from collections.abc import Sequence
from typing import Any

Step = str | int

_STRIPS = ("tracks", "groups", "returns", "master")
_UNSPOKEN = {"processors", "values"}
_LONGEST = 48


def place(document: Any, steps: Sequence[Step]) -> str:
    """`tracks[2] 'Kick'.compressor.threshold_db`; empty for the document itself.

    Args:
        document: the document; entries of lists are called by their name as well, where they have one.
        steps: keys and indices that lead to the place.
    """
    words, here = "", document
    in_strip = bool(steps) and steps[0] in _STRIPS
    for at, step in enumerate(steps):
        here = inside(here, step)
        if isinstance(step, int):
            words += f"[{step}]"
            if isinstance(here, dict) and isinstance(here.get("name"), str):
                words += f" {quoted(here['name'])}"
        elif not (in_strip and step in _UNSPOKEN and at < len(steps) - 1):
            key = step if step.replace("_", "a").isalnum() and len(step) <= _LONGEST else quoted(step)
            words += f".{key}" if words else key
    return words


def inside(document: Any, step: Step) -> Any:
    """What a step leads to; None where it leads nowhere."""
    if isinstance(step, int):
        is_there = isinstance(document, list | tuple) and step < len(document)
        return document[step] if is_there else None
    return document.get(step) if isinstance(document, dict) else None


def quoted(text: str) -> str:
    """A name between quotes, on one line and not longer than one reads."""
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def shown(value: Any) -> str:
    """A value as JSON has it; what is long is called by its kind."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict | list | tuple) and len(value) > 4:
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST:
        return "an object" if isinstance(value, dict) else "a long list"
    return text if text.isprintable() else repr(text)


def figure(value: float) -> str:
    """A number as one writes it by hand, with all its digits: `40`, `0.1`."""
    return json.dumps(value).removesuffix(".0")


def at(where: str, sentence: str) -> str:
    """The sentence behind its place."""
    return f"{where}: {sentence}" if where else sentence

"""Text for Markdown in which no name can break a table, start a list or turn into markup."""

import re
from collections.abc import Iterable, Sequence

from gainstage.report import words

# An underscore inside a word is left as it is: it means nothing there, and names are full of it.
_SPECIAL = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_LINE_START = re.compile(r"^(\d*)(>|(?:[-+=#]+|[.)])(?=\s|$))")


def escaped(text: str) -> str:
    """Text on one line that reads as itself, inside a line."""
    text = _SPECIAL.sub(lambda found: f"\\{found[0]}", words.printable(text))
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def line(text: str) -> str:
    """Text that reads as itself also at the start of a line, where `-`, `#` or `1.` mean something."""
    return _LINE_START.sub(r"\1\\\2", escaped(text))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()) -> list[str]:
    """The lines of a table; the columns in `numbers` stand to the right."""
    right = set(numbers)
    marks = ["---:" if column in right else "---" for column in range(len(heads))]
    lines = [[escaped(head) if head else "" for head in heads], marks]
    lines += [[escaped(cell) if cell else "" for cell in row] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def bullets(items: Iterable[str]) -> list[str]:
    """The lines of a list."""
    return [f"- {line(item)}" for item in items]

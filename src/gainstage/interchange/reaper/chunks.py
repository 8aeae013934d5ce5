"""REAPER's project text: lines of a word and values, in chunks between `<` and `>`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Value = str | float | int


@dataclass
class Chunk:
    """`<NAME values`, lines and chunks, `>`."""

    head: tuple[Value, ...]
    children: "list[Chunk | tuple[Value, ...]]" = field(default_factory=list)

    def line(self, *values: Value) -> None:
        self.children.append(values)

    def chunk(self, *head: Value) -> "Chunk":
        made = Chunk(head)
        self.children.append(made)
        return made

    def text(self, depth: int = 0) -> str:
        """The chunk as text, two blanks a level."""
        margin = "  " * depth
        lines = [f"{margin}<{_words(self.head)}"]
        for child in self.children:
            if isinstance(child, Chunk):
                lines.append(child.text(depth + 1).rstrip("\n"))
            else:
                lines.append(f"{margin}  {_words(child)}")
        return "\n".join([*lines, f"{margin}>"]) + "\n"


def quoted(text: str) -> str:
    """A string as one word: in the quotation mark that it does not contain; backticks give way."""
    line = " ".join(text.split())
    for mark in ('"', "'"):
        if mark not in line:
            return f"{mark}{line}{mark}"
    return f"`{line.replace('`', chr(39))}`"


def _words(values: Sequence[Value]) -> str:
    first, *rest = values
    return " ".join([str(first), *(_word(value) for value in rest)])


def _word(value: Value) -> str:
    if isinstance(value, str):
        return value if value.startswith(("{", "<", "-")) and " " not in value else quoted(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.10g}" if abs(value) >= 1e-9 else "0"

"""What a page is made of. Each block is plain data; `templates/` says how each kind looks."""

from dataclasses import dataclass
from typing import ClassVar

from gainstage.report.style import Plot


@dataclass(frozen=True)
class Text:
    """Paragraphs."""

    kind: ClassVar[str] = "text"
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Bullets:
    """Sentences, one under the other; `tone` is `note` or `warning`."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]
    tone: str = "note"


@dataclass(frozen=True)
class Fact:
    """One number with its name, and lines to compare it with."""

    name: str
    value: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """The few numbers that matter most."""

    kind: ClassVar[str] = "facts"
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Column:
    """The head of a column; numbers stand to the right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its head.

    Args:
        caption: what it shows.
        columns: their heads.
        rows: cells as text, as many as there are columns.
        note: a sentence below it.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                width, cells = len(self.columns), len(row)
                raise ValueError(f"table '{self.caption}' has {width} columns, but a row of {cells} cells")


@dataclass(frozen=True)
class Drawing:
    """A plot with its caption."""

    kind: ClassVar[str] = "drawing"
    plot: Plot
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture of pixels with its caption.

    Args:
        address: `data:` address.
        alt: what it shows, in a sentence.
        caption: a line above it.
    """

    kind: ClassVar[str] = "picture"
    address: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Link:
    """The way to a file beside the page.

    Args:
        label: what stands there to be clicked.
        address: relative to the page.
        detail: what is found there.
    """

    label: str
    address: str
    detail: str = ""


@dataclass(frozen=True)
class Links:
    """Ways to other files, one under the other."""

    kind: ClassVar[str] = "links"
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Voice:
    """One take in a player.

    Args:
        label: of its button.
        address: `data:` address; empty if there is nothing to hear.
        detail: how it was changed, or why there is nothing to hear.
        volume: 0 … 1, at which the takes of a player keep their own loudness against each other.
    """

    label: str
    address: str
    detail: str
    volume: float = 1.0


@dataclass(frozen=True)
class Players:
    """Takes of one thing; one is heard at a time, at the same moment.

    Args:
        title: what they are takes of.
        voices: the takes.
        note: what a listener should know: loudness, what was cut.
    """

    kind: ClassVar[str] = "players"
    title: str
    voices: tuple[Voice, ...]
    note: str

    @property
    def has_choice(self) -> bool:
        """Whether there is more than one thing to hear."""
        return sum(bool(v.address) for v in self.voices) > 1


@dataclass(frozen=True)
class Grid:
    """Blocks side by side where the window is wide enough."""

    kind: ClassVar[str] = "grid"
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True)
class Fold:
    """Blocks behind a line that opens them."""

    kind: ClassVar[str] = "fold"
    title: str
    summary: str
    blocks: "tuple[Block, ...]"
    is_open: bool = False


Block = Text | Bullets | Facts | Table | Drawing | Picture | Links | Players | Grid | Fold

"""A page: sections of blocks as one HTML file that needs nothing else, no network and no other file."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import unescape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from gainstage.report import words
from gainstage.report.atomic import whole_or_nothing
from gainstage.report.blocks import Block
from gainstage.report.style import COLOURS

if TYPE_CHECKING:
    from jinja2 import Environment

_SECTION = re.compile(
    r'^<section id="s\d+" [^>]*>\n<h2 [^>]*>(.*?)</h2>\n(.*?)</section>$', re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading, listed in its table of contents.

    Args:
        title: the heading.
        blocks: what stands below it.
        html: what stands between them, as `sections_of` took it from a page of ours; nothing else is safe.
    """

    title: str
    blocks: tuple[Block, ...]
    html: str = ""


@dataclass(frozen=True)
class Page:
    """A page to read and to listen to.

    Args:
        title: the heading.
        subtitle: what and when, in a line.
        sections: its parts.
        footer: what made it.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: str = ""

    def html(self) -> str:
        """The whole page."""
        return "".join(self._pieces())

    def write(self, path: Path) -> None:
        """Write the page; it appears under its name only when it is whole.

        Raises:
            OSError: the file cannot be written; nothing is left behind then.
        """
        with whole_or_nothing(path) as file:
            for piece in self._pieces():
                file.write(piece.encode("utf-8", "replace"))  # halves of characters become "?"

    def _pieces(self) -> Iterator[str]:
        script = _text("page.js")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        yield from (
            _environment()
            .get_template("page.html")
            .generate(page=self, style=_palette() + _text("page.css"), script=script, script_digest=digest)
        )


def sections_of(path: Path) -> list[Section]:
    """The sections of a page that was written before, to stand in another page.

    A page weighs megabytes and its plots and players take seconds to make, so it is taken as it stands.

    Raises:
        OSError: the page cannot be read.
        ValueError: it is none of ours.
    """
    found = _SECTION.findall(path.read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"{path} is no page that gainstage has written; write it again")
    return [Section(unescape(title), (), content) for title, content in found]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_text),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = words.printable
    environment.filters["minus"] = _with_minus
    return environment


def _text(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _with_minus(text: str) -> str:
    """Numbers with a typographic minus."""
    return re.sub(r"(?<![\w.-])-(?=[\d∞])", "−", text)


def _palette() -> str:
    """The colours of plots and page as CSS variables."""
    light = "".join(f"--{name}:{light};" for name, light, _ in COLOURS.values())
    dark = "".join(f"--{name}:{dark};" for name, _, dark in COLOURS.values())
    return f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"

"""The look of all plots: one small palette, and figures as SVG that follows a page into dark mode.

Matplotlib knows only fixed colours, so each plot is drawn in marker colours that are then replaced by CSS
variables with the light colour behind them: on our pages a plot turns dark with the page, and in a notebook
or on its own it stays as it is. Text stays text, so that any alphabet is drawn by the reader's own fonts.
"""

import hashlib
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
MUTED = "#010204"
GRID_LINE = "#010205"
FIRST = "#010206"
SECOND = "#010207"
THIRD = "#010208"
PAPER = "#010209"

COLOURS = {
    INK: ("ink", "#1d2327", "#e8eaed"),
    MUTED: ("muted", "#5b656e", "#a3adb6"),
    GRID_LINE: ("line", "#d5dade", "#3a4249"),
    FIRST: ("first", "#1266b8", "#74b4ff"),
    SECOND: ("second", "#b4530a", "#ffa35c"),
    THIRD: ("third", "#6d7680", "#98a3ad"),
    PAPER: ("paper", "#ffffff", "#15191c"),
}
"""Marker colour → name of the CSS variable, colour in light, colour in dark."""

LINES = ((FIRST, "-", 1.8), (SECOND, "--", 1.5), (THIRD, ":", 1.8))
"""Colour, dash and width of the first, second and third thing in a plot: told apart without colour too."""

_RC: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gainstage",
    "text.parse_math": False,
    "text.usetex": False,
    "axes.unicode_minus": True,
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": GRID_LINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.solid_capstyle": "round",
}


@dataclass(frozen=True)
class Plot:
    """A drawing that stands by itself.

    Args:
        svg: an `<svg>` element, ready to stand inside HTML.
        alt: what it shows, in a sentence, for those who cannot see it.
        wide: whether it wants a page's whole width.
    """

    svg: str
    alt: str
    wide: bool = False

    def _repr_html_(self) -> str:
        return self.svg


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib's own defaults plus ours, whatever a user's matplotlibrc says; restored afterwards."""
    from matplotlib import style

    with style.context(["default", _RC]), warnings.catch_warnings():
        # Text goes into the SVG as text: that the font used for measuring lacks a glyph does not matter.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        yield


def figure(width_in: float, height_in: float, *, rows: int = 1) -> "tuple[Figure, list[Axes]]":
    """An empty figure of axes above each other that makes room for names of any length."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width_in, height_in), layout="constrained")
    return drawing, list(drawing.subplots(rows, 1, squeeze=False).flat)


def plain_figure(width_in: float, height_in: float, *, has_legend: bool = False) -> "tuple[Figure, Axes]":
    """An empty figure with fixed margins, for axes marked with numbers: three times as fast to draw."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width_in, height_in))
    top_in, right_in, bottom_in, left_in = (0.32 if has_legend else 0.1), 0.1, 0.45, 0.58
    box = (left_in, bottom_in, width_in - left_in - right_in, height_in - bottom_in - top_in)
    sides = (box[0] / width_in, box[1] / height_in, box[2] / width_in, box[3] / height_in)
    return drawing, drawing.add_axes(sides)


def finish(drawing: "Figure", alt: str, *, wide: bool = False) -> Plot:
    """The figure as a `Plot`."""
    buffer = io.StringIO()
    no_metadata = {"Creator": None, "Date": None, "Format": None, "Type": None}
    drawing.savefig(buffer, format="svg", metadata=no_metadata)
    return Plot(_inline(buffer.getvalue(), alt), alt, wide)


def _inline(svg: str, alt: str) -> str:
    """A whole SVG document as an element for HTML: themable, small, with identifiers of its own.

    It is done on the tree and on attributes only, so that no track name is ever taken for markup.
    """
    root = ElementTree.fromstring(svg)
    mark = f"g{hashlib.sha256((alt + svg).encode()).hexdigest()[:8]}-"
    for parent in list(root.iter()):
        for child in [c for c in parent if c.tag.endswith("}style")]:
            parent.remove(child)  # it would style the page around it
    for element in root.iter():
        element.tag = element.tag.split("}")[-1]
        element.text = (element.text or "").strip()
        element.tail = ""
        element.attrib = dict(_tidy(element.tag, element.attrib, mark))
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": alt, "class": "plot"}
    width_pt = float(root.attrib["viewBox"].split()[2])
    root.attrib["style"] = f"stroke-linejoin: round; max-width: {width_pt / 10:g}rem"  # text of about 14 px
    return ElementTree.tostring(root, encoding="unicode")


def _tidy(tag: str, attributes: Mapping[str, str], mark: str) -> Iterator[tuple[str, str]]:
    """An element's attributes as a page wants them."""
    for name, value in attributes.items():
        name = name.split("}")[-1]
        if name == "id":
            if re.fullmatch(r"[a-zA-Z]+[a-zA-Z0-9.]*_\d+", value):
                continue  # figure_1, axes_2, …: nothing refers to them
            value = mark + value
        elif name == "transform" and value.startswith(("rotate(-0 ", "rotate(0 ")):
            continue
        elif name == "href" and value.startswith("#"):
            value = f"#{mark}{value[1:]}"
        elif name == "clip-path":
            value = value.replace("url(#", f"url(#{mark}")
        elif name == "style":
            value = re.sub(r"font-family:[^;]*;?\s*", "", value)
            for colour, (variable, light, _) in COLOURS.items():
                value = value.replace(colour, f"var(--{variable},{light})")
        if tag != "image" and name not in ("id", "href", "style"):
            value = re.sub(r"\d+\.\d{2,}", lambda found: f"{float(found[0]):.1f}", value)
            value = re.sub(r"\s+", " ", value).strip()
        yield name, value

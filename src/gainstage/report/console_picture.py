"""A drawing of a console as a picture: columns of boxes from left to right, with arrows between them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gainstage.console.drawing import Arrow, Box, Drawing, Wire
from gainstage.report.style import COLOURS, FIRST, INK, MUTED, PAPER, SECOND, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE_IN, _PAD_IN, _GAP_IN = 0.17, 0.12, 0.22
_BOX_IN, _BETWEEN_IN, _MARGIN_IN = 1.55, 1.3, 0.75
_LONGEST = 24
_RETURNS = 2
_LOOK = {Wire.SIGNAL: (MUTED, "-"), Wire.SEND: (FIRST, "--"), Wire.KEY: (SECOND, "-")}


Port = tuple[float, float]


def save_picture(drawing: Drawing, path: Path) -> None:
    """Write a console as a picture; the ending of the name says of which kind (.svg, .png).

    Returns stand below all else, so that what goes straight on does not cross them.

    Args:
        drawing: the console.
        path: the file to write.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    columns = sorted({box.column for box in drawing.boxes})
    heights = {c: _height([box for box in drawing.boxes if box.column == c]) for c in columns}
    above = max(tall for column, tall in heights.items() if column != _RETURNS)
    below = heights.get(_RETURNS, -_GAP_IN) + _GAP_IN
    width = len(columns) * _BOX_IN + (len(columns) - 1) * _BETWEEN_IN + 2 * _MARGIN_IN
    height = above + below + 2 * _MARGIN_IN
    with house_style():
        figure = Figure(figsize=(width, height), facecolor=_light(PAPER))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0.0, width), ylim=(0.0, height))
        axes.axis("off")
        places = {}
        for place, column in enumerate(columns):
            top = height - _MARGIN_IN - (above - heights[column]) / 2
            top = _MARGIN_IN + heights[column] if column == _RETURNS else top
            for box in (box for box in drawing.boxes if box.column == column):
                left = _MARGIN_IN + place * (_BOX_IN + _BETWEEN_IN)
                tall = _box_height(box)
                places[box.name] = (left, top - tall / 2, tall)
                _draw_box(axes, box, left, top, tall)
                top -= tall + _GAP_IN
        for arrow, start, end in _ports(drawing, places):
            _draw_arrow(axes, arrow, start, end)
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)


def _light(marker: str) -> str:
    return COLOURS[marker][1]


def _box_height(box: Box) -> float:
    return (1 + len(box.lines)) * _LINE_IN + 2 * _PAD_IN


def _height(boxes: Sequence[Box]) -> float:
    return sum(_box_height(box) + _GAP_IN for box in boxes) - _GAP_IN


def _draw_box(axes: "Axes", box: Box, left: float, top: float, tall: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (left, top - tall),
            _BOX_IN,
            tall,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=_light(PAPER),
            edgecolor=_light(INK),
            linewidth=0.9,
            zorder=2,
        )
    )
    for i, line in enumerate((box.title, *box.lines)):
        axes.text(
            left + _BOX_IN / 2,
            top - _PAD_IN - (i + 0.5) * _LINE_IN,
            line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…",
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="normal" if i else "bold",
            color=_light(MUTED if i else INK),
            zorder=3,
        )


def _ports(
    drawing: Drawing, places: dict[str, tuple[float, float, float]]
) -> Iterator[tuple[Arrow, Port, Port]]:
    """Where each arrow begins and ends: spread over the side of its box, in the order of its other end."""
    forward = [places[a.end][0] > places[a.start][0] for a in drawing.arrows]
    sides: dict[tuple[str, bool], list[tuple[float, int, bool]]] = {}
    for i, arrow in enumerate(drawing.arrows):
        sides.setdefault((arrow.start, forward[i]), []).append((-places[arrow.end][1], i, True))
        sides.setdefault((arrow.end, False), []).append((-places[arrow.start][1], i, False))
    ports: dict[tuple[int, bool], Port] = {}
    for (name, is_right), found in sides.items():
        left, middle, tall = places[name]
        for k, (_, i, is_start) in enumerate(sorted(found)):
            y = middle + tall * (0.5 - (k + 1) / (len(found) + 1))
            ports[i, is_start] = (left + _BOX_IN if is_right else left, y)
    for i, arrow in enumerate(drawing.arrows):
        yield arrow, ports[i, True], ports[i, False]


def _draw_arrow(axes: "Axes", arrow: Arrow, start: Port, end: Port) -> None:
    """A smooth line that leaves and arrives level; its word stands where it leaves."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Line

    colour, dash = _LOOK[arrow.wire]
    forward = end[0] > start[0]
    lean = 0.55 * (end[0] - start[0]) if forward else -_MARGIN_IN
    bends = (start[0] + lean, start[1]), (end[0] - abs(lean), end[1])
    line = Line([start, *bends, end], [Line.MOVETO, Line.CURVE4, Line.CURVE4, Line.CURVE4])
    axes.add_patch(
        FancyArrowPatch(
            path=line,
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=0.9,
            linestyle=dash,
            color=_light(colour),
            zorder=1,
        )
    )
    axes.text(
        start[0] + (0.06 if forward else -0.06),
        start[1],
        arrow.word if forward else arrow.word.replace(" of ", " of\n"),
        ha="left" if forward else "right",
        va="center",
        fontsize=6.5,
        color=_light(colour),
        bbox={"facecolor": _light(PAPER), "edgecolor": "none", "pad": 0.6},
        zorder=1.5,
    )

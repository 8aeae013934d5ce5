"""Pictures of a training: its curves for reports, and for a look in between what it mixes and what it sets.

Pictures are PNG, which viewers, loggers and chats all show; curves are a `Plot`, as the rest of a report.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gainstage.report import words
from gainstage.report.axes import drawable, frequency_axis, legend_above, level_limits, time_axis, zero_line
from gainstage.report.measured import Numbers, Programme
from gainstage.report.plots import third_octaves_db
from gainstage.report.style import (
    COLOURS,
    GRID_LINE,
    INK,
    LINES,
    MUTED,
    Plot,
    finish,
    house_style,
    plain_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

_LIGHT = {marker: light for marker, (_, light, _) in COLOURS.items()}
_DPI = 110
_BINS = 24
_COLUMNS = 6


@dataclass(frozen=True, eq=False)
class Spread:
    """The values of one parameter over many strips.

    Args:
        name: as a person reads it.
        low, high: ends of its range, with the unit, as labels.
        predicted, true: unit values in [0, 1]; `true` is empty where no truth is known.
    """

    name: str
    low: str
    high: str
    predicted: Numbers
    true: Numbers


def mix_picture(mixes: Sequence[Programme], *, title: str) -> bytes:
    """Mixes beside each other: spectrum, stereo image and momentary loudness, as PNG.

    Args:
        mixes: two or three, what was aimed at last.
        title: a line above all.
    """
    with _on_paper():
        from matplotlib.figure import Figure

        drawing = Figure(figsize=(10.0, 5.6), layout="constrained")
        (spectrum, width), (loudness, correlation) = drawing.subplots(2, 2)
        for (colour, dash, line_width), mix in zip(LINES, mixes, strict=False):
            look = {"color": _LIGHT[colour], "linestyle": dash, "linewidth": line_width}
            if mix.spectrum is not None:
                spectrum.plot(*third_octaves_db(mix.spectrum), label=mix.name, **look)
            centres_hz = np.array([np.sqrt(band.low_hz * band.high_hz) for band in mix.bands])
            side_db = _side_db([band.width for band in mix.bands])
            width.plot(centres_hz, side_db, marker="o", markersize=3.5, label=mix.name, **look)
            values = drawable([band.correlation for band in mix.bands])
            correlation.plot(centres_hz, values, marker="o", markersize=3.5, **look)
            if mix.momentary_lufs is not None:
                times_s, levels = mix.momentary_lufs.times_s, drawable(mix.momentary_lufs.values)
                label = f"{mix.name}, {words.loudness(mix.integrated_lufs)}"
                loudness.plot(times_s, levels, label=label, **look)
        _name_axes(spectrum, width, loudness, correlation, mixes)
        drawing.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        return _png(drawing)


def _name_axes(
    spectrum: "Axes", width: "Axes", loudness: "Axes", correlation: "Axes", mixes: Sequence[Programme]
) -> None:
    for axes in (spectrum, width, correlation):
        frequency_axis(axes)
    level_limits(spectrum, span_db=50.0)
    spectrum.set_ylabel("third octave / whole, dB")
    level_limits(width, span_db=50.0)
    width.set_ylabel("side / middle, dB")
    ends = [float(np.asarray(m.momentary_lufs.times_s)[-1:].sum()) for m in mixes if m.momentary_lufs]
    time_axis(loudness, max(ends, default=0.0))
    level_limits(loudness, span_db=36.0)
    loudness.set_ylabel("momentary, LUFS")
    correlation.set_ylim(-1.05, 1.05)
    correlation.set_ylabel("correlation")
    for axes in (spectrum, loudness):
        legend_above(axes)


def spread_picture(spreads: Sequence[Spread], *, title: str) -> bytes:
    """A small histogram for every parameter: what is predicted (filled) and what is true (line), as PNG.

    The horizontal axis is the parameter's whole range on its own scale, so that a network which does not dare
    to move, or which sticks to an end, is seen at once.
    """
    rows = max(-(-len(spreads) // _COLUMNS), 1)
    with _on_paper():
        from matplotlib.figure import Figure

        drawing = Figure(figsize=(1.75 * _COLUMNS, 0.5 + 1.25 * rows), layout="constrained")
        grid = drawing.subplots(rows, _COLUMNS, squeeze=False)
        for axes in grid.flat[len(spreads) :]:
            axes.set_axis_off()
        for axes, spread in zip(grid.flat, spreads, strict=False):
            _histogram(axes, spread)
        key = "filled: predicted · line: true"
        drawing.suptitle(f"{title}   ({key})", x=0.01, ha="left", fontsize=10, fontweight="bold")
        return _png(drawing)


def _histogram(axes: "Axes", spread: Spread) -> None:
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    for values, filled, colour in (
        (spread.predicted, True, _LIGHT[LINES[0][0]]),
        (spread.true, False, _LIGHT[LINES[1][0]]),
    ):
        finite = drawable(values)
        finite = finite[np.isfinite(finite)]
        if len(finite):
            shares = np.histogram(finite, edges)[0] / len(finite)
            axes.stairs(
                shares, edges, fill=filled, color=colour, alpha=0.55 if filled else 1.0, linewidth=1.3
            )
    axes.set_title(words.short(spread.name, 30), fontsize=7.5, fontweight="normal")
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 1.0], [spread.low, spread.high], fontsize=7)
    low, high = axes.get_xticklabels()
    low.set_horizontalalignment("left")
    high.set_horizontalalignment("right")
    axes.set_yticks([])
    axes.set_ylim(bottom=0.0)
    axes.grid(visible=False)


def read_metrics(run: Path) -> dict[str, tuple[Array, Array]]:
    """Every logged value of a run by its name: steps and values, in order.

    Where a run went on from a checkpoint its steps stand in several files; what was logged last counts.

    Args:
        run: the folder with `metrics.csv` and, of a run that went on, `metrics-1.csv`, `-2`, ….

    Raises:
        ValueError: there is no `metrics.csv`.
    """
    if not (run / "metrics.csv").is_file():
        raise ValueError(f"{run} holds no metrics.csv; give the folder of a run that logs to CSV")
    earlier = sorted(run.glob("metrics-*.csv"), key=lambda path: (len(path.name), path.name))
    found: dict[str, dict[int, float]] = {}
    for path in (*earlier, run / "metrics.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if not (row.get("step") or "").isdigit():
                    continue  # a line that a killed process did not finish
                for name, text in row.items():
                    if text and name not in ("step", "epoch"):
                        found.setdefault(name, {})[int(row["step"])] = _number(text)
    return {
        name: (
            np.array(sorted(by), dtype=np.float64),
            np.array([by[s] for s in sorted(by)], dtype=np.float64),
        )
        for name, by in found.items()
    }


def curves(run: Path, names: Sequence[str] = ("train/total", "val/total"), *, title: str = "Loss") -> Plot:
    """Logged values over the steps of a run, for a report.

    Where there are many points the values themselves are faint and a running mean is drawn over them.

    Args:
        run: the folder of the run.
        names: up to three logged names; those that were never logged are left out.
        title: what they are.

    Raises:
        ValueError: there is no `metrics.csv`, or none of the names was logged.
    """
    logged = read_metrics(run)
    there = [name for name in names if name in logged]
    if not there:
        has = ", ".join(sorted(logged)) or "no values"
        raise ValueError(f"{run}/metrics.csv has none of {', '.join(names)}; it has {has}")
    with house_style():
        drawing, axes = plain_figure(9.0, 3.0, has_legend=True)
        for (colour, dash, line_width), name in zip(LINES, there, strict=False):
            steps, values = logged[name]
            smooth = _running_mean(values)
            if smooth is not values:
                axes.plot(*_few(steps, values), color=colour, linewidth=0.6, alpha=0.35)
            is_sparse = len(steps) < 30
            axes.plot(
                *_few(steps, smooth),
                color=colour,
                linestyle=dash,
                linewidth=line_width,
                marker="o" if is_sparse else "",
                markersize=3.5,
                label=name,
            )
        _loss_limits(axes, [logged[name][1] for name in there])
        axes.set_xlabel("step")
        axes.set_ylabel(title)
        legend_above(axes)
        ends = "; ".join(f"{n} ends at {words.number(float(logged[n][1][-1]), digits=3)}" for n in there)
        return finish(drawing, f"{title} over the steps of the training: {ends}.", wide=True)


def _loss_limits(axes: "Axes", parts: Sequence[Array]) -> None:
    """From zero (or the lowest) to what all but the first few values need: the start would hide the rest."""
    finite = np.concatenate(parts)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return
    top, bottom = float(np.quantile(finite, 0.98)), min(float(finite.min()), 0.0)
    if top > bottom:
        axes.set_ylim(bottom, top + 0.08 * (top - bottom))
    if bottom < 0:
        zero_line(axes)


def _running_mean(values: Array) -> Array:
    """The mean over a fiftieth of all values around each; the values themselves where there are few."""
    length = len(values) // 50
    if length < 2:
        return values
    window = np.ones(2 * (length // 2) + 1)
    finite = np.isfinite(values)
    total = np.convolve(np.where(finite, values, 0.0), window, "same")
    return np.asarray(total / np.maximum(np.convolve(finite, window, "same"), 1.0), dtype=np.float64)


def _few(steps: Array, values: Array, most: int = 800) -> tuple[Array, Array]:
    stride = max(-(-len(steps) // most), 1)
    return steps[::stride], drawable(values)[::stride]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _side_db(ratios: Numbers) -> Array:
    ratio = drawable(ratios)
    side_db = np.full(len(ratio), np.nan)
    np.log10(ratio, out=side_db, where=ratio > 1e-6)  # below −60 dB it is mono
    return 10.0 * side_db


@contextmanager
def _on_paper() -> Iterator[None]:
    """The house style in its light colours on white: PNG knows no CSS variables."""
    import matplotlib

    light: dict[Any, Any] = {"text.color": _LIGHT[INK], "grid.color": _LIGHT[GRID_LINE]}
    light |= dict.fromkeys(("axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _LIGHT[MUTED])
    with house_style(), matplotlib.rc_context({**light, "figure.facecolor": "white"}):
        yield


def _png(drawing: "Figure") -> bytes:
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()

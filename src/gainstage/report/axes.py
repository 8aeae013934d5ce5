"""Axes as audio people know them: frequency in octaves, time in minutes, levels without their bottom."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gainstage.report import words
from gainstage.report.measured import Numbers, Series
from gainstage.report.style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

_MOST_POINTS = 600
_OCTAVES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)


def drawable(numbers: Numbers) -> Array:
    """Numbers as an array in which all that cannot be drawn (silence, not known) is NaN."""
    values = np.array(numbers, dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def thinned(series: Series) -> tuple[Array, Array]:
    """A series as at most a few hundred points, each the highest of its neighbours: no peak is lost."""
    times, values = np.asarray(series.times_s, dtype=np.float64), drawable(series.values)
    step = -(-len(values) // _MOST_POINTS)
    if step <= 1:
        return times, values
    rows = np.pad(values, (0, -len(values) % step), constant_values=np.nan).reshape(-1, step)
    return times[::step], drawable(np.where(np.isnan(rows), -np.inf, rows).max(axis=1))


def level_limits(axes: "Axes", *, span_db: float, margin_db: float = 3.0) -> None:
    """Limits that show the highest value drawn and at most so many dB below it."""
    drawn = np.concatenate([drawable(np.asarray(line.get_ydata())) for line in axes.lines] or [np.zeros(0)])
    drawn = drawn[np.isfinite(drawn)]
    top = float(drawn.max(initial=-np.inf)) if len(drawn) else 0.0
    bottom = max(float(drawn.min(initial=np.inf)), top - span_db) if len(drawn) else -span_db
    axes.set_ylim(bottom - margin_db, top + margin_db)


def frequency_axis(axes: "Axes", *, has_labels: bool = True, every: int = 1) -> None:
    """20 Hz to 20 kHz by octaves; `every` second octave where there is little room."""
    axes.set_xscale("log")
    axes.set_xlim(20, 20_000)
    marks = _OCTAVES_HZ[::every]
    axes.set_xticks(marks, [f"{f / 1000:g}k" if f >= 1000 else f"{f:g}" for f in marks])
    axes.set_xticks([], minor=True)
    if has_labels:
        axes.set_xlabel("Hz")
    else:
        axes.tick_params(axis="x", labelbottom=False)


def time_axis(axes: "Axes", end_s: float) -> None:
    """0 to the song's end, in minutes and seconds."""
    end_s = end_s if np.isfinite(end_s) and end_s > 0 else 1.0
    step = next((s for s in _STEPS_S if end_s / s <= 12), end_s / 12)
    marks = np.arange(0.0, end_s + 1e-9, step)
    axes.set_xlim(0.0, end_s)
    axes.set_xticks(marks, [words.position(float(m)) for m in marks])


def rows_axis(axes: "Axes", names: list[str]) -> None:
    """One row a name, from the top."""
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)


def zero_line(axes: "Axes") -> None:
    """A line where nothing happens."""
    axes.axhline(0.0, color=MUTED, linewidth=0.8)


def legend_above(axes: "Axes", *, columns: int = 3) -> None:
    """The legend over the axes, so that it hides nothing; none where there is nothing to tell apart."""
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.2,
            ncols=columns,
            handlelength=2.6,
            columnspacing=1.4,
        )


def legend_name(name: str) -> str:
    """A name as it may stand in a legend, where matplotlib would hide one that starts with an underscore."""
    label = words.short(name)
    return f"\N{ZERO WIDTH SPACE}{label}" if label.startswith("_") else label

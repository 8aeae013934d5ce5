"""Plots of many systems on many songs: how values spread, and each song's way from system to system."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gainstage.report import words
from gainstage.report.axes import drawable, rows_axis
from gainstage.report.measured import Numbers
from gainstage.report.plots import WIDE_IN, WIDTH_IN
from gainstage.report.style import FIRST, INK, MUTED, SECOND, Plot, figure, finish, house_style

_ROW_IN = 0.34
_LOG_SPAN = 30.0  # values that span more than this are drawn on a log scale


def distributions(
    named: Sequence[tuple[str, Numbers]],
    *,
    title: str,
    unit: str = "",
    intervals: Sequence[tuple[float, float]] | None = None,
    zero_is_best: bool = False,
) -> Plot:
    """A row a system: every song as a dot, quartiles as a bar, the median as a mark with its interval.

    Args:
        named: systems and their values, one a song; what is not known is left out.
        title: what the values are.
        unit: of the values.
        intervals: low and high end of the medians, one pair a system.
        zero_is_best: distances: the axis begins at 0, or is logarithmic where values span a lot.
    """
    values = [drawable(given) for _, given in named]
    with house_style():
        drawing, (axes,) = figure(WIDTH_IN, 0.8 + _ROW_IN * max(len(named), 2))
        for row, shown in enumerate(values):
            shown = shown[np.isfinite(shown)]
            if not len(shown):
                continue
            low, middle, high = np.percentile(shown, [25, 50, 75])
            axes.hlines(row, low, high, color=FIRST, linewidth=9.0, alpha=0.25)
            axes.plot(shown, row + _scatter(len(shown)), "o", color=FIRST, markersize=2.6, alpha=0.55)
            ends = intervals[row] if intervals is not None else (np.nan, np.nan)
            if np.isfinite(ends).all():
                axes.hlines(row, *ends, color=INK, linewidth=1.4)
            axes.plot([middle], [row], "|", color=INK, markersize=13, markeredgewidth=1.8)
        rows_axis(axes, [words.short(words.title(name)) for name, _ in named])
        _scale(axes.set_xscale, axes.set_xlim, axes.set_xticks, values, zero_is_best)
        axes.set_xlabel(f"{title}, {unit}" if unit else title)
        said = "; ".join(
            f"{words.title(name)} {words.number(float(np.nanmedian(shown)), digits=3)}"
            for (name, _), shown in zip(named, values, strict=True)
            if np.isfinite(shown).any()
        )
        return finish(drawing, f"{words.printable(title)} by system, medians: {said}.")


def song_lines(
    systems: Sequence[str],
    values: NDArray[np.floating],
    *,
    title: str,
    unit: str = "",
    zero_is_best: bool = False,
) -> Plot:
    """Systems side by side, a thin line for every song, the medians as a thick one.

    Args:
        systems: their names.
        values: shape (songs, systems); NaN leaves a gap.
        title: what the values are.
        unit: of the values.
        zero_is_best: see `distributions`.
    """
    table = np.array([drawable(song) for song in values]).reshape(-1, len(systems))
    places = np.arange(len(systems))
    with house_style():
        drawing, (axes,) = figure(WIDE_IN, 3.4)
        for song in table:
            axes.plot(places, song, "-", color=MUTED, linewidth=0.7, alpha=0.5)
        shown = [column[np.isfinite(column)] for column in table.T]
        middle = [float(np.median(column)) if len(column) else np.nan for column in shown]
        axes.plot(places, middle, "o-", color=SECOND, linewidth=2.0, markersize=5)
        axes.set_xticks(places, [words.short(words.title(name)) for name in systems])
        axes.set_xlim(-0.35, len(systems) - 0.65)
        axes.grid(axis="y", visible=True)
        _scale(axes.set_yscale, axes.set_ylim, axes.set_yticks, [table.ravel()], zero_is_best)
        axes.set_ylabel(f"{title}, {unit}" if unit else title)
        return finish(
            drawing, f"{words.printable(title)} of {len(table)} songs, a line each, by system.", wide=True
        )


def gain_bars(
    names: Sequence[str], gains: Numbers, low: Numbers, high: Numbers, *, baseline: str, title: str
) -> Plot:
    """How much nearer than a baseline, in per cent: a mark and its interval a system; 0 is the baseline."""
    shown, starts, ends = (100.0 * drawable(given) for given in (gains, low, high))
    rows = np.arange(len(names))
    with house_style():
        drawing, (axes,) = figure(WIDTH_IN, 0.8 + _ROW_IN * max(len(names), 2))
        axes.axvline(0.0, color=MUTED, linewidth=1.0)
        axes.hlines(rows, starts, ends, color=INK, linewidth=1.4)
        axes.plot(shown, rows, "o", color=FIRST, markersize=6.5)
        rows_axis(axes, [words.short(words.title(name)) for name in names])
        least = min([-10.0, *starts[np.isfinite(starts)], *shown[np.isfinite(shown)]])
        axes.set_xlim(max(least, -150.0) - 5.0, 105.0)
        axes.set_xlabel(f"{title}: nearer than {words.title(baseline)}, %")
        said = "; ".join(
            f"{words.title(n)} {words.number(v, '%', digits=0)}" for n, v in zip(names, shown, strict=True)
        )
        return finish(drawing, f"{words.printable(title)}, nearer than {words.title(baseline)}: {said}.")


def _scatter(count: int) -> NDArray[np.float64]:
    """Where dots stand around their row so that equal values show: a sequence that fills gaps evenly."""
    golden = 0.5 * (np.sqrt(5.0) - 1.0)
    return np.asarray(0.44 * ((np.arange(count) * golden) % 1.0 - 0.5), dtype=np.float64)


def _scale(
    set_scale: Callable[[str], object],
    set_limits: Callable[[float, float], object],
    set_ticks: Callable[..., object],
    values: Sequence[NDArray[np.float64]],
    zero_is_best: bool,
) -> None:
    """Logarithmic where distances span a lot, else from 0 for distances."""
    together = np.concatenate([v.ravel() for v in values] or [np.zeros(0)])
    together = together[np.isfinite(together)]
    if not zero_is_best or not len(together):
        return
    positive = together[together > 0.0]
    if len(positive) and together.max() > _LOG_SPAN * np.percentile(positive, 5):
        set_scale("log")
        least = max(float(positive.min()), 1e-4 * float(together.max()))
        low, high = 0.8 * least, 1.25 * float(together.max())
        decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        marks = decades if high > 100.0 * low else np.outer(decades, (1.0, 3.0)).ravel()
        marks = marks[(marks >= low) & (marks <= high)]
        set_ticks(marks, [f"{mark:g}" for mark in marks])
        set_ticks([], minor=True)
        set_limits(low, high)
    else:
        set_limits(0.0, max(1.06 * float(together.max()), 1e-9))

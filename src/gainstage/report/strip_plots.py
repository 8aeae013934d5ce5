"""Plots of what a strip is set to: filters, compressor, gain reduction; and where all tracks stand."""

from collections.abc import Sequence

import numpy as np

from gainstage.report import words
from gainstage.report.axes import (
    frequency_axis,
    legend_above,
    legend_name,
    rows_axis,
    thinned,
    time_axis,
    zero_line,
)
from gainstage.report.curves import compressed_db, filters_of, response_db
from gainstage.report.plots import ROW_IN, WIDTH_IN
from gainstage.report.settings import Band, Compressor, Stage
from gainstage.report.style import (
    FIRST,
    LINES,
    MUTED,
    SECOND,
    Plot,
    figure,
    finish,
    house_style,
    plain_figure,
)

_SMALL_IN = 2.1


def filter_curve(chain: Sequence[Stage], *, name: str, sample_rate: int) -> Plot:
    """The frequency response of all filters and equalisers of a chain, each band marked."""
    frequencies_hz = np.geomspace(20.0, min(20_000.0, 0.475 * sample_rate), 160)
    filters = filters_of(chain)
    bells = [part for part in filters if isinstance(part, Band)]
    with house_style():
        drawing, axes = plain_figure(WIDTH_IN, _SMALL_IN)
        zero_line(axes)
        gain_db = response_db(filters, frequencies_hz, sample_rate=sample_rate)
        axes.plot(frequencies_hz, gain_db, color=FIRST, linewidth=LINES[0][2])
        for part in filters:
            at_hz = np.array([np.clip(part.frequency_hz, 20.0, frequencies_hz[-1])])
            height_db = response_db(filters, at_hz, sample_rate=sample_rate)
            axes.plot(at_hz, height_db, "o" if isinstance(part, Band) else "^", color=FIRST, markersize=4.5)
        frequency_axis(axes)
        bent_db = response_db(bells, frequencies_hz, sample_rate=sample_rate)  # a filter's flank has no end
        limit_db = max(6.0, float(np.abs(bent_db).max()) + 2.0)
        axes.set_ylim(-limit_db, limit_db)
        axes.set_ylabel("dB")
        said = words.listed([words.frequency(part.frequency_hz) for part in filters])
        return finish(drawing, f"Equaliser and filters of {words.printable(name)}: bands at {said}.")


def compressor_curve(compressor: Compressor, *, name: str) -> Plot:
    """Output level over input level, the threshold marked."""
    level_db = np.linspace(-60.0, 0.0, 121)
    output_db = compressed_db(compressor, level_db)
    with house_style():
        drawing, axes = plain_figure(WIDTH_IN / 2, _SMALL_IN)
        axes.plot(level_db, level_db, color=MUTED, linewidth=0.8)
        axes.plot(level_db, output_db, color=FIRST, linewidth=LINES[0][2])
        axes.axvline(compressor.threshold_db, color=SECOND, linestyle="--", linewidth=1.0)
        axes.set_xlim(-60, 0)
        axes.set_ylim(-60, max(0.0, float(output_db.max()) + 2.0))
        axes.set_xticks([-60, -40, -20, 0])
        axes.set_xlabel("in, dBFS")
        axes.set_ylabel("out, dBFS")
        said = f"threshold {words.gain(compressor.threshold_db)}, ratio {words.ratio(compressor.ratio)}"
        return finish(drawing, f"Compressor of {words.printable(name)}: {said}.")


def gain_reduction(named: Sequence[tuple[str, Compressor]], *, title: str = "Gain reduction") -> Plot:
    """Gain reduction over time, downwards from 0 dB as a meter shows it."""
    with house_style():
        drawing, axes = plain_figure(WIDTH_IN, _SMALL_IN, has_legend=len(named) > 1)
        end_s, deepest_db = 0.0, 3.0
        for (colour, dash, width), (name, compressor) in zip(LINES, named, strict=False):
            if compressor.reduction_db is None:
                continue
            times_s, values_db = thinned(compressor.reduction_db)
            end_s = max([end_s, *times_s[-1:]])
            deepest_db = max([deepest_db, *values_db[np.isfinite(values_db)]])
            label = legend_name(name)
            axes.plot(times_s, -values_db, color=colour, linestyle=dash, linewidth=width - 0.6, label=label)
        time_axis(axes, end_s)
        axes.set_ylim(-1.1 * deepest_db, 0.3)
        axes.set_ylabel("dB")
        if len(named) > 1:
            legend_above(axes)
        names = words.listed([words.printable(name) for name, _ in named])
        return finish(drawing, f"{title} of {names} over time, at most {words.number(deepest_db, 'dB')}.")


def reductions(named: Sequence[tuple[str, Compressor]]) -> Plot:
    """What each compressor takes away: mean as a bar, maximum as a mark."""
    mean_db = np.nan_to_num([c.mean_reduction_db for _, c in named])
    most_db = np.array([c.max_reduction_db for _, c in named])
    with house_style():
        drawing, (axes,) = figure(WIDTH_IN, 0.9 + ROW_IN * max(len(named), 2))
        axes.barh(np.arange(len(named)), mean_db, height=0.55, color=FIRST, alpha=0.85, label="mean")
        axes.plot(most_db, np.arange(len(named)), "D", color=SECOND, markersize=4.5, label="largest")
        rows_axis(axes, [words.short(name) for name, _ in named])
        axes.set_xlim(left=0.0)
        axes.set_xlabel("gain reduction, dB")
        legend_above(axes)
        return finish(drawing, f"Gain reduction of {len(named)} compressors, mean and largest, in dB.")


def pan_map(names: Sequence[str], pans: Sequence[float], stereo: Sequence[bool]) -> Plot:
    """Where each track stands between left and right; stereo tracks as a bar, moved by their balance."""
    with house_style():
        drawing, (axes,) = figure(WIDTH_IN, 0.9 + ROW_IN * max(len(names), 2))
        axes.axvline(0.0, color=MUTED, linewidth=0.8)
        for row, (position, is_stereo) in enumerate(zip(pans, stereo, strict=True)):
            if is_stereo:  # balance: the far channel falls to 1 − |pan|
                ends = (-100 * min(1.0, 1.0 - position), 100 * min(1.0, 1.0 + position))
                axes.hlines(row, *ends, color=FIRST, linewidth=3.0, alpha=0.55)
                axes.plot(ends, (row, row), "|", color=FIRST, markersize=8)
            else:
                axes.plot([100 * position], [row], "o", color=FIRST, markersize=6)
        rows_axis(axes, [words.short(name) for name in names])
        axes.set_xlim(-108, 108)
        axes.set_xticks([-100, -50, 0, 50, 100], ["L 100", "L 50", "C", "R 50", "R 100"])
        said = "; ".join(f"{words.short(n)} {words.pan(p)}" for n, p in zip(names, pans, strict=True))
        return finish(drawing, f"Positions between left and right: {said}.")

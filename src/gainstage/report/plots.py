"""Plots of levels, loudness, spectra and stereo image, and plain bars; each returns a `Plot` with its words.

Silence (−∞) and what is not known (NaN) is left out of a curve, and said in words beside a name.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gainstage.dsp.spectrum import band_centres_hz
from gainstage.report import words
from gainstage.report.axes import (
    drawable,
    frequency_axis,
    legend_above,
    legend_name,
    level_limits,
    rows_axis,
    thinned,
    time_axis,
    zero_line,
)
from gainstage.report.measured import Numbers, Programme, Spectrum
from gainstage.report.style import (
    FIRST,
    INK,
    LINES,
    MUTED,
    PAPER,
    Plot,
    figure,
    finish,
    house_style,
    plain_figure,
)

Array = NDArray[np.float64]

WIDTH_IN, WIDE_IN, HEIGHT_IN, ROW_IN = 5.0, 9.0, 3.0, 0.24


def levels(
    names: Sequence[str],
    before: Numbers,
    after: Numbers,
    *,
    title: str = "Loudness per track",
    unit: str = "LUFS",
    labels: tuple[str, str] = ("in the file", "in the mix"),
) -> Plot:
    """Two levels a row, joined: where a track was (hollow) and where it is now (filled)."""
    start, end = drawable(before), drawable(after)
    rows = np.arange(len(names))
    with house_style():
        drawing, (axes,) = figure(WIDTH_IN, 0.9 + ROW_IN * max(len(names), 2))
        axes.hlines(rows, start, end, color=MUTED, linewidth=1.0)
        axes.plot(start, rows, "o", color=MUTED, markerfacecolor=PAPER, markersize=5, label=labels[0])
        axes.plot(end, rows, "o", color=FIRST, markersize=5.5, label=labels[1])
        silent = ~np.isfinite(start + end)
        rows_axis(
            axes, [words.short(n) + (" (silent)" if s else "") for n, s in zip(names, silent, strict=True)]
        )
        axes.set_xlabel(unit)
        legend_above(axes)
        return finish(drawing, f"{title}: {len(names)} tracks, {labels[0]} and {labels[1]}, in {unit}.")


def bars(
    names: Sequence[str],
    values: Numbers,
    *,
    title: str,
    unit: str,
    low: Numbers | None = None,
    high: Numbers | None = None,
    digits: int = 1,
) -> Plot:
    """Horizontal bars with their values in figures, and intervals `low` … `high` where they are given."""
    lengths = drawable(values)
    starts, ends = (drawable(v) if v is not None else lengths for v in (low, high))
    rows = np.arange(len(names))
    with house_style():
        drawing, (axes,) = figure(WIDTH_IN, 0.7 + ROW_IN * max(len(names), 2))
        axes.barh(rows, np.nan_to_num(lengths), height=0.6, color=FIRST, alpha=0.85)
        axes.hlines(rows, starts, ends, color=INK, linewidth=1.2)
        for row, value in enumerate(lengths):
            is_left = value < 0
            tip = np.nan_to_num(np.fmin(value, starts[row]) if is_left else np.fmax(value, ends[row]))
            axes.annotate(
                words.number(float(value), digits=digits),
                (tip, row),
                (-4 if is_left else 4, 0),
                textcoords="offset points",
                ha="right" if is_left else "left",
                va="center",
                fontsize=8.5,
            )
        rows_axis(axes, [words.short(name) for name in names])
        axes.margins(x=0.15)
        axes.set_xlabel(unit)
        return finish(drawing, f"{title}: {len(names)} bars, in {unit}.")


def loudness_over_time(programmes: Sequence[Programme]) -> Plot:
    """Short-term loudness of each, the first one's momentary loudness behind it, integrated as thin lines."""
    with house_style():
        drawing, axes = plain_figure(WIDE_IN, HEIGHT_IN, has_legend=True)
        end_s = 0.0
        for (colour, dash, width), programme in zip(LINES, programmes, strict=False):
            if programme.momentary_lufs is not None and programme is programmes[0]:
                axes.plot(
                    *thinned(programme.momentary_lufs),
                    color=colour,
                    linewidth=0.7,
                    alpha=0.4,
                    label=f"{legend_name(programme.name)}, momentary",
                )
            if programme.short_term_lufs is not None:
                times_s, values = thinned(programme.short_term_lufs)
                end_s = max([end_s, *np.asarray(programme.short_term_lufs.times_s)[-1:]])
                label = f"{legend_name(programme.name)}, short-term"
                axes.plot(times_s, values, color=colour, linestyle=dash, linewidth=width, label=label)
            if np.isfinite(programme.integrated_lufs):
                axes.axhline(
                    programme.integrated_lufs, color=colour, linestyle=dash, linewidth=0.8, alpha=0.7
                )
        time_axis(axes, end_s)
        level_limits(axes, span_db=36.0)
        axes.set_ylabel("LUFS")
        legend_above(axes, columns=4)
        said = "; ".join(
            f"{words.printable(p.name)} {words.loudness(p.integrated_lufs)} integrated" for p in programmes
        )
        return finish(drawing, f"Loudness over time. {said}.", wide=True)


def spectra(named: Sequence[tuple[str, Spectrum]], *, title: str = "Long-term spectrum") -> Plot:
    """Long-term spectra in thirds of an octave, each against its own whole, so that shapes compare."""
    with house_style():
        drawing, axes = plain_figure(WIDTH_IN, HEIGHT_IN, has_legend=True)
        for (colour, dash, width), (name, spectrum) in zip(LINES, named, strict=False):
            axes.plot(
                *third_octaves_db(spectrum),
                color=colour,
                linestyle=dash,
                linewidth=width,
                label=legend_name(name),
            )
        frequency_axis(axes)
        level_limits(axes, span_db=50.0)
        axes.set_ylabel("third octave / whole, dB")
        legend_above(axes)
        names = words.listed([words.printable(name) for name, _ in named])
        return finish(drawing, f"{title} of {names}: level of each third of an octave against the whole.")


def third_octaves_db(spectrum: Spectrum) -> tuple[Array, Array]:
    """Band centres in Hz, and the power of the third of an octave around each against the whole, in dB.

    Silence is NaN.

    Raises:
        ValueError: the number of bands does not fit.
    """
    centres = band_centres_hz(spectrum.bands_per_octave)
    power = np.nan_to_num(np.asarray(spectrum.power, dtype=np.float64), nan=0.0, posinf=0.0)
    if len(power) != len(centres) or spectrum.bands_per_octave % 3:
        raise ValueError(
            f"a spectrum of {spectrum.bands_per_octave} bands an octave (a multiple of 3) has {len(centres)} "
            f"bands, got {len(power)}; measure it with dsp.spectrum.band_matrix"
        )
    window = np.ones(spectrum.bands_per_octave // 3)
    # at both ends fewer bands lie under the window: scaled up to a whole third
    summed = (
        np.convolve(power, window, "same") * len(window) / np.convolve(np.ones(len(power)), window, "same")
    )
    level_db = np.full(len(summed), np.nan)
    whole = power.sum()
    np.log10(summed / max(whole, 1e-30), out=level_db, where=summed > 1e-12 * whole)
    return centres, 10 * level_db


def stereo_image(programmes: Sequence[Programme]) -> Plot:
    """Width (side against middle) and correlation by frequency, one above the other."""
    with house_style():
        drawing, (upper, lower) = figure(WIDTH_IN, 3.6, rows=2)
        for (colour, dash, width), marker, programme in zip(LINES, "os^", programmes, strict=False):
            centres_hz = np.array([np.sqrt(band.low_hz * band.high_hz) for band in programme.bands])
            ratio = drawable([band.width for band in programme.bands])
            side_db = np.full(len(ratio), np.nan)
            np.log10(ratio, out=side_db, where=ratio > 1e-6)  # below −60 dB it is mono
            correlation = drawable([band.correlation for band in programme.bands])
            for axes, values in ((upper, 10 * side_db), (lower, correlation)):
                (line,) = axes.plot(centres_hz, values, color=colour, linestyle=dash, linewidth=width)
                line.set(marker=marker, markersize=3.5, label=legend_name(programme.name))
        frequency_axis(upper, has_labels=False)
        upper.set_ylabel("side / middle, dB")
        legend_above(upper)
        frequency_axis(lower)
        lower.set_ylim(-1.05, 1.05)
        zero_line(lower)
        lower.set_ylabel("correlation")
        names = words.listed([words.printable(p.name) for p in programmes])
        return finish(drawing, f"Stereo image of {names} by frequency: side against middle, and correlation.")

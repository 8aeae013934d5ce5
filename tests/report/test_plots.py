"""Plots draw what there is, say it in words, and bear silence, gaps and any name."""

import math
from collections.abc import Callable
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from gainstage.dsp.spectrum import band_centres_hz
from gainstage.report import plots, strip_plots, words
from gainstage.report.axes import thinned
from gainstage.report.measured import Programme, Series, Spectrum, StereoBand
from gainstage.report.settings import Compressor
from gainstage.report.style import COLOURS, Plot
from tests.report import made_up

NAN = math.nan
SILENT = Programme(
    "Mix",
    -math.inf,
    0.0,
    -math.inf,
    0.0,
    NAN,
    Series([0.4, 0.5], [-math.inf, NAN]),
    Series([3.0], [-math.inf]),
    Spectrum(np.zeros(31)),
    (StereoBand(20, 200, 0.0, NAN), StereoBand(200, 20_000, NAN, NAN)),
)
EMPTY = Programme("Mix", NAN, NAN, NAN, NAN, NAN, Series([], []), Series([], []), Spectrum(np.full(31, NAN)))
LOUD = made_up.programme("Mix", -20.0)
QUIET_COMPRESSOR = Compressor(-20, 2, 5, 50, mean_reduction_db=NAN, reduction_db=Series([0, 1], [NAN, 0.0]))

CASES: dict[str, Callable[[str], Plot]] = {
    "levels": lambda n: plots.levels([n, "b"], [-20.0, -math.inf], [-23.0, NAN]),
    "levels of nothing": lambda _: plots.levels([], [], []),
    "bars": lambda n: plots.bars([n, "b"], [3.0, NAN], title="Gain", unit="dB"),
    "bars with intervals": lambda n: plots.bars([n], [-3.0], low=[-4.0], high=[NAN], title="Gain", unit="dB"),
    "loudness": lambda _: plots.loudness_over_time([LOUD, SILENT, EMPTY]),
    "loudness of silence": lambda _: plots.loudness_over_time([SILENT]),
    "loudness of nothing": lambda _: plots.loudness_over_time([EMPTY]),
    "spectra": lambda n: plots.spectra([(n, LOUD.spectrum), ("b", SILENT.spectrum)]),  # type: ignore[list-item]
    "spectra of nothing": lambda n: plots.spectra([(n, EMPTY.spectrum)]),  # type: ignore[list-item]
    "stereo": lambda _: plots.stereo_image([LOUD, SILENT, EMPTY]),
    "filters": lambda n: strip_plots.filter_curve(
        made_up.track(3, n, clips=False).strip.chain, name=n, sample_rate=8000
    ),
    "compressor": lambda n: strip_plots.compressor_curve(made_up.compressor(3), name=n),
    "reduction": lambda n: strip_plots.gain_reduction([(n, made_up.compressor(1)), ("b", QUIET_COMPRESSOR)]),
    "no reduction": lambda n: strip_plots.gain_reduction([(n, Compressor(-20, 2, 5, 50))]),
    "reductions": lambda n: strip_plots.reductions([(n, made_up.compressor(1)), ("b", QUIET_COMPRESSOR)]),
    "pan": lambda n: strip_plots.pan_map([n, "b"], [-1.0, 0.5], [False, True]),
}


@pytest.mark.parametrize("case", CASES)
def test_plots_bear_silence_gaps_and_unicode(case: str) -> None:
    plot = CASES[case]("_鼓 ドラム $x_1 <b>")
    root = ElementTree.fromstring(plot.svg)
    assert len(list(root.iter("path"))) > 2
    assert root.get("aria-label") == plot.alt != ""
    assert not [text for text in root.iter("text") if "nan" in (text.text or "").lower()]


@pytest.mark.parametrize("name", made_up.NASTY_NAMES)
def test_a_legend_and_an_axis_bear_any_name(name: str) -> None:
    for case, expected in (("reduction", 2), ("pan", 2)):
        texts = [text.text or "" for text in ElementTree.fromstring(CASES[case](name).svg).iter("text")]
        assert (
            sum(text.strip("\N{ZERO WIDTH SPACE}") in (words.short(name), "b") for text in texts) == expected
        )


def test_a_plot_brings_no_marker_colours_no_scripts_and_no_clash_of_identifiers() -> None:
    one, other = CASES["levels"]("a"), CASES["levels"]("c")
    assert not any(colour in one.svg for colour in COLOURS)
    assert "var(--first" in one.svg
    assert not {"style", "script", "metadata"} & {e.tag for e in ElementTree.fromstring(one.svg).iter()}
    first, second = (
        {e.get("id") for e in ElementTree.fromstring(p.svg).iter()} - {None} for p in (one, other)
    )
    assert first
    assert not first & second


def test_every_reference_inside_a_plot_is_met() -> None:
    root = ElementTree.fromstring(CASES["stereo"]("a").svg)
    there = {element.get("id") for element in root.iter()}
    used = {e.get("href", "").removeprefix("#") for e in root.iter("use")}
    used |= {e.get("clip-path", "")[5:-1] for e in root.iter() if e.get("clip-path")}
    assert used
    assert used <= there


def test_text_that_looks_like_markup_or_numbers_stays_as_it_is() -> None:
    name = 'id="x_1" 1.23456 #010203'
    texts = [e.text for e in ElementTree.fromstring(CASES["levels"](name).svg).iter("text")]
    assert name in texts


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    with matplotlib.rc_context({"font.size": 31.0, "axes.grid": True}):
        before = dict(matplotlib.rcParams)
        plot = CASES["levels"]("a")
        assert dict(matplotlib.rcParams) == before
    assert plot.svg == CASES["levels"]("a").svg  # nor does a user's style reach a plot


def test_thinning_keeps_the_highest_value_and_the_gaps() -> None:
    values = np.full(10_000, -40.0)
    values[7003], values[:50] = -3.0, -math.inf
    times, kept = thinned(Series(np.arange(10_000) / 10, values))
    assert len(times) == len(kept) <= 600
    assert np.nanmax(kept) == -3.0
    assert abs(times[np.nanargmax(kept)] - 700.3) < 2.0
    assert np.isnan(kept[0])


@pytest.mark.parametrize("bands", [3, 12])
def test_third_octaves_of_pink_noise_are_flat_at_any_resolution(bands: int) -> None:
    power = np.full(len(band_centres_hz(bands)), 0.02)  # a level of no importance
    _, level_db = plots.third_octaves_db(Spectrum(power, bands))
    np.testing.assert_allclose(level_db, 10 * np.log10(bands / 3 / len(power)), atol=1e-9)


def test_a_spectrum_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bands, got 7"):
        plots.third_octaves_db(Spectrum(np.ones(7)))


def test_levels_stand_where_they_belong() -> None:
    """Louder is further to the right; the filled mark is the mix."""
    root = ElementTree.fromstring(plots.levels(["a"], [-30.0], [-20.0]).svg)
    filled = [e for e in root.iter("use") if "fill: var(--first" in e.get("style", "")]
    hollow = [e for e in root.iter("use") if "fill: var(--paper" in e.get("style", "")]
    assert max(float(e.get("x", 0)) for e in filled if float(e.get("y", 0)) > 40) > 100 + min(
        float(e.get("x", 0)) for e in hollow
    )

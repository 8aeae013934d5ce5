"""Curves and pictures of a training show what was logged, of any run, also one that went on or was killed."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib import image

from gainstage.report.measured import Programme, Series, Spectrum, StereoBand
from gainstage.report.training_plots import Spread, curves, mix_picture, read_metrics, spread_picture
from tests.report import made_up

NAN, INF = float("nan"), float("inf")


def write(path: Path, rows: list[str]) -> None:
    path.write_text("\n".join(rows) + "\n")


def test_metrics_of_a_run_that_went_on_count_once_and_the_later_ones_count(tmp_path: Path) -> None:
    write(
        tmp_path / "metrics-1.csv", ["epoch,step,train/total,val/total", "0,0,5.0,", "0,1,4.0,", "0,1,,4.5"]
    )
    write(tmp_path / "metrics.csv", ["epoch,step,train/total", "0,1,3.5", "0,2,nan", "0,3"])
    found = read_metrics(tmp_path)
    assert list(found) == ["train/total", "val/total"]
    np.testing.assert_array_equal(found["train/total"], [[0, 1, 2], [5.0, 3.5, NAN]])
    np.testing.assert_array_equal(found["val/total"], [[1], [4.5]])


def test_ten_runs_stand_in_their_order(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        write(tmp_path / f"metrics-{number}.csv", ["step,a", f"0,{number}"])
    write(tmp_path / "metrics.csv", ["step,b", "0,1"])
    assert read_metrics(tmp_path)["a"][1] == [10.0]


def test_curves_name_what_they_show_and_where_it_ends(tmp_path: Path) -> None:
    steps = range(2000)
    lines = [f"{step},{1 + 5 * 0.99**step:.5f},{'2.5' if step % 100 == 99 else ''}" for step in steps]
    write(tmp_path / "metrics.csv", ["step,train/total,val/total", *lines])
    plot = curves(tmp_path)
    assert "train/total ends at 1.000; val/total ends at 2.500" in plot.alt
    texts = [text.text for text in ElementTree.fromstring(plot.svg).iter("text")]
    assert {"train/total", "val/total", "step", "Loss"} <= set(texts)
    assert len(plot.svg) < 150_000


def test_curves_bear_values_that_are_not_finite_and_a_single_step(tmp_path: Path) -> None:
    write(tmp_path / "metrics.csv", ["step,train/total", "0,nan", "1,inf"])
    assert "nan" not in "".join(
        text.text or "" for text in ElementTree.fromstring(curves(tmp_path).svg).iter("text")
    )
    write(tmp_path / "metrics.csv", ["step,train/total", "0,1.5"])
    assert "ends at 1.500" in curves(tmp_path).alt


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no metrics.csv; give the folder of a run"):
        curves(tmp_path)
    write(tmp_path / "metrics.csv", ["step,train/mrstft", "0,1.0"])
    with pytest.raises(ValueError, match=r"has none of train/total, val/total; it has train/mrstft"):
        curves(tmp_path)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(image.imread(io.BytesIO(png)))


def test_a_spread_shows_predicted_and_true_where_they_lie() -> None:
    def ink(predicted: list[float], true: list[float]) -> tuple[float, float]:
        spread = Spread("fader gain", "-60", "12 dB", predicted, true)
        picture = pixels(spread_picture([spread], title="x"))[50:-25, :190, :3]
        blue = picture[..., 2] - picture[..., 0] > 0.2
        red = picture[..., 0] - picture[..., 2] > 0.2
        return tuple(float(np.nonzero(c)[1].mean()) if c.any() else NAN for c in (blue, red))  # type: ignore

    blue, red = ink([0.1] * 5, [0.9] * 5)
    assert blue < 60 < 130 < red
    blue, red = ink([0.9], [])
    assert blue > 130
    assert np.isnan(red)
    assert np.isnan(ink([], [])).all()


@pytest.mark.parametrize("case", ["usual", "silent", "short"])
def test_a_mix_is_drawn_whatever_it_is(case: str) -> None:
    mix = made_up.programme("Mix", -20.0)
    silent = Programme(
        "target",
        -INF,
        0.0,
        -INF,
        0.0,
        NAN,
        Series([0.4, 0.5], [-INF, NAN]),
        None,
        Spectrum(np.zeros(31)),
        (StereoBand(20, 200, 0.0, NAN), StereoBand(200, 20_000, NAN, NAN)),
    )
    short = Programme("target", -INF, 0.0, -INF, 0.0, NAN, Series([], []), None, Spectrum(np.full(31, NAN)))
    other = {"usual": mix, "silent": silent, "short": short}[case]
    picture = pixels(mix_picture([mix, other], title="a song"))
    assert picture[..., :3].min() < 0.3 < 1.0 == picture[0, 0, 0]


def test_pictures_leave_matplotlib_as_it_was_and_repeat_themselves() -> None:
    spreads = [Spread(f"parameter {i}", "0", "1", [0.5], [0.5]) for i in range(7)]
    before = dict(matplotlib.rcParams)
    first = spread_picture(spreads, title="x")
    assert dict(matplotlib.rcParams) == before
    assert first == spread_picture(spreads, title="x")
    assert re.match(rb"\x89PNG", first)

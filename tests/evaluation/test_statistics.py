"""Medians and gains with intervals: against values drawn by hand, known coverage, and what is left out."""

import numpy as np
import pytest

from gainstage.evaluation.results import TARGET, Evaluation, Row
from gainstage.evaluation.statistics import gains, median_interval, scores
from gainstage.metrics.metric import METRICS

PLR, SD, WIDTH = METRICS["plr_db"], METRICS["sum_difference"], METRICS["width_db"]


def evaluation(**values: list[float]) -> Evaluation:
    """Systems with their `sum_difference` a song; songs with an odd number are dual mono for `mono`."""
    count = len(next(iter(values.values())))
    rows = []
    for i in range(count):
        rows.append(Row(f"s{i}", TARGET, {"plr_db": 10.0 + i}, False))
        for system, of in values.items():
            is_dual = system == "mono" and i % 2 == 1
            rows.append(Row(f"s{i}", system, {"sum_difference": of[i], "plr_db": 12.0}, is_dual))
    return Evaluation(tuple(values), (SD, PLR), tuple(rows), (), (), {}, 3)


def test_scores_are_medians_and_means_of_songs() -> None:
    found = {(s.system, s.metric): s for s in scores(evaluation(a=[1.0, 2.0, 9.0, float("nan")]))}
    score = found["a", "sum_difference"]
    assert (score.median, score.mean, score.num_songs, score.num_dual_mono) == (2.0, 4.0, 3, 0)
    assert score.low >= 1.0
    assert score.high <= 9.0
    assert found[TARGET, "plr_db"].median == 11.5
    assert (TARGET, "sum_difference") not in found


def test_the_interval_of_a_median_is_that_of_resampling_by_hand() -> None:
    values = np.random.default_rng(0).lognormal(size=41)
    draws = np.random.default_rng(1).choice(values, (20_000, 41))
    low, high = median_interval(values, seed=0)
    wanted = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    assert [low, high] == pytest.approx(wanted, rel=0.06)
    assert median_interval(values, seed=0) == (low, high)
    assert np.isnan(median_interval(values[:1], seed=0)).all()
    assert median_interval(np.full(9, 2.5), seed=0) == (2.5, 2.5)


def test_the_interval_covers_the_true_median_nineteen_times_in_twenty() -> None:
    draw = np.random.default_rng(5)
    inside = [
        low <= 0.0 <= high
        for low, high in (median_interval(draw.normal(size=50), seed=0) for _ in range(150))
    ]
    assert 0.88 <= np.mean(inside) <= 0.99


def test_gains_compare_songs_in_pairs() -> None:
    base = np.random.default_rng(2).lognormal(sigma=2.0, size=30)
    found = evaluation(base=list(base), near=list(0.75 * base), far=list(2.0 * base))
    near, far = gains(found, "base")
    assert (near.system, near.baseline, near.metric) == ("near", "base", "sum_difference")
    assert [near.gain, near.low, near.high] == pytest.approx([0.25, 0.25, 0.25])  # unpaired it would be wide
    assert (near.num_songs, near.num_nearer) == (30, 30)
    assert far.gain == pytest.approx(-1.0)
    assert far.num_nearer == 0
    with pytest.raises(ValueError, match="no system 'nobody'"):
        gains(found, "nobody")


def test_songs_with_a_dual_mono_mix_do_not_count_for_what_hears_the_side() -> None:
    found = evaluation(mono=[1.0, 100.0, 1.0, 100.0], good=[0.5, 0.5, 0.5, 0.5])
    (gain,) = gains(found, "mono")
    assert (gain.gain, gain.num_songs) == (0.5, 2)
    score = next(s for s in scores(found) if (s.system, s.metric) == ("mono", "sum_difference"))
    assert (score.num_songs, score.num_dual_mono) == (4, 2)


def test_a_baseline_without_distance_gives_no_gain() -> None:
    (gain,) = gains(evaluation(base=[0.0, 0.0], other=[1.0, 1.0]), "base")
    assert np.isnan([gain.gain, gain.low, gain.high]).all()

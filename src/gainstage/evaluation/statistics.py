"""From songs to statements: medians, means, gains over a baseline, and how sure they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gainstage.evaluation.results import TARGET, Evaluation, Row
from gainstage.metrics.metric import Metric

CONFIDENCE = 0.95
RESAMPLES = 2000

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """One metric of one system over all songs.

    Args:
        system, metric: which.
        median, mean: over songs.
        low, high: 95 % bootstrap interval of the median; NaN for a single song.
        num_songs: on which the metric is defined.
        num_dual_mono: of them, how many say nothing because a mix is dual mono; 0 where S plays no part.
    """

    system: str
    metric: str
    median: float
    mean: float
    low: float
    high: float
    num_songs: int
    num_dual_mono: int


@dataclass(frozen=True)
class Gain:
    """How much nearer a system is than a baseline.

    Args:
        system, baseline, metric: which.
        gain: 1 − median of the system / median of the baseline, on the same songs; 0.25 is a quarter nearer.
        low, high: 95 % bootstrap interval, songs drawn in pairs.
        num_songs: on which both say something; songs with a dual-mono mix say nothing about S.
        num_nearer: on how many of them the system is nearer.
    """

    system: str
    baseline: str
    metric: str
    gain: float
    low: float
    high: float
    num_songs: int
    num_nearer: int


def scores(evaluation: Evaluation) -> list[Score]:
    """Every metric of every system, the target's own measures included."""
    found = []
    for system in (TARGET, *evaluation.systems):
        for metric in evaluation.metrics:
            if system == TARGET and metric.kind == "distance":
                continue
            values = evaluation.values(system, metric.name)
            kept = np.isfinite(values)
            silent = metric.hears_side & np.array([row.is_dual_mono for row in evaluation.of(system)])
            low, high = median_interval(values[kept], seed=evaluation.seed)
            middle = _median(values[kept])
            mean = float(values[kept].mean()) if kept.any() else np.nan
            found.append(
                Score(
                    system, metric.name, middle, mean, low, high, int(kept.sum()), int((silent & kept).sum())
                )
            )
    return found


def gains(evaluation: Evaluation, baseline: str) -> list[Gain]:
    """How much nearer each other system is than one of them, by every distance.

    Raises:
        ValueError: there is no such system.
    """
    theirs = evaluation.of(baseline)
    return [
        _gain(evaluation.of(system), theirs, metric, seed=evaluation.seed)
        for system in evaluation.systems
        if system != baseline
        for metric in evaluation.metrics
        if metric.lower_is_better
    ]


def median_interval(values: Array, *, seed: int) -> tuple[float, float]:
    """95 % percentile-bootstrap interval of a median; NaN for less than two values."""
    if len(values) < 2:
        return np.nan, np.nan
    return _interval((values,), np.median, seed)


def _gain(rows: Sequence[Row], theirs: Sequence[Row], metric: Metric, *, seed: int) -> Gain:
    pairs = np.array(
        [
            (a.values[metric.name], b.values[metric.name])
            for a, b in zip(rows, theirs, strict=True)
            if not (metric.hears_side and (a.is_dual_mono or b.is_dual_mono))
        ]
    ).reshape(-1, 2)
    ours, base = pairs[np.isfinite(pairs).all(axis=1)].T
    names = rows[0].system, theirs[0].system, metric.name
    if not len(base) or np.median(base) <= 0.0:
        return Gain(*names, np.nan, np.nan, np.nan, len(base), int((ours < base).sum()))
    low, high = (np.nan, np.nan) if len(base) < 2 else _interval((ours, base), _relative, seed)
    gain = float(_relative(ours, base))
    return Gain(*names, gain, low, high, len(base), int((ours < base).sum()))


def _relative(ours: Array, base: Array, axis: int = -1) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample of zeros alone
        return np.asarray(1.0 - np.median(ours, axis=axis) / np.median(base, axis=axis), dtype=np.float64)


def _interval(samples: tuple[Array, ...], statistic: Callable[..., Array], seed: int) -> tuple[float, float]:
    """Songs are drawn with replacement, of all samples the same; ends are percentiles of what comes out."""
    found = stats.bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        random_state=np.random.default_rng(seed),
    )
    interval = found.confidence_interval
    return float(interval.low), float(interval.high)


def _median(values: Array) -> float:
    return float(np.median(values)) if len(values) else float("nan")

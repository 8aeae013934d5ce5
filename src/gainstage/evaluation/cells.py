"""Scores as the cells of tables: the same words in a terminal and on a page."""

import math
from collections.abc import Iterable, Sequence

from gainstage.evaluation.results import TARGET, Evaluation
from gainstage.evaluation.statistics import Gain, Score
from gainstage.metrics.metric import METRICS, Metric
from gainstage.report import words

MAIN = ("sum_difference", "af", "loudness_error_lu", "plr_error_db", "width_error_db")
"""What is looked at first."""

LEVELS = ("loudness_lufs", "plr_db", "width_db")
"""Measures of the mixes themselves, beside the target's."""

MARK = "†"
DUAL_MONO = f"{MARK} in some songs a mix is dual mono there: what concerns S means nothing in them."


def heads(names: Iterable[str]) -> list[str]:
    """Titles of metrics with their units."""
    return [
        f"{METRICS[name].title}, {METRICS[name].unit}" if METRICS[name].unit else METRICS[name].title
        for name in names
    ]


def median_cell(score: Score, metric: Metric) -> str:
    """`0.512 [0.480, 0.551]`, marked where songs say nothing about S."""
    return f"{plain_median(score, metric)}{_interval(score, metric)}"


def plain_median(score: Score, metric: Metric) -> str:
    """`0.512`, marked where songs say nothing about S."""
    mark = f" {MARK}" if score.num_dual_mono else ""
    return f"{words.number(score.median, digits=metric.digits)}{mark}"


def _interval(score: Score, metric: Metric) -> str:
    if math.isnan(score.low):
        return ""
    low, high = (words.number(value, digits=metric.digits) for value in (score.low, score.high))
    return f" [{low}, {high}]"


def gain_cell(gain: Gain) -> str:
    """`+35 % [28, 41]`; a dash where no song says anything."""
    percent = [100.0 * value for value in (gain.gain, gain.low, gain.high)]
    middle = words.number(percent[0], "%", digits=0, signed=True)
    low, high = (words.number(value, digits=0) for value in percent[1:])
    return f"{middle} [{low}, {high}]" if not math.isnan(gain.low) else middle


def system_rows(
    evaluation: Evaluation, found: Sequence[Score], names: Sequence[str], *, with_target: bool = False
) -> list[tuple[str, ...]]:
    """A row a system: its name and the medians of some metrics."""
    by_key = {(score.system, score.metric): score for score in found}
    systems = (TARGET, *evaluation.systems) if with_target else evaluation.systems
    return [
        (words.title(system), *(median_cell(by_key[system, name], METRICS[name]) for name in names))
        for system in systems
    ]


def metric_rows(
    evaluation: Evaluation, found: Sequence[Score], names: Sequence[str]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Titles of systems, and a row a metric with their medians; the target stands first where it has any."""
    by_key = {(score.system, score.metric): score for score in found}
    systems = [s for s in (TARGET, *evaluation.systems) if any((s, name) in by_key for name in names)]
    rows = [
        (
            head,
            *(plain_median(by_key[s, name], METRICS[name]) if (s, name) in by_key else "" for s in systems),
        )
        for name, head in zip(names, heads(names), strict=True)
    ]
    return [words.title(system) for system in systems], rows


def shown(evaluation: Evaluation, names: Iterable[str]) -> list[str]:
    """Those of some metrics that were measured."""
    measured = {metric.name for metric in evaluation.metrics}
    return [name for name in names if name in measured]


def has_dual_mono(found: Iterable[Score]) -> bool:
    """Whether a mark stands anywhere."""
    return any(score.num_dual_mono for score in found)

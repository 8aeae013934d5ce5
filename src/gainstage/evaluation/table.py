"""An evaluation as tables in a terminal."""

from rich.console import Console as Terminal
from rich.table import Table

from gainstage.evaluation.cells import (
    DUAL_MONO,
    LEVELS,
    MAIN,
    gain_cell,
    has_dual_mono,
    heads,
    metric_rows,
    shown,
    system_rows,
)
from gainstage.evaluation.results import Evaluation
from gainstage.evaluation.statistics import Gain, Score, gains, scores
from gainstage.report import words


def print_tables(evaluation: Evaluation, *, baseline: str = "sum", terminal: Terminal | None = None) -> None:
    """Print medians with their intervals, and what was gained over a baseline.

    Args:
        evaluation: what was found.
        baseline: a system; gains are left out if it was not evaluated.
        terminal: where to; standard output by default.
    """
    terminal = terminal or Terminal()
    found = scores(evaluation)
    over = gains(evaluation, baseline) if baseline in evaluation.systems else []
    count = len(evaluation.songs)
    title = f"Distance from the target: medians over {count} song{'' if count == 1 else 's'} [95 % interval]"
    terminal.print(_systems(evaluation, found, over, baseline, title))
    levels = shown(evaluation, LEVELS)
    table = _table(
        "Of the mixes themselves: the nearer to the target, the better", ["system", *heads(levels)]
    )
    for row in system_rows(evaluation, found, levels, with_target=True):
        table.add_row(*map(_in_two, row))
    terminal.print(table)
    rest = [m.name for m in evaluation.metrics if m.name not in (*MAIN, *LEVELS)]
    if rest:
        terminal.print(_metrics(evaluation, found, rest))
    if has_dual_mono(found):
        terminal.print(DUAL_MONO, markup=False, highlight=False)
    for sentence in evaluation.warnings:
        terminal.print(f"warning: {sentence}", markup=False, highlight=False)
    for sentence in evaluation.skipped:
        terminal.print(f"skipped {sentence}", markup=False, highlight=False)


def _systems(
    evaluation: Evaluation, found: list[Score], over: list[Gain], baseline: str, title: str
) -> Table:
    main = shown(evaluation, MAIN)
    last = [f"nearer than {words.title(baseline)}"] if over else []
    table = _table(title, ["system", *heads(main), *last])
    gained = {gain.system: gain_cell(gain) for gain in over if gain.metric == main[0]}
    for system, row in zip(evaluation.systems, system_rows(evaluation, found, main), strict=True):
        table.add_row(*map(_in_two, row), *([_in_two(gained.get(system, ""))] if over else []))
    return table


def _metrics(evaluation: Evaluation, found: list[Score], names: list[str]) -> Table:
    """A row a metric, medians only: for sets of many metrics."""
    titles, rows = metric_rows(evaluation, found, names)
    table = _table("All other metrics, medians", ["metric", *titles])
    for row in rows:
        table.add_row(*row)
    return table


def _in_two(cell: str) -> str:
    """The interval under the median: tables stay narrow enough for a terminal."""
    return cell.replace(" [", "\n[")


def _table(title: str, columns: list[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    return table

"""An evaluation as a page: the table, how values spread, song by song, and the mixes to listen to."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

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
from gainstage.metrics.level import COMPARED_LUFS
from gainstage.metrics.metric import METRICS
from gainstage.report import words
from gainstage.report.blocks import Block, Bullets, Column, Drawing, Fold, Grid, Table, Text
from gainstage.report.evaluation_plots import distributions, gain_bars, song_lines
from gainstage.report.measured import Audio, Clip
from gainstage.report.page import Page, Section
from gainstage.report.players import PAGE_BYTES, Take, TakeSet, make_players
from gainstage.report.run_section import run_section

_SYSTEMS = {
    "sum": "the tracks as they came: no gain staging, trims and faders at 0 dB",
    "equal_loudness_panned": "tracks staged to −23 LUFS, faders at 0 dB, mono tracks fanned out",
    "random": "driven parameters uniform, faders −18 … +6 dB, on staged tracks; mean of its draws",
    "role_mean": "the mean parameters of each role over the training set, on staged tracks",
    "rules": "the rules engineer without a style: what audio alone allows",
    "network": "the trained network",
    "network_locked": "the same, a quarter of its settings held at those behind the target",
    "truth": "the settings behind the target",
}


def evaluation_page(
    evaluation: Evaluation,
    *,
    baseline: str = "sum",
    title: str = "Evaluation",
    run: Path | None = None,
    page_bytes: int = PAGE_BYTES,
) -> Page:
    """The page of an evaluation.

    Args:
        evaluation: what was found.
        baseline: the system over which gains are shown; left out if it was not evaluated.
        title: its heading.
        run: the folder of the training that made the network, to show how that went.
        page_bytes: what all players may weigh together.

    Raises:
        ValueError: `run` has logged nothing to CSV.
    """
    found = scores(evaluation)
    over = gains(evaluation, baseline) if baseline in evaluation.systems else []
    count = len(evaluation.songs)
    subtitle = (
        f"{len(evaluation.systems)} systems on {count} song{'' if count == 1 else 's'}, compared with their "
        f"mixes at {words.loudness(COMPARED_LUFS)}."
    )
    sections = [
        Section("How near the mixes come", tuple(_result(evaluation, found, over, baseline))),
        Section("Song by song", tuple(_songs(evaluation, found))),
    ]
    if evaluation.excerpts:
        sections.append(Section("Listen", tuple(_listen(evaluation, page_bytes))))
    if run is not None:
        sections.append(run_section(run))
    sections.append(Section("What the numbers mean", tuple(_meaning(evaluation))))
    return Page(title, subtitle, tuple(sections), f"Made with gainstage {version('gainstage')}.")


def _result(evaluation: Evaluation, found: list[Score], over: list[Gain], baseline: str) -> Iterator[Block]:
    if evaluation.warnings:
        yield Bullets(
            tuple(f"{sentence[0].upper()}{sentence[1:]}." for sentence in evaluation.warnings), "warning"
        )
    if evaluation.skipped:
        yield Bullets(tuple(f"Skipped {sentence}" for sentence in evaluation.skipped), "warning")
    main, levels = shown(evaluation, MAIN), shown(evaluation, LEVELS)
    note = "Medians over songs, in brackets their 95 % bootstrap interval. Lower is nearer to the target."
    yield _table(
        "Distance from the target",
        ["System", *heads(main)],
        system_rows(evaluation, found, main),
        f"{note} {DUAL_MONO}" if has_dual_mono(found) else note,
    )
    yield _table(
        "The mixes themselves, as they were rendered",
        ["System", *heads(levels)],
        system_rows(evaluation, found, levels, with_target=True),
        "No better high or low: the target's row is what to come near to.",
    )
    if over:
        yield Grid(tuple(_gain_drawing(over, name, baseline) for name in main[:2]))
        yield _gain_table(evaluation, over, main, baseline)
    rest = [metric.name for metric in evaluation.metrics if metric.name not in (*main, *levels)]
    if rest:
        yield Fold(
            "All other metrics", f"{len(rest)} metrics, medians", (_metric_table(evaluation, found, rest),)
        )


def _gain_drawing(over: list[Gain], name: str, baseline: str) -> Drawing:
    of = [gain for gain in over if gain.metric == name]
    columns = ([g.gain for g in of], [g.low for g in of], [g.high for g in of])
    plot = gain_bars([g.system for g in of], *columns, baseline=baseline, title=METRICS[name].title)
    return Drawing(plot, f"{METRICS[name].title}: nearer than {words.title(baseline)}")


def _gain_table(evaluation: Evaluation, over: list[Gain], names: list[str], baseline: str) -> Table:
    by_key = {(gain.system, gain.metric): gain for gain in over}
    rows = [
        (words.title(system), *(gain_cell(by_key[system, name]) for name in names))
        for system in evaluation.systems
        if system != baseline
    ]
    note = "1 − median over that of the baseline, songs in pairs; dual-mono mixes do not count where S does."
    titles = [METRICS[name].title for name in names]
    return _table(f"Nearer than {words.title(baseline)}", ["System", *titles], rows, note)


def _metric_table(evaluation: Evaluation, found: list[Score], names: list[str]) -> Table:
    titles, rows = metric_rows(evaluation, found, names)
    return _table("Medians", ["Metric", *titles], rows)


def _songs(evaluation: Evaluation, found: list[Score]) -> Iterator[Block]:
    main = shown(evaluation, MAIN)
    by_key = {(score.system, score.metric): score for score in found}
    pictures = []
    for name in main:
        metric = METRICS[name]
        pictures.append(
            Drawing(
                distributions(
                    [(system, evaluation.values(system, name)) for system in evaluation.systems],
                    title=metric.title,
                    unit=metric.unit,
                    intervals=[(by_key[s, name].low, by_key[s, name].high) for s in evaluation.systems],
                    zero_is_best=True,
                ),
                metric.title,
            )
        )
    yield Text(("Songs as dots, quartiles as a bar; the median as a mark, with its 95 % interval.",))
    yield Grid(tuple(pictures))
    for name in main[:2]:
        table = np.stack([evaluation.values(system, name) for system in evaluation.systems], axis=1)
        plot = song_lines(evaluation.systems, table, title=METRICS[name].title, zero_is_best=True)
        yield Drawing(plot, f"{METRICS[name].title}: a line a song, medians thick")
    yield Fold("Every song", f"{METRICS[main[0]].title} in numbers", (_song_table(evaluation, main[0]),))


def _song_table(evaluation: Evaluation, name: str) -> Table:
    values = np.stack([evaluation.values(system, name) for system in evaluation.systems], axis=1)
    rows = sorted(
        (song, *(words.number(float(value), digits=METRICS[name].digits) for value in row))
        for song, row in zip(evaluation.songs, values, strict=True)
    )
    note = "All metrics of all songs are in per_song.csv."
    return _table(METRICS[name].title, ["Song", *map(words.title, evaluation.systems)], rows, note)


def _listen(evaluation: Evaluation, page_bytes: int) -> Iterator[Block]:
    yield Text(
        (
            "The same passage by all systems at the same loudness. Play one and switch: the others go on at "
            "the same moment.",
        )
    )
    sets = [
        TakeSet(
            excerpt.song,
            tuple(
                Take(words.title(name), Clip(Audio(samples, excerpt.sample_rate)), COMPARED_LUFS)
                for name, samples in excerpt.takes.items()
            ),
            is_song=True,
        )
        for excerpt in evaluation.excerpts
    ]
    yield from make_players(sets, page_bytes=page_bytes)


def _meaning(evaluation: Evaluation) -> Iterator[Block]:
    known = [(words.title(s), _SYSTEMS[s]) for s in evaluation.systems if s in _SYSTEMS]
    if known:
        yield _table("Systems", ["System", "What it is"], known)
    rows = [
        (
            metric.title,
            metric.unit or "–",
            "lower" if metric.lower_is_better else "as the target",
            metric.deaf_to,
        )
        for metric in evaluation.metrics
    ]
    yield _table("Metrics", ["Metric", "Unit", "Better", "Deaf to"], rows)
    yield Text(
        (
            f"Every track was moved by a seeded gain of up to ±12 dB (seed {evaluation.seed}), the same for "
            "all systems, before any of them heard it. Estimate and target are both at −20 LUFS; only "
            "loudness and true peak are taken as rendered. M = L + R, S = L − R; |X|² is floored at 1e-8. "
            "Tails beyond the target's end are dropped.",
        )
    )


def _table(caption: str, titles: list[str], rows: Sequence[tuple[str, ...]], note: str = "") -> Table:
    """A table of numbers, or of words where the second column is one."""
    is_words = titles[1] in ("Unit", "What it is")
    columns = tuple(Column(head, is_number=place > 0 and not is_words) for place, head in enumerate(titles))
    return Table(caption, columns, tuple(rows), note)

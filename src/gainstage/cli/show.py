"""What the commands print: progress, warnings, tables."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from gainstage.report.words import count, position

if TYPE_CHECKING:
    from gainstage.cli.evaluate import Evaluated
    from gainstage.cli.train import Run
    from gainstage.interchange.weights.export import ExportedWeights
    from gainstage.mixing.export import Exported
    from gainstage.mixing.mix import Mixed
    from gainstage.preparation import Preparation

Step = Callable[[str, int, int], None]
_MOST_WARNINGS = 20


@contextmanager
def progress() -> Iterator[Step]:
    """A progress bar on the terminal's error stream; silent where that is no terminal."""
    terminal = Terminal(stderr=True)
    if not terminal.is_terminal:
        yield _silent
        return
    bars: dict[str, TaskID] = {}
    display = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
        console=terminal,
    )

    def step(doing: str, done: int, total: int) -> None:
        if doing not in bars:
            bars[doing] = display.add_task(doing, total=total)
            display.start()
        display.update(bars[doing], completed=done, total=total)
        if display.finished:  # leave the terminal to the next bar, which may be another library's
            display.stop()

    try:
        yield step
    finally:
        display.stop()


def _silent(doing: str, done: int, total: int) -> None:
    del doing, done, total


def warnings(sentences: list[str] | tuple[str, ...]) -> None:
    """Warnings, one a line, on the error stream."""
    terminal = Terminal(stderr=True, soft_wrap=True)
    for sentence in sentences:
        terminal.print(f"warning: {sentence}", style="yellow", markup=False, highlight=False)


def say(sentence: str) -> None:
    """A sentence on the error stream."""
    Terminal(stderr=True, soft_wrap=True).print(sentence, markup=False, highlight=False)


def trained(done: "Run") -> None:
    """What a training came to."""
    terminal = Terminal(soft_wrap=True)
    terminal.print(
        f"{done.trained.steps} steps in {done.trained.seconds:.0f} s; {done.times}",
        markup=False,
        highlight=False,
    )
    for path in (done.trained.best, done.trained.last):
        terminal.print(f"  {path}", markup=False, highlight=False)


def evaluated(done: "Evaluated") -> None:
    """The tables of an evaluation, and where its files are."""
    from gainstage.evaluation.table import print_tables

    terminal = Terminal(soft_wrap=True)
    print_tables(done.evaluation, baseline=done.baseline, terminal=terminal)
    for path in done.files:
        terminal.print(f"  {path}", markup=False, highlight=False)


def prepared(done: "Preparation") -> None:
    """What a preparation came to: damage first, then a sentence, and where its files are."""
    damaged = [f"{fault.file} {fault.cause}" for fault in done.faults if fault.is_damage]
    warnings(damaged[:_MOST_WARNINGS])
    if len(damaged) > _MOST_WARNINGS:
        warnings([f"and {len(damaged) - _MOST_WARNINGS} more damaged files"])
    splits = Counter(song.split for song in done.songs)
    listed = ", ".join(f"{splits[s]} {s}" for s in ("train", "validation", "test") if splits[s])
    tracks, length = sum(len(s.tracks) for s in done.songs), sum(s.seconds for s in done.songs)
    odd = len(done.faults) - len(damaged)
    terminal = Terminal(soft_wrap=True)
    for line in (
        f"{count(len(done.songs), 'song')} ({listed}), {count(tracks, 'track')}, {position(length)}",
        f"{count(len(damaged), 'damaged file')}, {count(odd, 'odd one')}, "
        f"{count(len(done.left_out), 'song or file', 'songs or files')} left out",
        *(f"  {path}" for path in (done.manifest, done.report) if path),
    ):
        terminal.print(line, markup=False, highlight=False)


def mixed(done: "Mixed") -> None:
    """What a mix came to, and where its files are."""
    result, terminal = done.result, Terminal(soft_wrap=True)
    table = Table(
        title=f"{result.song}: {len(result.tracks)} tracks, {result.duration_s:.1f} s, {result.engineer}"
    )
    table.add_column("")
    for name in ("loudness LUFS", "range LU", "true peak dBTP", "PLR dB", "width S/M"):
        table.add_column(name, justify="right")
    for programme in (result.sum, result.mix):
        if programme is not None:
            numbers = (
                programme.integrated_lufs,
                programme.range_lu,
                programme.true_peak_db,
                programme.peak_to_loudness_db,
            )
            table.add_row(programme.name, *(f"{value:.1f}" for value in numbers), f"{programme.width:.2f}")
    terminal.print(table)
    terminal.print(done.delivery.sentence, markup=False, highlight=False)
    for path in sorted(done.folder.iterdir()):
        if path.name in {"mix.wav", "session.json", "mix.md", "report.html"}:
            terminal.print(f"  {path}", markup=False, highlight=False)


def exported_weights(done: "ExportedWeights") -> None:
    """How near each format comes to the checkpoint, and what was written."""
    terminal = Terminal(soft_wrap=True)
    shapes = list(dict.fromkeys((row.tracks, row.seconds) for row in done.parity))
    table = Table(title="largest difference of a unit value to the checkpoint, by tracks × seconds")
    table.add_column("")
    for tracks, seconds in shapes:
        table.add_column(f"{tracks} × {seconds:g} s", justify="right")
    for name in dict.fromkeys(row.format for row in done.parity):
        table.add_row(name, *(f"{row.error:.1e}" for row in done.parity if row.format == name))
    terminal.print(table)
    for file, size in done.sizes.items():
        terminal.print(f"  {done.folder / file} ({size / 1e6:.2f} MB)", markup=False, highlight=False)


def exported(done: "Exported") -> None:
    """Where each target lies and how much of it is exact, approximate, frozen or dropped; then the table."""
    from gainstage.interchange.export_report import Verdict

    terminal = Terminal()
    summary = Table("target", *Verdict, "folder", title="What was carried over")
    counts = done.report.counts()
    for name, folder in done.folders.items():
        found = counts.get(name, {})
        summary.add_row(name, *(str(found.get(verdict, 0)) for verdict in Verdict), str(folder))
    heads, rows = done.report.table()
    table = Table(*heads)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    terminal.print(table)
    terminal.print(summary)
    for note in done.report.notes:
        terminal.print(note, markup=False, highlight=False)

"""What the commands print: progress, warnings, tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from gainstage.console.compile import full_strip
from gainstage.console.console import Console
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_words import (
    SEND,
    label,
    listening,
    movement,
    number,
    processor_label,
    switching,
)
from gainstage.processors import Parameter

if TYPE_CHECKING:
    from gainstage.cli.evaluate import Evaluated
    from gainstage.cli.train import Run
    from gainstage.mixing.export import Exported
    from gainstage.mixing.mix import Mixed

Step = Callable[[str, int, int], None]


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


def session(document: Session) -> None:
    """A session as tables, strip by strip: what is set, moves, is locked or switched off."""
    terminal = Terminal()
    console = Console(document.console)
    seconds = document.num_samples / document.sample_rate
    terminal.print(
        f"{document.name}: {len(document.tracks)} tracks, {seconds:.1f} s at {document.sample_rate} Hz",
        markup=False,
    )
    for section in ("tracks", "groups", "returns", "master"):
        strips = [strip for _, name, strip in document.strips() if name == section]
        if not strips or not console.layout[section].processors:
            continue
        table = Table(title=section)
        for column in ("strip", "processor", "settings"):
            table.add_column(column, overflow="fold")
        for strip in strips:
            _add_strip(table, console.layout[section], strip)
        terminal.print(table)


def _add_strip(table: Table, layout: SectionLayout, strip: StripSettings) -> None:
    """A row for each processor that does something or that somebody switched off."""
    rows = []
    for name, settings in full_strip(layout, strip).items():
        said = _cell(settings, layout.processors[name].table, _is_pre_fader(strip, name))
        is_named_off = said == "off" and name in strip.processors
        if said not in ("off", "neutral") or is_named_off:
            rows.append((processor_label(name), said))
    for line, row in zip_longest(_heading(strip), rows or [("", "neutral")]):
        table.add_row(line or "", *(row or ()))
    table.add_section()


def _heading(strip: StripSettings) -> list[str]:
    """A strip's name and switches, a line each."""
    lines = [strip.name]
    if isinstance(strip, TrackSettings):
        lines.append(f"({strip.role})")
        lines += [f"→ {strip.group}"] if strip.group else []
        lines += [f"delay {strip.delay_samples} samples"] if strip.delay_samples else []
    lines += ["polarity turned"] if strip.inverted else []
    lines += ["solo"] if strip.solo else []
    lines += ["muted"] if strip.mute else []
    lines += [f"mute {switching(strip.mute_curve)}"] if strip.mute_curve else []
    return lines


def _is_pre_fader(strip: StripSettings, processor: str) -> bool:
    return processor.startswith(SEND) and processor.removeprefix(SEND) in strip.pre_fader_sends


def _cell(settings: ProcessorSettings, table: tuple[Parameter, ...], is_pre_fader: bool) -> str:
    """What stands away from neutral, a line each band, the rest on one line."""
    if settings.bypass:
        return "off"
    lines = []
    bands = [row.name.removesuffix("_gain_db") for row in table if row.name.endswith("_gain_db")]
    in_bands = {f"{band}_{part}" for band in bands for part in ("frequency_hz", "gain_db", "q")}
    rows = {row.name: row for row in table}
    for band in bands:
        parts = [rows[f"{band}_{part}"] for part in ("frequency_hz", "gain_db", "q")]
        shown = [f"{number(row, settings.values[row.name])}{_marks(settings, row)}" for row in parts]
        if abs(settings.values[f"{band}_gain_db"]) >= 0.05 or any(_marks(settings, row) for row in parts):
            lines.append(f"{band.replace('_', ' ')}: {shown[0]}, {shown[1]}, Q {shown[2]}")
    others = ["pre-fader"] if is_pre_fader else []
    others += [f"listens to {listening(settings.key)}"] if settings.key else []
    for row in (row for row in table if row.name not in in_bands):
        value, marks = settings.values[row.name], _marks(settings, row)
        if row.name in settings.curves:
            others.append(f"{label(row)} {movement(row, settings.curves[row.name])}{marks.replace(' ~', '')}")
        elif value != row.default or marks:
            others.append(f"{label(row)} {number(row, value)}{marks}")
    if others:
        lines.append(", ".join(others))
    return "\n".join(lines) or "neutral"


def _marks(settings: ProcessorSettings, row: Parameter) -> str:
    """`~`: moves in time; `locked`: a person holds it."""
    return (" ~" if row.name in settings.curves else "") + (" locked" if row.name in settings.locked else "")


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

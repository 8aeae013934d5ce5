"""A session on the terminal: its song, and a table of strips a section."""

from collections.abc import Iterator
from itertools import zip_longest

from rich.console import Console as Terminal
from rich.table import Table

from gainstage.console.compile import full_strip, session_parameters
from gainstage.console.console import Console
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_words import (
    SEND,
    clock,
    label,
    listening,
    movement,
    number,
    processor_label,
    structure,
    switching,
)
from gainstage.console.spec import SECTIONS
from gainstage.processors import Parameter


def session(document: Session) -> None:
    """A session as tables, strip by strip: what is set, moves, is locked or switched off."""
    terminal = Terminal()
    console = Console(document.console)
    for line in _song(document, console):
        terminal.print(line, markup=False, highlight=False)
    for section in SECTIONS:
        strips = [strip for _, name, strip in document.strips() if name == section]
        if not strips or not console.layout[section].processors:
            continue
        table = Table(title=section)
        for column in ("strip", "processor", "settings"):
            table.add_column(column, overflow="fold")
        for strip in strips:
            _add_strip(table, console.layout[section], strip)
        terminal.print(table)


def _song(document: Session, console: Console) -> Iterator[str]:
    """What holds for the whole song, a line each."""
    rate = document.sample_rate
    yield f"{document.name}: {len(document.tracks)} tracks, {document.num_samples / rate:.1f} s at {rate} Hz"
    if document.tempo_bpm is not None:
        yield f"tempo {document.tempo_bpm:g} BPM"
    if document.sections:
        yield ", ".join(f"{part.name} from {clock(part.start_s)}" for part in document.sections)
    late = console.latency_samples(session_parameters(document, console), sample_rate=rate)
    if late:
        yield f"latency {late} samples ({1000 * late / rate:.1f} ms), made up for in a render"
    for section in SECTIONS:
        for name, processor in console.strips[section].items():
            if words := structure(processor):
                yield f"{section}: {processor_label(name)} with {words}"


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

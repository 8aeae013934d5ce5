"""mix.md from a session alone: every strip that does something, its numbers and how they move."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version

from gainstage.console.console import Console
from gainstage.console.session import Session, StripSettings
from gainstage.console.session_words import movement, path_label, switching
from gainstage.interchange.desk import Desk, Strip
from gainstage.mixing.describe import describe_strip
from gainstage.mixing.measure import ProgrammeMeter
from gainstage.report import settings as plain
from gainstage.report.mix_result import MixResult, Track
from gainstage.report.mix_sheet import mix_markdown

_FILES = (
    ("mix.wav", "the mix, 32-bit float"),
    ("session.json", "every setting; session.schema.json says what may stand there"),
    ("dry, wet", "each track before and behind its strip"),
    ("groups, returns", "each bus behind its strip, if something feeds it"),
    ("responses", "impulse responses of reverbs and delays, wet alone"),
)


def sheet(desk: Desk, meter: ProgrammeMeter) -> str:
    """The sheet of a session, as Markdown.

    Args:
        desk: the session.
        meter: has heard the mix.
    """
    session = desk.session
    console = Console(session.console)
    used = [strip for strip in desk.strips if strip.section == "groups" and _says_something(strip)]
    fed = {("returns", send.to) for strip in desk.strips for send in strip.sends}
    by = session.provenance.get("engineer")
    master = _described(desk.section("master")[0], session, console)
    result = MixResult(
        song=session.name,
        engineer=by if isinstance(by, str) and by else "whoever made the session",
        sample_rate=session.sample_rate,
        duration_s=desk.num_samples / session.sample_rate,
        tracks=tuple(_track(strip, session, console) for strip in desk.section("tracks")),
        master=master,
        output_gain_db=_value(desk.section("master")[0], "output_gain", "gain_db"),
        mix=meter.programme(0, name="Mix"),
        groups=tuple(_described(strip, session, console) for strip in used),
        returns=tuple(
            _described(strip, session, console) for strip in desk.section("returns") if strip.place in fed
        ),
        conventions=session.conventions,
        files=_FILES,
        versions={name: version(name) for name in ("gainstage", "torch")},
    )
    return mix_markdown(result)


def _says_something(strip: Strip) -> bool:
    return bool(strip.chain or strip.sends or strip.mute)


def _track(strip: Strip, session: Session, console: Console) -> Track:
    track = session.tracks[strip.index]
    return Track(
        strip=_described(strip, session, console),
        file=track.file,
        role=track.role,
        group=track.group or "",
        channels=track.channels,
        trim_db=_value(strip, "trim", "gain_db"),
    )


def _described(strip: Strip, session: Session, console: Console) -> plain.Strip:
    described = describe_strip(session, console, strip.section, strip.settings)
    return replace(described, muted=strip.mute, reasons=tuple(_movements(strip)))


def _movements(strip: Strip) -> Iterator[str]:
    """What no number says: what moves, what listens elsewhere, what is turned round or late."""
    for stage in strip.chain:
        rows = {row.name: row for row in stage.processor.table}
        for name, curve in stage.settings.curves.items():
            what = path_label(stage.name, rows[name], stage.processor.table)
            yield f"The {what} {movement(rows[name], curve)}."
    settings: StripSettings = strip.settings
    if settings.mute_curve:
        yield f"Mute {switching(settings.mute_curve)}."
    if settings.inverted:
        yield "Its polarity is turned at the input."
    delay = getattr(settings, "delay_samples", 0)
    if delay:
        yield f"It comes {delay} samples later."


def _value(strip: Strip, processor: str, parameter: str) -> float:
    return next((stage.values[parameter] for stage in strip.chain if stage.name == processor), 0.0)

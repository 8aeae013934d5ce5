"""What a person should know of a session before it is rendered, though it can be."""

from collections.abc import Iterator
from dataclasses import dataclass

from gainstage.console.compile import full_strip
from gainstage.console.console import Console
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, Session, StripSettings
from gainstage.console.session_words import SEND, clock, number, path_label, processor_label
from gainstage.processors import Parameter

HIGHEST_OF_RATE = 0.475
"""Frequencies above this share of the sample rate are clamped to it."""

_EFFECTS = ("reverb", "delay")


@dataclass(frozen=True)
class Finding:
    """Something to know of a session.

    Args:
        is_error: whether the session cannot be rendered; else it can, but perhaps not as somebody meant it.
        sentence: what, where, and what follows.
    """

    is_error: bool
    sentence: str


def check(session: Session) -> list[Finding]:
    """What looks like an oversight in a session. Faults of its schema are refused when it is read.

    Args:
        session: any session that could be read.
    """
    console = Console(session.console)
    found = list(_of_the_whole(session))
    returns = {bus.name: _silence(console.layout["returns"], bus) for bus in session.returns}
    for _, section, strip in session.strips():
        found += _of_a_strip(session, console.layout[section], strip, returns)
    return [Finding(False, sentence) for sentence in found]


def _of_the_whole(session: Session) -> Iterator[str]:
    if not session.tracks:
        yield "the session has no tracks: its mix is silent"
    elif all(track.mute and not track.mute_curve for track in session.tracks):
        yield "all tracks are muted: the mix is silent"
    if session.num_samples == 0:
        yield "the song has no length (num_samples is 0)"
    if session.master.mute and not session.master.mute_curve:
        yield "the master is muted: the mix is silent"
    soloed = [strip.name for _, _, strip in session.strips() if strip.solo]
    if soloed:
        yield f"only {' and '.join(soloed)} will be heard: solo was left on"


def _of_a_strip(
    session: Session, layout: SectionLayout, strip: StripSettings, returns: dict[str, str]
) -> Iterator[str]:
    end_s = (session.num_samples + session.tail_samples) / session.sample_rate
    if any(time > end_s for time, _ in strip.mute_curve):
        yield f"{strip.name}: its mute switches after the song's end at {clock(end_s)}"
    for name, settings in strip.processors.items():
        rows = layout.processors[name].table
        words, off = f"{strip.name}: {processor_label(name)}", settings.bypass
        if off and settings.curves:
            yield f"{words} is off, so that its automation is not heard"
        if off and settings.key:
            yield f"{words} is off, so that its key does nothing"
        for row in rows:
            label = f"{strip.name}: {path_label(name, row, rows)}"
            yield from _of_a_parameter(session, label, row, settings, end_s)
        bus = name.removeprefix(SEND)
        if name.startswith(SEND) and not off and returns.get(bus) and _is_open(rows[0], settings):
            yield f"{words} is on, but {returns[bus]}"


def _of_a_parameter(
    session: Session, label: str, row: Parameter, settings: ProcessorSettings, end_s: float
) -> Iterator[str]:
    curve = settings.curves.get(row.name, [])
    if row.name in settings.locked and row.name not in settings.values and not curve:
        yield f"{label} is locked but has no value: {number(row, row.default)} is held"
    late = [time for time, _ in curve if time > end_s]
    if late:
        yield f"{label} moves until {clock(max(late))}, after the song's end at {clock(end_s)}"
    limit_hz = HIGHEST_OF_RATE * session.sample_rate
    highest = max([settings.values.get(row.name, 0.0), *(value for _, value in curve)])
    if row.unit == "Hz" and highest > limit_hz and not settings.bypass:
        yield f"{label} {number(row, highest)} is clamped to {limit_hz:.0f} Hz, .475 of the sample rate"


def _is_open(row: Parameter, settings: ProcessorSettings) -> bool:
    levels = [value for _, value in settings.curves.get(row.name, [])]
    return max(levels or [settings.values.get(row.name, row.default)]) > row.low


def _silence(layout: SectionLayout, bus: StripSettings) -> str:
    """Why a return gives nothing, or only what it is sent; empty if it does what it is for."""
    if bus.mute and not bus.mute_curve:
        return f"the return {bus.name} is muted"
    dry = []
    for name, part in full_strip(layout, bus).items():
        for row in layout.processors[name].table:
            is_down = row.off_at_low and part.values[row.name] <= row.low and row.name not in part.curves
            if is_down and not part.bypass:
                return f"the {processor_label(name)} of the return {bus.name} is off"
        if name in _EFFECTS:
            is_dry = part.bypass or (part.values["mix"] == 0.0 and "mix" not in part.curves)
            dry.append(f"the {name} is {'off' if part.bypass else 'dry (mix 0)'}" if is_dry else "")
    return f"on the return {bus.name} {' and '.join(dry)}" if dry and all(dry) else ""

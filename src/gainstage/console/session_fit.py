"""Whether a session fits the console that it names: processors, parameters, ranges, buses, keys."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gainstage.console.console import Console
from gainstage.console.json_text import MOST, shown
from gainstage.console.nearest import nearest_or_all
from gainstage.console.spec import SECTIONS
from gainstage.processors import Kind, Parameter

if TYPE_CHECKING:
    from gainstage.console.session import KeySource, ProcessorSettings, Session, StripSettings

Table = dict[str, Parameter]


def check_fit(session: "Session") -> None:
    """Check what the schema alone cannot know.

    Raises:
        ValueError: something that the console does not have, or outside its range; the sentence names where.
    """
    for fault in _faults(session):
        raise ValueError(shown(fault, most=MOST))


def _faults(session: "Session") -> Iterator[str]:
    console = Console(session.console)
    for section in ("groups", "returns"):
        wanted = getattr(session.console, f"{section.removesuffix('s')}_names")
        given = [strip.name for strip in getattr(session, section)]
        if given != wanted:
            yield f"{section}: the console has {_list(wanted)}, the session has {_list(given)}"
    starts = [part.start_s for part in session.sections]
    if starts != sorted(starts):
        yield "sections: they must be in order of time"
    for place, section, strip in session.strips():
        layout = console.layout[section]
        for name, settings in strip.processors.items():
            if name not in layout.processors:
                yield f"{place}: there is no processor '{name}'{nearest_or_all(name, layout.processors)}"
                continue
            processor = layout.processors[name]
            yield from _of_settings(f"{place}.{name}", settings, {row.name: row for row in processor.table})
            if settings.key and not processor.takes_key:
                yield f"{place}.{name}.key: {name} listens to nothing, so it takes no key"
            yield from _of_keys(session, f"{place}.{name}.key", section, settings.key)
        yield from _of_switches(session, place, section, strip)
    groups = session.console.group_names
    for i, track in enumerate(session.tracks):
        if track.group is not None and track.group not in groups:
            hint = nearest_or_all(track.group, groups)
            yield f"tracks[{i}] '{track.name}'.group: there is no group '{track.group}'{hint}"


def _of_keys(session: "Session", place: str, section: str, keys: "Sequence[KeySource]") -> Iterator[str]:
    """A key exists once and sounds before what it keys."""
    sources = [(source.section, source.strip) for source in keys]
    for i, source in enumerate(keys):
        order = SECTIONS.index(section) - SECTIONS.index(source.section)
        if order < 0 and (section, source.section) != ("tracks", "groups"):
            yield f"{place}[{i}]: '{source.strip}' is one of the {source.section}, which come later"
        names = [strip.name for strip in session.strips_of(source.section)]
        if source.strip not in names:
            hint = nearest_or_all(source.strip, names)
            yield f"{place}[{i}]: none of the {source.section} is called '{source.strip}'{hint}"
        elif names.count(source.strip) > 1:
            yield (
                f"{place}[{i}]: {names.count(source.strip)} of the {source.section} are called "
                f"'{source.strip}'; give the one that is meant a name of its own"
            )
        if (source.section, source.strip) in sources[:i]:
            yield f"{place}[{i}]: '{source.strip}' is listened to twice; add the gains up"


def _of_switches(session: "Session", place: str, section: str, strip: "StripSettings") -> Iterator[str]:
    times = [time for time, _ in strip.mute_curve]
    if times != sorted(times):
        yield f"{place}.mute_curve: the switches must be in order of time"
    if twice := _twice(times):
        yield f"{place}.mute_curve: it switches twice at {twice[0]:g} s; keep one of the two"
    if strip.solo and section == "master":
        yield f"{place}.solo: the master cannot be soloed"
    senders = session.console.return_names if section in ("tracks", "groups") else []
    for name in strip.pre_fader_sends:
        if name not in senders:
            yield f"{place}.pre_fader_sends: there is no send to '{name}'{nearest_or_all(name, senders)}"
    if twice_named := _twice(strip.pre_fader_sends):
        yield f"{place}.pre_fader_sends: '{twice_named[0]}' stands twice"


def _of_settings(place: str, settings: "ProcessorSettings", table: Table) -> Iterator[str]:
    """Values, curves and locks name parameters that exist and lie in their ranges."""
    for name in [*settings.values, *settings.curves, *settings.locked]:
        if name not in table:
            yield f"{place}: there is no parameter '{name}'{nearest_or_all(name, table)}"
            return
    if twice := _twice(settings.locked):
        yield f"{place}.locked: '{twice[0]}' stands twice"
    for name, value in settings.values.items():
        yield from _of_value(f"{place}.{name}", value, table[name])
    for name, curve in settings.curves.items():
        where = f"{place}.curves.{name}"
        if table[name].kind is not Kind.CONTINUOUS:
            yield f"{where}: {name} is one number for the whole song and takes no curve"
        times = [time for time, _ in curve]
        if times != sorted(times):
            yield f"{where}: the breakpoints must be in order of time"
        crowded = [time for time, third in zip(times, times[2:], strict=False) if time == third]
        if crowded:
            yield f"{where}: more than two breakpoints at {crowded[0]:g} s; two make a step"
        if twice := _twice(curve):
            yield f"{where}: the same breakpoint stands twice at {twice[0][0]:g} s; keep one of them"
        outside = [i for i, (_, value) in enumerate(curve) if not _fits(value, table[name])]
        if outside:
            yield from _of_value(f"{where}[{outside[0]}]", curve[outside[0]][1], table[name])


def _fits(value: float, row: Parameter) -> bool:
    return row.low <= value <= row.high


def _of_value(place: str, value: float, row: Parameter) -> Iterator[str]:
    if not _fits(value, row):
        yield f"{place}: {f'{value!r}'.removesuffix('.0')} lies outside {row.range_text()}"


def _twice(values: Sequence[Any]) -> list[Any]:
    """What stands more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"

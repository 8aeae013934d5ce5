"""A session as the tensors that the console reads, and the tensors as a session."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import TO_MASTER, Parameters, Routing
from gainstage.console.session import Breakpoint, ProcessorSettings, Session, StripSettings
from gainstage.console.spec import SECTIONS
from gainstage.dsp.gain import db_to_gain


def session_parameters(session: Session, console: Console) -> Parameters:
    """The settings of one session, as a batch of one song.

    What a session does not name stands at its neutral value, or is off where the console says so.
    """
    settings = console.neutral(batch=1, tracks=len(session.tracks))
    curves: dict[tuple[str, str], list[tuple[int, list[Breakpoint]]]] = {}
    row = dict.fromkeys(settings.values, 0)
    for _, section, strip in session.strips():
        layout, i = console.layout[section], row[section]
        row[section] += 1
        settings.mute[section][0, i] = strip.mute and not strip.mute_curve
        for name, part in strip.processors.items():
            for parameter, value in part.values.items():
                settings.values[section][0, i, layout.index(name, parameter)] = value
            _switch(settings, console, section, i, name, off=part.bypass)
            if part.bypass:
                continue
            for parameter, knots in part.curves.items():
                curves.setdefault((section, f"{name}.{parameter}"), []).append((i, knots))
    groups = [session.console.group_names.index(t.group) if t.group else TO_MASTER for t in session.tracks]
    compiled = {
        key: _compile_curve(knots, settings.values[key[0]], console.layout[key[0]], key[1])
        for key, knots in curves.items()
    }
    feeds = torch.tensor([groups], dtype=torch.long).reshape(1, -1)
    compiled |= _mute_curves(session)
    routing = session_routing(session)
    return Parameters(settings.values, settings.bypass, settings.mute, feeds, compiled, routing)


def session_routing(session: Session) -> Routing:
    """How signals run in a session; what no strip uses is left out and costs nothing."""

    def where(sections: tuple[str, ...], value: Callable[[Any], int]) -> dict[str, Tensor]:
        found = {s: torch.tensor([[value(strip) for strip in session.strips_of(s)]]) for s in sections}
        return {section: values for section, values in found.items() if bool(values.any())}

    sends = {}
    for name in session.console.return_names:
        for section, early in where(("tracks", "groups"), partial(_is_pre_fader, name)).items():
            sends[section, f"send_{name}"] = early
    return Routing(
        solo=where(SECTIONS[:3], lambda strip: strip.solo),
        inverted=where(SECTIONS, lambda strip: strip.inverted),
        delay_samples=where(("tracks",), lambda strip: strip.delay_samples),
        pre_fader=sends,
        keys=_keys(session),
    )


def _is_pre_fader(name: str, strip: StripSettings) -> bool:
    return name in strip.pre_fader_sends


def _keys(session: Session) -> dict[tuple[str, str], dict[str, Tensor]]:
    keys: dict[tuple[str, str], dict[str, Tensor]] = {}
    for section in SECTIONS:
        strips = session.strips_of(section)
        for i, strip in enumerate(strips):
            for name, part in strip.processors.items():
                for source in part.key:
                    names = [s.name for s in session.strips_of(source.section)]
                    sources = keys.setdefault((section, name), {})
                    nothing = torch.zeros(1, len(strips), len(names), dtype=torch.float64)
                    weights = sources.setdefault(source.section, nothing)
                    weights[0, i, names.index(source.strip)] += db_to_gain(torch.tensor(source.gain_db))
    return keys


def _mute_curves(session: Session) -> dict[tuple[str, str], Curve]:
    """Switches of all strips of a section on the union of their times, where any of them moves."""
    curves = {}
    for section in SECTIONS:
        strips = session.strips_of(section)
        if not any(strip.mute_curve for strip in strips):
            continue
        times = sorted({0.0} | {time for strip in strips for time, _ in strip.mute_curve})
        states = [
            [next((on for at, on in reversed(strip.mute_curve) if at <= time), strip.mute) for time in times]
            for strip in strips
        ]
        knots = torch.tensor(times, dtype=torch.float64)
        curves[section, "mute"] = Curve(knots, torch.tensor([states], dtype=torch.float64))
    return curves


def strip_settings(
    parameters: Parameters, console: Console, section: str, strip: int, *, item: int = 0
) -> dict[str, ProcessorSettings]:
    """The settings of one strip as a session stores them; the inverse of `session_parameters` for numbers."""
    layout = console.layout[section]
    settings = {}
    for name, columns in layout.slices.items():
        values = parameters.values[section][item, strip, columns].tolist()
        names = [row.name for row in layout.processors[name].table]
        strips = list(console.strips[section])
        off = name in strips and bool(parameters.bypass[section][item, strip, strips.index(name)])
        settings[name] = ProcessorSettings(bypass=off, values=dict(zip(names, values, strict=True)))
    return settings


def full_strip(layout: SectionLayout, given: StripSettings) -> dict[str, ProcessorSettings]:
    """The settings of a strip with every parameter named: what is not given is neutral, or off."""
    full, defaults = {}, layout.defaults().tolist()
    for name, columns in layout.slices.items():
        part = processor_settings(layout, given, name)
        rows = layout.processors[name].table
        values = dict(zip([row.name for row in rows], defaults[columns], strict=True)) | part.values
        full[name] = part.model_copy(update={"values": values})
    return full


def processor_settings(layout: SectionLayout, given: StripSettings, name: str) -> ProcessorSettings:
    """What a strip says of a processor; nothing said, it is off where the console says so."""
    bus = given.name if layout.section in ("groups", "returns") else ""
    return given.processors.get(name, ProcessorSettings(bypass=layout.stands_bypassed(name, bus)))


def _switch(
    settings: Parameters, console: Console, section: str, strip: int, name: str, *, off: bool
) -> None:
    """Switch a processor on or off; a send that is off has its level at the lower end."""
    strips = list(console.strips[section])
    if name in strips:
        settings.bypass[section][0, strip, strips.index(name)] = off
    elif off:
        for row in console.layout[section].processors[name].table:
            settings.values[section][0, strip, console.layout[section].index(name, row.name)] = row.low


def _compile_curve(
    knots: list[tuple[int, list[Breakpoint]]], values: Tensor, layout: SectionLayout, path: str
) -> Curve:
    """Breakpoints of several strips on the union of their times; strips without any keep their number."""
    times = sorted({time for _, points in knots for time, _ in points})
    column = next(i for i, c in enumerate(layout.columns) if c.path == path)
    parameter = layout.columns[column].parameter
    # a step (two breakpoints at one time) needs the time twice on the union
    steps = {t for _, points in knots for t, _ in points if [p[0] for p in points].count(t) > 1}
    union = torch.tensor(sorted([*times, *steps]), dtype=torch.float64)
    table = values[..., column, None].expand(-1, -1, union.numel()).clone()
    for strip, points in knots:
        own_times = torch.tensor([p[0] for p in points], dtype=torch.float64)
        own = Curve(own_times, torch.tensor([[[p[1] for p in points]]], dtype=torch.float64))
        table[0, strip] = own.at(union[None], parameter)[0, 0]
        for time in {p[0] for p in points if [q[0] for q in points].count(p[0]) > 1}:
            first = int(torch.nonzero(union == time)[0])
            table[0, strip, first] = next(value for at, value in points if at == time)
    return Curve(union, table)

"""Curves that a gradient found, written into a session as breakpoints: the way back from tensors.

`session_parameters` lays the breakpoints of all strips of a section on the union of their times. Here each
strip gets its own again, without those that do nothing, so that a person can read and move them.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch

from gainstage.console.compile import processor_settings
from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import Parameters
from gainstage.console.session import Breakpoint, ProcessorSettings, Session, StripSettings, Switch
from gainstage.console.session_words import SEND
from gainstage.console.spec import SECTIONS
from gainstage.processors import Parameter

MUTE = "mute"


def with_curves(session: Session, parameters: Parameters, *, item: int = 0) -> Session:
    """A session with the curves of a console's settings: the inverse of `session_parameters` for curves.

    A strip that a curve leaves at its number gets none; a send that was shut and moves is opened. Curves of
    the session that `parameters` does not have stay, and so do those of processors that are off; numbers,
    bypasses and locks stay as they are.

    Args:
        session: the session.
        parameters: of the same tracks on the same console.
        item: which song of the batch.

    Raises:
        ValueError: a curve has another number of strips than the session, or a value or a time that no
            session can hold.
    """
    console = Console(session.console)
    made: dict[str, Any] = {}
    for section in SECTIONS:
        layout = console.layout[section]
        curves = {path: curve for (where, path), curve in parameters.curves.items() if where == section}
        strips = session.strips_of(section)
        for path, curve in curves.items():
            if curve.values.shape[1] != len(strips):
                given = f"the curve has {curve.values.shape[1]} strips, the session {len(strips)}"
                raise ValueError(f"{section}.{path}: {given}")
        strips = [_with_curves(strip, i, layout, curves, item) for i, strip in enumerate(strips)]
        made[section] = strips[0] if section == "master" else strips
    # what was put together is checked as a whole
    return Session.from_json(session.model_copy(update=made).to_json())


def breakpoints(curve: Curve, strip: int, row: Parameter, *, item: int = 0) -> list[Breakpoint]:
    """The breakpoints of one strip of a curve; those that do nothing are left out.

    Shape: curve.values (batch, strips, knots)

    Raises:
        ValueError: a value that is not finite, or a time before the song's start.
    """
    times, values = curve.times_s.detach().double(), curve.values[item, strip].detach().double()
    if not bool(torch.isfinite(values).all()) or not bool((times >= 0).all()):
        raise ValueError(f"the curve of {row.name} has values that are not finite, or times before 0")
    inside = values.clamp(row.low, row.high).tolist()
    knots = list(zip(times.tolist(), inside, strict=True))
    levels = [inside[0], *inside, inside[-1]]
    # where the value is as before and as after, nothing happens
    kept = [
        knot
        for knot, three in zip(knots, zip(levels, levels[1:], levels[2:], strict=False), strict=True)
        if len(set(three)) > 1
    ]
    return list(dict.fromkeys(kept or knots[:1]))  # two alike at one time are one


def _with_curves(
    strip: StripSettings, index: int, layout: SectionLayout, curves: dict[str, Curve], item: int
) -> StripSettings:
    processors = dict(strip.processors)
    for path, curve in curves.items():
        if path == MUTE:
            continue
        name, _, parameter = path.partition(".")
        row = layout.columns[layout.index(name, parameter)].parameter
        part = processor_settings(layout, strip.model_copy(update={"processors": processors}), name)
        fixed = layout.fixed.get(f"{layout.section}.{path}", row.default)
        is_shut = part.bypass and name.startswith(SEND)
        number = row.low if is_shut else part.values.get(parameter, fixed)
        points = breakpoints(curve, index, row, item=item)
        moves = any(not math.isclose(value, number, rel_tol=1e-9, abs_tol=1e-9) for _, value in points)
        if is_shut and moves:  # a send has no switch of its own: it is shut by its level
            part = part.model_copy(update={"bypass": False, "values": part.values | {parameter: row.low}})
        if moves or (parameter in part.curves and not part.bypass):
            processors[name] = _ridden(part, parameter, points if moves else [])
    update: dict[str, Any] = {"processors": processors}
    if MUTE in curves:
        states = [bool(on >= 0.5) for on in curves[MUTE].values[item, index].tolist()]
        last = dict(zip(curves[MUTE].times_s.tolist(), states, strict=True))  # of two at one time
        update |= _switched(list(last.items()))
    return strip.model_copy(update=update)


def _ridden(part: ProcessorSettings, parameter: str, points: list[Breakpoint]) -> ProcessorSettings:
    others = {name: curve for name, curve in part.curves.items() if name != parameter}
    return part.model_copy(update={"curves": others | ({parameter: points} if points else {})})


def _switched(states: list[Switch]) -> dict[str, Any]:
    """What a strip says of its mute: how it begins, and when it turns."""
    return {"mute": states[0][1], "mute_curve": list(_turns(states))}


def _turns(states: list[Switch]) -> Iterator[Switch]:
    for (_, before), (time, on) in pairwise(states):
        if on is not before:
            yield time, on

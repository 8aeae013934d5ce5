"""What stands in a route before and behind its fader, and where its signal is placed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from xml.etree.ElementTree import Element

from gainstage.interchange.ardour.lua_strip import LuaStrip, lua_strip
from gainstage.interchange.ardour.parts import (
    Document,
    automation,
    channel_maps,
    controllable,
    element,
    number,
    processor,
)
from gainstage.interchange.desk import Desk, Stage, Strip
from gainstage.interchange.export_report import Item, Verdict
from gainstage.interchange.formulas.program import RAMP
from gainstage.interchange.formulas.table import why_not
from gainstage.interchange.freezing import Live
from gainstage.interchange.movement import Points, points
from gainstage.processors import Parameter, Scale


@dataclass(frozen=True)
class Panner:
    """Ardour's own panner of a route.

    Args:
        kind: `bypassed`, or the URI of a panner.
        azimuth: 0 (left) … 1 (right).
        gain: what its law takes away at this place, for the fader to give back.
        points: its automation.
    """

    kind: str = "bypassed"
    azimuth: float = 0.5
    gain: float = 1.0
    points: Points = field(default_factory=list)


class Flavour(Protocol):
    """How a session's processors are carried: as our scripts, or as stock plug-ins."""

    target: str

    def can(self, strip: Strip, stage: Stage) -> bool:
        """Whether a processor is carried live."""

    def write(self, doc: Document, route: Element, live: Live, desk: Desk, *, behind_fader: bool) -> None:
        """The devices on one side of the fader."""

    def panner(self, live: Live, desk: Desk) -> Panner:
        """What the route's panner does."""

    def trim(self, live: Live) -> float:
        """The gain of Ardour's own trim, before everything else."""

    def output(self, live: Live) -> float:
        """The gain at the fader's place of a strip that has no fader."""

    def centre(self, live: Live) -> Panner:
        """A panner that puts a signal into both channels as it is."""

    def items(self, live: Live, desk: Desk) -> Iterator[Item]:
        """What the report says of the live processors but the fader."""


class Embedded:
    """Every processor that has a formula, as Lua in the session: nothing has to be installed."""

    target = "ardour"

    def can(self, strip: Strip, stage: Stage) -> bool:
        del strip
        return stage.name == "fader" or not why_not(stage)

    def write(self, doc: Document, route: Element, live: Live, desk: Desk, *, behind_fader: bool) -> None:
        script = self.script(live, behind_fader=behind_fader)
        if script is not None:
            _write_script(doc, route, script, live, desk)

    def script(self, live: Live, *, behind_fader: bool) -> LuaStrip | None:
        """The script on one side of the fader; the first makes two channels of one, whatever else it does."""
        mono = live.channels == 1
        if not behind_fader:
            if not live.strip.before and not mono:
                return None
            return lua_strip(live.strip.before, channels=live.channels, inputs=live.channels)
        if not live.strip.after:
            return None
        placed = any(stage.name == "pan" for stage in live.strip.before)
        return lua_strip(live.strip.after, channels=1 if mono and not placed else 2, inputs=2)

    def panner(self, live: Live, desk: Desk) -> Panner:
        del live, desk
        return Panner()

    def trim(self, live: Live) -> float:
        del live
        return 1.0

    def output(self, live: Live) -> float:
        del live
        return 1.0

    def centre(self, live: Live) -> Panner:
        del live
        return Panner()

    def items(self, live: Live, desk: Desk) -> Iterator[Item]:
        del desk
        for stage in (*live.strip.before, *live.strip.after):
            moving, note = ", ".join(stage.settings.curves), "Lua in the session"
            note += f"; {moving} moves by automation" if moving else ""
            verdict = Verdict.APPROXIMATE if moving else Verdict.EXACT
            yield Item(self.target, live.strip.label, stage.name.replace("_", " "), verdict, note)


def _write_script(doc: Document, route: Element, script: LuaStrip, live: Live, desk: Desk) -> None:
    made = processor(doc, route, "Gainstage", "luaproc", unique_id=script.identity, count=1, custom=0)
    lists = element(made, "Automation")
    moving = {
        (stage.name, name): curve
        for stage in live.strip.chain
        for name, curve in stage.settings.curves.items()
    }
    for i, setting in enumerate(script.settings):
        curve = moving.get((setting.processor, setting.parameter.name))
        found = moved(curve, setting.parameter, desk) if curve else []
        automation(doc, lists, f"parameter-{i}", found, "Linear" if found else _style(setting.parameter))
    channel_maps(made, script.inputs, 2)
    state = element(
        made,
        "luaproc",
        last_preset_uri="",
        last_preset_label="",
        parameter_changed_since_last_preset=0,
    )
    element(state, "script", lua="Lua 5.3", origin="").text = script.base64
    for i, setting in enumerate(script.settings):
        element(state, "Port", id=i, value=number(setting.value))
    for i, setting in enumerate(script.settings):
        controllable(doc, made, setting.parameter.name, setting.value, "", parameter=i)


def moved(curve: list[tuple[float, float]], row: Parameter, desk: Desk) -> Points:
    """A curve for a device that goes to each point in `RAMP` samples: every point comes so much earlier."""
    rate = desk.session.sample_rate
    found = points(curve, row, rate=rate, num_samples=desk.num_samples, step=RAMP)
    early = [(sample - RAMP, value) for sample, value in found]
    return [(0, early[0][1]), *(point for point in early if point[0] > 0)]


def _style(row: Parameter) -> str:
    return "Logarithmic" if row.scale is Scale.LOG else "Linear"

"""What a person has moved on one strip in Ardour, put into the strip of a session."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import torch

from gainstage.console.session_words import SEND, change, path_label
from gainstage.dsp.biquad import HIGHEST
from gainstage.dsp.panning import pan_gains
from gainstage.interchange.ardour import native
from gainstage.interchange.ardour.devices import Embedded, Flavour, moved
from gainstage.interchange.ardour.route import Device, Route
from gainstage.interchange.ardour.session import gain_points, lag_samples
from gainstage.interchange.desk import Place, Stage
from gainstage.interchange.filters import FILTERS, compresses, filters
from gainstage.interchange.formulas.program import RAMP
from gainstage.interchange.freezing import Live, Plan
from gainstage.interchange.levels import amplitude
from gainstage.interchange.movement import thinned
from gainstage.processors import Parameter
from gainstage.processors.pan import Pan
from gainstage.processors.send import Send

_SAME = 2e-6
"""Ardour keeps numbers in single precision: what differs by less has not been moved."""

_OF_ACE = {"thr": "threshold_db", "rat": "ratio", "att": "attack_ms", "rel": "release_ms"}
_OF_ACE |= {"kn": "knee_db", "mak": "makeup_db"}


class StripEdits:
    """Compares a route with what was written into it.

    Args:
        route: as Ardour has saved it.
        live: as it was written.
        plan: the whole desk as it was written.
        flavour: by which flavour.
        target: the strip's part of the session's document, which is edited.
        places: identities of routes → strips.
    """

    def __init__(
        self,
        route: Route,
        live: Live,
        plan: Plan,
        flavour: Flavour,
        target: dict[str, Any],
        places: Mapping[str, Place],
    ) -> None:
        self.route, self.live, self.plan, self.flavour = route, live, plan, flavour
        self.target, self.places = target, places
        self.desk = plan.desk
        self.rate = plan.desk.session.sample_rate
        self.panner = flavour.panner(live, plan.desk)
        self.changes: list[str] = []
        self.left: list[str] = []

    def take(self) -> None:
        """Put everything that was moved into the target."""
        self._switches()
        self._fader()
        self._sends()
        if isinstance(self.flavour, Embedded):
            self._scripts(self.flavour)
        else:
            self._plugins()
            self._pan()
        trim = self.route.gain("trim")
        written = self.flavour.trim(self.live)
        if trim is not None and not _same(trim, written):
            self._add_to("trim", _decibels(trim) - _decibels(written), "Ardour's trim")

    # Switches

    def _switches(self) -> None:
        strip = self.live.strip
        if self.live.tap is None and self.route.inverted != strip.settings.inverted:
            self.target["inverted"] = self.route.inverted
            self._say(f"polarity {'turned' if self.route.inverted else 'turned back'}")
        if strip.settings.mute_curve:
            wanted = [(round(t * self.rate), float(on)) for t, on in strip.settings.mute_curve]
            found = [
                p for p in self.route.moving(self.route.element, "mute") if p[0] > 0 or wanted[0][0] == 0
            ]
            if not _same_points(found, wanted):
                self.target["mute_curve"] = [[at / self.rate, value >= 0.5] for at, value in found]
                self._say("mute moves otherwise" if found else "mute does not move any more")
                if not found:
                    self.target["mute"] = self.route.muted
        elif self.route.muted != strip.mute:
            self.target["mute"] = self.route.muted
            self._say("muted" if self.route.muted else "not muted any more")
        if self.route.soloed and strip.section in ("tracks", "groups"):
            self.target["solo"] = True
            self._say("soloed")

    # Levels

    def _fader(self) -> None:
        fader, gain = self.live.strip.fader, self.route.gain("amp")
        if gain is None:
            return
        if fader is None:
            written = self.flavour.output(self.live) * self.panner.gain
            if not _same(gain, written):
                by = _decibels(gain) - _decibels(written)
                self._add_to(
                    "output_gain" if self.live.strip.section == "master" else "fader", by, "the fader"
                )
            return
        row = fader.processor.table[0]
        self._level(fader, row, gain, self.panner.gain, self.route.fader(), "gain")

    def _sends(self) -> None:
        row = Send.table[0]
        found = {
            self.places[to][1]: (gain, element, early)
            for to, gain, element, early in self.route.sends()
            if to in self.places and self.places[to][0] == "returns"
        }
        names = self.desk.session.console.return_names
        written = {send.to: send for send in self.live.strip.sends if self.plan.is_fed(("returns", send.to))}
        for index in sorted({*found, *written}):
            name = f"{SEND}{names[index]}"
            if index not in found:
                self._set(name, row, written[index].settings.values[row.name], row.low, Send.table)
                self._drop_curve(name, row)
                continue
            gain, element, early = found[index]
            if index in written:
                send = written[index]
                stage = Stage(name, Send(), send.settings)
                law = self.flavour.centre(self.live).gain if send.pre_fader else 1.0
                self._level(stage, row, gain, law, element, "send")
                was_early = send.pre_fader
            else:
                self._set(name, row, row.low, _level(gain, row), Send.table)
                was_early = False
            if early != was_early:
                chosen = set(self.target["pre_fader_sends"]) ^ {names[index]}
                self.target["pre_fader_sends"] = [n for n in names if n in chosen]
                self._say(f"send to {names[index]} {'before' if early else 'behind'} the fader")

    def _level(
        self, stage: Stage, row: Parameter, gain: float, law: float, parent: Element | None, what: str
    ) -> None:
        """A gain and its automation, against what was written; while it moves its number says nothing."""
        value = stage.values[row.name]
        written = amplitude(value, row) * law
        found = self.route.moving(parent, what)
        if not found and not _same(gain, written):
            self._set(stage.name, row, value, _level(gain / law, row), stage.processor.table)
        curve = stage.settings.curves.get(row.name)
        wanted = [(at, v * law) for at, v in gain_points(curve, row, self.desk)] if curve else []
        if _same_points(found, wanted):
            return
        lag = lag_samples(self.rate)
        levels = [((at + lag) / self.rate, _level(v / law, row)) for at, v in found]
        self._curve(stage.name, row, levels, stage.processor.table)

    # Devices

    def _scripts(self, flavour: Embedded) -> None:
        devices = [device for device in self.route.devices() if device.kind == "luaproc"]
        for behind in (False, True):
            script = flavour.script(self.live, behind_fader=behind)
            if script is None or not script.settings:
                continue
            stages = {
                stage.name: stage for stage in (self.live.strip.after if behind else self.live.strip.before)
            }
            device = _matching(devices, behind, len(script.settings))
            if device is None or not device.is_active:
                self._bypass(list(stages))
                continue
            controls = device.controls()
            for i, setting in enumerate(script.settings):
                row, stage = setting.parameter, stages[setting.processor]
                found = controls.get(str(i), setting.value)
                points = self.route.moving(device.element, f"parameter-{i}")
                if not points and not _same(found, setting.value):
                    self._set(stage.name, row, setting.value, found, stage.processor.table)
                curve = stage.settings.curves.get(row.name)
                if not _same_points(points, moved(curve, row, self.desk) if curve else []):
                    later = [((at + RAMP if at > 0 else 0.0) / self.rate, value) for at, value in points]
                    self._curve(stage.name, row, later, stage.processor.table)
        self._foreign([d for d in self.route.devices() if d.kind != "luaproc"])

    def _plugins(self) -> None:
        devices = list(self.route.devices())
        equalisers = [d for d in devices if d.plugin.startswith(native.EQUALISER)]
        compressors = [d for d in devices if d.plugin.startswith(native.COMPRESSOR)]
        stages = self.live.strip.before
        self._filters([s for s in stages if s.name in FILTERS], equalisers)
        for stage in (s for s in stages if s.name == "compressor" and compresses(s)):
            device = next(iter(compressors), None)
            if device is None or not device.is_active or device.controls().get("enable") == 0.0:
                self._bypass([stage.name])
                continue
            controls, written = device.controls(), native.compressor_ports(stage)
            rows = {row.name: row for row in stage.processor.table}
            for port, name in _OF_ACE.items():
                if not _same(controls.get(port, written[port]), written[port]):
                    table = stage.processor.table
                    self._set(stage.name, rows[name], stage.values[name], controls[port], table)
        self._foreign([d for d in devices if d not in equalisers and d not in compressors])

    def _filters(self, stages: Sequence[Stage], devices: Sequence[Device]) -> None:
        """Bands stand in the plug-in in the order in which they were written."""
        highest = HIGHEST * self.rate
        slots = [
            (stage, name)
            for stage in stages
            for name in _band_names(stage)
            if _is_written(stage, name, highest)
        ]
        if not slots:
            return
        device = next(iter(devices), None)
        if device is None or not device.is_active or device.controls().get("enabled") == 0.0:
            self._bypass([stage.name for stage in stages])
            return
        controls = device.controls()
        for i, (stage, band) in enumerate(slots):
            self._band(stage, band, i, controls)
        for i in range(len(slots), 16):
            if controls.get(f"ft_{i}", 0.0) != 0.0:
                self.left.append(f"{self.live.strip.label}: band {i} of the equaliser is new and left out")

    def _band(self, stage: Stage, band: str, i: int, controls: Mapping[str, float]) -> None:
        prefix = f"{band}_" if band else ""
        rows = {row.name: row for row in stage.processor.table}
        table = stage.processor.table
        is_off = controls.get(f"ft_{i}", 1.0) == 0.0 or controls.get(f"xm_{i}", 0.0) >= 0.5
        if is_off:
            name = f"{band}_gain_db" if band else "amount"
            self._set(stage.name, rows[name], stage.values[name], 0.0, table)
            return
        for port, what in (("f", "frequency_hz"), ("q", "q"), ("g", "gain_db")):
            name = f"{prefix}{what}"
            found = controls.get(f"{port}_{i}")
            if name not in rows or found is None:
                continue
            value = stage.values[name]
            written = min(value, HIGHEST * self.rate) if port == "f" else value
            written = 10.0 ** (written / 20.0) if port == "g" else written
            if not _same(found, written):
                self._set(stage.name, rows[name], value, _decibels(found) if port == "g" else found, table)

    def _pan(self) -> None:
        azimuth = self.route.azimuth
        stage = next((s for s in self.live.strip.chain if s.name == "pan"), None)
        if azimuth is None or stage is None:
            return
        found = self.route.moving(self.route.element.find("Pannable"), "pan-azimuth")
        if not _same_points(found, self.panner.points):
            row = stage.processor.table[0]
            places = [(at / self.rate, 2.0 * value - 1.0) for at, value in found]
            self._curve("pan", row, places, stage.processor.table)
        if found or _same(azimuth, self.panner.azimuth):
            return
        assert isinstance(stage.processor, Pan)
        position = 2.0 * azimuth - 1.0
        if self.live.channels == 1:
            position = _position(azimuth, stage.processor)
        row = stage.processor.table[0]
        self._set("pan", row, stage.values[row.name], position, stage.processor.table)

    def _foreign(self, devices: Sequence[Device]) -> None:
        for device in devices:
            name = device.element.get("name", "a plug-in")
            self.left.append(f"{self.live.strip.label}: {name} is none of ours and left out")

    # What is put into the document

    def _processor(self, name: str) -> dict[str, Any]:
        empty = {"bypass": False, "key": [], "values": {}, "curves": {}, "locked": []}
        found: dict[str, Any] = self.target["processors"].setdefault(name, empty)
        return found

    def _set(
        self, name: str, row: Parameter, before: float, value: float, table: Sequence[Parameter]
    ) -> None:
        inside = min(max(value, row.low), row.high)
        if not _same(inside, value) and not (row.off_at_low and value < row.low):
            self.left.append(f"{self.live.strip.label}: {name} {row.name} {value:.4g} is out of range")
        self._processor(name)["bypass"] = False
        self._processor(name)["values"][row.name] = inside
        self._say(f"{path_label(name, row, table)} {change(row, before, inside)}")

    def _curve(
        self, name: str, row: Parameter, found: list[tuple[float, float]], table: Sequence[Parameter]
    ) -> None:
        if not found:
            self._drop_curve(name, row)
            return
        inside = [(at, min(max(value, row.low), row.high)) for at, value in found]
        self._processor(name)["curves"][row.name] = thinned(inside, row)
        self._say(f"{path_label(name, row, table)} moves otherwise")

    def _drop_curve(self, name: str, row: Parameter) -> None:
        if self._processor(name)["curves"].pop(row.name, None) is not None:
            self._say(f"{path_label(name, row, (row,))} does not move any more")

    def _bypass(self, names: Sequence[str]) -> None:
        for name in dict.fromkeys(names):
            self._processor(name)["bypass"] = True
            self._say(f"{name.replace('_', ' ')} off")

    def _add_to(self, name: str, by_db: float, what: str) -> None:
        """A gain that we had not set goes to the processor that is there for it."""
        stage = next((s for s in self.live.strip.chain if s.name == name), None)
        if stage is None:
            self.left.append(f"{self.live.strip.label}: {what} was moved by {by_db:.1f} dB and is left out")
            return
        row = stage.processor.table[0]
        value = (
            self.target["processors"].get(name, {}).get("values", {}).get(row.name, stage.values[row.name])
        )
        self._set(name, row, value, value + by_db, stage.processor.table)

    def _say(self, what: str) -> None:
        self.changes.append(f"{self.live.strip.label}: {what}")


def _matching(devices: Sequence[Device], behind: bool, count: int) -> Device | None:
    """The script on this side of the fader that has so many controls."""
    sided = [d for d in devices if d.behind_fader == behind and len(d.controls()) == count]
    return next(iter(sided), None)


def _band_names(stage: Stage) -> list[str]:
    """The bands of an equaliser; a filter is one without a name."""
    names = [row.name for row in stage.processor.table if row.name.endswith("_gain_db")]
    return [name.removesuffix("_gain_db") for name in names] or [""]


def _is_written(stage: Stage, band: str, highest_hz: float) -> bool:
    if not band:
        return bool(filters(stage, highest_hz))
    return stage.values[f"{band}_gain_db"] != 0.0


def _position(azimuth: float, pan: Pan) -> float:
    """The place at which our channels stand in the ratio of Ardour's."""
    theirs = native.equal_power(azimuth)
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        ours = pan_gains(torch.tensor(middle, dtype=torch.float64), law=pan.law).tolist()
        low, high = (middle, high) if ours[1] * theirs[0] < ours[0] * theirs[1] else (low, middle)
    return 0.5 * (low + high)


def _level(gain: float, row: Parameter) -> float:
    return row.low if gain <= 0.0 else max(_decibels(gain), row.low)


def _decibels(gain: float) -> float:
    return 20.0 * math.log10(max(gain, 1e-12))


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=_SAME, abs_tol=_SAME)


def _same_points(found: Sequence[tuple[float, float]], written: Sequence[tuple[float, float]]) -> bool:
    if len(found) != len(written):
        return False
    return all(
        abs(a[0] - b[0]) <= 1.0 and math.isclose(a[1], b[1], rel_tol=1e-5, abs_tol=1e-5)
        for a, b in zip(found, written, strict=True)
    )

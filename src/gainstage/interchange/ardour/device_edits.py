"""What a person has moved on a strip's plug-ins in Ardour: our scripts, LSP's equaliser, Ardour's own."""

from collections.abc import Mapping, Sequence

import torch

from gainstage.dsp.biquad import HIGHEST
from gainstage.dsp.panning import pan_gains
from gainstage.interchange.ardour import native
from gainstage.interchange.ardour.devices import Embedded, Panner, moved
from gainstage.interchange.ardour.route import Device, Route
from gainstage.interchange.ardour.strip_document import StripDocument, decibels, same, same_points
from gainstage.interchange.desk import Desk, Stage
from gainstage.interchange.filters import FILTERS, compresses, filters
from gainstage.interchange.formulas.program import RAMP
from gainstage.interchange.freezing import Live
from gainstage.processors.pan import Pan

_OF_ACE = {"thr": "threshold_db", "rat": "ratio", "att": "attack_ms", "rel": "release_ms"}
_OF_ACE |= {"kn": "knee_db", "mak": "makeup_db"}


class DeviceEdits:
    """Compares the plug-ins of a route with what was written into it.

    Args:
        route: as Ardour has saved it.
        live: as it was written.
        desk: the whole desk.
        panner: as it was written.
        document: where it goes.
    """

    def __init__(self, route: Route, live: Live, desk: Desk, panner: Panner, document: StripDocument) -> None:
        self.route, self.live, self.desk, self.panner = route, live, desk, panner
        self.document, self.rate = document, desk.session.sample_rate

    def scripts(self, flavour: Embedded) -> None:
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
                self.document.bypass(list(stages))
                continue
            controls = device.controls()
            for i, setting in enumerate(script.settings):
                row, stage = setting.parameter, stages[setting.processor]
                found = controls.get(str(i), setting.value)
                points = self.route.moving(device.element, f"parameter-{i}")
                if not points and not same(found, setting.value):
                    self.document.set(stage.name, row, setting.value, found, stage.processor.table)
                curve = stage.settings.curves.get(row.name)
                if not same_points(points, moved(curve, row, self.desk) if curve else []):
                    later = [((at + RAMP if at > 0 else 0.0) / self.rate, value) for at, value in points]
                    self.document.curve(stage.name, row, later, stage.processor.table)
        self._foreign([d for d in self.route.devices() if d.kind != "luaproc"])

    def plugins(self) -> None:
        devices = list(self.route.devices())
        equalisers = [d for d in devices if d.plugin.startswith(native.EQUALISER)]
        compressors = [d for d in devices if d.plugin.startswith(native.COMPRESSOR)]
        stages = self.live.strip.before
        self._filters([s for s in stages if s.name in FILTERS], equalisers)
        for stage in (s for s in stages if s.name == "compressor" and compresses(s)):
            device = next(iter(compressors), None)
            if device is None or not device.is_active or device.controls().get("enable") == 0.0:
                self.document.bypass([stage.name])
                continue
            controls, written = device.controls(), native.compressor_ports(stage)
            rows = {row.name: row for row in stage.processor.table}
            for port, name in _OF_ACE.items():
                if not same(controls.get(port, written[port]), written[port]):
                    table = stage.processor.table
                    self.document.set(stage.name, rows[name], stage.values[name], controls[port], table)
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
            self.document.bypass([stage.name for stage in stages])
            return
        controls = device.controls()
        for i, (stage, band) in enumerate(slots):
            self._band(stage, band, i, controls)
        for i in range(len(slots), 16):
            if controls.get(f"ft_{i}", 0.0) != 0.0:
                self.document.leave(f"band {i} of the equaliser is new and left out")

    def _band(self, stage: Stage, band: str, i: int, controls: Mapping[str, float]) -> None:
        prefix = f"{band}_" if band else ""
        rows = {row.name: row for row in stage.processor.table}
        table = stage.processor.table
        is_off = controls.get(f"ft_{i}", 1.0) == 0.0 or controls.get(f"xm_{i}", 0.0) >= 0.5
        if is_off:
            name = f"{band}_gain_db" if band else "amount"
            self.document.set(stage.name, rows[name], stage.values[name], 0.0, table)
            return
        for port, what in (("f", "frequency_hz"), ("q", "q"), ("g", "gain_db")):
            name = f"{prefix}{what}"
            found = controls.get(f"{port}_{i}")
            if name not in rows or found is None:
                continue
            value = stage.values[name]
            written = min(value, HIGHEST * self.rate) if port == "f" else value
            written = 10.0 ** (written / 20.0) if port == "g" else written
            if not same(found, written):
                self.document.set(
                    stage.name, rows[name], value, decibels(found) if port == "g" else found, table
                )

    def pan(self) -> None:
        azimuth = self.route.azimuth
        stage = next((s for s in self.live.strip.chain if s.name == "pan"), None)
        if azimuth is None or stage is None:
            return
        found = self.route.moving(self.route.element.find("Pannable"), "pan-azimuth")
        if not same_points(found, self.panner.points):
            row = stage.processor.table[0]
            places = [(at / self.rate, 2.0 * value - 1.0) for at, value in found]
            self.document.curve("pan", row, places, stage.processor.table)
        if found or same(azimuth, self.panner.azimuth):
            return
        assert isinstance(stage.processor, Pan)
        position = 2.0 * azimuth - 1.0
        if self.live.channels == 1:
            position = _position(azimuth, stage.processor)
        row = stage.processor.table[0]
        self.document.set("pan", row, stage.values[row.name], position, stage.processor.table)

    def _foreign(self, devices: Sequence[Device]) -> None:
        for device in devices:
            name = device.element.get("name", "a plug-in")
            self.document.leave(f"{name} is none of ours and left out")


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

"""A mix as a DAWproject 1.0: channels, sends, automation, the format's own devices, and audio for the rest.

The format has an equaliser, a compressor without a knee, a limiter and a gate, and says nothing of their
laws; so every device is an approximation, and a ratio of 4:1 as 75 percent is our reading of its unit.
Structure and names follow its published schema.
"""

import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gainstage.dsp.biquad import HIGHEST
from gainstage.interchange.dawproject_devices import DEVICES, said_of
from gainstage.interchange.desk import Place, Stage
from gainstage.interchange.export_report import ExportReport, Item
from gainstage.interchange.filters import Band, filters
from gainstage.interchange.freezing import Live, Plan
from gainstage.interchange.levels import amplitude, strip_items
from gainstage.interchange.movement import Points, points
from gainstage.interchange.names import safe, unique
from gainstage.interchange.stems import Stems
from gainstage.processors import Parameter
from gainstage.processors.send import Send

TARGET = "dawproject"
NOTE = (
    "The DAWproject was never opened in a DAW here; Bitwig 5 reads the format's devices, others at least its "
    "channels and audio."
)
STEP = 512
_KINDS = {"peak": "bell", "high_pass": "highPass", "low_pass": "lowPass"}
_KINDS |= {"low_shelf": "lowShelf", "high_shelf": "highShelf"}
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same session gives the same bytes


def write_dawproject(plan: Plan, stems: Stems, folder: Path) -> ExportReport:
    """Write the project file into a folder."""
    writer = _Writer(plan, stems)
    project = writer.project()
    indent(project)
    metadata = Element("MetaData")
    SubElement(metadata, "Title").text = safe(plan.desk.session.name.strip("."), "mix")
    name = safe(plan.desk.session.name.strip("."), "mix")
    with zipfile.ZipFile(folder / f"{name}.dawproject", "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, tree in (("project.xml", project), ("metadata.xml", metadata)):
            archive.writestr(zipfile.ZipInfo(inside, _WHEN), tostring(tree, "UTF-8", xml_declaration=True))
        for inside, path in writer.audio.items():
            with path.open("rb") as source, archive.open(zipfile.ZipInfo(inside, _WHEN), "w") as target:
                while block := source.read(1 << 20):
                    target.write(block)
    return ExportReport(tuple(writer.items()), (NOTE, *plan.notes))


class _Writer:
    """Writes one project, and says which audio belongs into it."""

    def __init__(self, plan: Plan, stems: Stems) -> None:
        self.plan, self.stems = plan, stems
        self.rate = plan.desk.session.sample_rate
        self._numbers = count()
        names = unique(safe(live.strip.name, live.strip.section.rstrip("s")) for live in plan.strips)
        self.names = dict(zip((live.strip.place for live in plan.strips), names, strict=True))
        self.tracks = {place: self._identity() for place in self.names}
        self.channels = {place: self._identity() for place in self.names}
        self.audio: dict[str, Path] = {}
        self._moving: list[tuple[Place, str, str, Points]] = []  # strip, parameter, unit, points

    def _identity(self) -> str:
        return f"id{next(self._numbers)}"

    def project(self) -> Element:
        from importlib.metadata import version

        root = Element("Project", {"version": "1.0"})
        SubElement(root, "Application", {"name": "Gainstage", "version": version("gainstage")})
        transport = SubElement(root, "Transport")
        tempo = self.plan.desk.session.tempo_bpm or 120.0
        self._real(transport, "Tempo", tempo, "bpm", 20.0, 666.0)
        signature = {"numerator": "4", "denominator": "4", "id": self._identity()}
        SubElement(transport, "TimeSignature", signature)
        structure = SubElement(root, "Structure")
        for live in self.plan.strips:
            self._track(structure, live)
        arrangement = SubElement(root, "Arrangement", {"id": self._identity()})
        lanes = SubElement(arrangement, "Lanes", {"timeUnit": "seconds", "id": self._identity()})
        for live in self.plan.strips:
            self._lane(lanes, live)
        SubElement(root, "Scenes")
        return root

    def _track(self, structure: Element, live: Live) -> None:
        strip, place = live.strip, live.strip.place
        role = {"groups": "submix", "returns": "effect", "master": "master"}.get(strip.section, "regular")
        if live.tap is not None:
            role = "regular"
        named = {
            "contentType": "audio",
            "loaded": "true",
            "id": self.tracks[place],
            "name": self.names[place],
        }
        track = SubElement(structure, "Track", named)
        about = {"audioChannels": "2", "role": role, "solo": "false", "id": self.channels[place]}
        to = self.plan.feeds(live)
        if to is not None:
            about["destination"] = self.channels[to]
        channel = SubElement(track, "Channel", about)
        devices = SubElement(channel, "Devices")
        for stage in (*strip.before, *strip.after):
            self._device(devices, stage)
        switches = [(round(time * self.rate), float(on)) for time, on in strip.settings.mute_curve]
        muted = strip.mute or (strip.settings.mute and not switches)
        mute = self._switch(channel, "Mute", muted)
        self._moving += [(place, mute, "", switches)] if switches else []
        self._pan(channel, live)
        self._sends(channel, live)
        gain, moving = self._level(live)
        volume = self._real(channel, "Volume", gain, "linear", 0.0, max(2.0, gain))
        self._moving += [(place, volume, "linear", moving)] if moving else []

    def _pan(self, channel: Element, live: Live) -> None:
        stage = next((stage for stage in live.strip.chain if stage.name == "pan"), None)
        position = stage.values["position"] if stage else 0.0
        pan = self._real(channel, "Pan", 0.5 * (position + 1.0), "normalized", 0.0, 1.0)
        curve = stage.settings.curves.get("position") if stage else None
        if stage and curve:
            found = self._points(curve, stage.processor.table[0])
            moving = [(at, 0.5 * (value + 1.0)) for at, value in found]
            self._moving.append((live.strip.place, pan, "normalized", moving))

    def _sends(self, channel: Element, live: Live) -> None:
        row, fed = Send.table[0], []
        for send in live.strip.sends:
            if self.plan.is_fed(("returns", send.to)):
                fed.append(send)
        if not fed:
            return
        parent = SubElement(channel, "Sends")
        for send in fed:
            gain = amplitude(send.settings.values[row.name], row)
            about = {
                "destination": self.channels["returns", send.to],
                "type": "pre" if send.pre_fader else "post",
                "id": self._identity(),
            }
            volume = self._real(SubElement(parent, "Send", about), "Volume", gain, "linear", 0.0, 2.0)
            curve = send.settings.curves.get(row.name)
            if curve:
                moving = [(at, amplitude(value, row)) for at, value in self._points(curve, row)]
                self._moving.append((live.strip.place, volume, "linear", moving))

    def _device(self, devices: Element, stage: Stage) -> None:
        if stage.name in ("high_pass", "low_pass", "equaliser"):
            bands = filters(stage, HIGHEST * self.rate)
            if bands:
                made = self._named(devices, "Equalizer", stage)
                for band in bands:
                    self._band(made, band)
        elif stage.name in ("compressor", "gate", "limiter") and not stage.does_nothing:
            values = stage.values
            kind = {"compressor": "Compressor", "gate": "NoiseGate", "limiter": "Limiter"}[stage.name]
            made = self._named(devices, kind, stage)
            for tag, value, unit in DEVICES[stage.name](dict(values)):
                if unit:
                    self._real(made, tag, value, unit)
                else:
                    self._switch(made, tag, bool(value))

    def _named(self, devices: Element, kind: str, stage: Stage) -> Element:
        words = stage.name.replace("_", " ").capitalize()
        about = {"deviceName": words, "deviceRole": "audioFX", "loaded": "true", "name": words}
        made = SubElement(devices, kind, {**about, "id": self._identity()})
        self._switch(made, "Enabled", True)
        return made

    def _band(self, parent: Element, band: Band) -> None:
        made = SubElement(parent, "Band", {"type": _KINDS[band.kind]})
        if band.kind in ("high_pass", "low_pass"):
            made.set("order", "2")
        self._real(made, "Freq", band.frequency_hz, "hertz")
        if band.kind not in ("high_pass", "low_pass"):
            self._real(made, "Gain", band.gain_db, "decibel")
        self._real(made, "Q", band.q, "linear")
        self._switch(made, "Enabled", True)

    def _lane(self, lanes: Element, live: Live) -> None:
        place, path = live.strip.place, self.stems.of(live)
        moving = [entry for entry in self._moving if entry[0] == place]
        if path is None and not moving:
            return
        lane = SubElement(lanes, "Lanes", {"track": self.tracks[place], "id": self._identity()})
        if path is not None:
            self._clip(lane, live, path)
        for _, parameter, unit, found in moving:
            about = {"id": self._identity()} | ({"unit": unit} if unit else {})
            made = SubElement(lane, "Points", about)
            SubElement(made, "Target", {"parameter": parameter})
            for at, value in found:
                time = f"{at / self.rate:.9g}"
                if unit:
                    point = {"time": time, "value": f"{value:.9g}", "interpolation": "linear"}
                    SubElement(made, "RealPoint", point)
                else:
                    SubElement(made, "BoolPoint", {"time": time, "value": "true" if value else "false"})

    def _clip(self, lane: Element, live: Live, path: Path) -> None:
        inside = f"audio/{self.names[live.strip.place]}.wav"
        self.audio[inside] = path
        late = getattr(live.strip.settings, "delay_samples", 0) if live.tap is None else 0
        seconds = self.stems.num_samples / self.rate
        clips = SubElement(lane, "Clips", {"id": self._identity()})
        about = {"time": f"{late / self.rate:.9g}", "duration": f"{seconds - late / self.rate:.9g}"}
        clip = SubElement(clips, "Clip", {**about, "playStart": "0", "contentTimeUnit": "seconds"})
        what = {"duration": f"{seconds:.9g}", "sampleRate": str(self.rate), "id": self._identity()}
        what |= {"channels": str(live.channels), "algorithm": "raw"}
        SubElement(SubElement(clip, "Audio", what), "File", {"path": inside})

    def _level(self, live: Live) -> tuple[float, Points]:
        fader = live.strip.fader
        if fader is None:
            gains = [s.values["gain_db"] for s in live.strip.chain if s.name == "output_gain"]
            return float(10.0 ** (sum(gains) / 20.0)), []
        row = fader.processor.table[0]
        curve = fader.settings.curves.get(row.name)
        moving = [(at, amplitude(v, row)) for at, v in self._points(curve, row)] if curve else []
        return amplitude(fader.values[row.name], row), moving

    def _points(self, curve: list[tuple[float, float]], row: Parameter) -> Points:
        return points(curve, row, rate=self.rate, num_samples=self.stems.num_samples, step=STEP)

    def _real(
        self,
        parent: Element,
        tag: str,
        value: float,
        unit: str,
        low: float | None = None,
        high: float | None = None,
    ) -> str:
        about = {"value": f"{value:.9g}", "unit": unit, "id": self._identity(), "name": tag}
        if low is not None and high is not None:
            about |= {"min": f"{low:g}", "max": f"{high:g}"}
        SubElement(parent, tag, about)
        return about["id"]

    def _switch(self, parent: Element, tag: str, on: bool) -> str:
        about = {"value": "true" if on else "false", "id": self._identity(), "name": tag}
        SubElement(parent, tag, about)
        return about["id"]

    def items(self) -> Iterator[Item]:
        for live in self.plan.strips:
            yield from strip_items(
                self.plan, live, TARGET, moves="points joined by straight lines", polarity=False
            )
            for stage in (*live.strip.before, *live.strip.after):
                verdict, note = said_of(stage, live)
                yield Item(TARGET, live.strip.label, stage.name.replace("_", " "), verdict, note)

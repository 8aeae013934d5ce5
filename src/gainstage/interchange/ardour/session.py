"""A mix as an Ardour 7 session.

What a session file must hold was found with Ardour 7.3: its time is in superclocks, its version 7002; every
bus that is sent to needs its `intreturn`, every send its `own-output`; what is not named here Ardour makes.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, indent

from gainstage.console.session import Breakpoint
from gainstage.interchange.ardour.devices import Flavour, Panner
from gainstage.interchange.ardour.parts import (
    SUPERCLOCKS,
    VERSION,
    Document,
    automation,
    controllable,
    element,
    gain_stage,
    pannable,
    panner_shell,
    ports,
    processor,
    send,
)
from gainstage.interchange.ardour.sources import write_sources
from gainstage.interchange.desk import MASTER, Desk, Place
from gainstage.interchange.export_report import ExportReport, Item
from gainstage.interchange.freezing import FROZEN, Live, Plan
from gainstage.interchange.levels import amplitude, strip_items
from gainstage.interchange.movement import Points, points
from gainstage.interchange.names import safe, unique
from gainstage.interchange.stems import Stems
from gainstage.processors import Parameter
from gainstage.processors.send import Send

RESERVED = ("Master", "Monitor", "Click", "Auditioner", "system")
STEP = 64
"""Samples between points of gain automation while it moves: Ardour joins them by straight lines."""

SMOOTHING_HZ = 156.825
"""Ardour smooths a gain that moves by a one-pole, late by one over this; so our points come earlier."""

_OPTIONS = {
    "use-region-fades": 0,
    "use-transport-fades": 0,
    "native-file-data-format": "FormatFloat",
    "native-file-header-format": "WAVE",
    "auto-input": 1,
}


def write_session(plan: Plan, stems: Stems, folder: Path, flavour: Flavour) -> ExportReport:
    """Write a session folder into `folder`, named like the song.

    Returns:
        What was carried over.
    """
    writer = _Writer(plan, stems, flavour)
    name = session_name(plan.desk)
    root = folder / name
    audio = root / "interchange" / name / "audiofiles"
    audio.mkdir(parents=True)
    tree = ElementTree(writer.session(name, audio))
    indent(tree)
    tree.write(root / f"{name}.ardour", encoding="UTF-8", xml_declaration=True)
    return ExportReport(tuple(writer.items()), plan.notes)


def session_name(desk: Desk) -> str:
    """What the session's folder and file are called."""
    return safe(desk.session.name.strip("."), "mix")


def lag_samples(rate: int) -> int:
    """By how much gain automation comes later than its points say."""
    return round(rate / SMOOTHING_HZ)


def gain_points(curve: Sequence[Breakpoint], row: Parameter, desk: Desk) -> Points:
    """The curve of a level as Ardour's points: factors, so much earlier as Ardour is late."""
    rate = desk.session.sample_rate
    found = points(curve, row, rate=rate, num_samples=desk.num_samples, step=STEP)
    early = [(sample - lag_samples(rate), amplitude(value, row)) for sample, value in found]
    return [(0, early[0][1]), *(point for point in early if point[0] > 0)]


class _Writer:
    """Writes one session; holds what its routes must know of each other."""

    def __init__(self, plan: Plan, stems: Stems, flavour: Flavour) -> None:
        self.plan, self.stems, self.flavour = plan, stems, flavour
        self.desk = plan.desk
        self.doc = Document(plan.desk.session.sample_rate)
        live = [one for one in plan.strips if one.strip.place != MASTER]
        names = unique((safe(one.strip.name, one.strip.section[:-1]) for one in live), taken=RESERVED)
        self.names: dict[Place, str] = dict(zip((one.strip.place for one in live), names, strict=True))
        self.names[MASTER] = "Master"
        self.routes = {one.strip.place: self.doc.identity() for one in plan.strips}
        self.playlists = {place: self.doc.identity() for place in self.names}

    def session(self, name: str, audio: Path) -> Element:
        """The whole file; the audio is put where the file says."""
        root = Element("Session", {"version": VERSION, "name": name})
        root.set("sample-rate", str(self.doc.rate))
        root.set("session-range-is-free", "0")
        root.set("id-counter", "0")
        options = element(root, "Config")
        for option, value in _OPTIONS.items():
            element(options, "Option", name=option, value=value)
        element(root, "Metadata")
        sources, regions = element(root, "Sources"), element(root, "Regions")
        locations = element(root, "Locations")
        element(
            locations,
            "Location",
            id=self.doc.identity(),
            name="session",
            start="a0",
            end=self.doc.time(self.desk.num_samples),
            flags="IsSessionRange",
            locked=0,
        )
        routes, playlists = element(root, "Routes"), element(root, "Playlists")
        for order, live in enumerate(self._in_order()):
            self._route(routes, live, order)
        write_sources(self.doc, self._played(), sources, regions, playlists, audio, self.stems.num_samples)
        element(root, "RouteGroups")
        self._tempo(root)
        self._origin(root)
        root.set("id-counter", self.doc.identity())
        return root

    def _in_order(self) -> list[Live]:
        return [self.plan[MASTER], *(live for live in self.plan.strips if live.strip.place != MASTER)]

    def _played(self) -> list[tuple[str, str, str, Path, int, int]]:
        """Of each track: its name, playlist and route, its file with its channels, and where it begins."""
        found = []
        for live in self.plan.strips:
            path = self.stems.of(live)
            if path is not None:
                place = live.strip.place
                late = getattr(live.strip.settings, "delay_samples", 0) if live.tap is None else 0
                playlist, route = self.playlists[place], self.routes[place]
                found.append((self._name_of(live), playlist, route, path, live.channels, late))
        return found

    def _name_of(self, live: Live) -> str:
        return self.names[live.strip.place]

    def _route(self, routes: Element, live: Live, order: int) -> None:
        strip, doc, name = live.strip, self.doc, self._name_of(live)
        is_track, is_master = live.tap is not None or strip.section == "tracks", strip.place == MASTER
        inverted = int(strip.settings.inverted and live.tap is None)
        channels = live.channels if is_track else 2
        panner = self.flavour.panner(live, self.desk)
        route = element(
            routes,
            "Route",
            version=VERSION,
            id=self.routes[strip.place],
            name=name,
            default_type="audio",
            strict_io=0,
            active=1,
            denormal_protection=0,
            meter_point="MeterPostFader",
            disk_io_point="DiskIOPreFader",
            meter_type="MeterPeak",
        )
        if is_track:
            for key, value in (("audio-playlist", self.playlists[strip.place]), ("mode", "Normal")):
                route.set(key, value)
            route.set("alignment-choice", "Automatic")
            route.set("saved-meter-point", "MeterPostFader")
        kind = "AudioTrack" if is_track else "MasterOut" if is_master else "AudioBus"
        element(route, "PresentationInfo", order=order, flags=f"{kind},OrderSet", color=0)
        ports(doc, route, name, "in", channels, self._inputs(strip.place) if not is_track else ())
        ports(doc, route, name, "out", 2, self._outputs(live))
        element(route, "MuteMaster", mute_point="PreFader,PostFader,Listen,Main", muted=int(strip.mute))
        controllable(doc, route, "mute", int(strip.mute), "Toggle,RealTime")
        controllable(doc, route, "phase", inverted, "Toggle", phase_invert=str(inverted) * channels)
        switches = [(round(time * doc.rate), float(on)) for time, on in strip.settings.mute_curve]
        if switches and switches[0][0] > 0:
            switches.insert(0, (0, float(strip.settings.mute)))
        automation(doc, element(route, "Automation"), "mute", switches, "Discrete")
        pannable(doc, route, panner.azimuth, points=panner.points)
        self._processors(route, live, panner, is_track=is_track)
        element(route, "Slavable")

    def _processors(self, route: Element, live: Live, panner: Panner, *, is_track: bool) -> None:
        doc, strip, name = self.doc, live.strip, self._name_of(live)
        if is_track:
            processor(doc, route, f"player:{name}", "diskreader")
        elif strip.section in ("groups", "returns"):
            processor(doc, route, "Return", "intreturn")
        processor(doc, route, "Polarity", "polarity")
        gain_stage(doc, route, "trim", "trim", "trimcontrol", self.flavour.trim(live))
        self.flavour.write(doc, route, live, self.desk, behind_fader=False)
        self._sends(route, live, panner, early=True)
        level, moving = self._fader(live)
        gains = [(sample, gain * panner.gain) for sample, gain in moving]
        gain_stage(doc, route, "amp", "gain", "gaincontrol", level * panner.gain, gains)
        self.flavour.write(doc, route, live, self.desk, behind_fader=True)
        self._sends(route, live, panner, early=False)
        processor(doc, route, f"meter-{name}", "meter")
        out = processor(doc, route, name, "main-outs", own_input=1, own_output=0, output=name, role="Main")
        panner_shell(out, panner.kind)

    def _fader(self, live: Live) -> tuple[float, Points]:
        fader = live.strip.fader
        if fader is None:
            return self.flavour.output(live), []
        row = fader.processor.table[0]
        curve = fader.settings.curves.get(row.name)
        return amplitude(fader.values[row.name], row), self._gains(curve, row)

    def _gains(self, curve: Sequence[Breakpoint] | None, row: Parameter) -> Points:
        return gain_points(curve, row, self.desk) if curve else []

    def _sends(self, route: Element, live: Live, panner: Panner, *, early: bool) -> None:
        """Sends are panned with the route; those before the fader are in both channels alike."""
        if early and panner.kind != "bypassed":
            panner = self.flavour.centre(live)
        row = Send.table[0]
        for slot, one in enumerate(live.strip.sends):
            to: Place = ("returns", one.to)
            if one.pre_fader != early or not self.plan.is_fed(to):
                continue
            gain = amplitude(one.settings.values[row.name], row)
            moving = self._gains(one.settings.curves.get(row.name), row)
            if early:
                gain, moving = gain * panner.gain, [(at, level * panner.gain) for at, level in moving]
            placed = (panner.kind, panner.azimuth, not early)
            send(self.doc, route, self.names[to], self.routes[to], slot + 1, gain, moving, placed)

    def _outputs(self, live: Live) -> list[str]:
        if live.strip.place == MASTER:
            return ["system:playback_"]
        to = self.plan.feeds(live)
        return [f"{self.names[to]}/audio_in"] if to else []

    def _inputs(self, place: Place) -> list[str]:
        return [
            f"{self._name_of(live)}/audio_out" for live in self.plan.strips if self.plan.feeds(live) == place
        ]

    def _tempo(self, root: Element) -> None:
        tempo = self.desk.session.tempo_bpm or 120.0
        made = element(root, "TempoMap", superclocks_per_second=SUPERCLOCKS)
        at = {"sclock": 0, "quarters": "0:0", "bbt": "1|1|0"}
        element(
            element(made, "Tempos"),
            "Tempo",
            **{
                "npm": tempo, "enpm": tempo, "note-type": 4, "type": "Tempo::Constant", "active": 1,
                "locked-to-meter": 0, "continuing": 0, **at, "omega": 0,
            },
        )  # fmt: skip
        element(element(made, "Meters"), "Meter", note_value=4, divisions_per_bar=4, **at)
        element(made, "MusicTimes")

    def _origin(self, root: Element) -> None:
        """Where it comes from, in the place whose contents Ardour keeps as they are."""
        made = element(element(root, "Extra"), "Gainstage", version=1, flavour=self.flavour.target)
        document = json.loads(self.desk.session.to_json())
        element(made, "Session").text = json.dumps(document, sort_keys=True)
        for (section, index), route in self.routes.items():
            if section != FROZEN:
                element(made, "Strip", section=section, index=index, route=route)

    def items(self) -> list[Item]:
        """What was carried over."""
        found = []
        target = self.flavour.target
        for live in self.plan.strips:
            found += strip_items(
                self.plan,
                live,
                target,
                moves="Ardour smooths its automation",
                mute_moves="Ardour fades where we switch",
            )
            found += self.flavour.items(live, self.desk)
        return found

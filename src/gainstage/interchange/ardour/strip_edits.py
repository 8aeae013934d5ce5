"""What a person has moved on one strip in Ardour, put into the strip of a session."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from gainstage.console.session_words import SEND
from gainstage.interchange.ardour.device_edits import DeviceEdits
from gainstage.interchange.ardour.devices import Embedded, Flavour
from gainstage.interchange.ardour.route import Route
from gainstage.interchange.ardour.session import gain_points, lag_samples
from gainstage.interchange.ardour.strip_document import (
    StripDocument,
    decibels,
    level,
    same,
    same_points,
)
from gainstage.interchange.desk import Place, Stage
from gainstage.interchange.freezing import Live, Plan
from gainstage.interchange.levels import amplitude
from gainstage.processors import Parameter
from gainstage.processors.send import Send


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
        self.document = StripDocument(live.strip, target)

    def take(self) -> None:
        """Put everything that was moved into the target."""
        self._switches()
        self._fader()
        self._sends()
        devices = DeviceEdits(self.route, self.live, self.desk, self.panner, self.document)
        if isinstance(self.flavour, Embedded):
            devices.scripts(self.flavour)
        else:
            devices.plugins()
            devices.pan()
        trim = self.route.gain("trim")
        written = self.flavour.trim(self.live)
        if trim is not None and not same(trim, written):
            self.document.add_to("trim", decibels(trim) - decibels(written), "Ardour's trim")

    # Switches

    def _switches(self) -> None:
        strip = self.live.strip
        if self.live.tap is None and self.route.inverted != strip.settings.inverted:
            self.target["inverted"] = self.route.inverted
            self.document.say(f"polarity {'turned' if self.route.inverted else 'turned back'}")
        if strip.settings.mute_curve:
            wanted = [(round(t * self.rate), float(on)) for t, on in strip.settings.mute_curve]
            found = [
                p for p in self.route.moving(self.route.element, "mute") if p[0] > 0 or wanted[0][0] == 0
            ]
            if not same_points(found, wanted):
                self.target["mute_curve"] = [[at / self.rate, value >= 0.5] for at, value in found]
                self.document.say("mute moves otherwise" if found else "mute does not move any more")
                if not found:
                    self.target["mute"] = self.route.muted
        elif self.route.muted != strip.mute:
            self.target["mute"] = self.route.muted
            self.document.say("muted" if self.route.muted else "not muted any more")
        if self.route.soloed and strip.section in ("tracks", "groups"):
            self.target["solo"] = True
            self.document.say("soloed")

    # Levels

    def _fader(self) -> None:
        fader, gain = self.live.strip.fader, self.route.gain("amp")
        if gain is None:
            return
        if fader is None:
            written = self.flavour.output(self.live) * self.panner.gain
            if not same(gain, written):
                by = decibels(gain) - decibels(written)
                self.document.add_to(
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
                self.document.set(name, row, written[index].settings.values[row.name], row.low, Send.table)
                self.document.drop_curve(name, row)
                continue
            gain, element, early = found[index]
            if index in written:
                send = written[index]
                stage = Stage(name, Send(), send.settings)
                law = self.flavour.centre(self.live).gain if send.pre_fader else 1.0
                self._level(stage, row, gain, law, element, "send")
                was_early = send.pre_fader
            else:
                self.document.set(name, row, row.low, level(gain, row), Send.table)
                was_early = False
            if early != was_early:
                chosen = set(self.target["pre_fader_sends"]) ^ {names[index]}
                self.target["pre_fader_sends"] = [n for n in names if n in chosen]
                self.document.say(f"send to {names[index]} {'before' if early else 'behind'} the fader")

    def _level(
        self, stage: Stage, row: Parameter, gain: float, law: float, parent: Element | None, what: str
    ) -> None:
        """A gain and its automation, against what was written; while it moves its number says nothing."""
        value = stage.values[row.name]
        written = amplitude(value, row) * law
        found = self.route.moving(parent, what)
        if not found and not same(gain, written):
            self.document.set(stage.name, row, value, level(gain / law, row), stage.processor.table)
        curve = stage.settings.curves.get(row.name)
        wanted = [(at, v * law) for at, v in gain_points(curve, row, self.desk)] if curve else []
        if same_points(found, wanted):
            return
        lag = lag_samples(self.rate)
        levels = [((at + lag) / self.rate, level(v / law, row)) for at, v in found]
        self.document.curve(stage.name, row, levels, stage.processor.table)

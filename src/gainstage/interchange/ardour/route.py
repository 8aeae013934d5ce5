"""What stands in a route of an Ardour session, as numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from gainstage.interchange.ardour.parts import Document


@dataclass(frozen=True)
class Device:
    """A plug-in of a route: its controls by number or symbol, their automation by number."""

    element: Element
    behind_fader: bool

    @property
    def kind(self) -> str:
        return self.element.get("type", "")

    @property
    def is_active(self) -> bool:
        return self.element.get("active") != "0"

    @property
    def plugin(self) -> str:
        return self.element.get("unique-id", "")

    def controls(self) -> dict[str, float]:
        """Number or symbol → value."""
        ports = self.element.iterfind(f"{self.kind}/Port")
        return {port.get("id") or port.get("symbol") or "": _number(port.get("value")) for port in ports}


@dataclass(frozen=True)
class Route:
    """One route; `doc` knows its time."""

    element: Element
    doc: Document

    @property
    def muted(self) -> bool:
        return _switch(self._control(self.element, "mute"))

    @property
    def soloed(self) -> bool:
        found = self._control(self.element, "solo")
        return found is not None and found.get("self-solo") == "1"

    @property
    def inverted(self) -> bool:
        found = self._control(self.element, "phase")
        return found is not None and "1" in found.get("phase-invert", "")

    @property
    def azimuth(self) -> float | None:
        found = self._control(self.element, "pan-azimuth", "Pannable/")
        return None if found is None else _number(found.get("value"))

    def gain(self, kind: str) -> float | None:
        """Of the fader, `amp`, or of `trim`."""
        for processor in self.element.iterfind("Processor"):
            if processor.get("type") == kind:
                name = "gaincontrol" if kind == "amp" else "trimcontrol"
                found = self._control(processor, name)
                return None if found is None else _number(found.get("value"))
        return None

    def devices(self) -> Iterator[Device]:
        """Plug-ins in the order of the signal."""
        behind = False
        for processor in self.element.iterfind("Processor"):
            kind = processor.get("type")
            behind = behind or kind == "amp"
            if kind in ("luaproc", "lv2", "ladspa", "lxvst", "vst3"):
                yield Device(processor, behind)

    def sends(self) -> Iterator[tuple[str, float, Element, bool]]:
        """Route that is sent to, gain, the send, and whether it stands before the fader."""
        before = True
        for processor in self.element.iterfind("Processor"):
            before = before and processor.get("type") != "amp"
            if processor.get("type") == "intsend" and processor.get("role", "Aux") == "Aux":
                found = self._control(processor, "gaincontrol")
                active = processor.get("active") != "0"
                gain = 0.0 if found is None or not active else _number(found.get("value"))
                yield processor.get("target", ""), gain, processor, before

    def moving(self, parent: Element | None, what: str) -> list[tuple[float, float]]:
        """Automation that is played: samples and values; empty if there is none."""
        if parent is None:
            return []
        for found in parent.iterfind("Automation/AutomationList"):
            if found.get("automation-id") == what and found.get("state") not in ("Off", "Manual", "Write"):
                words = (found.findtext("events") or "").split()
                times = (self.doc.samples(word) for word in words[::2])
                return list(zip(times, map(float, words[1::2]), strict=False))
        return []

    def fader(self) -> Element | None:
        return next((p for p in self.element.iterfind("Processor") if p.get("type") == "amp"), None)

    @staticmethod
    def _control(parent: Element, name: str, below: str = "") -> Element | None:
        found = parent.iterfind(f"{below}Controllable")
        return next((control for control in found if control.get("name") == name), None)


def _number(text: str | None) -> float:
    return float(text or 0.0)


def _switch(control: Element | None) -> bool:
    return control is not None and _number(control.get("value")) >= 0.5

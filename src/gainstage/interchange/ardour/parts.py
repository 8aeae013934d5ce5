"""The parts of an Ardour session file: elements with identities, and the same few children everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from xml.etree.ElementTree import Element, SubElement

SUPERCLOCKS = 282_240_000
"""Of a second: Ardour's unit of time, in which a sample of every usual rate is a whole number."""

VERSION = "7002"

Series = Sequence[tuple[int, float]]
"""Automation: samples from the song's start, and values."""


@dataclass
class Document:
    """What all parts of one file share: its sample rate, and numbers that no two elements have both."""

    rate: int
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def identity(self) -> str:
        return str(next(self.numbers))

    def time(self, samples: int) -> str:
        """A length or a place in time."""
        return f"a{round(samples * SUPERCLOCKS / self.rate)}"

    def samples(self, time: str) -> float:
        """The reverse of `time`.

        Raises:
            ValueError: a place in beats, which moves with the tempo.
        """
        if not time.startswith("a"):
            raise ValueError(f"'{time}' is a place in beats; let automation be in audio time")
        return int(time.removeprefix("a")) * self.rate / SUPERCLOCKS


def element(parent: Element, tag: str, **attributes: object) -> Element:
    """A child; `_` in names stands for `-`, as Python knows no such names."""
    named = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    return SubElement(parent, tag, named)


def controllable(
    doc: Document, parent: Element, name: str, value: float, flags: str = "", **more: object
) -> None:
    element(parent, "Controllable", name=name, id=doc.identity(), flags=flags, value=number(value), **more)


def number(value: float) -> str:
    return f"{value:.9g}"


def automation(
    doc: Document, parent: Element, what: str, points: Series = (), style: str = "Linear"
) -> Element:
    """A list of automation; it is played if there is something in it."""
    made = element(
        parent,
        "AutomationList",
        automation_id=what,
        id=doc.identity(),
        interpolation_style=style,
        time_domain="AudioTime",
        state="Play" if points else "Off",
    )
    if points:
        lines = (f"{doc.time(sample)} {number(value)}\n" for sample, value in points)
        element(made, "events").text = "".join(lines)
    return made


def processor(doc: Document, parent: Element, name: str, kind: str, **more: object) -> Element:
    return element(
        parent,
        "Processor",
        id=doc.identity(),
        name=name,
        active=1,
        user_latency=0,
        use_user_latency=0,
        type=kind,
        **more,
    )


def gain_stage(
    doc: Document,
    parent: Element,
    kind: str,
    what: str,
    control: str,
    gain: float,
    points: Series = (),
) -> Element:
    """An amplifier: `trim` or `amp`."""
    made = processor(doc, parent, "Amp", kind)
    style = "Linear" if points else "Exponential"
    automation(doc, element(made, "Automation"), what, points, style)
    controllable(doc, made, control, gain, "GainLike")
    return made


def pannable(
    doc: Document,
    parent: Element,
    azimuth: float = 0.5,
    points: Series = (),
) -> None:
    made = element(parent, "Pannable")
    values = {"azimuth": azimuth, "width": 1.0, "elevation": 0.0, "frontback": 0.0, "lfe": 0.0}
    for name, value in values.items():
        controllable(doc, made, f"pan-{name}", value)
    lists = element(made, "Automation")
    for name in values:
        automation(doc, lists, f"pan-{name}", points if name == "azimuth" else ())


def ports(
    doc: Document, parent: Element, route: str, side: str, channels: int, others: Sequence[str]
) -> None:
    """Inputs or outputs of a route, each connected to the port of that number of all others.

    Args:
        side: `in` or `out`.
        others: `Name/audio_in`, without the number.
    """
    direction = {"in": "Input", "out": "Output"}[side]
    made = element(parent, "IO", name=route, id=doc.identity(), direction=direction, default_type="audio")
    for number_ in range(1, channels + 1):
        port = element(made, "Port", type="audio", name=f"{route}/audio_{side} {number_}")
        for other in others:
            separator = "" if other.endswith("_") else " "
            element(port, "Connection", other=f"{other}{separator}{number_}")


def panner_shell(parent: Element, panner: str, *, linked: bool = True) -> None:
    """A panner by its URI; `bypassed`: each channel goes straight through."""
    bypassed = panner == "bypassed"
    uri = "" if bypassed else panner
    made = element(
        parent, "PannerShell", bypassed=int(bypassed), user_panner=uri, linked_to_route=int(linked)
    )
    if uri:
        element(made, "Panner", uri=uri)


def send(
    doc: Document,
    parent: Element,
    to: str,
    route: str,
    slot: int,
    gain: float,
    points: Series,
    placed: tuple[str, float, bool],
) -> None:
    """A send to the bus whose route has this identity.

    Args:
        placed: its panner, where that stands, and whether it goes with the route's.
    """
    panner, azimuth, linked = placed
    made = processor(
        doc,
        parent,
        to,
        "intsend",
        own_input=1,
        own_output=1,
        role="Aux",
        bitslot=slot,
        selfdestruct=0,
        target=route,
        allow_feedback=0,
    )
    lists = element(made, "Automation")
    automation(doc, lists, "send", points, "Linear" if points else "Exponential")
    panner_shell(made, panner, linked=linked)
    pannable(doc, made, azimuth)
    controllable(doc, made, "polarity-invert", 0, "Toggle")
    controllable(doc, made, "gaincontrol", gain, "GainLike,InlineControl")


def channel_maps(parent: Element, inputs: int, outputs: int) -> None:
    """What a plug-in is connected to: its first channels, in order."""
    for name, channels in (
        ("ConfiguredInput", inputs),
        ("CustomSinks", inputs),
        ("ConfiguredOutput", outputs),
    ):
        element(element(parent, name), "Channels", type="audio", count=channels)
    element(parent, "PresetOutput")
    for name, channels in (("InputMap-0", inputs), ("OutputMap-0", outputs)):
        made = element(parent, name)
        for i in range(channels):
            element(made, "Channelmap", type="audio", from_=i, to=i)
    element(parent, "ThruMap")

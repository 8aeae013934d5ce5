"""A console as boxes and arrows: what stands in each strip, and where it sends its signal.

    tracks ─→ groups ─→ returns ─→ master ─→ mix

The drawing is data; `mermaid` writes it as text that many sites and editors show as a picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gainstage.console.compile import full_strip
from gainstage.console.console import Console
from gainstage.console.session import Session, StripSettings, TrackSettings
from gainstage.console.session_words import SEND, number, processor_label
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.processors.send import Send

_LEVEL = Send.table[0]


class Wire(StrEnum):
    """What runs along an arrow."""

    SIGNAL = "-->"
    SEND = "-.->"
    KEY = "==>"


@dataclass(frozen=True)
class Box:
    """A strip, or many that are alike.

    Args:
        name: unique in the drawing.
        column: 0 … 4: tracks, groups, returns, master, mix.
        title: what it is called.
        lines: what stands in it, in the order of the signal.
    """

    name: str
    column: int
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrow:
    """From one box to another, with a word beside it."""

    start: str
    end: str
    wire: Wire = Wire.SIGNAL
    word: str = ""


@dataclass(frozen=True)
class Drawing:
    """A console as a picture."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    def mermaid(self) -> str:
        """The drawing as a mermaid flow chart: thin lines carry audio, dotted ones sends, thick ones keys."""
        lines = ["flowchart LR"]
        for box in self.boxes:
            text = "<br/>".join((f"<b>{_escaped(box.title)}</b>", *map(_escaped, box.lines)))
            lines.append(f'    {box.name}["{text}"]')
        for arrow in self.arrows:
            word = f'|"{_escaped(arrow.word)}"|' if arrow.word else ""
            lines.append(f"    {arrow.start} {arrow.wire}{word} {arrow.end}")
        return "\n".join(lines) + "\n"


def console_drawing(spec: ConsoleSpec) -> Drawing:
    """A console by itself: one box stands for all tracks."""
    console = Console(spec)
    groups = {name: f"group{i}" for i, name in enumerate(spec.group_names)}
    returns = {name: f"return{i}" for i, name in enumerate(spec.return_names)}
    boxes = [Box("tracks", 0, "each track", _chain(console, "tracks"))]
    boxes += [Box(box, 1, f"group {name}", _chain(console, "groups", name)) for name, box in groups.items()]
    boxes += [
        Box(box, 2, f"return {name}", _chain(console, "returns", name)) for name, box in returns.items()
    ]
    arrows = [Arrow("tracks", box, word="by role") for box in groups.values()]
    arrows += [Arrow("tracks", "master", word="the others" if groups else "")]
    for start in ("tracks", *groups.values()):
        arrows += [Arrow(start, box, Wire.SEND, "send") for box in returns.values()]
    return _with_master(console, boxes, arrows, [*groups.values(), *returns.values()])


def session_drawing(session: Session) -> Drawing:
    """A session's console with every strip: what is on, who feeds whom, who listens to whom."""
    console = Console(session.console)
    names: dict[tuple[str, str], str] = {}
    boxes = []
    for section, column in (("tracks", 0), ("groups", 1), ("returns", 2)):
        for i, strip in enumerate(getattr(session, section)):
            names.setdefault((section, strip.name), f"{section.removesuffix('s')}{i}")
            box = f"{section.removesuffix('s')}{i}"
            boxes.append(Box(box, column, strip.name, _strip(console, section, strip)))
    arrows: list[Arrow] = []
    for i, track in enumerate(session.tracks):
        end = names["groups", track.group] if track.group else "master"
        arrows.append(Arrow(f"track{i}", end))
    for section in ("tracks", "groups"):
        for i, strip in enumerate(getattr(session, section)):
            start = f"{section.removesuffix('s')}{i}"
            arrows += _sends(console, section, strip, start, names)
    places = [f"{kind}{i}" for kind in ("group", "return") for i in range(len(getattr(session, f"{kind}s")))]
    drawn = _with_master(console, boxes, arrows, places, session.master)
    return Drawing(drawn.boxes, (*drawn.arrows, *_keys(session, names)))


def _with_master(
    console: Console,
    boxes: list[Box],
    arrows: list[Arrow],
    buses: list[str],
    master: StripSettings | None = None,
) -> Drawing:
    lines = _chain(console, "master") if master is None else _strip(console, "master", master)
    ends = [Box("master", 3, "master", lines), Box("mix", 4, "mix")]
    more = [Arrow(bus, "master") for bus in buses]
    return Drawing((*boxes, *ends), (*arrows, *more, Arrow("master", "mix")))


def _chain(console: Console, section: str, bus: str = "") -> tuple[str, ...]:
    """The processors of a section; those that stand off are in brackets."""
    layout = console.layout[section]
    return tuple(
        f"({processor_label(name)})" if layout.stands_bypassed(name, bus) else processor_label(name)
        for name in console.strips[section]
    )


def _strip(console: Console, section: str, strip: StripSettings) -> tuple[str, ...]:
    """A strip's switches and the processors that are not neutral."""
    layout = console.layout[section]
    lines = [word for word in ("mute", "solo") if getattr(strip, word)]
    lines += ["polarity turned"] if strip.inverted else []
    if isinstance(strip, TrackSettings) and strip.delay_samples:
        lines.append(f"delay {strip.delay_samples} samples")
    for name, settings in full_strip(layout, strip).items():
        rows = layout.processors[name].table
        moved = settings.curves or any(settings.values[row.name] != row.default for row in rows)
        if name in console.strips[section] and moved and not settings.bypass:
            lines.append(processor_label(name) + (" ~" if settings.curves else ""))
    return tuple(lines)


def _sends(
    console: Console, section: str, strip: StripSettings, start: str, names: dict[tuple[str, str], str]
) -> Iterator[Arrow]:
    for name, settings in full_strip(console.layout[section], strip).items():
        bus = name.removeprefix(SEND)
        if not name.startswith(SEND) or settings.bypass:
            continue
        curve = [value for _, value in settings.curves.get(_LEVEL.name, [])]
        level = max(curve or [settings.values[_LEVEL.name]])
        if level > _LEVEL.low:
            word = f"{'up to ' if curve else ''}{number(_LEVEL, level)}"
            if bus in strip.pre_fader_sends:
                word += ", pre-fader"
            yield Arrow(start, names["returns", bus], Wire.SEND, word)


def _keys(session: Session, names: dict[tuple[str, str], str]) -> Iterator[Arrow]:
    for section in SECTIONS:
        found = getattr(session, section)
        for i, strip in enumerate([found] if section == "master" else found):
            end = "master" if section == "master" else f"{section.removesuffix('s')}{i}"
            for name, settings in strip.processors.items():
                for key in settings.key:
                    word = f"key of {processor_label(name)}"
                    yield Arrow(names[key.section, key.strip], end, Wire.KEY, word)


def _escaped(text: str) -> str:
    """Text that cannot end a label or start a tag, on one line."""
    replaced = {"&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;", "`": "&#96;", "#": "&#35;"}
    return "".join(replaced.get(c, c if c.isprintable() else " ") for c in text)

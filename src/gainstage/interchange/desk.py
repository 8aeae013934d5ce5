"""A session as a desk: its strips, what is in use on them, and what feeds what.

What is off, or gives its input whatever it is set to, is left out here once, so that no writer has to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gainstage.console.compile import full_strip, session_routing
from gainstage.console.console import Console
from gainstage.console.parameters import TO_MASTER
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_words import SEND
from gainstage.console.solo import heard
from gainstage.console.spec import SECTIONS
from gainstage.processors import Processor

Place = tuple[str, int]
"""A strip: its section and which of its strips."""

MASTER: Place = ("master", 0)


@dataclass(frozen=True)
class Stage:
    """A processor in use.

    Args:
        name: of the processor.
        processor: the processor, with its structural settings.
        settings: with every value named.
    """

    name: str
    processor: Processor
    settings: ProcessorSettings

    @property
    def values(self) -> Mapping[str, float]:
        return self.settings.values

    @property
    def does_nothing(self) -> bool:
        """Whether it gives its input, now and throughout."""
        if self.settings.curves:
            return False
        if self.values.get("mix") == 0.0 or self.values.get("amount") == 0.0:
            return True
        return all(self.values[row.name] == row.default for row in self.processor.table)


@dataclass(frozen=True)
class Send:
    """What a strip sends to a return.

    Args:
        to: which return.
        settings: its level.
        pre_fader: taken at the input of the fader, before pan.
    """

    to: int
    settings: ProcessorSettings
    pre_fader: bool


@dataclass(frozen=True)
class Strip:
    """A strip in use.

    Args:
        section, index: where it stands.
        settings: as the session has it.
        channels: of its input; a mono track has one until its panner.
        before: the processors before the fader.
        fader: the fader; None where there is none, or it is off.
        after: the processors behind the fader.
        sends: those that are not off.
        mute: whether it is silent throughout, by its mute or because others are soloed.
        to: the bus that it feeds; None for the master.
    """

    section: str
    index: int
    settings: StripSettings
    channels: int
    before: tuple[Stage, ...] = ()
    fader: Stage | None = None
    after: tuple[Stage, ...] = ()
    sends: tuple[Send, ...] = ()
    mute: bool = False
    to: Place | None = MASTER

    @property
    def place(self) -> Place:
        return self.section, self.index

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def chain(self) -> tuple[Stage, ...]:
        """All its processors in the order of the signal."""
        return (*self.before, *([self.fader] if self.fader else []), *self.after)

    @property
    def label(self) -> str:
        """As reports call it: `Kick`, `group drums`, `return reverb`, `master`."""
        kind = {"groups": "group ", "returns": "return ", "tracks": ""}.get(self.section)
        return "master" if kind is None else f"{kind}{self.name}"


@dataclass(frozen=True)
class Desk:
    """All strips of a session in the order tracks, groups, returns, master."""

    session: Session
    strips: tuple[Strip, ...] = field(default=())

    @classmethod
    def of(cls, session: Session) -> "Desk":
        """The desk that a session describes.

        Raises:
            ValueError: a return is soloed, which no other tool does as the console does.
        """
        soloed = next((strip.name for strip in session.returns if strip.solo), None)
        if soloed is not None:
            raise ValueError(
                f"the return '{soloed}' is soloed, which cannot be carried over; lift the solo, or mute the "
                "others, and export again"
            )
        console, silenced = Console(session.console), _silenced(session)
        strips = tuple(
            _strip(session, console, section, index, strip, muted=(section, index) in silenced)
            for section in SECTIONS
            for index, strip in enumerate(session.strips_of(section))
        )
        return cls(session, strips)

    def __getitem__(self, place: Place) -> Strip:
        return next(strip for strip in self.strips if strip.place == place)

    def section(self, name: str) -> tuple[Strip, ...]:
        return tuple(strip for strip in self.strips if strip.section == name)

    @property
    def num_samples(self) -> int:
        """Length of everything that is exported: the song with its tail."""
        return self.session.num_samples + self.session.tail_samples


def _strip(
    session: Session, console: Console, section: str, index: int, given: StripSettings, *, muted: bool
) -> Strip:
    full = full_strip(console.layout[section], given)
    stages = [
        Stage(name, processor, full[name])
        for name, processor in console.strips[section].items()
        if not full[name].bypass
    ]
    names = [stage.name for stage in stages]
    at = names.index("fader") if "fader" in names else _place_of_fader(console, section, names)
    track = given if isinstance(given, TrackSettings) else None
    to: Place | None = MASTER if section != "master" else None
    if track and track.group:
        to = "groups", session.console.group_names.index(track.group)
    return Strip(
        section,
        index,
        given,
        channels=track.channels if track else 2,
        before=tuple(stages[:at]),
        fader=stages[at] if "fader" in names else None,
        after=tuple(stage for stage in stages[at:] if stage.name != "fader"),
        sends=tuple(_sends(session, console, given, full)),
        mute=(given.mute and not given.mute_curve) or muted,
        to=to,
    )


def _place_of_fader(console: Console, section: str, names: list[str]) -> int:
    """Where the fader would be among those that are on; behind all where the section has none."""
    order = list(console.strips[section])
    if "fader" not in order:
        return len(names)
    return sum(name in order[: order.index("fader")] for name in names)


def _sends(
    session: Session,
    console: Console,
    given: StripSettings,
    full: Mapping[str, ProcessorSettings],
) -> list[Send]:
    found = []
    for i, bus in enumerate(session.console.return_names):
        settings = full.get(f"{SEND}{bus}")
        if settings is None or settings.bypass:
            continue
        low = console.sends[f"{SEND}{bus}"].table[0].low
        levels = [settings.values["level_db"], *(v for _, v in settings.curves.get("level_db", []))]
        if max(levels) > low:
            found.append(Send(i, settings, bus in given.pre_fader_sends))
    return found


def _silenced(session: Session) -> set[Place]:
    """Tracks and groups that are not heard because others are soloed."""
    routing = session_routing(session)
    if not routing.solo:
        return set()
    import torch

    names = session.console.group_names
    groups = torch.tensor([[names.index(t.group) if t.group else TO_MASTER for t in session.tracks]])
    passes = heard(
        routing.solo, groups.reshape(1, -1), num_groups=len(names), num_returns=len(session.returns)
    )
    return {
        (section, index)
        for section in ("tracks", "groups")
        for index, on in enumerate(passes.direct[section][0, :, 0].tolist())
        if not on
    }

"""What a tool cannot do itself, and the audio that is taken instead: the signal behind the last of it.

A strip that is frozen becomes audio at that point of its chain; what follows stays live. What has fed a
frozen bus is then no longer connected to it, and is in its audio.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from gainstage.console.session import StripSettings
from gainstage.interchange.desk import MASTER, Desk, Place, Stage, Strip

Can = Callable[[Strip, Stage], bool]
"""Whether a tool has this processor, as it is set, in this strip."""

Tap = tuple[str, int, str]
"""The signal behind a processor: section, strip, processor."""


@dataclass(frozen=True)
class Live:
    """What is left to do of a strip.

    Args:
        strip: the strip, with the processors that are frozen taken out.
        tap: where its audio comes from; None: a track's own file, a bus's inputs.
        frozen: the names of the processors in that audio.
        channels: of that audio, or of what comes in.
        idle: the names of the processors that the tool lacks, but that do nothing.
    """

    strip: Strip
    tap: Tap | None
    frozen: tuple[str, ...]
    channels: int
    idle: tuple[str, ...] = ()

    @property
    def fader_is_frozen(self) -> bool:
        return "fader" in self.frozen


@dataclass(frozen=True)
class Plan:
    """A desk as one tool can have it; before the master stands the track that plays it, if it is frozen."""

    desk: Desk
    strips: tuple[Live, ...]

    @classmethod
    def of(cls, desk: Desk, can: Can) -> "Plan":
        """The plan that keeps as much live as the tool can do."""
        strips = tuple(_live(strip, can) for strip in desk.strips)
        early = {
            ("returns", send.to)
            for live in strips
            if live.fader_is_frozen
            for send in live.strip.sends
            if send.pre_fader
        }
        strips = (*strips[:-1], *_with_its_own_track(strips[-1]))
        # what is sent from before a frozen fader is nowhere: then the return is frozen as it comes in
        return cls(desk, tuple(_at_input(live) if live.strip.place in early else live for live in strips))

    def __getitem__(self, place: Place) -> Live:
        return next(live for live in self.strips if live.strip.place == place)

    def section(self, name: str) -> tuple[Live, ...]:
        return tuple(live for live in self.strips if live.strip.section == name)

    def is_fed(self, place: Place) -> bool:
        """Whether a bus takes what comes in, rather than audio that holds it already."""
        if place == MASTER:
            return not self.section(FROZEN)
        return self[place].tap is None

    def feeds(self, live: Live) -> Place | None:
        """The bus that a strip is connected to; none if that has it in its audio."""
        if live.strip.section == FROZEN:
            return MASTER
        to = live.strip.to
        return to if to is not None and self.is_fed(to) else None

    @property
    def taps(self) -> Iterator[Tap]:
        return (live.tap for live in self.strips if live.tap is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the plan as a whole."""
        found = self.section(FROZEN)
        if not found:
            return ()
        names = ", ".join(name.replace("_", " ") for name in found[0].frozen)
        return (
            f"The master's {names} cannot be carried live to every target. There a track "
            f"'{found[0].strip.name}' plays the whole mix; the others are set up, not connected. To work on, "
            "mute it and connect them to the master.",
        )


INPUT = "input"
"""In place of a processor's name: the signal that comes into a bus."""


def _live(strip: Strip, can: Can) -> Live:
    stages = [s for s in strip.chain if can(strip, s) or not s.does_nothing]
    idle = tuple(stage.name for stage in strip.chain if stage not in stages)
    last = max((i for i, stage in enumerate(stages) if not can(strip, stage)), default=-1)
    if last < 0:
        return Live(_with(strip, stages), None, (), strip.channels, idle)
    frozen = tuple(stage.name for stage in stages[: last + 1])
    channels = 2 if "pan" in frozen or strip.section != "tracks" else strip.channels
    tap = strip.section, strip.index, stages[last].name
    return Live(_with(strip, stages[last + 1 :]), tap, frozen, channels, idle)


FROZEN = "frozen"
"""The section of the one track that plays the mix where the master itself is frozen."""


def _with_its_own_track(master: Live) -> tuple[Live, ...]:
    """A master stays a bus: what is frozen of it plays on a track that alone is connected to it."""
    if master.tap is None:
        return (master,)
    named = StripSettings(name="mix, frozen")
    track = Strip(FROZEN, 0, named, channels=2, to=MASTER)
    return (
        Live(track, master.tap, master.frozen, 2),
        Live(master.strip, None, (), 2, master.idle),
    )


def _with(strip: Strip, stages: list[Stage]) -> Strip:
    kept = {stage.name for stage in stages}
    return replace(
        strip,
        before=tuple(s for s in strip.before if s.name in kept),
        fader=strip.fader if strip.fader and strip.fader.name in kept else None,
        after=tuple(s for s in strip.after if s.name in kept),
    )


def _at_input(live: Live) -> Live:
    if live.tap is not None:
        return live
    return Live(live.strip, (*live.strip.place, INPUT), (), 2, live.idle)

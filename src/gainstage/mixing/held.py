"""What a person's session holds while an engineer decides the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gainstage.console.compile import full_strip
from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_words import SEND
from gainstage.console.spec import SECTIONS
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.mixing.hear import HeardSong
from gainstage.mixing.held_strip import HeldStrip, S, hold
from gainstage.processors import Parameter
from gainstage.roles import check_role, group_of

_BUSES = ("groups", "returns")


@dataclass(frozen=True)
class Kept:
    """A decision with what was held put into it.

    Args:
        session: the numbers, curves, switches and keys, and the locks themselves.
        decision: the same with a sentence on each strip for what was held.
        warnings: a sentence for each thing that there was no place for.
    """

    session: Session
    decision: MixDecision
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """The strips of an edited session, in the order of the tracks that were heard.

    The title, names, groups, tempo and sections that the session has stand, and roles where none is given for
    this mix; of each strip stands what `held_strip` says. A track that is muted is heard and decided like the
    others, so that it has its place when it is opened.

    Args:
        session: as it was edited.
        tracks: the strip of each track; None where the session does not know it.
        buses: section → name → strip.
        warnings: a sentence for each track that one side does not know.
    """

    session: Session
    tracks: tuple[TrackSettings | None, ...]
    buses: Mapping[str, Mapping[str, StripSettings]]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, edited: Session, heard: HeardSong) -> "Held":
        """Find each track by what it sounds like, else by its file.

        Raises:
            ValueError: no track of the session is among the stems, or one has a role that does not exist.
        """
        left = list(edited.tracks)
        found: list[TrackSettings | None] = []
        for row, track in zip(heard.song.tracks, heard.tracks, strict=True):
            same = [t for t in left if t.content_hash and t.content_hash == track.content_hash]
            same = same or [t for t in left if t.file == row.file]
            found.append(same[0] if same else None)
            if same:
                left.remove(same[0])
        if not any(found):
            raise ValueError(
                f"'{edited.name}' is a session of other stems: none of its tracks is among these"
            )
        for strip in found:
            if strip is not None:
                _check_role(strip, edited)
        new = [row.file for row, strip in zip(heard.song.tracks, found, strict=True) if strip is None]
        warnings = [f"{file} is not in the session, so nothing is held on it" for file in new]
        warnings += [f"the session's track '{track.name}' is not among the stems: left out" for track in left]
        buses = {s: {strip.name: strip for strip in getattr(edited, s)} for s in _BUSES}
        buses["master"] = {edited.master.name: edited.master}
        return cls(edited, tuple(found), buses, tuple(warnings))

    def with_roles(self, heard: HeardSong) -> HeardSong:
        """The song with the roles that the session has, where none is given for this mix."""
        rows, tracks = list(heard.song.tracks), list(heard.tracks)
        for i, strip in enumerate(self.tracks):
            if strip is not None and strip.role != rows[i].role and rows[i].role_confidence < 1.0:
                rows[i] = rows[i].model_copy(update={"role": strip.role, "role_confidence": 1.0})
                tracks[i] = replace(tracks[i], role=strip.role)
        song = heard.song.model_copy(update={"tracks": tuple(rows)})
        return replace(heard, song=song, tracks=tuple(tracks))

    def units(self, console: Console, order: Sequence[int]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Which of the numbers that a network sets are held, and at what.

        A parameter that moves is told by its mean over the song, a processor that is locked and switched off
        by all its neutral values.

        Args:
            console: the console of the network.
            order: the tracks that it is handed, by their place here.

        Shape: section → (1, strips, driven) twice: whether held, and unit values.
        """
        strips: dict[str, list[StripSettings | None]] = {
            "tracks": [self.tracks[i] for i in order],
            "groups": [self.buses["groups"].get(name) for name in console.spec.group_names],
            "returns": [self.buses["returns"].get(name) for name in console.spec.return_names],
            "master": [self.session.master],
        }
        there = Console(self.session.console).layout
        locked, held = {}, {}
        for section in SECTIONS:
            layout = console.layout[section]
            values = layout.defaults().repeat(1, len(strips[section]), 1)
            holds = torch.zeros(values.shape, dtype=torch.bool)
            for i, strip in enumerate(strips[section]):
                for (name, parameter), value in self._sounding(strip, there[section]).items():
                    if name in layout.processors:
                        column = layout.index(name, parameter)
                        holds[0, i, column], values[0, i, column] = True, value
            locked[section], held[section] = holds[..., list(layout.driven)], layout.to_unit(values)
        return locked, held

    def _sounding(self, strip: StripSettings | None, layout: SectionLayout) -> dict[tuple[str, str], float]:
        """What is locked on a strip, as the number that is nearest to what is heard of it."""
        if strip is None:
            return {}
        seconds = self.session.num_samples / self.session.sample_rate
        return {
            (name, row.name): _heard(part, row, seconds, is_send=name.startswith(SEND))
            for name, part in full_strip(layout, strip).items()
            for row in layout.processors[name].table
            if row.name in part.locked or (part.locked and part.bypass)
        }

    def put_into(self, session: Session, decision: MixDecision) -> Kept:
        """Put everything that is held into what was decided.

        Args:
            session: as it was decided, on any console, tracks in the order in which they were heard.
            decision: what it was made from.
        """
        there, here = Console(self.session.console).layout, Console(session.console).layout
        tracks, lost = self._named(session)
        names = {"tracks": [track.name for track in tracks]}
        names |= {section: [bus.name for bus in session.strips_of(section)] for section in _BUSES}

        def held(section: str, ours: S, theirs: StripSettings | None) -> HeldStrip[S]:
            if theirs is None:
                return HeldStrip(ours, (), ())
            return hold(ours, theirs, here=here[section], there=there[section], names=names)

        strips = [held("tracks", track, strip) for track, strip in zip(tracks, self.tracks, strict=True)]
        buses = {
            section: {
                bus.name: held(section, bus, self.buses[section].get(bus.name))
                for bus in session.strips_of(section)
            }
            for section in _BUSES
        }
        master = held("master", session.master, self.session.master)
        for section in _BUSES:
            lost += self._without_a_bus(section, set(names[section]), there[section])
        for one in (*strips, *buses["groups"].values(), *buses["returns"].values(), master):
            lost += one.lost
        update: dict[str, Any] = {
            "name": self.session.name,
            "tempo_bpm": session.tempo_bpm or self.session.tempo_bpm,
            "sections": session.sections or self.session.sections,
            "tracks": [one.strip for one in strips],
            "master": master.strip,
        }
        update |= {section: [one.strip for one in buses[section].values()] for section in _BUSES}
        told = replace(
            decision,
            tracks=tuple(_told(d, one.told) for d, one in zip(decision.tracks, strips, strict=True)),
            groups={name: _told(decision.groups.get(name), b.told) for name, b in buses["groups"].items()},
            returns={name: _told(decision.returns.get(name), b.told) for name, b in buses["returns"].items()},
            master=_told(decision.master, master.told),
        )
        return Kept(session.model_copy(update=update), told, tuple(lost))

    def _named(self, session: Session) -> tuple[list[TrackSettings], list[str]]:
        """The tracks under their names and in their groups; a sentence for each group that is not here."""
        taken = {strip.name for strip in self.tracks if strip is not None}
        tracks, lost = [], []
        for track, strip in zip(session.tracks, self.tracks, strict=True):
            update: dict[str, Any] = {"name": track.file if track.name in taken else track.name}
            if strip is not None:
                update = {"name": strip.name}
                if strip.group in (None, *session.console.group_names) and self.session.console.group_names:
                    update["group"] = strip.group
                elif strip.group not in (None, group_of(strip.role)):  # a person chose it
                    lost.append(f"{strip.name}: this console has no group '{strip.group}' to send it to")
            tracks.append(track.model_copy(update=update))
        return tracks, lost

    def _without_a_bus(self, section: str, names: set[str], layout: SectionLayout) -> list[str]:
        """A sentence for each bus that is not here and on which something is held."""
        lost = []
        for name, bus in self.buses[section].items():
            if name not in names:
                every = {s: [strip.name for strip in self.session.strips_of(s)] for s in SECTIONS}
                bare = StripSettings(name=name)
                if words := hold(bare, bus, here=layout, there=layout, names=every).told:
                    kind = section.removesuffix("s")
                    held = f"so what was held on it is left out ({', '.join(words)})"
                    lost.append(f"this console has no {kind} '{name}', {held}")
        return lost


def _check_role(strip: TrackSettings, edited: Session) -> None:
    try:
        check_role(strip.role)
    except ValueError as error:
        raise ValueError(f"'{edited.name}', track '{strip.name}': {error}") from None


def _heard(part: ProcessorSettings, row: Parameter, seconds: float, *, is_send: bool) -> float:
    """One number for a parameter of a processor that has all its values named."""
    if part.bypass:
        return row.low if is_send else row.default
    if row.name not in part.curves:
        return part.values[row.name]
    times, values = torch.tensor(part.curves[row.name], dtype=torch.float64).mT.contiguous()
    return float(Curve(times, values[None, None]).mean(seconds, row))


def _told(decision: StripDecision | None, words: tuple[str, ...]) -> StripDecision:
    decision = decision or StripDecision({})
    if not words:
        return decision
    return replace(decision, reasons=(*decision.reasons, f"held as they were: {', '.join(words)}"))

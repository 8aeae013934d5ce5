"""What a person's session holds while an engineer decides the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import SECTIONS
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.mixing.hear import HeardSong

_S = TypeVar("_S", bound=StripSettings)


@dataclass(frozen=True)
class Held:
    """The strips of an edited session, in the order of the tracks that were heard.

    Args:
        tracks: the strip of each track; None where the session does not know it.
        buses: section → name → strip.
        warnings: a sentence for each track that one side does not know.
    """

    tracks: tuple[TrackSettings | None, ...]
    buses: Mapping[str, Mapping[str, StripSettings]]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, edited: Session, heard: HeardSong) -> "Held":
        """Find each track by what it sounds like, else by its file.

        Raises:
            ValueError: no track of the session is among the stems.
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
        new = [row.file for row, strip in zip(heard.song.tracks, found, strict=True) if strip is None]
        warnings = [f"{file} is not in the session, so nothing is held on it" for file in new]
        warnings += [f"the session's track '{track.name}' is not among the stems: left out" for track in left]
        buses = {s: {strip.name: strip for strip in getattr(edited, s)} for s in ("groups", "returns")}
        return cls(tuple(found), {**buses, "master": {"master": edited.master}}, tuple(warnings))

    def units(self, console: Console, order: Sequence[int]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Which of the numbers that a network sets are held, and at what.

        Args:
            console: the console of the network.
            order: the tracks that it is handed, by their place here.

        Shape: section → (1, strips, driven) twice: whether held, and unit values.
        """
        strips: dict[str, list[StripSettings | None]] = {
            "tracks": [self.tracks[i] for i in order],
            "groups": [self.buses["groups"].get(name) for name in console.spec.group_names],
            "returns": [self.buses["returns"].get(name) for name in console.spec.return_names],
            "master": [self.buses["master"]["master"]],
        }
        locked, held = {}, {}
        for section in SECTIONS:
            layout = console.layout[section]
            values = layout.defaults().repeat(1, len(strips[section]), 1)
            holds = torch.zeros(values.shape, dtype=torch.bool)
            for i, strip in enumerate(strips[section]):
                for name, part in (strip.processors if strip else {}).items():
                    for parameter in part.locked if name in layout.processors else ():
                        column = layout.index(name, parameter)
                        holds[0, i, column] = True
                        values[0, i, column] = part.values.get(parameter, values[0, i, column])
            locked[section], held[section] = holds[..., list(layout.driven)], layout.to_unit(values)
        return locked, held

    def put_into(self, session: Session) -> Session:
        """The session with everything that is held: numbers, curves, and the locks themselves."""
        tracks = [
            _with_locks(track, strip) if strip else track
            for track, strip in zip(session.tracks, self.tracks, strict=True)
        ]
        buses = {
            section: [_with_locks(s, self.buses[section].get(s.name, s)) for s in getattr(session, section)]
            for section in ("groups", "returns")
        }
        master = _with_locks(session.master, self.buses["master"]["master"])
        return session.model_copy(update={"tracks": tracks, **buses, "master": master})

    def told(self, decision: MixDecision) -> MixDecision:
        """The decision with a sentence for what was held on each strip."""
        tracks = tuple(
            _told(strip, held) if held else strip
            for strip, held in zip(decision.tracks, self.tracks, strict=True)
        )
        returns = {
            name: _told(strip, self.buses["returns"][name]) if name in self.buses["returns"] else strip
            for name, strip in decision.returns.items()
        }
        master = _told(decision.master, self.buses["master"]["master"])
        return replace(decision, tracks=tracks, returns=returns, master=master)


def _with_locks(strip: _S, held: StripSettings) -> _S:
    processors = dict(strip.processors)
    for name, theirs in held.processors.items():
        if not theirs.locked:
            continue
        ours = processors.get(name, ProcessorSettings())
        values = {key: theirs.values[key] for key in theirs.locked if key in theirs.values}
        curves = {key: theirs.curves[key] for key in theirs.locked if key in theirs.curves}
        processors[name] = ours.model_copy(
            update={
                "bypass": theirs.bypass,
                "key": theirs.key,
                "values": dict(ours.values) | values,
                "curves": dict(ours.curves) | curves,
                "locked": list(theirs.locked),
            }
        )
    return strip.model_copy(update={"processors": processors})


def _told(strip: StripDecision, held: StripSettings) -> StripDecision:
    names = [f"{name} {key}" for name, part in held.processors.items() for key in part.locked]
    if not names:
        return strip
    return replace(strip, reasons=(*strip.reasons, f"held as they were: {', '.join(names)}"))

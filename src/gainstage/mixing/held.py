"""What a person's session holds while an engineer decides the rest.

Locked values stand, with their curves, and so does all that no engineer decides and only a person can have
set: mutes, solo, polarity, delays, groups, pre-fader sends, keys, names of tracks, tempo and sections.
Numbers and automation without a lock are decided anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_words import processor_label
from gainstage.console.spec import SECTIONS
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.mixing.hear import HeardSong
from gainstage.mixing.held_strip import with_held

_SWITCHES = {
    "mute": "mute",
    "mute_curve": "automated mute",
    "solo": "solo",
    "inverted": "polarity",
    "delay_samples": "delay",
    "pre_fader_sends": "pre-fader sends",
}
_POINTS = 1000  # at which a curve is averaged
_S = TypeVar("_S", bound=StripSettings)


@dataclass(frozen=True)
class Held:
    """The strips of an edited session, in the order of the tracks that were heard.

    Args:
        session: the edited session.
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
        return cls(edited, tuple(found), {**buses, "master": {"master": edited.master}}, tuple(warnings))

    def units(self, console: Console, order: Sequence[int]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Which of the numbers that a network sets are held, and at what; of a curve its mean over the song.

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
                        values[0, i, column] = self._held_at(layout, column, part)
            locked[section], held[section] = holds[..., list(layout.driven)], layout.to_unit(values)
        return locked, held

    def put_into(self, session: Session) -> tuple[Session, list[str]]:
        """The session with everything that is held.

        Returns:
            The session, and a sentence for each thing that it has no place for.
        """
        lost: list[str] = []
        console = Console(session.console)
        tracks = [
            self._group(with_held(track, strip, console, "tracks", lost), strip, console) if strip else track
            for track, strip in zip(session.tracks, self.tracks, strict=True)
        ]
        made: dict[str, Any] = {"tracks": tracks}
        for section in ("groups", "returns"):
            theirs = dict(self.buses[section])
            made[section] = [
                with_held(bus, theirs.pop(bus.name, bus), console, section, lost)
                for bus in getattr(session, section)
            ]
            for strip in theirs.values():
                if any(part.locked for part in strip.processors.values()):
                    lost.append(f"{strip.name}: this console has no such bus; what is locked on it is lost")
        made["master"] = with_held(session.master, self.buses["master"]["master"], console, "master", lost)
        for name in ("tempo_bpm", "sections"):
            made[name] = getattr(session, name) or getattr(self.session, name)
        names = {held.name: now.name for held, now in zip(self.tracks, tracks, strict=True) if held}
        return _with_keys(session.model_copy(update=made), names, lost), lost

    def _group(self, track: TrackSettings, theirs: TrackSettings, console: Console) -> TrackSettings:
        """The track in the group where a person has put it, if both consoles know of it."""
        known = theirs.group is None or theirs.group in console.spec.group_names
        if not self.session.console.group_names or not known:
            return track
        return track.model_copy(update={"group": theirs.group})

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

    def _held_at(self, layout: SectionLayout, column: int, part: ProcessorSettings) -> float:
        """The number that a held parameter has, over the whole song."""
        row = layout.columns[column].parameter
        if row.name not in part.curves:
            return part.values.get(row.name, float(layout.defaults()[column]))
        times, values = torch.tensor(part.curves[row.name], dtype=torch.float64).T.contiguous()
        end = max(self.session.num_samples, 1) / self.session.sample_rate
        song = torch.linspace(0.0, end, _POINTS, dtype=torch.float64)
        moving = Curve(times, values[None, None]).at(song[None], row)
        return float(row.unstraighten(row.straighten(moving).mean()))


def _with_keys(session: Session, names: Mapping[str, str], lost: list[str]) -> Session:
    """The session with its keys by the names that tracks have now; those of tracks that are gone are lost."""
    there = {(section, strip.name) for _, section, strip in session.strips()}

    def kept(strip: _S) -> _S:
        processors = dict(strip.processors)
        for name, part in strip.processors.items():
            keys = []
            for key in part.key:
                now = names.get(key.strip, key.strip) if key.section == "tracks" else key.strip
                if (key.section, now) in there:
                    keys.append(key.model_copy(update={"strip": now}))
                else:
                    words = f"{strip.name}: its {processor_label(name)} listened to {key.strip}"
                    lost.append(f"{words}, which is not there any more")
            processors[name] = part.model_copy(update={"key": keys})
        return strip.model_copy(update={"processors": processors})

    strips = {s: [kept(strip) for strip in getattr(session, s)] for s in ("tracks", "groups", "returns")}
    return session.model_copy(update={**strips, "master": kept(session.master)})


def _told(strip: StripDecision, held: StripSettings) -> StripDecision:
    names = [f"{name} {key}" for name, part in held.processors.items() for key in part.locked]
    names += [f"key of {name}" for name, part in held.processors.items() if part.key and not part.locked]
    names += [words for field, words in _SWITCHES.items() if getattr(held, field, None)]
    if not names:
        return strip
    return replace(strip, reasons=(*strip.reasons, f"held as they were: {', '.join(names)}"))

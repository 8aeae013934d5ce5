"""What changed on one strip: its switches, and every setting of its processors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gainstage.console.compile import processor_settings
from gainstage.console.difference import Difference
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, StripSettings, TrackSettings
from gainstage.console.session_match import Match
from gainstage.console.session_words import (
    change,
    listening,
    movement,
    number,
    path_label,
    processor_label,
    switching,
)
from gainstage.processors import Parameter


@dataclass(frozen=True)
class StripPair:
    """A strip before and after."""

    section: str
    old: StripSettings
    new: StripSettings
    layouts: tuple[SectionLayout, SectionLayout]
    pairing: Match

    def differences(self) -> Iterator[Difference]:
        """All of them, switches first, then in the order of the processors."""
        yield from self._switches()
        own = {self.pairing.processor(name): name for name in self.layouts[0].processors}
        for name, processor in self.layouts[1].processors.items():
            former = own.get(name, name)
            if former in self.old.processors or name in self.new.processors:
                before = processor_settings(self.layouts[0], self.old, former)
                after = processor_settings(self.layouts[1], self.new, name)
                yield from self._processor(name, processor.table, before, after)

    def _differs(self, part: str, before: Any, after: Any, words: str, unit: str = "") -> Difference:
        place = f"{self.section} '{self.new.name}' · {part}"
        return Difference(place, before, after, unit, f"{self.new.name}: {words}")

    def _switches(self) -> Iterator[Difference]:
        old, new = self.old, self.new
        if old.name != new.name:
            yield self._differs("name", old.name, new.name, f"this was called {old.name}")
        for field, words in (("mute", "muted"), ("solo", "soloed"), ("inverted", "turned in polarity")):
            now = getattr(new, field)
            if getattr(old, field) != now:
                yield self._differs(field, not now, now, f"{'now' if now else 'no longer'} {words}")
        if old.mute_curve != new.mute_curve:
            words = f"its mute now switches {switching(new.mute_curve)}"
            if not new.mute_curve:
                words = "its mute no longer switches in time"
            yield self._differs("mute_curve", _listed(old.mute_curve), _listed(new.mute_curve), words)
        returns = {self.pairing.renamed.get(("returns", name), name) for name in old.pre_fader_sends}
        for name in sorted(returns ^ set(new.pre_fader_sends)):
            now = name in new.pre_fader_sends
            words = f"send to {name} now fed {'before' if now else 'behind'} the fader"
            yield self._differs(f"pre_fader_sends · {name}", not now, now, words)
        if isinstance(old, TrackSettings) and isinstance(new, TrackSettings):
            yield from self._track(old, new)

    def _track(self, old: TrackSettings, new: TrackSettings) -> Iterator[Difference]:
        group = self.pairing.renamed.get(("groups", old.group or ""), old.group)
        if group != new.group:
            words = f"feeds {_bus(group)} → {_bus(new.group)}"
            yield self._differs("group", group, new.group, words)
        if old.delay_samples != new.delay_samples:
            words = f"delay {old.delay_samples} → {new.delay_samples} samples"
            yield self._differs("delay_samples", old.delay_samples, new.delay_samples, words, "samples")
        for field in ("file", "role", "channels"):
            a, b = getattr(old, field), getattr(new, field)
            if a != b:
                yield self._differs(field, a, b, f"{field} {a} → {b}")
        if old.content_hash != new.content_hash:
            words = "its file holds another recording"
            yield self._differs("content_hash", old.content_hash, new.content_hash, words)

    def _processor(
        self, name: str, rows: tuple[Parameter, ...], old: ProcessorSettings, new: ProcessorSettings
    ) -> Iterator[Difference]:
        if old.bypass != new.bypass:
            words = f"{processor_label(name)} switched {'off' if new.bypass else 'on'}"
            yield self._differs(f"{name} · bypass", old.bypass, new.bypass, words)
        keys = self.pairing.keys(old.key)
        if sorted(map(repr, keys)) != sorted(map(repr, new.key)):
            words = f"{processor_label(name)} listens to {listening(keys)} → {listening(new.key)}"
            a, b = ([key.model_dump() for key in found] for found in (keys, new.key))
            yield self._differs(f"{name} · key", a, b, words)
        for row in rows:
            yield from self._parameter(name, row, path_label(name, row, rows), old, new)

    def _parameter(
        self, name: str, row: Parameter, words: str, old: ProcessorSettings, new: ProcessorSettings
    ) -> Iterator[Difference]:
        part = f"{name} · {row.name}"
        defaults = [
            layout.fixed.get(f"{self.section}.{name}.{row.name}", row.default) for layout in self.layouts
        ]
        a, b = old.values.get(row.name, defaults[0]), new.values.get(row.name, defaults[1])
        if a != b and (row.name in old.values or row.name in new.values):
            yield self._differs(part, a, b, f"{words} {change(row, a, b)}", row.unit)
        curves = old.curves.get(row.name, []), new.curves.get(row.name, [])
        if curves[0] != curves[1]:
            said = f"{words} now {movement(row, curves[1])}" if curves[1] else f"{words} moves no longer"
            if not curves[1]:
                said += f", it stands at {number(row, b)}"
            elif curves[0] and movement(row, curves[0]) == movement(row, curves[1]):
                said += ", by other breakpoints than before"
            yield self._differs(f"{part} · curve", _listed(curves[0]), _listed(curves[1]), said, row.unit)
        if (row.name in old.locked) != (row.name in new.locked):
            now = row.name in new.locked
            said = f"{words} is {'locked' if now else 'no longer locked'}"
            yield self._differs(f"{part} · locked", not now, now, said)


def _listed(curve: Sequence[tuple[float, Any]]) -> list[list[Any]] | None:
    return [list(point) for point in curve] or None


def _bus(group: str | None) -> str:
    return "the master" if group is None else f"the group {group}"

"""What a person's settings of one strip hold against those that an engineer has decided.

A lock holds its parameter: the number (where the session gives none, the console's default there) or the
curve, and whether the processor is switched off. What no engineer decides holds without a lock, or it would
be lost: mutes, solo, polarity, delay, pre-fader sends, keys, and the parameters that neither a network drives
nor a measurement sets (a saturation, a group's compressor). All else is decided anew; so is an automation
that is not locked, which is then said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gainstage.console.compile import full_strip, processor_settings
from gainstage.console.layout import SectionLayout
from gainstage.console.session import KeySource, ProcessorSettings, StripSettings, TrackSettings
from gainstage.console.session_words import SEND, label, listening, processor_label

S = TypeVar("S", bound=StripSettings)

_MEASURED = {("tracks", "trim"), ("master", "output_gain"), ("master", "limiter")}
_DELIVERED = {("master", "output_gain"): ("gain_db",), ("master", "limiter"): ("ceiling_db",)}


@dataclass(frozen=True)
class HeldStrip(Generic[S]):
    """A strip with what is held on it.

    Args:
        strip: the settings.
        told: what is held, a few words each.
        lost: what there is no place for, or what was decided anew although it moved; a sentence each.
    """

    strip: S
    told: tuple[str, ...]
    lost: tuple[str, ...]


def hold(
    ours: S,
    theirs: StripSettings,
    *,
    here: SectionLayout,
    there: SectionLayout,
    names: Mapping[str, Sequence[str]],
) -> HeldStrip[S]:
    """Put what a person holds on a strip into what an engineer decided for it.

    Args:
        ours: as it was decided.
        theirs: as the person has it.
        here, there: the section on our console and on theirs.
        names: section → the strips that a key may name here.
    """
    told, lost = _switches_in_words(theirs), []
    processors = dict(ours.processors)
    for name, part in theirs.processors.items():
        one = _Held.of(name, ours, theirs, here if name in here.processors else there, there)
        if name not in here.processors:
            if words := [*one.words, *([f"listens to {listening(part.key)}"] if part.key else [])]:
                held = f"so what was held of it is left out ({', '.join(words)})"
                lost.append(f"{theirs.name}: this console has no {processor_label(name)}, {held}")
            continue
        keys = [key for key in part.key if names.get(key.section, ()).count(key.strip) == 1]
        lost += [_lost_key(theirs.name, name, key) for key in part.key if key not in keys]
        lost += [f"{theirs.name}: {sentence}" for sentence in one.given_up(here)]
        told += [*one.words, *([f"{processor_label(name)} listens to {listening(keys)}"] if keys else [])]
        if one.words or keys:
            processors[name] = one.settings(processor_settings(here, ours, name), keys)
    sends = [name for name in theirs.pre_fader_sends if SEND + name in here.processors]
    lost += [
        f"{theirs.name}: this console sends nothing to '{name}' here, so its pre-fader send is left out"
        for name in theirs.pre_fader_sends
        if name not in sends
    ]
    update: dict[str, Any] = {"processors": processors, "pre_fader_sends": sends}
    update |= {key: getattr(theirs, key) for key in ("mute", "mute_curve", "solo", "inverted")}
    if isinstance(theirs, TrackSettings):
        update["delay_samples"] = theirs.delay_samples
    return HeldStrip(ours.model_copy(update=update), tuple(told), tuple(lost))


@dataclass(frozen=True)
class _Held:
    """One processor of a strip: what is locked on it, and what else no engineer decides."""

    name: str
    theirs: ProcessorSettings
    values: Mapping[str, float]  # every parameter, as it stands there
    locked: tuple[str, ...]
    own: tuple[str, ...]
    is_own: bool  # all of it: its switch too …
    is_switched: bool  # … which stands otherwise than on a strip that nobody touched
    delivered: tuple[str, ...]  # locked, but set by the delivery

    @classmethod
    def of(
        cls, name: str, ours: StripSettings, theirs: StripSettings, here: SectionLayout, there: SectionLayout
    ) -> "_Held":
        part, full = theirs.processors[name], full_strip(there, theirs)[name]
        delivered = _DELIVERED.get((here.section, name), ())
        driven = {here.columns[i].parameter.name for i in here.driven if here.columns[i].processor == name}
        untouched = full_strip(here, StripSettings(name=theirs.name))[name]
        is_measured = (here.section, name) in _MEASURED
        decided = ours.processors[name].values if name in ours.processors else {}
        own = [
            key
            for key in full.values
            if not is_measured and key not in driven and key not in decided and key not in part.locked
            if key in part.curves or full.values[key] != untouched.values[key]
        ]
        return cls(
            name,
            part,
            full.values,
            tuple(key for key in part.locked if key not in delivered),
            tuple(own),
            not driven and not is_measured,
            not driven and not is_measured and part.bypass != untouched.bypass,
            tuple(key for key in part.locked if key in delivered),
        )

    @property
    def words(self) -> list[str]:
        """What is held: locked parameters one by one, else the processor."""
        if self.locked:
            return [f"{self.name} {key}" for key in self.locked]
        off = " off" if self.theirs.bypass else ""
        return [processor_label(self.name) + off] if self.own or self.is_switched else []

    def given_up(self, here: SectionLayout) -> list[str]:
        """What does not hold, in sentences without the strip's name."""
        rows = {row.name: row for row in here.processors[self.name].table}
        spoken = processor_label(self.name)
        lost = [
            f"the lock on {spoken} {label(rows[key])} does not hold, since the loudness asked for sets it"
            for key in self.delivered
        ]
        kept = {*self.locked, *self.own, *self.delivered}
        return lost + [
            f"the automation of {spoken} {label(rows[key])} is not locked, so it was decided anew"
            for key in self.theirs.curves
            if key not in kept
        ]

    def settings(self, ours: ProcessorSettings, keys: list[KeySource]) -> ProcessorSettings:
        held = (*self.locked, *self.own)
        curves = {key: curve for key, curve in ours.curves.items() if key not in held}
        return ProcessorSettings(
            bypass=self.theirs.bypass if self.locked or self.is_own else ours.bypass,
            key=keys,
            values=ours.values | {key: self.values[key] for key in held},
            curves=curves | {key: self.theirs.curves[key] for key in held if key in self.theirs.curves},
            locked=list(self.locked),
        )


def _switches_in_words(strip: StripSettings) -> list[str]:
    words = ["muted"] if strip.mute else []
    words += ["automated mute"] if strip.mute_curve else []
    words += ["solo"] if strip.solo else []
    words += ["polarity"] if strip.inverted else []
    if isinstance(strip, TrackSettings) and strip.delay_samples:
        words.append(f"delay of {strip.delay_samples} samples")
    return words + [f"pre-fader send to {name}" for name in strip.pre_fader_sends]


def _lost_key(strip: str, processor: str, key: KeySource) -> str:
    kind = key.section.removesuffix("s")
    listener = f"{strip}: the {processor_label(processor)}"
    return f"{listener} listened to the {kind} '{key.strip}', which is not here, and no longer does"

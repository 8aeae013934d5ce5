"""A session between two sessions."""

from dataclasses import dataclass
from typing import Any

from gainstage.console.compile import processor_settings
from gainstage.console.console import Console
from gainstage.console.console_diff import console_differences
from gainstage.console.layout import SectionLayout
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_match import match
from gainstage.console.session_words import SEND
from gainstage.console.spec import SECTIONS
from gainstage.console.value_blend import between, blended
from gainstage.processors import Parameter, Scale


def interpolate(a: Session, b: Session, amount: float) -> Session:
    """The session at `amount` of the way from a to b; 0 is a, 1 is b.

    Numbers and curves go on the scale of their parameter, faders and sends that are off on one side in
    amplitude. Switches (mute, solo, polarity), groups, keys, locks, names and seeds are those of the nearer
    session. A processor that is off in one session only is on in between and comes in from neutral: how much
    it does is faded, and where and how fast it does it (Hz, Q, ms) is as where it is on. (A limiter on its
    way in holds 0 dBTP from the first.)

    Args:
        a, b: two sessions of the same tracks on the same console.
        amount: 0 … 1.

    Raises:
        ValueError: the sessions do not fit together, or the amount lies outside 0 … 1.
    """
    if not 0.0 <= amount <= 1.0:
        raise ValueError(
            f"amount is {amount:g}; give a number between 0 (the first session) and 1 (the second)"
        )
    pairs = _checked_pairs(a, b)
    if amount in (0.0, 1.0):
        return a if amount == 0.0 else b
    near, console = (a if amount < 0.5 else b), Console(a.console)
    made: dict[str, Any] = {}
    for section in SECTIONS:
        old, new = a.strips_of(section), b.strips_of(section)
        found = {
            (i if near is a else j): _Blend(section, console.layout[section], amount).strip(old[i], new[j])
            for i, j in pairs[section]
        }
        in_order = [found[i] for i in sorted(found)]
        made[section] = in_order[0] if section == "master" else in_order
    lengths = {name: max(getattr(a, name), getattr(b, name)) for name in ("num_samples", "tail_samples")}
    between = {"between": [a.name, b.name], "amount": amount}
    return near.model_copy(update=made | lengths | {"provenance": near.provenance | between})


def neutral_of(session: Session) -> Session:
    """The same tracks on the same console with nothing set: the plain sum, as one end of `interpolate`."""
    bare = {
        "mute": False,
        "mute_curve": [],
        "solo": False,
        "inverted": False,
        "pre_fader_sends": [],
        "processors": {},
    }
    return session.model_copy(
        update={
            "tracks": [t.model_copy(update=bare | {"delay_samples": 0}) for t in session.tracks],
            "groups": [bus.model_copy(update=bare) for bus in session.groups],
            "returns": [bus.model_copy(update=bare) for bus in session.returns],
            "master": session.master.model_copy(update=bare),
            "provenance": {"engineer": "neutral"},
        }
    )


def _checked_pairs(a: Session, b: Session) -> dict[str, list[tuple[int, int]]]:
    """Which strips belong together.

    Raises:
        ValueError: a strip has no partner, or the consoles, sample rates or recordings differ.
    """
    fixed: dict[str, list[str]] = {
        "not_driven": [],
        "group_names": [],
        "return_names": [],
    }  # no matter here, or told below
    consoles = a.console.model_copy(update=fixed), b.console.model_copy(update=fixed)
    if others := next(console_differences(*consoles), None):
        raise ValueError(
            f"the sessions have different consoles ({others.sentence}); mix again on one of them"
        )
    rates = a.sample_rate, b.sample_rate
    if rates[0] != rates[1]:
        raise ValueError(f"the sessions have different sample rates, {rates[0]} and {rates[1]} Hz")
    for kind in ("group_names", "return_names"):
        buses = getattr(a.console, kind), getattr(b.console, kind)
        if buses[0] != buses[1]:
            raise ValueError(f"the sessions have different buses: {kind} are {buses[0]} and {buses[1]}")
    found = match(a, b)
    for side, session, alone in (("first", a, found.removed), ("second", b, found.added)):
        for i in alone["tracks"]:
            raise ValueError(f"only the {side} session has the track '{session.tracks[i].name}'")
    for i, j in found.pairs["tracks"]:
        hashes = a.tracks[i].content_hash, b.tracks[j].content_hash
        if all(hashes) and hashes[0] != hashes[1]:
            raise ValueError(f"the sessions were made with different recordings of '{b.tracks[j].file}'")
    return found.pairs


@dataclass(frozen=True)
class _Blend:
    """What the strips of one section come to between two sessions."""

    section: str
    layout: SectionLayout
    amount: float

    def strip(self, a: StripSettings, b: StripSettings) -> StripSettings:
        near = a if self.amount < 0.5 else b
        named = [n for n in self.layout.processors if n in a.processors or n in b.processors]
        update: dict[str, Any] = {
            "processors": {
                n: self._processor(n, *(processor_settings(self.layout, side, n) for side in (a, b)))
                for n in named
            }
        }
        if isinstance(a, TrackSettings) and isinstance(b, TrackSettings):
            samples = a.delay_samples + self.amount * (b.delay_samples - a.delay_samples)
            update["delay_samples"] = round(samples)
        return near.model_copy(update=update)

    def _processor(self, name: str, a: ProcessorSettings, b: ProcessorSettings) -> ProcessorSettings:
        near = a if self.amount < 0.5 else b
        if a.bypass and not b.bypass:
            a, near = self._coming_in(name, b), b
        elif b.bypass and not a.bypass:
            b, near = self._coming_in(name, a), a
        values, curves = {}, {}
        for row in self.layout.processors[name].table:
            numbers = self._value(name, row, a), self._value(name, row, b)
            moving = a.curves.get(row.name), b.curves.get(row.name)
            if row.name in a.values or row.name in b.values:
                values[row.name] = between(row, *numbers, self.amount)
            if moving[0] or moving[1]:
                curves[row.name] = blended(row, moving[0] or numbers[0], moving[1] or numbers[1], self.amount)
        return near.model_copy(update={"values": values, "curves": curves})

    def _coming_in(self, name: str, on: ProcessorSettings) -> ProcessorSettings:
        """A processor that does nothing yet, but at the frequencies and with the times that it will have."""
        rows = self.layout.processors[name].table
        if name.startswith(SEND):
            return ProcessorSettings(values={row.name: row.low for row in rows})
        values = {row.name: row.default for row in rows}  # not what the console fixes, which does something
        logs = [row.name for row in rows if row.scale is Scale.LOG]
        curves = {key: on.curves[key] for key in logs if key in on.curves}
        return ProcessorSettings(
            values=values | {key: on.values[key] for key in logs if key in on.values}, curves=curves
        )

    def _value(self, name: str, row: Parameter, settings: ProcessorSettings) -> float:
        return settings.values.get(row.name, self._default(name, row))

    def _default(self, name: str, row: Parameter) -> float:
        return self.layout.fixed.get(f"{self.section}.{name}.{row.name}", row.default)

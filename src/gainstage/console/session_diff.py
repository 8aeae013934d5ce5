"""What changed between two sessions, in words and as data."""

from collections.abc import Iterator, Sequence

from gainstage.console.console import Console
from gainstage.console.console_diff import console_differences
from gainstage.console.difference import Difference, plain
from gainstage.console.session import Session, StripSettings
from gainstage.console.session_match import Match, match
from gainstage.console.spec import SECTIONS
from gainstage.console.strip_diff import StripPair

_SONG = ("name", "sample_rate", "num_samples", "tail_samples", "tempo_bpm", "sections", "conventions")
_UNITS = {"sample_rate": "Hz", "num_samples": "samples", "tail_samples": "samples", "tempo_bpm": "BPM"}


def differences(before: Session, after: Session, *, provenance: bool = False) -> list[Difference]:
    """What changed from one session to another; empty where both render alike and say the same.

    What a session does not name counts as its neutral value, so naming it with that value is no difference.
    A track or bus that was renamed is followed: what refers to it by name has not changed.

    Args:
        before, after: any two sessions, also of other songs or consoles.
        provenance: also compare where they come from, which never influences a render.
    """
    pairing = match(before, after)
    found = list(_of_the_song(before, after, provenance=provenance))
    found += console_differences(before.console, after.console)
    consoles = Console(before.console), Console(after.console)
    for section in SECTIONS:
        old, new = before.strips_of(section), after.strips_of(section)
        found += _of_the_list(section, old, new, pairing)
        layouts = consoles[0].layout[section], consoles[1].layout[section]
        for a, b in pairing.pairs[section]:
            found += StripPair(section, old[a], new[b], layouts, pairing).differences()
    return found


def _of_the_song(before: Session, after: Session, *, provenance: bool) -> Iterator[Difference]:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    for name in _SONG:
        if old[name] != new[name]:
            unit, words = _UNITS.get(name, ""), name.replace("_", " ")
            if isinstance(old[name], list | dict):
                sentence = f"song: its {words} are others"
            else:
                sentence = f"song: {words} {plain(old[name])} → {plain(new[name])} {unit}".rstrip()
            yield Difference(f"song · {name}", old[name], new[name], unit, sentence)
    for name in ("seeds", "provenance") if provenance else ("seeds",):
        for key in sorted(old[name].keys() | new[name].keys()):
            a, b = old[name].get(key), new[name].get(key)
            if a != b:
                yield Difference(f"{name} · {key}", a, b, "", f"{name}: {key} {plain(a)} → {plain(b)}")


def _of_the_list(
    section: str, old: Sequence[StripSettings], new: Sequence[StripSettings], pairing: Match
) -> Iterator[Difference]:
    """Strips that came, went or changed places."""
    kind = section.removesuffix("s")
    for i in pairing.removed[section]:
        sentence = f"{old[i].name}: this {kind} is gone"
        yield Difference(f"{section} '{old[i].name}'", old[i].name, None, "", sentence)
    for i in pairing.added[section]:
        sentence = f"{new[i].name}: this {kind} is new"
        yield Difference(f"{section} '{new[i].name}'", None, new[i].name, "", sentence)
    pairs = pairing.pairs[section]
    if [a for a, _ in pairs] != sorted(a for a, _ in pairs):
        orders = [old[a].name for a, _ in sorted(pairs)], [new[b].name for _, b in pairs]
        yield Difference(f"{section} · order", *orders, "", f"the {section} stand in another order")

"""Which strip of one session is which of another: tracks by what they hold, buses by what they are called."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gainstage.console.session import KeySource, Session, StripSettings
from gainstage.console.session_words import SEND
from gainstage.console.spec import SECTIONS

S = TypeVar("S", bound=StripSettings)


@dataclass(frozen=True)
class Match:
    """The strips of two sessions beside each other.

    Args:
        pairs: section → places in the first and in the second session, in the order of the second.
        removed, added: section → places of strips that only the first, only the second has.
        renamed: (section, name in the first) → name in the second, of all strips that have a partner.
    """

    pairs: dict[str, list[tuple[int, int]]]
    removed: dict[str, list[int]]
    added: dict[str, list[int]]
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)

    def processor(self, name: str) -> str:
        """A processor of the first session as the second calls it: sends go by the name of their return."""
        if not name.startswith(SEND):
            return name
        bus = name.removeprefix(SEND)
        return SEND + self.renamed.get(("returns", bus), bus)

    def keys(self, keys: Sequence[KeySource]) -> list[KeySource]:
        """Keys of the first session as the second calls them."""
        return [
            key.model_copy(update={"strip": self.renamed.get((key.section, key.strip), key.strip)})
            for key in keys
        ]


def match(before: Session, after: Session) -> Match:
    """Pair the strips of two sessions.

    Tracks go together that hold the same recording (by content hash), else the same file, else that have the
    same name; buses by name. A bus of another name is the same one if it is the only one left on both sides
    and set alike.
    """
    pairs: dict[str, list[tuple[int, int]]] = {"master": [(0, 0)]}
    tracks = _Pairing(before.tracks, after.tracks)
    tracks.by(lambda t: t.content_hash and (t.content_hash, t.file, t.name))
    tracks.by(lambda t: t.content_hash and (t.content_hash, t.file))
    tracks.by(lambda t: t.content_hash)
    tracks.by(lambda t: t.file)
    tracks.by(lambda t: t.name)
    pairs["tracks"] = tracks.pairs
    for section in ("groups", "returns"):
        buses = _Pairing(before.strips_of(section), after.strips_of(section))
        buses.by(lambda bus: bus.name)
        if len(buses.left) == len(buses.right) == 1:
            buses.by(_settings)
        pairs[section] = buses.pairs
    sizes = {s: (len(before.strips_of(s)), len(after.strips_of(s))) for s in SECTIONS}
    removed = {s: [i for i in range(n) if i not in {a for a, _ in pairs[s]}] for s, (n, _) in sizes.items()}
    added = {s: [i for i in range(n) if i not in {b for _, b in pairs[s]}] for s, (_, n) in sizes.items()}
    renamed = {
        (section, before.strips_of(section)[a].name): after.strips_of(section)[b].name
        for section in ("tracks", "groups", "returns")
        for a, b in pairs[section]
    }
    in_order = {section: sorted(found, key=lambda pair: pair[1]) for section, found in pairs.items()}
    return Match(in_order, removed, added, renamed)


def _settings(bus: StripSettings) -> str:
    """How a bus is set, names apart: its own, and those of the returns that it feeds."""
    own = {name: part for name, part in bus.processors.items() if not name.startswith(SEND)}
    return repr(bus.model_copy(update={"name": "", "processors": own, "pre_fader_sends": []}))


class _Pairing(Generic[S]):
    """Two lists of strips whose members are taken out as they find each other."""

    def __init__(self, before: Sequence[S], after: Sequence[S]) -> None:
        self.left, self.right = dict(enumerate(before)), dict(enumerate(after))
        self.pairs: list[tuple[int, int]] = []

    def by(self, key: Callable[[S], Hashable]) -> None:
        """Pair those whose key is on both sides equally often, in their order; an empty key is none."""
        left, right = self._places(self.left, key), self._places(self.right, key)
        for name, places in left.items():
            if name and len(places) == len(right.get(name, ())):
                for a, b in zip(places, right[name], strict=True):
                    self.pairs.append((a, b))
                    del self.left[a], self.right[b]

    @staticmethod
    def _places(strips: dict[int, S], key: Callable[[S], Hashable]) -> dict[Hashable, list[int]]:
        places: dict[Hashable, list[int]] = {}
        for i, strip in strips.items():
            places.setdefault(key(strip), []).append(i)
        return places

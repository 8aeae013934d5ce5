"""The plan of a song: how long, how fast, in which key, which section when, and which chord."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.streams import between, happens, stream
from gainstage.data.synthetic.theory import Chord, Key, progression, tonic_chord

GENRES = ("pop", "rock", "hip-hop", "electronic", "orchestral")
MIN_SECONDS = 4.0
_RING_S = (0.3, 1.3)  # what the last chord is left to ring

_TEMPO_BPM = {
    "pop": (82.0, 132.0),
    "rock": (92.0, 172.0),
    "hip-hop": (68.0, 102.0),
    "electronic": (108.0, 142.0),
    "orchestral": (58.0, 118.0),
}
_ENERGY = {"intro": 0.35, "verse": 0.6, "chorus": 1.0, "bridge": 0.45, "outro": 0.4}


@dataclass(frozen=True)
class Section:
    """Some bars of one character; energy (0 … 1) says how many play, how busily and how hard."""

    name: str
    first_bar: int
    num_bars: int
    energy: float

    @property
    def bars(self) -> range:
        """The bars of the section, counted from the song's first."""
        return range(self.first_bar, self.first_bar + self.num_bars)


@dataclass(frozen=True)
class Span:
    """A chord and the time it holds, in beats from the song's start."""

    start: float
    length: float
    chord: Chord


@dataclass(frozen=True)
class Plan:
    """All that the parts of a song share."""

    seed: int
    genre: str
    seconds: float
    tempo_bpm: float
    key: Key
    swing: float
    swing_unit: float
    beats_per_bar: int
    sections: tuple[Section, ...]
    chords: tuple[tuple[Chord, ...], ...]

    @property
    def num_bars(self) -> int:
        """Bars before the last chord."""
        return len(self.chords)

    @property
    def end_beat(self) -> float:
        """Where the last chord is struck."""
        return float(self.num_bars * self.beats_per_bar)

    @property
    def ring_beats(self) -> float:
        """How long the last chord may ring."""
        return max(self.seconds * self.tempo_bpm / 60.0 - self.end_beat, 0.5)

    def spans(self, section: Section) -> Iterator[Span]:
        """The chords of a section in time."""
        for bar in section.bars:
            chords = self.chords[bar]
            length = self.beats_per_bar / len(chords)
            for index, chord in enumerate(chords):
                yield Span(bar * self.beats_per_bar + index * length, length, chord)

    def chord_at(self, beat: float) -> Chord:
        """The chord that sounds at a beat; the tonic after the last bar."""
        bar, within = divmod(beat, self.beats_per_bar)
        if bar >= self.num_bars:
            return tonic_chord(self.key)
        chords = self.chords[int(bar)]
        return chords[int(within * len(chords) / self.beats_per_bar)]


def plan_song(seed: int, *, seconds: float, genre: str | None) -> Plan:
    """Draw a plan; the tempo gives way a little, so that whole bars and the last chord fill the time."""
    rng = stream(seed, "plan")
    drawn = GENRES[int(rng.choice(len(GENRES), p=(0.25, 0.25, 0.2, 0.2, 0.1)))]
    genre = genre or drawn
    beats_per_bar = 3 if happens(rng, {"orchestral": 0.3, "rock": 0.07, "pop": 0.07}.get(genre, 0.0)) else 4
    tempo = between(rng, *_TEMPO_BPM[genre])
    ring_s = min(float(rng.uniform(*_RING_S)), 0.15 * seconds)
    bars = max(2, round((seconds - ring_s) * tempo / 60.0 / beats_per_bar))
    tempo = bars * beats_per_bar * 60.0 / (seconds - ring_s)
    key = Key(int(rng.integers(12)), str(rng.choice(_modes(genre))))
    swing, swing_unit = _swing(genre, rng)
    sections = _sections(bars, rng)
    return Plan(
        seed,
        genre,
        seconds,
        tempo,
        key,
        swing,
        swing_unit,
        beats_per_bar,
        sections,
        _chords(genre, key, sections, rng),
    )


def _modes(genre: str) -> Sequence[str]:
    return {
        "pop": ("major", "major", "minor"),
        "rock": ("minor", "mixolydian", "major"),
        "hip-hop": ("minor", "minor", "dorian"),
        "electronic": ("minor", "minor", "major", "dorian"),
    }.get(genre, ("minor", "major"))


def _swing(genre: str, rng: Generator) -> tuple[float, float]:
    """Share of a pair that its first note takes (.5 straight, .667 triplets), and the length of a note."""
    if genre == "orchestral":
        return 0.5, 0.5
    is_swung = happens(rng, 0.5 if genre == "hip-hop" else 0.25)
    swing = float(rng.uniform(0.53, 0.667)) if is_swung else 0.5
    return swing, 0.25 if genre in ("hip-hop", "electronic") else 0.5


def _sections(bars: int, rng: Generator) -> tuple[Section, ...]:
    intro = int(np.select([bars >= 32, bars >= 14, bars >= 9], [4, 2, 1], 0))
    outro = 4 if bars >= 48 else 0
    body = bars - intro - outro
    pairs = max(1, round(body / 16))
    names = ["verse", "chorus"] * pairs
    if pairs >= 3:
        names.insert(-1, "bridge")
    edges = np.round(np.linspace(0.0, body / 2.0, len(names) + 1)) * 2.0 if body >= 8 * pairs else None
    if edges is None:
        edges = np.ceil(np.linspace(0.0, body, len(names) + 1) - 1e-9)
    lengths = [intro, *np.diff(edges).astype(int).tolist(), outro]
    lengths[-2] += body - int(edges[-1])  # an odd bar goes to the last chorus
    sections, first = [], 0
    for name, length in zip(["intro", *names, "outro"], lengths, strict=True):
        if length > 0:
            energy = float(np.clip(_ENERGY[name] + rng.normal(0.0, 0.06), 0.2, 1.0))
            sections.append(Section(name, first, length, 1.0 if name == "chorus" else energy))
            first += length
    return tuple(sections)


def _chords(
    genre: str, key: Key, sections: tuple[Section, ...], rng: Generator
) -> tuple[tuple[Chord, ...], ...]:
    seventh = {"hip-hop": 0.7, "pop": 0.25, "electronic": 0.2}.get(genre, 0.1)
    by_name = {name: progression(key, rng, seventh_chance=seventh) for name in _ENERGY}
    by_name["intro"] = by_name["outro"] = by_name["verse"]
    is_fast = happens(rng, 0.2)  # two chords in a bar
    chords: list[tuple[Chord, ...]] = []
    for section in sections:
        cycle = by_name[section.name]
        for bar in range(section.num_bars):
            pair = cycle[(2 * bar) % 4], cycle[(2 * bar + 1) % 4]
            chords.append(pair if is_fast else (cycle[bar % 4],))
    return tuple(chords)

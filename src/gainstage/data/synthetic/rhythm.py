"""What drummers play: grooves by genre, hats, fills at the ends of sections, percussion.

A groove is a bar of sixteenth notes: X an accent, x a stroke, o a ghost stroke, a dot a rest. A bar in three
uses the first twelve. For drums the pitch of a note is the number of the stroke (hats: 0 closed, 1 open).
"""

from collections.abc import Iterator, Sequence

from numpy.random import Generator

from gainstage.data.synthetic.form import Plan, Section
from gainstage.data.synthetic.score import Written
from gainstage.data.synthetic.streams import happens, pair_of

_LEVEL = {"X": 1.0, "x": 0.8, "o": 0.35}

_KICK = {
    "pop": (
        "X.......X.x.....",
        "X.....x.X.......",
        "X...X...X...X...",
        "X..x......x.x...",
        "X.....x...x.....",
    ),
    "rock": (
        "X.......X.x.....",
        "X.x.....X.x.....",
        "X.....x.X.x...x.",
        "X...x...X...x...",
        "X.x...x.x.x...x.",
    ),
    "hip-hop": (
        "X......x..x.....",
        "X.....x...X..x..",
        "X..x......x...x.",
        "X.......x.x.....",
        "X..x..x...x.....",
    ),
    "electronic": ("X...X...X...X...", "X...X...X...X.x.", "X.....x.....x...", "X..x....X.x....."),
    "orchestral": ("X...............", "X.......x.......", "X.......X...x.x.", "X.....x.X......."),
}
_SNARE = {
    "pop": ("....X.......X...", "....X.......X..o", "....X..o.o..X...", "........X......."),
    "rock": ("....X.......X...", "....X..o.o..X..o", "....X.......X.x.", "..o.X..o.o..X..."),
    "hip-hop": ("....X.......X...", "....X.......X..o", "........X.......", "....X..o....X.o."),
    "electronic": ("....X.......X...", "....X.......X..x", "........X......."),
    "orchestral": ("X..xx.x.X..xx.x.", "....x.......x.xx", "X.oox.ooX.oox.oo", "X..............."),
}
_HAT = {
    "pop": ("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo", "x...x...x...x...", "x.xox.x.x.xox.x."),
    "rock": ("X.x.X.x.X.x.X.x.", "x...x...x...x...", "x.x.x.x.x.x.x.x.", "XoxoXoxoXoxoXoxo"),
    "hip-hop": ("x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "x.xxx.x.x.xxx.xx", "x..xx..xx..xx.x."),
    "electronic": ("..X...X...X...X.", "x.X.x.X.x.X.x.X.", "oxXxoxXxoxXxoxXx", "..X...X...X..xX."),
    "orchestral": ("x...x...x...x...", "x.......x......."),
}
_PERCUSSION = (
    "x.o.X.o.x.o.X.o.",
    "xoXoxoXoxoXoxoXo",
    "....X.......X...",
    "x..x..x...x.x...",
    "..x..x....x..x..",
    "X.....x...x.....",
    "x...x..x..x.x...",
)
_FILL = (
    "............xxxx",
    "........x.x.xxxX",
    "......x...x.x.X.",
    "........xxx.xxxX",
    "x.xxx.xxx.xxx.xX",
    "..........x..xX.",
)


def kick(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """The kick: a groove for quiet sections, another for loud ones, and the last downbeat."""
    written = _groove(plan, playing, rng, _KICK[plan.genre], busy=0.07)
    return [*written, (plan.end_beat, 1.0, 0.0, 1.0)]


def snare(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """The snare or clap: backbeat, ghost strokes, and a part in the fills."""
    written = _groove(plan, playing, rng, _SNARE[plan.genre], busy=0.04)
    if happens(rng, 0.5):
        written += list(_fills(plan, playing, rng, strokes=(0.0,), chance=0.5))
    return written


def hats(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Closed hats with open ones at the end of bars, and rolls where the genre has them."""
    written = _groove(plan, playing, rng, _HAT[plan.genre], busy=0.03)
    opens = 14.0 / 4.0 if happens(rng, 0.6) else 2.0 / 4.0
    open_chance = float(rng.choice((0.0, 0.0, 0.15, 0.4)))
    rolls = 0.35 if plan.genre == "hip-hop" else 0.0
    played: Written = []
    for onset, length, _, velocity in written:
        is_open = abs(onset % plan.beats_per_bar - opens) < 0.01 and happens(rng, open_chance)
        played.append((onset, length, float(is_open), velocity))
        if happens(rng, rolls * 0.25):
            step = 1.0 / float(rng.choice((6.0, 8.0, 12.0)))
            played += [(onset + k * step, step, 0.0, velocity * (0.5 + 0.1 * k)) for k in range(1, 4)]
    return played


def open_hats(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Open hats alone, off the beat: a track of its own in electronic music."""
    written = _groove(
        plan, playing, rng, ("..X...X...X...X.", "......X.......X.", "..x...x...x...X."), busy=0.0
    )
    return [(onset, length, 1.0, velocity) for onset, length, _, velocity in written]


def toms(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Fills down the toms where sections end; with some drummers a tom groove as well."""
    written = list(_fills(plan, playing, rng, strokes=(0.0, 1.0, 2.0), chance=1.0))
    if happens(rng, 0.25):
        groove = _groove(plan, playing, rng, ("x..x..x.x..x..x.", "X.....x...x.x..."), busy=0.05)
        written += [(onset, length, float(rng.integers(1, 3)), 0.7 * v) for onset, length, _, v in groove]
    return written


def cymbals(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """A crash where a section starts, a ride through the loud ones if the drummer likes it."""
    written: Written = [(float(s.first_bar * plan.beats_per_bar), 4.0, 0.0, s.energy) for s in playing]
    if happens(rng, 0.6):
        loud = [s for s in playing if s.energy > 0.8]
        ride = _groove(plan, loud, rng, ("x...x...x...x...", "x.o.x.o.x.o.x.o."), busy=0.0)
        written += [(onset + 1e-3, length, 1.0, 0.6 * velocity) for onset, length, _, velocity in ride]
    return [*written, (plan.end_beat, 4.0, 0.0, 1.0)]


def percussion(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """A pattern of its own: shaker, tambourine, congas, wood; the stroke alternates between two sounds."""
    written = _groove(plan, playing, rng, _PERCUSSION, busy=0.05)
    return [(onset, length, float(rng.integers(2)), velocity) for onset, length, _, velocity in written]


def timpani(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Strokes on the root at the heads of bars, rolls into the next section."""
    written: Written = []
    for section in playing:
        for span in plan.spans(section):
            if happens(rng, 0.4 + 0.5 * section.energy):
                written.append((span.start, span.length, 36.0 + (span.chord.root - 36) % 12, section.energy))
        last = (section.bars[-1] + 1) * plan.beats_per_bar
        if happens(rng, 0.5):
            root = 36.0 + (plan.chord_at(last).root - 36) % 12
            written += [(last - 1.0 + k / 8.0, 0.125, root, 0.3 + 0.06 * k) for k in range(8)]
    return [*written, (plan.end_beat, 2.0, 36.0 + plan.key.tonic, 1.0)]


def _groove(
    plan: Plan, playing: Sequence[Section], rng: Generator, patterns: Sequence[str], *, busy: float
) -> Written:
    quiet, loud = pair_of(rng, patterns)
    steps = 4 * plan.beats_per_bar
    written: Written = []
    for section in playing:
        pattern = loud if section.energy > 0.8 else quiet
        for bar in section.bars:
            for step, sign in enumerate(pattern[:steps]):
                extra = sign == "." and happens(rng, busy * section.energy)
                if sign != "." or extra:
                    level = _LEVEL.get(sign, 0.5)
                    written.append((bar * plan.beats_per_bar + step / 4.0, 0.25, 0.0, level))
    return written


def _fills(
    plan: Plan, playing: Sequence[Section], rng: Generator, *, strokes: Sequence[float], chance: float
) -> Iterator[tuple[float, float, float, float]]:
    for section in playing:
        if not happens(rng, chance):
            continue
        pattern = _FILL[int(rng.integers(len(_FILL)))]
        start = section.bars[-1] * plan.beats_per_bar - (4 - plan.beats_per_bar)
        hits = [(step, sign) for step, sign in enumerate(pattern) if sign != "."]
        for index, (step, sign) in enumerate(hits):
            stroke = strokes[index * len(strokes) // len(hits)]  # from the high one to the low one
            yield max(start + step / 4.0, 0.0), 0.25, stroke, _LEVEL[sign] * (0.8 + 0.2 * index / len(hits))

"""Chords as players divide them: held, struck, strummed, broken, chugged."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.form import Plan, Section, Span
from gainstage.data.synthetic.lines import melody
from gainstage.data.synthetic.score import Written
from gainstage.data.synthetic.streams import happens, pair_of
from gainstage.data.synthetic.theory import voicing

_STABS = (
    "0:.5 1.5:.5 3:.5",
    ".5:.3 1.5:.3 2.5:.3 3.5:.3",
    "0:.4 .75:.4 2.5:.4",
    "0:.9 2:.9",
    "1:.3 3:.3",
    "1.5:.4 2.5:.4",
)
_STRUM = (
    "D...D.DU.UDU..DU",
    "D...D...D.D.D.DU",
    "D.DUD.DUD.DUD.DU",
    "D...D.DU.U.UD.DU",
    "D.......D.....DU",
    "DUDUDUDUDUDUDUDU",
)
_CHUG = ("x.x.x.x.x.x.x.x.", "X.xxX.xxX.xxX.xx", "X.....x.X.....x.", "X..x..x.X..x..x.", "X...x.x.X...x.xx")


def held(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Chords held as long as they last: pads, organ, strings."""
    centre, count = float(rng.uniform(54.0, 69.0)), int(rng.integers(2, 5))
    return _each_span(
        plan,
        playing,
        lambda span, energy: _block(span, voicing(span.chord, centre, count), 0.75 + 0.25 * energy),
    )


def struck(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Chords struck in a rhythm: piano, electric piano, brass, synth stabs."""
    centre, count = float(rng.uniform(53.0, 68.0)), int(rng.integers(3, 5))
    quiet, loud = (_rhythm(text) for text in pair_of(rng, _STABS))
    with_left_hand = happens(rng, 0.4)

    def write(span: Span, energy: float) -> Written:
        notes = voicing(span.chord, centre, count)
        written: Written = []
        for onset, length in loud if energy > 0.8 else quiet:
            if onset < span.length:
                level = float(rng.uniform(0.65, 0.95))
                written += [(span.start + onset, length, float(p), level) for p in notes]
        if with_left_hand:
            written.append((span.start, span.length, 36.0 + (span.chord.root - 36) % 12, 0.8))
        return written

    return _each_span(plan, playing, write)


def bowed(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """What string sections do: hold chords, strike them short, or break them."""
    return (held, held, struck, broken)[int(rng.integers(4))](plan, playing, rng)


def strummed(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Strummed strings: down strokes from the low string, up strokes of the high ones only."""
    quiet, loud = pair_of(rng, _STRUM)
    slow = float(rng.uniform(0.008, 0.06))  # beats from string to string

    def write(span: Span, energy: float) -> Written:
        strings = (40.0 + (span.chord.root - 40) % 12, *map(float, voicing(span.chord, 59.0, 5)))
        written: Written = []
        for step, sign in enumerate((loud if energy > 0.8 else quiet)[: int(4 * span.length)]):
            if sign == "." or happens(rng, 0.04):
                continue
            order = strings if sign == "D" else strings[:1:-1]
            level = float(rng.uniform(0.75, 1.0)) if sign == "D" else float(rng.uniform(0.45, 0.75))
            written += [(span.start + step / 4.0 + k * slow, 1.0, p, level) for k, p in enumerate(order)]
        return written

    return _each_span(plan, playing, write)


def broken(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Broken chords: a picked guitar, a harp, an arpeggiator."""
    centre, count = float(rng.uniform(55.0, 74.0)), int(rng.integers(3, 6))
    step, thins = float(rng.choice((0.25, 0.5, 0.5))), happens(rng, 0.4)
    gate = float(rng.uniform(0.4, 1.5))
    order = rng.permutation(count) if happens(rng, 0.5) else np.arange(count)

    def write(span: Span, energy: float) -> Written:
        notes = voicing(span.chord, centre, count)
        spread = 2.0 * step if thins and energy <= 0.8 else step
        return [
            (
                span.start + k * spread,
                gate * spread,
                float(notes[order[k % count]]),
                0.95 if k % 4 == 0 else 0.75,
            )
            for k in range(int(span.length / spread))
        ]

    return _each_span(plan, playing, write)


def chugged(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Power chords: damped strokes in quiet sections, held ones in loud ones."""
    pattern = _CHUG[int(rng.integers(len(_CHUG)))]
    lowest = int(rng.integers(38, 45))
    holds = happens(rng, 0.5)

    def write(span: Span, energy: float) -> Written:
        root = float(lowest + (span.chord.root - lowest) % 12)
        notes = (root, root + 7.0, root + 12.0)
        if energy > 0.8 and holds:
            return [(span.start, span.length, p, 1.0) for p in notes]
        written: Written = []
        for index, sign in enumerate(pattern[: int(4 * span.length)]):
            if sign != ".":
                level, length = (1.0, 0.45) if sign == "X" else (0.75, 0.22)
                written += [(span.start + index / 4.0, length, p, level) for p in notes]
        return written

    return _each_span(plan, playing, write)


def harmony(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Backing vocals: held chord tones, or a phrase that answers the lead; two or three voices."""
    centre = float(rng.uniform(55.0, 69.0))
    if happens(rng, 0.5):
        return held(plan, playing, rng)
    line = melody(plan, playing, rng, centre=centre, activity="calm" if happens(rng, 0.6) else "even")
    written: Written = []
    for onset, length, pitch, velocity in line:
        chord = plan.chord_at(onset)
        written += [(onset, length, float(p), velocity) for p in {pitch, float(chord.nearest(pitch - 4.5))}]
    return sorted(written)


def swells(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Effects: a rise into each section, or a hit at its head; stroke 0 rises, 1 hits."""
    written: Written = []
    length = float(rng.choice((2.0, 4.0, 8.0)))
    for section in playing:
        start = float(section.first_bar * plan.beats_per_bar)
        if start >= length and happens(rng, 0.8):
            written.append((start - length, length, 0.0, 0.9))
        if happens(rng, 0.6):
            written.append((start, length, 1.0, 0.9))
    return written or [(plan.end_beat - length, length, 0.0, 0.9)]


def _each_span(plan: Plan, playing: Sequence[Section], write: Callable[[Span, float], Written]) -> Written:
    written: Written = []
    for section in playing:
        for span in plan.spans(section):
            written += write(span, section.energy)
    last = Span(plan.end_beat, plan.ring_beats, plan.chord_at(plan.end_beat))
    final = write(Span(last.start, 0.25, last.chord), 1.0) or _block(last, voicing(last.chord, 60.0, 3), 0.9)
    return written + [
        (onset, last.length, pitch, velocity) for onset, _, pitch, velocity in final if onset >= last.start
    ]


def _block(span: Span, pitches: Sequence[int], velocity: float) -> Written:
    return [(span.start, span.length, float(pitch), velocity) for pitch in pitches]


def _rhythm(text: str) -> list[tuple[float, float]]:
    return [(float(onset), float(length)) for onset, length in (word.split(":") for word in text.split())]

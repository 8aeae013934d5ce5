"""Single lines: bass and melody, built from short motifs that return."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from gainstage.data.synthetic.form import Plan, Section
from gainstage.data.synthetic.score import Written, monophonic
from gainstage.data.synthetic.streams import happens, pair_of

# onset:length in beats of a bar of four, and the interval: r root, 5 fifth, 8 octave, 3 third, a approach.
_EIGHTHS = "0:.5r .5:.5r 1:.5r 1.5:.5r 2:.5r 2.5:.5r 3:.5r 3.5:.5r"
_SIXTEENTHS = (
    "0:.2r .25:.2r .5:.2r .75:.2 8 1:.2r 1.25:.2r 1.5:.2r 1.75:.2 8 "
    "2:.2r 2.25:.2r 2.5:.2r 2.75:.2 8 3:.2r 3.25:.2r 3.5:.2 5 3.75:.2r"
)
_BASS = {
    "pop": (
        _EIGHTHS,
        "0:1.5r 1.5:.5r 2:1.5r 3.5:.5a",
        "0:.75r .75:.75r 1.5:.5r 2.5:.5r 3:.5 8 3.5:.5 5",
        "0:3.5r 3.5:.5 5",
    ),
    "rock": (
        _EIGHTHS,
        "0:1r 1:.5r 1.5:.5 5 2:1r 3:.5r 3.5:.5a",
        "0:1r 1:1r 2:1r 3:1a",
        "0:.75r 1:.25r 1.5:.5r 2:.75r 3:.25r 3.5:.5 5",
    ),
    "hip-hop": ("0:1.5r 1.75:.25r 2.5:1.25r", "0:.75r .75:1.5 8 2.5:1r", "0:2.5r 2.75:1 5", "0:3.75r"),
    "electronic": (
        ".5:.4r 1.5:.4r 2.5:.4r 3.5:.4r",
        _SIXTEENTHS,
        "0:.7r .75:.7r 1.5:.4r 2:.7r 2.75:.7r 3.5:.4 5",
        "0:4r",
    ),
    "orchestral": ("0:4r", "0:2r 2:2 5", "0:1r 1:1 3 2:1 5 3:1a"),
}

# Onsets and lengths of two bars of melody, in beats; a rest of a beat or more lets the singer breathe.
_MOTIFS = {
    "calm": (
        "0:1.5 1.5:.5 2:2 4:1.5 5.5:1.5",
        "0:2 2:1 3:1 4:3",
        "1:1 2:1 3:1.5 4.5:.5 5:2",
        "0:3 3:1 4:2.5",
    ),
    "even": (
        "0:.5 .5:.5 1:1 2:.5 2.5:.5 3:1 4:1 5:.5 5.5:1.5",
        "0:1 1:.5 1.5:.5 2:1.5 3.5:.5 4:.5 4.5:.5 5:1.5",
        ".5:.5 1:.5 1.5:.5 2:1 3:.5 3.5:.5 4:1 5:2",
        "0:.75 .75:.75 1.5:1 2.5:.5 3:.5 3.5:1 4.5:2",
    ),
    "busy": (
        "0:.5 .5:.25 .75:.25 1:.5 1.5:.5 2:.25 2.25:.25 2.5:.5 3:.5 3.5:.5 "
        "4:.5 4.5:.5 5:.25 5.25:.25 5.5:.5 6:.75",
        "0:.25 .25:.25 .5:.5 1:.25 1.25:.25 1.5:.5 2:.5 2.5:.25 2.75:.25 3:.5 3.5:.25 3.75:.25 "
        "4:.5 4.5:.25 4.75:.25 5:.5 5.5:.5 6:1",
    ),
}

_Cell = list[tuple[float, float, str]]


def bass(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """A bass line: a pattern on the roots of the chords, with fifths, octaves, steps into the next chord."""
    patterns = [_cells(text) for text in _BASS[plan.genre]]
    quiet, loud = pair_of(rng, patterns)
    lowest = int(rng.integers(26, 34))
    written: Written = []
    for section in playing:
        for bar in section.bars:
            for onset, length, interval in loud if section.energy > 0.8 else quiet:
                if onset >= plan.beats_per_bar or happens(rng, 0.03):
                    continue
                beat = bar * plan.beats_per_bar + onset
                accent = 1.0 if onset == 0.0 else float(rng.uniform(0.7, 0.95))
                written.append((beat, length, _bass_pitch(plan, beat, interval, lowest), accent))
    final = lowest + (plan.key.tonic - lowest) % 12
    return monophonic([*written, (plan.end_beat, min(plan.ring_beats, 3.0), float(final), 0.95)])


def _bass_pitch(plan: Plan, beat: float, interval: str, lowest: int) -> float:
    chord = plan.chord_at(beat)
    root = lowest + (chord.root - lowest) % 12
    if interval == "a":  # a step below the coming root
        coming = lowest + (plan.chord_at(beat + 1.0).root - lowest) % 12
        return float(plan.key.nearest(coming - 2))
    added = {"r": 0, "8": 12, "5": 7}.get(interval, (chord.tones[1] - chord.root) % 12)
    return float(root + added)


def _cells(text: str) -> _Cell:
    # "0:.5r 3:.5 8" → [(0, .5, "r"), (3, .5, "8")]
    cells: _Cell = []
    for word in text.split():
        if ":" not in word:
            cells[-1] = (*cells[-1][:2], word)
            continue
        onset, length = word.split(":")
        interval = length[-1] if length[-1] in "ra" else ""
        cells.append(
            (float(onset), float(length.removesuffix(interval) if interval else length), interval or "r")
        )
    return cells


def melody(
    plan: Plan, playing: Sequence[Section], rng: Generator, *, centre: float, activity: str | None = None
) -> Written:
    """A melody: a motif for each kind of section, repeated and answered, on chord tones on strong beats.

    Args:
        plan: chords and key.
        playing: the sections in which it is heard.
        rng: the composer.
        centre: MIDI pitch around which it moves; loud sections lie some steps higher.
        activity: "calm", "even" or "busy"; drawn when not given.
    """
    kinds = tuple(_MOTIFS)
    motifs = {name: _motif(rng, activity or kinds[int(rng.integers(3))]) for name in ("quiet", "loud")}
    lift = float(rng.uniform(1.0, 6.0))
    written: Written = []
    for section in playing:
        is_loud = section.energy > 0.8
        onsets, contour = motifs["loud" if is_loud else "quiet"]
        for phrase, bar in enumerate(section.bars[::2]):
            is_last = phrase % 2 == 1
            length = min(2, section.bars[-1] + 1 - bar) * plan.beats_per_bar
            bend = contour if phrase % 4 < 2 else contour[::-1]  # the answer inverts the question
            for index, (onset, held) in enumerate(onsets):
                if onset >= length or (is_last and happens(rng, 0.1)):
                    continue
                beat = bar * plan.beats_per_bar + onset
                wanted = centre + lift * is_loud + bend[index]
                is_strong = onset % 1.0 == 0.0 or index == len(onsets) - 1
                pitch = plan.chord_at(beat).nearest(wanted) if is_strong else plan.key.nearest(wanted)
                accent = 1.0 if is_strong else 0.8
                written.append((beat, held, float(pitch), accent * float(rng.uniform(0.8, 1.0))))
    if happens(rng, 0.5) or not written:
        written.append(
            (plan.end_beat, plan.ring_beats * 0.8, float(plan.chord_at(plan.end_beat).nearest(centre)), 0.9)
        )
    return monophonic(written)


def _motif(rng: Generator, activity: str) -> tuple[list[tuple[float, float]], np.ndarray]:
    texts = _MOTIFS[activity]
    text = texts[int(rng.integers(len(texts)))]
    onsets = [(onset, length) for onset, length, _ in _cells(text)]
    steps = rng.choice((-4.0, -2.0, -2.0, 0.0, 2.0, 2.0, 3.0, 5.0), size=len(onsets))
    contour = np.cumsum(steps)
    return onsets, np.clip(contour - contour.mean(), -7.0, 7.0)


def vocal(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """A sung melody in the register of a man or a woman."""
    centre = float(rng.uniform(52.0, 60.0) if happens(rng, 0.5) else rng.uniform(62.0, 70.0))
    return melody(plan, playing, rng, centre=centre)


def rap(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """Quick syllables that hardly leave one pitch; loud sections are often sung."""
    centre = float(rng.uniform(45.0, 57.0))
    spoken = melody(plan, playing, rng, centre=centre, activity="busy")
    sings = happens(rng, 0.5)
    chorus = {bar for section in playing if section.energy > 0.8 for bar in section.bars}
    flat: Written = []
    for onset, length, pitch, velocity in spoken:
        is_sung = sings and int(onset // plan.beats_per_bar) in chorus
        flat.append((onset, length, pitch if is_sung else centre + 0.3 * (pitch - centre), velocity))
    return flat


def solo(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """An instrument's melody: a lead synthesiser, a guitar, a flute."""
    return melody(plan, playing, rng, centre=float(rng.uniform(60.0, 80.0)))


def low_solo(plan: Plan, playing: Sequence[Section], rng: Generator) -> Written:
    """A melody in the middle register: horns, cellos."""
    return melody(plan, playing, rng, centre=float(rng.uniform(48.0, 62.0)), activity="calm")

"""Plans, chords, lines, swing: what is written must fit the key, the bar and the section."""

from itertools import pairwise

import numpy as np
import pytest

from gainstage.data.synthetic import comping, lines, loops, rhythm
from gainstage.data.synthetic.casting import MAX_TRACKS, MIN_TRACKS, SEATS, cast, sections_of
from gainstage.data.synthetic.form import GENRES, Plan, plan_song
from gainstage.data.synthetic.performance import perform
from gainstage.data.synthetic.score import monophonic
from gainstage.data.synthetic.streams import stream
from gainstage.data.synthetic.theory import MODES, Chord, Key, voicing

LENGTHS_S = (4.0, 6.0, 10.0, 20.0, 33.3, 60.0, 180.0, 600.0)


def plans(seconds: float) -> list[Plan]:
    return [plan_song(seed, seconds=seconds, genre=genre) for seed in range(6) for genre in GENRES]


@pytest.mark.parametrize("seconds", LENGTHS_S)
def test_sections_follow_each_other_and_the_last_chord_rings_into_the_end(seconds: float) -> None:
    for plan in plans(seconds):
        bars = [bar for section in plan.sections for bar in section.bars]
        assert bars == list(range(plan.num_bars))
        names = [section.name for section in plan.sections]
        assert {"verse", "chorus"} <= set(names)
        assert names.index("verse") < names.index("chorus")
        end_s = plan.end_beat * 60.0 / plan.tempo_bpm
        assert 0.15 < seconds - end_s < 1.5
        assert all(section.energy == 1.0 for section in plan.sections if section.name == "chorus")


def test_a_song_of_three_minutes_has_intro_verses_choruses_bridge_and_outro() -> None:
    plan = plan_song(1, seconds=180.0, genre="pop")
    names = [section.name for section in plan.sections]
    assert names[0] == "intro"
    assert names[-1] == "outro"
    assert names.count("chorus") >= 2
    assert "bridge" in names
    assert max(section.num_bars for section in plan.sections) <= 16


@pytest.mark.parametrize("genre", GENRES)
def test_tempo_stays_near_what_the_genre_plays(genre: str) -> None:
    tempi = [plan_song(seed, seconds=20.0, genre=genre).tempo_bpm for seed in range(40)]
    low, high = {
        "pop": (70, 150),
        "rock": (80, 195),
        "hip-hop": (55, 118),
        "electronic": (92, 162),
        "orchestral": (45, 138),
    }[genre]
    assert low < min(tempi)
    assert max(tempi) < high


def test_degrees_and_nearest_notes_lie_in_the_scale() -> None:
    key = Key(9, "minor")
    assert key.name == "A minor"
    assert [key.degree(step) for step in range(8)] == [9, 11, 12, 14, 16, 17, 19, 21]
    for pitch in np.arange(40.0, 80.0, 0.37):
        near = key.nearest(pitch)
        assert (near - 9) % 12 in MODES["minor"]
        assert abs(near - pitch) <= 1.5


def test_a_voicing_holds_chord_tones_around_its_centre() -> None:
    chord = Chord((7, 11, 2))
    for centre in np.arange(48.0, 72.0, 1.3):
        notes = voicing(chord, centre, 4)
        assert len(set(notes)) == 4
        assert all(note % 12 in chord.tones and abs(note - centre) < 12 for note in notes)


def test_every_writer_of_every_genre_fills_every_length() -> None:
    for genre in GENRES:
        for seconds in (4.0, 20.0):
            for seed in range(8):
                plan = plan_song(seed, seconds=seconds, genre=genre)
                for seat in SEATS[genre]:
                    playing = sections_of(seat, plan, stream(seed, seat.name))
                    written = seat.write(plan, playing, stream(seed, seat.name))
                    onset, length, pitch, velocity = map(np.array, zip(*written, strict=True))
                    assert (onset >= 0.0).all(), seat
                    assert (onset <= plan.end_beat + 0.5).all(), seat
                    assert (length > 0.0).all(), seat
                    assert (pitch < 100.0).all(), seat
                    assert ((velocity > 0.0) & (velocity <= 1.1)).all(), seat


@pytest.mark.parametrize(
    "write", [comping.held, comping.struck, comping.strummed, comping.broken, comping.harmony]
)
def test_chords_and_lines_stay_in_the_key(write: object) -> None:
    for plan in plans(20.0)[::4]:
        scale = {(plan.key.tonic + step) % 12 for step in MODES[plan.key.mode]}
        for _, _, pitch, _ in write(plan, plan.sections, stream(plan.seed, "notes")):  # type: ignore[operator]
            assert int(pitch) % 12 in scale


@pytest.mark.parametrize("write", [lines.bass, lines.vocal, lines.solo, lines.rap])
def test_lines_have_one_voice(write: object) -> None:
    for plan in plans(20.0)[::3]:
        written = sorted(write(plan, plan.sections, stream(plan.seed, "notes")))  # type: ignore[operator]
        for (onset, length, _, _), (after, *_) in pairwise(written):
            assert onset + length <= after + 1e-9


def test_the_bass_stands_on_the_root_where_the_bar_begins() -> None:
    plan = plan_song(2, seconds=20.0, genre="rock")
    written = lines.bass(plan, plan.sections, stream(2, "bass"))
    heads = [(onset, pitch) for onset, _, pitch, _ in written if onset % plan.beats_per_bar == 0.0]
    assert len(heads) >= 0.8 * plan.num_bars
    assert all(int(pitch) % 12 == plan.chord_at(onset).root for onset, pitch in heads)


def test_loud_sections_are_busier() -> None:
    busier = 0
    for plan in plans(40.0):
        written = [onset for onset, *_ in rhythm.kick(plan, plan.sections, stream(plan.seed, "kick"))]
        counts = {"verse": 0.0, "chorus": 0.0}
        for section in plan.sections:
            if section.name in counts:
                inside = [
                    o for o in written if int(o // plan.beats_per_bar) in section.bars and o < plan.end_beat
                ]
                counts[section.name] = len(inside) / section.num_bars
        busier += counts["chorus"] >= counts["verse"]
    assert busier > 0.6 * len(plans(40.0))


def test_a_loop_holds_three_drums() -> None:
    plan = plan_song(2, seconds=20.0, genre="hip-hop")
    strokes = [pitch for _, _, pitch, _ in loops.write_loop(plan, plan.sections, stream(2, "loop"))]
    assert set(strokes) == {0.0, 1.0, 2.0}


def test_monophonic_cuts_each_note_where_the_next_begins() -> None:
    cut = monophonic([(1.0, 1.0, 60.0, 1.0), (0.0, 3.0, 62.0, 0.5), (1.0, 2.0, 64.0, 0.5)])
    assert cut == [(0.0, 1.0, 62.0, 0.5), (1.0, 2.0, 64.0, 0.5)]


@pytest.mark.parametrize("genre", GENRES)
def test_a_cast_has_all_certain_seats_and_no_more_than_allowed(genre: str) -> None:
    for seed in range(60):
        seats = cast(genre, stream(seed, "band"), most=MAX_TRACKS - 1)
        assert MIN_TRACKS <= len(seats) < MAX_TRACKS
        assert {seat.name for seat in SEATS[genre] if seat.chance == 1.0} <= {seat.name for seat in seats}


def test_swing_moves_off_beats_only_and_by_its_share() -> None:
    from dataclasses import replace

    plan = replace(plan_song(0, seconds=20.0, genre="pop"), swing=2.0 / 3.0, swing_unit=0.5, tempo_bpm=60.0)
    written = [(beat, 0.25, 0.0, 0.9) for beat in (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)]
    notes = perform(plan, written, np.random.default_rng(0), machine=True)
    third = 1.0 / 3.0
    np.testing.assert_allclose(notes.onset_s, [0.0, third, 2 * third, 2.5 * third, 1.0, 5 * third, 2.0])


def test_people_play_unsteadily_and_machines_do_not() -> None:
    plan = plan_song(0, seconds=20.0, genre="electronic")
    written = [(float(beat), 0.5, 60.0, 0.8) for beat in range(16)]
    spread = []
    for machine in (True, False):
        notes = perform(plan, written, np.random.default_rng(1), machine=machine)
        beats = notes.onset_s * plan.tempo_bpm / 60.0
        spread.append(np.std(beats - np.arange(16)))
        assert (notes.velocity > 0.0).all()
        assert (notes.velocity <= 1.0).all()
        assert (np.diff(notes.onset_s) >= 0.0).all()
    assert spread[0] < 1e-9 < 1e-3 < spread[1]

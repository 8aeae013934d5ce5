"""How tracks relate: the answers for bands of noise whose overlap is known."""

import numpy as np
import pytest
import torch

from gainstage.engineer.habits import HABITS
from gainstage.engineer.hear import hear
from tests.engineer.scene import RATE, band, beats, peak, small_band, track


def in_turn(seconds: float, first: bool) -> torch.Tensor:
    """1 where a track plays that takes turns with another every 2 s."""
    time = torch.arange(round(seconds * RATE)) / RATE
    return ((time % 4.0 < 2.0) == first).float()


def test_a_track_alone_is_not_covered_and_has_no_neighbours() -> None:
    alone = hear([track("keys", band(200, 4000))]).tracks[0]
    assert alone.covered == alone.covers == alone.together == alone.neighbours == 0.0
    assert alone.brightness_to_others_oct == alone.brightness_to_neighbours_oct == 0.0


def test_two_equal_sounds_cover_half_of_each_other_when_they_play_at_once() -> None:
    heard = hear([track("keys", band(200, 4000, 1)), track("keys", band(200, 4000, 2))])
    for ear in heard.tracks:
        assert ear.covered_mid == pytest.approx(0.5, abs=0.03)
        assert ear.covers_mid == pytest.approx(0.5, abs=0.03)
        assert ear.together == 1.0
    assert heard.song.density == pytest.approx(2.0)


def test_tracks_that_take_turns_do_not_cover_each_other() -> None:
    first, second = (
        band(200, 4000, 1, 12.0) * in_turn(12, True),
        band(200, 4000, 2, 12.0) * in_turn(12, False),
    )
    heard = hear([track("keys", first), track("keys", second)])
    assert all(ear.covered < 0.05 for ear in heard.tracks)


def test_tracks_in_different_bands_do_not_cover_each_other() -> None:
    heard = hear([track("keys", band(200, 500, 1)), track("keys", band(4000, 9000, 2))])
    assert all(ear.covered < 0.1 for ear in heard.tracks)


def test_covering_is_judged_at_the_usual_levels_of_the_roles() -> None:
    soft, loud = hear([track("pad", band(200, 4000, 1)), track("lead_vocal", band(200, 4000, 2))]).tracks
    lower_db = HABITS["lead_vocal"].level_db - HABITS["pad"].level_db
    assert soft.covered_mid == pytest.approx(1.0 / (1.0 + 10.0 ** (-lower_db / 10.0)), abs=0.02)
    assert loud.covered_mid == pytest.approx(1.0 - soft.covered_mid, abs=0.02)


def test_brightness_is_told_against_others_and_against_neighbours() -> None:
    dark, bright = track("guitar_electric", band(500, 700)), track("guitar_electric", band(2000, 2800))
    heard = hear([dark, bright, track("kick", band(40, 100))]).tracks
    assert heard[1].brightness_to_neighbours_oct == pytest.approx(2.0, abs=0.15)
    assert heard[0].brightness_to_neighbours_oct == -heard[1].brightness_to_neighbours_oct
    assert heard[2].neighbours == heard[2].brightness_to_neighbours_oct == 0.0  # belongs in the centre
    assert heard[1].brightness_to_others_oct > heard[1].brightness_to_neighbours_oct


def test_neighbours_of_the_own_group_count_most() -> None:
    tracks = [track("guitar_electric", band(500, 700)), track("keys", band(4000, 5600))]
    with_group = hear([*tracks, track("guitar_acoustic", band(300, 420))]).tracks[0]
    assert with_group.brightness_to_neighbours_oct > 0.0  # brighter than the guitar, darker than the keys


@pytest.mark.parametrize(("hz", "q"), [(300.0, 6.0), (900.0, 4.0), (2000.0, 8.0)])
def test_a_resonance_is_heard_and_noise_alone_has_none(hz: float, q: float) -> None:
    plain, ringing = band(60, 12_000, 3, 12.0), peak(band(60, 12_000, 3, 12.0), hz, q, 12.0)
    heard = hear([track("keys", ringing)]).tracks[0]
    assert 1000.0 * 2.0**heard.resonance_oct == pytest.approx(hz, rel=0.05)
    assert heard.resonance_db > hear([track("keys", plain)]).tracks[0].resonance_db + 4.0


def test_silence_is_heard_as_nothing_and_changes_nothing() -> None:
    tracks = list(small_band())
    quiet = track("strings", torch.zeros(2, RATE))
    with_silence = hear([*tracks, quiet])
    assert with_silence.tracks[-1].is_silent
    assert with_silence.tracks[:-1] == hear(tracks).tracks
    assert with_silence.song == hear(tracks).song


def test_order_does_not_change_what_is_heard() -> None:
    tracks = small_band()
    order = [3, 0, 6, 2, 5, 1, 4]
    plain, moved = hear(tracks), hear([tracks[i] for i in order])
    for k, i in enumerate(order):
        assert moved.tracks[k].named() == pytest.approx(plain.tracks[i].named(), rel=1e-9, abs=1e-9)
    assert moved.song.named() == pytest.approx(plain.song.named(), rel=1e-9, abs=1e-9)


def test_tracks_of_different_lengths_meet_where_both_play() -> None:
    short, long = band(200, 4000, 1, 3.0), band(200, 4000, 2, 12.0)
    heard = hear([track("keys", short), track("keys", long)]).tracks
    assert heard[0].covered_mid == pytest.approx(0.5, abs=0.05)
    assert heard[1].covered_mid < 0.2


def test_the_song_counts_its_groups_and_its_time() -> None:
    song = hear(small_band()).song
    assert song.num_tracks == 7.0
    assert song.group_counts["guitars"] == 2
    assert sum(song.group_counts.values()) == 7
    parts = [song.sum_low_db, song.sum_low_mid_db, song.sum_mid_db, song.sum_presence_db, song.sum_air_db]
    assert sum(10.0 ** (np.array(parts) / 10.0)) == pytest.approx(1.0, abs=1e-6)


def test_strokes_are_told_from_sustained_sound() -> None:
    struck, held = hear([track("tom", beats(band(80, 400))), track("pad", band(80, 400))]).tracks
    assert struck.onset_density_hz == pytest.approx(2.0, abs=0.3)
    assert struck.crest_db > held.crest_db + 5.0


def test_nothing_to_hear_and_unknown_roles_are_refused() -> None:
    with pytest.raises(ValueError, match="no track"):
        hear([])
    with pytest.raises(ValueError, match="triangle"):
        hear([track("triangle", band(200, 4000))])

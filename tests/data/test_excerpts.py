"""Excerpts: a pure function of (seed, index), on the grid, within the song."""

from collections import Counter
from itertools import pairwise

import pytest

from gainstage.data.excerpts import ExcerptSettings, best_start, draw, start_at

SETTINGS = ExcerptSettings(audio_every=3)


def _rows(count: int) -> tuple[str, ...]:
    return tuple(f"song {i}" for i in range(count))


def test_every_epoch_shows_every_row_once_in_an_order_of_its_own() -> None:
    epochs = [
        [draw(epoch * 20 + i, seed=1, rows=_rows(20), settings=SETTINGS).row for i in range(20)]
        for epoch in range(3)
    ]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    other = [draw(i, seed=2, rows=_rows(20), settings=SETTINGS).row for i in range(20)]
    assert other != epochs[0]


def test_an_index_means_the_same_whatever_was_drawn_before() -> None:
    backwards = [draw(i, seed=1, rows=_rows(7), settings=SETTINGS) for i in reversed(range(40))]
    assert backwards[::-1] == [draw(i, seed=1, rows=_rows(7), settings=SETTINGS) for i in range(40)]
    places = {draw(i, seed=1, rows=_rows(7), settings=SETTINGS).places for i in range(40)}
    assert len(places) == 40


def test_arrangements_of_a_song_follow_each_other_in_runs() -> None:
    rows = tuple(f"song {i % 5}" for i in range(45))  # nine arrangements each: runs of 4, 4 and 1
    settings = ExcerptSettings(together=4)
    for epoch in range(2):
        drawn = [draw(epoch * 45 + i, seed=1, rows=rows, settings=settings).row for i in range(45)]
        assert sorted(drawn) == list(range(45))
        follows = sum(rows[a] == rows[b] for a, b in pairwise(drawn))
        assert 30 <= follows < 40  # 6 within the runs of each song; some runs meet by chance
        assert len({rows[i] for i in drawn[:16]}) > 2


def test_audio_comes_with_one_item_in_so_many() -> None:
    with_audio = [draw(i, seed=0, rows=_rows(4), settings=SETTINGS).has_audio for i in range(9)]
    assert with_audio == [True, False, False] * 3
    none = ExcerptSettings(audio_every=0)
    assert not any(draw(i, seed=0, rows=_rows(4), settings=none).has_audio for i in range(9))


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 22_050])
def test_lengths_and_starts_lie_on_the_grid_and_within_the_song(sample_rate: int) -> None:
    length, pre_roll = SETTINGS.num_samples(sample_rate), SETTINGS.pre_roll(sample_rate)
    assert length % 64 == pre_roll % 64 == 0
    assert 0 <= pre_roll / sample_rate - 1.0 < 64 / sample_rate
    assert 0 <= (length - pre_roll) / sample_rate - 4.0 < 64 / sample_rate
    song = length + 1000
    starts = [start_at(place / 100, song_samples=song, num_samples=length) for place in range(101)]
    assert all(start % 64 == 0 and start + length <= song for start in starts)
    assert (min(starts), max(starts)) == (0, 960)
    assert max(Counter(starts).values()) < 10  # evenly drawn
    assert start_at(0.9, song_samples=length - 5, num_samples=length) == 0


def test_the_first_place_that_is_played_enough_is_taken_else_the_best() -> None:
    heard = {0: 0.1, 64: 0.4, 128: 0.6, 192: 1.0}
    assert best_start([0, 64, 128, 192], heard.__getitem__) == 128
    assert best_start([0, 64], heard.__getitem__) == 64


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="positive length"):
        ExcerptSettings(seconds=0.0)
    with pytest.raises(ValueError, match="audio_every"):
        ExcerptSettings(audio_every=-1)
    with pytest.raises(IndexError):
        draw(-1, seed=0, rows=_rows(3), settings=SETTINGS)

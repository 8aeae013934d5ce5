"""Which tracks are given when there are too many."""

from itertools import chain

import numpy as np
import pytest

from gainstage.data.cast import choose, everyone, submix
from gainstage.roles import ROLES, group_of

BAND = [
    "kick",
    "snare",
    "hat",
    "tom",
    "cymbal",
    "cymbal",
    "bass",
    "guitar_electric",
    "guitar_electric",
    "piano",
]
BAND += ["lead_vocal", "backing_vocal", "backing_vocal", "backing_vocal"]


def test_few_tracks_are_all_given() -> None:
    assert choose(BAND[:4], [True] * 4, 4, np.random.default_rng(0)) == everyone(4) == submix(BAND[:4], 4)


@pytest.mark.parametrize("seed", range(20))
def test_every_group_is_chosen_before_one_is_twice(seed: int) -> None:
    groups = {group_of(role) for role in BAND}
    for most in (3, len(groups), 8):
        chosen = choose(BAND, [True] * len(BAND), most, np.random.default_rng(seed))
        of = [group_of(BAND[i]) for (i,) in chosen]
        assert len(chosen) == most
        assert len(set(of)) == min(most, len(groups))
    drums = [BAND[i] for (i,) in choose(BAND[:6], [True] * 6, 5, np.random.default_rng(seed))]
    assert len(set(drums)) == 5  # one cymbal is enough


def test_silent_tracks_come_last_and_draws_differ() -> None:
    audible = [role != "bass" for role in BAND]
    draws = [choose(BAND, audible, 6, np.random.default_rng(seed)) for seed in range(20)]
    assert all((6,) not in draw for draw in draws)
    assert len(set(draws)) > 10
    assert (6,) in choose(BAND, audible, 14, np.random.default_rng(0))
    assert (1,) in choose(["kick", "snare"] * 2, [False, True, False, False], 2, np.random.default_rng(1))


@pytest.mark.parametrize("most", [2, 4, 8, 13])
def test_submixes_hold_every_track_once(most: int) -> None:
    parts = submix(BAND, most)
    assert len(parts) == most
    assert sorted(chain.from_iterable(parts)) == list(range(len(BAND)))


def test_alike_tracks_are_summed_first() -> None:
    names = [{BAND[i] for i in part} for part in submix(BAND, 10)]
    assert all(len(name) == 1 for name in names)
    groups = [{group_of(BAND[i]) for i in part} for part in submix(BAND, 5)]
    assert all(len(group) == 1 for group in groups)


def test_two_of_everything_become_one_of_each_role() -> None:
    parts = submix(list(ROLES) * 2, len(ROLES))
    assert [list(part) for part in parts] == [[i, i + len(ROLES)] for i in range(len(ROLES))]

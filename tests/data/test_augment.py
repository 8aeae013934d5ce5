"""Changes of excerpts: pure functions of (seed, index), and never one that the target does not bear."""

from typing import Any

import numpy as np
import pytest

from gainstage.data.augment import AugmentSettings, Change, draw_change

ALL = AugmentSettings(gain_db=6.0, flip_polarity=0.5, swap_channels=0.5, shift_ms=5.0, drop=0.3)
BLEEDS = (False, True, False, False)


def _draws(*, has_mix: bool, settings: AugmentSettings = ALL, count: int = 200) -> list[Change]:
    return [draw_change(i, seed=3, bleeds=BLEEDS, has_mix=has_mix, settings=settings) for i in range(count)]


def test_an_index_decides_everything() -> None:
    assert _draws(has_mix=False) == _draws(has_mix=False)
    assert len(set(_draws(has_mix=False))) > 190
    other = draw_change(7, seed=4, bleeds=BLEEDS, has_mix=False, settings=ALL)
    assert other != _draws(has_mix=False)[7]


def test_by_default_nothing_is_changed() -> None:
    nothing = Change((0.0,) * 4, (1,) * 4, (0.0,) * 4, (True,) * 4, 1, False)
    for has_mix in (False, True):
        assert set(_draws(has_mix=has_mix, settings=AugmentSettings())) == {nothing}


def test_beside_a_mix_only_what_it_bears() -> None:
    for change in _draws(has_mix=True):
        assert len({*change.polarity, change.mix_polarity}) == 1
        assert all(change.kept)
        assert not any(change.shift_ms)
    gains = np.array([change.gain_db for change in _draws(has_mix=True)])
    assert gains.min() < -5.5
    assert gains.max() > 5.5
    assert np.abs(gains).max() <= 6.0


def test_where_the_target_is_rendered_each_track_by_itself() -> None:
    changes = _draws(has_mix=False)
    assert all(change.mix_polarity == 1 and not any(change.gain_db) for change in changes)
    assert any(len(set(change.polarity)) == 2 for change in changes)
    assert min(sum(change.kept) for change in changes) == 2
    assert 0.2 < 1.0 - np.mean([change.kept for change in changes]) < 0.35
    shifts = np.array([change.shift_ms for change in changes])
    assert not shifts[:, 1].any()  # others are heard in it
    assert np.abs(shifts[:, 0]).max() > 4.5


def test_one_kind_of_change_does_not_move_another() -> None:
    some = AugmentSettings(flip_polarity=0.5, drop=0.3)
    for one, other in zip(_draws(has_mix=False), _draws(has_mix=False, settings=some), strict=True):
        assert (one.polarity, one.kept) == (other.polarity, other.kept)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"drop": 1.5}, "drop is 1.5; a chance between 0 and 1"),
        ({"gain_db": -1.0}, "gain_db lies between 0 and 24"),
        ({"shift_ms": 50.0}, "shift_ms between 0 and 20"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        AugmentSettings(**wrong)

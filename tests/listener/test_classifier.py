"""Roles by sound: right far more often than by chance on songs that the network does not know."""

from functools import cache

import numpy as np
import pytest
import torch

from gainstage.data.synthetic import play_song
from gainstage.dsp.features import FeatureMeter
from gainstage.dsp.track_features import TrackFeatures
from gainstage.listener import HeardRole, hear_role, sound_of
from gainstage.listener.classifier import probabilities
from gainstage.listener.sound import NUM_NUMBERS
from gainstage.roles import ROLES, group_of

RATE = 44_100
UNHEARD = (9001, 9002, 9003)  # training uses the first thousand


def features_of(audio: torch.Tensor) -> TrackFeatures:
    meter = FeatureMeter(len(audio), sample_rate=RATE)
    meter.update(audio)
    return meter.result()


@cache
def heard() -> list[tuple[str, HeardRole]]:
    songs = [play_song(seed, seconds=8.0) for seed in UNHEARD]
    return [
        (track.role, hear_role(features_of(torch.from_numpy(track.audio))))
        for song in songs
        for track in song.tracks
    ]


def test_built_in_tracks_are_recognised() -> None:
    roles = np.mean([role == found.role for role, found in heard()])
    groups = np.mean([group_of(role) == found.group for role, found in heard()])
    assert roles > 0.6
    assert groups > 0.75


def test_what_it_is_sure_of_is_right_more_often() -> None:
    sure = [role == found.role for role, found in heard() if found.probability > 0.8]
    unsure = [role == found.role for role, found in heard() if found.probability <= 0.8]
    assert len(sure) >= 5
    assert np.mean(sure) > np.mean(unsure)


def test_probabilities_are_such_and_a_role_belongs_to_its_group() -> None:
    chances = probabilities(
        np.random.default_rng(0).standard_normal((50, NUM_NUMBERS)).astype(np.float32) * 30.0
    )
    assert chances.shape == (50, len(ROLES))
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, atol=1e-5)
    for role, found in heard():
        assert role in ROLES
        assert group_of(found.role) == found.group
        assert 0.0 < found.probability <= found.group_probability + 1e-6 <= 1.0 + 2e-6


def test_level_says_nothing() -> None:
    audio = torch.from_numpy(play_song(UNHEARD[0], seconds=8.0).tracks[0].audio)
    one, other = (hear_role(features_of(audio * gain)) for gain in (1.0, 0.05))
    assert one.role == other.role
    assert one.probability == pytest.approx(other.probability, abs=1e-3)


@pytest.mark.parametrize("audio", [torch.zeros(1, RATE), torch.zeros(2, 100)])
def test_silence_plays_nothing(audio: torch.Tensor) -> None:
    assert hear_role(features_of(audio)) == HeardRole("other", 0.0, "other", 0.0)


@pytest.mark.parametrize("samples", [2000, 20_000, RATE])
def test_short_and_odd_sounds_are_heard_without_complaint(samples: int) -> None:
    for audio in (torch.full((1, samples), 0.5), torch.randn(2, samples), torch.eye(1, samples)):
        features = features_of(audio)
        if not features.is_silent:
            assert np.isfinite(sound_of(features)).all()
            assert np.isfinite(hear_role(features).probability)

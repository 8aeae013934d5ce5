"""Trained networks under test: what they decide, what is locked for them, and role means."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gainstage.console.console import Console
from gainstage.data.manifest import Song
from gainstage.dsp.resampling import resample
from gainstage.engineer.settings import decision_parameters
from gainstage.evaluation.network import Network, role_mean
from gainstage.evaluation.played_song import PlayedSong, play
from gainstage.models.checkpoint import KEY, TrainedMixer, describe, load_mixer
from gainstage.models.role_statistics import RoleStatistics, at_start
from gainstage.roles import ROLES
from tests.evaluation.songs import SPEC
from tests.models.scene import SETTINGS, conditions, lively_mixer

CONSOLE = Console(SPEC)


@pytest.fixture(scope="module")
def usual() -> RoleStatistics:
    draw = torch.Generator().manual_seed(1)
    start = at_start(CONSOLE.layout)
    mean = {s: 0.1 + 0.8 * torch.rand(m.shape, generator=draw) for s, m in start.mean.items()}
    return RoleStatistics(mean, start.spread)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, usual: RoleStatistics) -> Path:
    path = tmp_path_factory.mktemp("network") / "a.ckpt"
    state = {f"mixer.{name}": value for name, value in lively_mixer().state_dict().items()}
    torch.save({KEY: describe(SETTINGS, usual), "state_dict": state}, path)
    return path


@pytest.fixture(scope="module")
def trained(checkpoint: Path) -> TrainedMixer:
    return load_mixer(checkpoint, console=SPEC)


@pytest.fixture(scope="module")
def played(two_songs: tuple[Song, ...]) -> PlayedSong:
    return play(two_songs[0], spec=SPEC, seed=0)


def values(decision: object) -> dict[str, torch.Tensor]:
    return dict(decision_parameters(decision, CONSOLE).values)  # type: ignore[arg-type]


def test_a_network_decides_what_its_mixer_sets_for_the_staged_tracks(
    checkpoint: Path, trained: TrainedMixer, played: PlayedSong
) -> None:
    found = values(Network(checkpoint)(played))
    trims_db = torch.tensor([track.features.trim_db for track in played.heard])
    staged = played.audio * 10 ** (trims_db / 20)[:, None, None]
    given = conditions(torch.tensor([[ROLES.index(track.role) for track in played.heard]]))
    mixer = trained.mixer
    with torch.no_grad():
        heard = mixer.front(staged)
        embeddings = mixer.listen(heard, torch.full((len(staged),), heard.shape[-1]))[None]
        mask = torch.ones(1, len(staged), dtype=torch.bool)
        wanted = dict(mixer.set(embeddings, mask, given).parameters.values)
    trim = CONSOLE.layout["tracks"].index("trim", "gain_db")
    assert torch.allclose(found["tracks"][0, :, trim].float(), trims_db)
    wanted["tracks"][..., trim] = found["tracks"][..., trim]
    for section in ("tracks", "returns", "master"):
        assert torch.allclose(found[section], wanted[section], rtol=1e-3, atol=1e-4), section
    assert found["tracks"].std(1).max() > 0.1  # tracks are set apart


def test_moving_a_track_in_level_moves_its_trim_alone(
    checkpoint: Path, two_songs: tuple[Song, ...], played: PlayedSong
) -> None:
    other = play(two_songs[0], spec=SPEC, seed=1)
    one, two = values(Network(checkpoint)(played)), values(Network(checkpoint)(other))
    trim = CONSOLE.layout["tracks"].index("trim", "gain_db")
    moved = torch.tensor(played.moved_db) - torch.tensor(other.moved_db)
    change = (two["tracks"] - one["tracks"])[0, :, trim].float()
    assert torch.allclose(change, moved, atol=0.3)  # the gate of a sparse track is not quite relative
    units = [
        torch.cat([CONSOLE.layout[s].to_unit(v[s]).flatten() for s in ("tracks", "master")])
        for v in (one, two)
    ]
    assert (units[0] - units[1]).abs().max() < 0.02


def test_a_network_travels_to_other_processes(checkpoint: Path, played: PlayedSong) -> None:
    network = Network(checkpoint, locked=0.25, seed=3)
    again: Network = pickle.loads(pickle.dumps(network))
    assert again == network
    assert again(played) == network(played)


def same_as_truth(checkpoint: Path, played: PlayedSong, locked: float, seed: int = 0) -> torch.Tensor:
    """Which driven settings stand at the truth's values."""
    assert played.truth is not None
    found, truth = values(Network(checkpoint, locked=locked, seed=seed)(played)), values(played.truth)
    parts = []
    for section, layout in CONSOLE.layout.items():
        one, other = layout.to_unit(found[section]), layout.to_unit(truth[section])
        parts.append(((one - other).abs() < 1e-5).flatten())
    return torch.cat(parts)


def test_locks_hold_a_seeded_share_of_the_truth(
    checkpoint: Path, played: PlayedSong, two_songs: tuple[Song, ...]
) -> None:
    free = float(same_as_truth(checkpoint, played, 0.0).float().mean())
    quarter = same_as_truth(checkpoint, played, 0.25)
    assert same_as_truth(checkpoint, played, 1.0).all()
    assert float(quarter.float().mean()) == pytest.approx(free + 0.25 * (1 - free), abs=0.08)
    assert torch.equal(quarter, same_as_truth(checkpoint, played, 0.25))
    assert not torch.equal(quarter, same_as_truth(checkpoint, played, 0.25, seed=1))
    other = same_as_truth(checkpoint, play(two_songs[1], spec=SPEC, seed=0), 0.25)
    assert float((quarter == other).float().mean()) < 0.9  # each song has locks of its own


def test_locks_skip_silent_tracks(checkpoint: Path, played: PlayedSong) -> None:
    assert played.truth is not None
    silent = replace(played.heard[0], features=replace(played.heard[0].features, is_silent=True))
    quiet = replace(played, heard=(silent, *played.heard[1:]))
    decision = Network(checkpoint, locked=1.0)(quiet)
    assert not decision.tracks[0].values
    found, truth = values(decision)["tracks"], values(played.truth)["tracks"]
    layout = CONSOLE.layout["tracks"]
    assert (layout.to_unit(found[:, 1:]) - layout.to_unit(truth[:, 1:])).abs().max() < 1e-5


def test_without_a_truth_nothing_can_be_locked(checkpoint: Path, played: PlayedSong) -> None:
    unknown = replace(played, truth=None)
    with pytest.raises(ValueError, match="nothing can be locked at the truth"):
        Network(checkpoint, locked=0.25)(unknown)
    assert Network(checkpoint)(unknown) == Network(checkpoint)(played)


def test_another_sample_rate_is_heard_alike(checkpoint: Path, played: PlayedSong) -> None:
    rate = 48000
    audio = resample(played.audio, from_rate=played.sample_rate, to_rate=rate)
    other = replace(played, audio=audio, song=played.song.model_copy(update={"sample_rate": rate}))
    one, two = values(Network(checkpoint)(played)), values(Network(checkpoint)(other))
    deaf = replace(other, song=played.song)  # 48000 samples taken for 44100 Hz
    wrong = values(Network(checkpoint)(deaf))
    for section in ("tracks", "master"):
        units = [CONSOLE.layout[section].to_unit(v[section]) for v in (one, two, wrong)]
        assert 3 * (units[0] - units[1]).abs().max() < (units[0] - units[2]).abs().max(), section
        assert (units[0] - units[1]).abs().max() < 0.01, section


def test_role_means_are_the_training_sets_in_physical_units(
    trained: TrainedMixer, usual: RoleStatistics, played: PlayedSong
) -> None:
    found = values(role_mean(trained)(played))
    roles = torch.tensor([ROLES.index(track.role) for track in played.heard])
    wanted = {
        "tracks": usual.mean["tracks"][roles],
        "returns": usual.mean["returns"],
        "master": usual.mean["master"],
    }
    for section, units in wanted.items():
        layout = CONSOLE.layout[section]
        assert torch.allclose(layout.to_unit(found[section][0]).float(), units, atol=1e-5), section
    trim = CONSOLE.layout["tracks"].index("trim", "gain_db")
    assert found["tracks"][0, :, trim].tolist() == pytest.approx([t.features.trim_db for t in played.heard])

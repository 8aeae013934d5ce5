"""The loss on settings: what it counts, what it is deaf to, and how single settings are weighed."""

import pytest
import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec
from gainstage.losses.settings import SettingsLoss

LAYOUT = Console(
    ConsoleSpec.model_validate(
        {"tracks": ["compressor", "fader", "pan"], "master": ["compressor", "output_gain"]}
    )
).layout
PATHS = {s: [LAYOUT[s].columns[i].path for i in LAYOUT[s].driven] for s in LAYOUT}
N = {section: len(paths) for section, paths in PATHS.items()}
FADER = PATHS["tracks"].index("fader.gain_db")
SPREAD = {
    "tracks": torch.linspace(0.02, 0.3, 4 * N["tracks"]).reshape(4, -1),
    "groups": torch.ones(1, 0),
    "returns": torch.ones(1, 0),
    "master": torch.full((1, N["master"]), 0.17),
}
Units = dict[str, Tensor]


def scene(seed: int = 0) -> tuple[Units, Units, Units]:
    """Two songs of three tracks: what was set, the truth, and that all counts."""
    draw = torch.Generator().manual_seed(seed)
    strips = {"tracks": 3, "groups": 0, "returns": 0, "master": 1}
    units, truth = ({s: torch.rand(2, k, N[s], generator=draw) for s, k in strips.items()} for _ in range(2))
    return units, truth, {s: torch.ones_like(u, dtype=torch.bool) for s, u in units.items()}


def loss(weights: dict[str, float]) -> SettingsLoss:
    return SettingsLoss(SPREAD, weights, layout=LAYOUT)


def test_a_loss_is_the_mean_difference_in_spreads() -> None:
    units, truth, counts = scene()
    scale = SPREAD["tracks"].double().square().mean(0).sqrt() + 0.03
    tracks = ((units["tracks"] - truth["tracks"]).abs() / scale).mean((1, 2))
    master = ((units["master"] - truth["master"]).abs() / 0.2).mean((1, 2))
    found = loss({"tracks": 2.0, "master": 0.5})(units, truth, counts)
    assert torch.allclose(found.double(), 2.0 * tracks + 0.5 * master, rtol=1e-5)
    assert torch.allclose(loss({"master": 1.0})(units, truth, counts).double(), master.double(), rtol=1e-5)
    assert (loss({"tracks": 1.0, "master": 1.0})(truth, truth, counts) == 0).all()


def test_what_does_not_count_is_not_even_looked_at() -> None:
    units, truth, counts = scene()
    judge = loss({"tracks": 1.0, "master": 1.0})
    counts["tracks"][0, 2] = False
    counts["master"][1] = False
    units = {s: u.requires_grad_() for s, u in units.items()}
    wanted = judge(units, truth, counts)
    truth["tracks"][0, 2] = float("nan")
    truth["master"][1] = float("nan")
    found = judge(units, truth, counts)
    assert torch.equal(found, wanted)
    found.sum().backward()
    for section in ("tracks", "master"):
        grad = units[section].grad
        assert grad is not None
        assert torch.isfinite(grad).all()
        assert torch.equal(grad != 0, counts[section])
    only = ((units["tracks"] - truth["tracks"]).abs() * judge.scale["tracks"])[0, :2].mean()
    master = ((units["master"] - truth["master"]).abs() * judge.scale["master"])[0].mean()
    assert torch.allclose(found[0], only + master)  # the mean over what counts, padding does not dilute it


def test_a_song_of_which_nothing_is_known_loses_nothing() -> None:
    units, truth, counts = scene()
    units = {s: u.requires_grad_() for s, u in units.items()}
    for section in truth:
        counts[section][0] = False
        truth[section][0] = float("nan")
    found = loss({"tracks": 1.0, "master": 1.0})(units, truth, counts)
    assert found[0] == 0
    assert found[1] > 0
    found.sum().backward()
    assert units["tracks"].grad is not None
    assert (units["tracks"].grad[0] == 0).all()


def test_single_settings_are_weighed_by_name_and_by_pattern() -> None:
    units, truth, counts = scene()
    truth["tracks"] = units["tracks"].clone()
    truth["tracks"][..., FADER] += 0.1  # only faders are wrong
    plain = loss({"tracks": 1.0})(units, truth, counts)
    assert torch.allclose(loss({"tracks": 1.0, "tracks.fader.gain_db": 5.0})(units, truth, counts), 5 * plain)
    assert torch.allclose(loss({"tracks": 2.0, "tracks.fader.*": 3.0})(units, truth, counts), 6 * plain)
    assert torch.allclose(loss({"tracks": 1.0, "tracks.pan.*": 3.0})(units, truth, counts), plain)
    assert (loss({"tracks": 1.0, "*.gain_db": 0.0})(units, truth, counts) == 0).all()
    # a section that is not named does not count, whatever its parameters weigh
    assert loss({"tracks.fader.*": 3.0})(units, truth, counts).tolist() == [0, 0]
    assert loss({})(units, truth, counts).shape == (2,)


@pytest.mark.parametrize("pattern", ["faders", "tracks.fader.gain", "bus.*", "tracks.trim.*"])
def test_a_weight_of_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="drives nothing called"):
        loss({"tracks": 1.0, pattern: 2.0})


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_bad_weight_is_named(weight: float) -> None:
    with pytest.raises(ValueError, match="the weight of 'tracks' is"):
        loss({"tracks": weight})

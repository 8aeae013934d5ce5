"""Means and spreads of known mixes, by role, against numpy."""

import numpy as np
import pytest
import torch

from gainstage.console.console import Console
from gainstage.console.spec import named
from gainstage.models.role_statistics import at_start, gather
from gainstage.roles import ROLES

CONSOLE = Console(named("basic"))
LAYOUT = CONSOLE.layout
KICK, VOICE, PAD = (ROLES.index(role) for role in ("kick", "lead_vocal", "pad"))


def song(*roles: int, seed: int = 0) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    draw = torch.Generator().manual_seed(seed)
    units = {
        s: torch.rand(CONSOLE.num_strips(s, len(roles)), len(layout.driven), generator=draw)
        for s, layout in LAYOUT.items()
    }
    units["tracks"] = 0.1 * units["tracks"] + torch.tensor(roles)[:, None] / 40  # roles differ
    return torch.tensor(roles), units


def test_many_mixes_give_mean_and_spread_of_each_role() -> None:
    songs = [song(KICK, VOICE, KICK, seed=seed) for seed in range(200)]
    found = gather(iter(songs), LAYOUT)
    rows = np.concatenate([units["tracks"].numpy() for _, units in songs])
    roles = np.concatenate([roles.numpy() for roles, _ in songs])
    for role in (KICK, VOICE):
        assert np.abs(found.mean["tracks"][role].numpy() - rows[roles == role].mean(0)).max() < 0.01
        assert np.abs(found.spread["tracks"][role].numpy() - rows[roles == role].std(0)).max() < 0.01
    master = np.concatenate([units["master"].numpy() for _, units in songs])
    assert np.abs(found.mean["master"][0].numpy() - master.mean(0)).max() < 1e-5
    assert np.abs(found.spread["master"][0].numpy() - master.std(0)).max() < 1e-3
    assert found.mean["master"].shape == (1, len(LAYOUT["master"].driven))


def test_rare_roles_are_drawn_towards_what_all_have_in_common() -> None:
    songs = [song(KICK, KICK, VOICE, seed=seed) for seed in range(20)] + [song(PAD, PAD, seed=99)]
    found = gather(songs, LAYOUT).mean["tracks"]
    rows = torch.cat([units["tracks"] for _, units in songs])
    seen_twice = songs[-1][1]["tracks"].mean(0)
    assert torch.allclose(found[PAD], (seen_twice + rows.mean(0)) / 2, atol=1e-5)
    assert torch.allclose(found[ROLES.index("brass")], rows.mean(0), atol=1e-5)  # never seen


def test_a_spread_is_never_nothing_and_always_finite() -> None:
    found = gather([song(KICK)], LAYOUT)
    for section, spread in found.spread.items():
        assert torch.isfinite(spread).all(), section
        assert (spread >= 0.02).all(), section
        assert torch.isfinite(found.mean[section]).all(), section


def test_without_truths_everything_stands_at_its_start() -> None:
    found, start = gather([], LAYOUT), at_start(LAYOUT)
    assert found.mean.keys() == start.mean.keys() == LAYOUT.keys()
    for section, layout in LAYOUT.items():
        assert torch.equal(found.mean[section], start.mean[section])
        assert found.spread[section].shape == found.mean[section].shape
        assert len(found.mean[section]) == (len(ROLES) if section == "tracks" else 1)
        physical = layout.to_physical(
            found.mean[section], layout.defaults().expand(len(found.mean[section]), -1)
        )
        for i in layout.driven:
            assert physical[:, i].tolist() == pytest.approx(
                [layout.columns[i].parameter.start] * len(physical), rel=1e-3, abs=1e-3
            )


def test_a_section_without_strips_stays_at_its_start() -> None:
    assert gather([song(KICK)], LAYOUT).mean["groups"].shape == at_start(LAYOUT).mean["groups"].shape

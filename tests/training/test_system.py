"""The system's own parts: the course of the learning rate, what decays, and the seeds of steps."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gainstage.losses.settings import SettingsLoss
from gainstage.losses.weighted import WeightedLosses
from gainstage.models.role_statistics import at_start
from gainstage.tasks.paired import PairedTask
from gainstage.training.system import OptimizerSettings, System, hash_of
from tests import tiny


@pytest.fixture
def system() -> System:
    mixer = tiny.network().build()
    usual = at_start(mixer.console.layout)
    made = System(
        mixer,
        PairedTask(mixer.console, usual),
        WeightedLosses({}),
        SettingsLoss(usual.spread, {"tracks": 1.0}, layout=mixer.console.layout),
        optimizer=OptimizerSettings(),
        about={"gainstage": {"format": "x"}},
    )
    made._trainer = SimpleNamespace(max_steps=100)  # type: ignore[assignment]
    return made


def test_the_learning_rate_rises_then_falls_as_a_cosine_to_the_last_step() -> None:
    given = OptimizerSettings(warmup_steps=10)
    assert given.share(0, 1000) == pytest.approx(0.1)
    assert given.share(9, 1000) == pytest.approx(1.0, abs=1e-3)
    assert given.share(500, 1000) == pytest.approx(0.5)
    assert given.share(250, 1000) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert given.share(1000, 1000) == pytest.approx(0.0)
    assert given.share(1200, 1000) == pytest.approx(0.0)  # it does not rise again
    shares = [given.share(step, 1000) for step in range(1001)]
    assert min(shares) >= 0.0
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert OptimizerSettings(warmup_steps=0).share(0, 10) == 1.0


def test_matrices_decay_and_biases_norms_and_centres_do_not(system: System) -> None:
    found: Any = system.configure_optimizers()
    decaying, free = found["optimizer"].param_groups
    names = {id(p): n for n, p in system.named_parameters()}
    assert all(p.ndim > 1 for p in decaying["params"])
    left = {names[id(p)] for p in free["params"]}
    assert {n for n in names.values() if n.endswith("bias") or ".centres." in n or ".norm" in n} <= left
    assert len(decaying["params"]) + len(left) == len(names)
    assert (decaying["weight_decay"], free["weight_decay"]) == (0.02, 0.0)
    assert found["lr_scheduler"]["interval"] == "step"  # an epoch is the whole training


def test_every_step_and_seed_draws_anew() -> None:
    steps = [hash_of(seed, step) for seed in (0, 1, 2) for step in range(-20, 20_000)]
    assert len(set(steps)) == len(steps)
    assert all(0 <= value < 1 << 31 for value in steps)
    assert hash_of(7, 40) == hash_of(7, 40)


def test_a_checkpoint_says_what_its_weights_are_of(system: System, tmp_path: Path) -> None:
    checkpoint: dict[str, Any] = {"state_dict": {}}
    system.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "x.ckpt")
    assert torch.load(tmp_path / "x.ckpt", weights_only=True)["gainstage"] == {"format": "x"}

"""The paired task: locks are drawn fairly and reproducibly, and the truth renders to the target."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gainstage.console.console import Console, Rendered
from gainstage.console.parameters import Parameters
from gainstage.console.spec import named
from gainstage.data.batch import Batch
from gainstage.tasks.paired import PairedTask
from tests.tasks.scene import (
    CONSOLE,
    PRE_ROLL,
    RENDERED,
    SAMPLES,
    batch,
    by_hand,
    parameters,
    truth_units,
    usual,
)

DRIVEN = ("tracks", "returns", "master")


@pytest.fixture(scope="module")
def given() -> Batch:
    return batch()


@pytest.fixture(scope="module")
def task() -> PairedTask:
    return PairedTask(CONSOLE, usual())


def test_locks_are_a_pure_function_of_the_seed(task: PairedTask, given: Batch) -> None:
    one = task.conditions(given, seed=3)
    torch.manual_seed(99)
    again, other = task.conditions(given, seed=3), task.conditions(given, seed=4)
    for section in DRIVEN:
        assert torch.equal(one.locked[section], again.locked[section])
        assert torch.equal(one.locked_units[section], again.locked_units[section])
    assert not torch.equal(one.locked["tracks"], other.locked["tracks"])
    assert torch.equal(one.roles, given.conditions.roles)
    assert not given.conditions.locked  # the batch is as it was


@pytest.mark.parametrize("most_locked", [0.0, 0.5, 1.0])
def test_each_item_locks_a_share_of_its_own_up_to_the_largest(given: Batch, most_locked: float) -> None:
    task = PairedTask(CONSOLE, usual(), most_locked=most_locked)
    shares = []
    for seed in range(200):
        locked = task.conditions(given, seed=seed).locked
        counted = [
            locked["tracks"][2].flatten(),
            locked["returns"][2].flatten(),
            locked["master"][2].flatten(),
        ]
        shares.append(float(torch.cat(counted).float().mean()))
    found = torch.tensor(shares)
    assert found.mean() == pytest.approx(most_locked / 2, abs=0.04)
    assert found.std() == pytest.approx(most_locked / 12**0.5, abs=0.04)  # uniform
    assert found.max() <= most_locked + 0.13


def test_items_of_a_batch_draw_shares_of_their_own(task: PairedTask, given: Batch) -> None:
    shares = torch.stack(
        [task.conditions(given, seed=s).locked["tracks"].float().mean((1, 2)) for s in range(100)]
    )
    assert abs(float(torch.corrcoef(shares[:, [0, 2]].T)[0, 1])) < 0.4


def test_padding_is_never_locked(given: Batch) -> None:
    locked = PairedTask(CONSOLE, usual(), most_locked=1.0).conditions(given, seed=0).locked["tracks"]
    assert not locked[~given.mask].any()
    assert locked[given.mask].any()


def test_what_is_locked_is_the_truth_where_it_is_known(task: PairedTask, given: Batch) -> None:
    held = task.conditions(given, seed=1).locked_units
    for section in DRIVEN:
        assert torch.equal(held[section][[0, 2]], given.truth[section][[0, 2]])


def test_elsewhere_it_is_a_draw_from_what_is_usual_for_the_role(task: PairedTask, given: Batch) -> None:
    draws = [task.conditions(given, seed=seed).locked_units for seed in range(300)]
    for section in DRIVEN:
        found = torch.stack([draw[section][1] for draw in draws])
        assert found.min() == 0.0  # spreads reach over the ends
        assert found.max() == 1.0
        mean = usual().mean[section]
        mean = mean[given.conditions.roles[1]] if section == "tracks" else mean
        inside = ((mean > 0.35) & (mean < 0.65)).expand(found.shape[1:])
        assert inside.any()
        assert (found.mean(0) - mean)[inside].abs().max() < 0.03
        assert (found.std(0)[inside] - 0.1).abs().max() < 0.02


def test_only_what_is_known_and_free_counts(task: PairedTask, given: Batch) -> None:
    conditions = task.conditions(given, seed=2)
    counts = task.counts(given, conditions)
    for section in DRIVEN:
        assert counts[section].shape == given.truth[section].shape
        assert not counts[section][1].any()
        assert not (counts[section] & conditions.locked[section]).any()
    assert not counts["tracks"][~given.mask].any()
    there = given.mask & given.has_truth[:, None]
    assert torch.equal(counts["tracks"][there], ~conditions.locked["tracks"][there])
    assert torch.equal(counts["master"][[0, 2]], ~conditions.locked["master"][[0, 2]])


def test_a_target_that_is_missing_is_the_render_of_the_truth(task: PairedTask, given: Batch) -> None:
    truth = parameters(dict(given.truth))
    compared = task.render(given, truth)
    assert compared.estimate.shape == compared.target.shape == (2, 2, SAMPLES - PRE_ROLL)
    assert torch.equal(compared.target[0], given.target[0, :, PRE_ROLL:])  # a file is a file
    assert torch.equal(compared.estimate[1], compared.target[1])  # a perfect null
    other = task.render(given, parameters(truth_units()))
    assert torch.allclose(other.target[1], compared.target[1], atol=1e-6)


def test_mixes_are_those_of_the_console_with_the_gain_of_the_mix(task: PairedTask, given: Batch) -> None:
    units = dict(given.truth)
    compared = task.render(given, parameters(units))
    for item, row in enumerate(RENDERED):
        wanted = by_hand(given, item, units, float(given.output_gain_db[row]))[:, PRE_ROLL:]
        error = (compared.estimate[item] - wanted).square().mean() / wanted.square().mean()
        assert 10 * torch.log10(error + 1e-30) < -100
    exact = replace(
        given, target=torch.stack([by_hand(given, i, units, g) for i, g in enumerate((3.25, -4.5))])
    )
    null = task.render(exact, parameters(units))
    assert (null.estimate - null.target).abs().max() < 1e-5 * null.target.abs().max()


def test_the_console_is_told_where_excerpts_lie_and_what_tracks_are(given: Batch) -> None:
    told: dict[str, object] = {}

    class Listening(Console):
        def render(self, tracks: Tensor, parameters: Parameters, **rest: object) -> Rendered:
            told.update(rest)
            return super().render(tracks, parameters, **rest)  # type: ignore[arg-type]

    task = PairedTask(Listening(named("basic")), usual())
    filed = replace(given, target=torch.zeros_like(given.target))  # no render but the estimate's
    task.render(filed, parameters(dict(given.truth)))
    for name, wanted in (
        ("start_sample", given.start_sample),
        ("mask", given.mask[list(RENDERED)]),
        ("is_stereo", given.is_stereo[list(RENDERED)]),
    ):
        assert isinstance(found := told[name], Tensor)
        assert torch.equal(found, wanted), name


def test_gradients_reach_the_units_of_rendered_items_only(task: PairedTask, given: Batch) -> None:
    units = {s: u.clone().requires_grad_() for s, u in truth_units().items()}
    compared = task.render(given, parameters(units))
    assert not compared.target.requires_grad
    compared.estimate.square().mean().backward()
    for section in DRIVEN:
        grad = units[section].grad
        assert grad is not None
        assert torch.isfinite(grad).all()
        assert (grad[1] == 0).all()
        assert (grad[[0, 2]].abs().sum((1, 2)) > 0).all()
    grad = units["tracks"].grad
    assert grad is not None
    assert (grad[~given.mask] == 0).all()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"most_locked is .*; give a share between 0 and 1"):
        PairedTask(CONSOLE, usual(), most_locked=share)

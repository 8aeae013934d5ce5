"""A value that is not finite stops the training before it reaches weights or files, and is named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from gainstage.data.batch import Batch
from gainstage.training.checkpoints import LastCheckpoint
from gainstage.training.guard import FiniteGuard, NotFinite
from tests.training import scene

NAN, INF = float("nan"), float("inf")


class Spoilt(scene.System):
    """Runs as usual until its third step, then something is spoilt."""

    def __init__(self, spoil: Callable[["Spoilt", Tensor], Tensor]) -> None:
        super().__init__()
        self.spoil = spoil

    def training_step(self, given: Batch, index: int) -> Tensor:
        total = super().training_step(given, index)
        return self.spoil(self, total) if index == 2 else total


def stop(system: scene.System, folder: Path, **settings: Any) -> tuple[str, dict[str, Tensor]]:
    """The sentence with which the training stops, and the weights then."""
    trainer = scene.trainer(folder, callbacks=[FiniteGuard(), *settings.pop("callbacks", [])], **settings)
    with pytest.raises(NotFinite) as stopped:
        scene.fit(trainer, system, scene.loader(4), scene.loader(1))
    return str(stopped.value), system.state_dict()


def _with(name: str, index: tuple[int, ...], value: float) -> Callable[[Spoilt, Tensor], Tensor]:
    def spoil(system: Spoilt, total: Tensor) -> Tensor:
        taken = system.last
        assert taken is not None
        if name in taken.units:
            units = {s: u.clone() for s, u in taken.units.items()}
            units[name][index] = value
            system.last = replace(taken, units=units)
        else:
            losses = {n: loss.clone() for n, loss in taken.losses.items()}
            losses[name][index] = value
            system.last = replace(taken, losses=losses)
        return total

    return spoil


def _gradient(system: Spoilt, total: Tensor) -> Tensor:
    total = total * 1.0
    system.gain.register_hook(lambda gradient: gradient * NAN)
    return total


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            _with("tracks", (2, 1, 0), NAN),
            "the value of tracks.compressor.threshold_db of track 2 of song 'song 2-2' is not finite",
        ),
        (_with("audio", (1,), INF), "the loss 'audio' of song 'song 2-1' is not finite"),
        (_with("units", (2,), -INF), "the loss 'units' of song 'song 2-2' is not finite"),
        (lambda _, total: total * NAN, "the total loss is not finite"),
        (_gradient, "the gradient of gain is not finite, with the songs 'song 2-0', 'song 2-1'"),
    ],
)
def test_the_sentence_names_batch_song_and_parameter(
    spoil: Callable[[Spoilt, Tensor], Tensor], said: str, tmp_path: Path
) -> None:
    sentence, weights = stop(Spoilt(spoil), tmp_path)
    assert sentence.startswith(f"training stopped at batch 2 (step 2): {said}; ")
    assert "lower learning rate" in sentence
    assert ("remove that song" in sentence) == ("song" in said)
    assert all(bool(value.isfinite().all()) for value in weights.values())


def test_the_gradient_is_looked_at_before_clipping_spreads_it(tmp_path: Path) -> None:
    sentence, weights = stop(Spoilt(_gradient), tmp_path, gradient_clip_val=1.0)
    assert "the gradient of gain is not finite" in sentence  # clipped, all would be NaN
    assert all(bool(value.isfinite().all()) for value in weights.values())


@pytest.mark.parametrize(
    ("field", "index", "said"),
    [
        ("tracks", (1, 0, 0, 7), "the audio of track 1 of song 'song 0-1' is not finite"),
        ("spectra", (5, 0, 0, 3), "the spectrum of track 2 of song 'song 0-2' is not finite"),
    ],
)
def test_a_song_with_broken_input_is_named_before_what_it_broke(
    field: str, index: tuple[int, ...], said: str, tmp_path: Path
) -> None:
    class Broken(scene.Batches):
        def __getitem__(self, number: int) -> Batch:
            given = super().__getitem__(number)
            getattr(given, field)[index] = NAN
            return given

    trainer = scene.trainer(tmp_path, callbacks=[FiniteGuard()])
    with pytest.raises(NotFinite, match=said):
        scene.fit(trainer, scene.System(), DataLoader(Broken(2), batch_size=None))


def test_validation_is_watched_too(tmp_path: Path) -> None:
    class Deaf(scene.System):
        def validation_step(self, given: Batch, index: int) -> None:
            super().validation_step(given, index)
            _with("units", (1,), NAN)(self, self.last.total)  # type: ignore[arg-type, union-attr]

    sentence, _ = stop(Deaf(), tmp_path)
    assert "validation batch 0" in sentence
    assert "the loss 'units' of song 'song 0-1'" in sentence


def test_the_newest_checkpoint_is_named_and_holds_finite_weights(tmp_path: Path) -> None:
    keep = LastCheckpoint(tmp_path / "checkpoints", every_minutes=0.0)
    sentence, _ = stop(Spoilt(_gradient), tmp_path, callbacks=[keep], enable_checkpointing=True)
    last = tmp_path / "checkpoints" / "last.ckpt"
    assert f"resume from {last} with a lower learning rate" in sentence
    weights = torch.load(last, weights_only=True)["state_dict"]
    assert all(bool(value.isfinite().all()) for value in weights.values())


def test_no_checkpoint_holds_weights_that_are_not_finite(tmp_path: Path) -> None:
    """Finite gradients may still break weights, for instance where a learning rate is absurd."""

    class Fast(scene.System):
        def training_step(self, given: Batch, index: int) -> Tensor:
            return super().training_step(given, index) * 1e4

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=1e38)

    keep = LastCheckpoint(tmp_path / "checkpoints", every_minutes=0.0)
    sentence, _ = stop(Fast(), tmp_path, callbacks=[keep], enable_checkpointing=True)
    assert "no checkpoint is written at step 1: the weights" in sentence
    assert not list(tmp_path.rglob("*.ckpt"))


def test_huge_gradients_and_losses_whose_norm_alone_overflows_pass(tmp_path: Path) -> None:
    class Steep(scene.System):
        def training_step(self, given: Batch, index: int) -> Tensor:
            return super().training_step(given, index) * 1e25

    system = Steep()
    scene.fit(scene.trainer(tmp_path, callbacks=[FiniteGuard()], max_steps=2), system)
    assert bool(system.gain.isfinite())


def test_a_training_without_faults_is_not_changed(tmp_path: Path) -> None:
    weights = []
    for callbacks in ([FiniteGuard()], []):
        system = scene.seeded_system()
        scene.fit(scene.trainer(tmp_path, callbacks=callbacks), system)
        weights.append(system.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])

"""What is needed to train in a second: four short songs, the smallest network, a quiet trainer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from gainstage.console.spec import ConsoleSpec, named
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.manifest import Song
from gainstage.losses.weighted import Weighted
from gainstage.models.settings import ControllerSettings, EncoderSettings, MixerSettings
from gainstage.training.data_module import DataSettings
from gainstage.training.run import Experiment, LossSettings, TaskSettings, Trained, train
from gainstage.training.system import OptimizerSettings

SECONDS = 4.0
EXCERPTS = ExcerptSettings(seconds=0.5, pre_roll_seconds=0.1, audio_every=4, together=1)


def level(estimate: Tensor, target: Tensor) -> Tensor:
    """A loss on audio that costs nothing: how far two mixes are apart in RMS, as a ratio."""
    return ((estimate.square().mean((1, 2)) + 1e-6).log() - (target.square().mean((1, 2)) + 1e-6).log()).abs()


def network(
    *, dropout: float = 0.0, channels: tuple[int, ...] = (8, 8), console: ConsoleSpec | None = None
) -> MixerSettings:
    """The smallest network."""
    encoder = EncoderSettings(channels=channels, width=8)
    return MixerSettings(encoder, ControllerSettings(16, 2, dropout), console or named("basic"))


def experiment(
    cache: Path, *, mixer: MixerSettings | None = None, most_locked: float = 0.5, **changes: Any
) -> Experiment:
    """A training of four steps; what is changed may belong to the experiment, its data or its excerpts."""
    of = {name: changes.pop(name) for name in ("steps", "seed", "optimizer", "losses") if name in changes}
    data = {
        name: changes.pop(name)
        for name in ("batch_size", "workers", "most_validated", "shards")
        if name in changes
    }
    settings = DataSettings(
        cache, **({"batch_size": 4, "workers": 0} | data), excerpts=replace(EXCERPTS, **changes)
    )
    given = Experiment(
        mixer or network(),
        settings,
        TaskSettings(most_locked),
        LossSettings({"level": Weighted(level, 0.1)}),
        OptimizerSettings(warmup_steps=2),
        steps=4,
    )
    return replace(given, **of)


def trainer(**changes: Any) -> Callable[..., pl.Trainer]:
    """A quiet trainer on the CPU that validates every second step."""
    quiet: dict[str, Any] = {
        "accelerator": "cpu",
        "devices": 1,
        "val_check_interval": 2,
        "num_sanity_val_steps": 0,
        "log_every_n_steps": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return partial(pl.Trainer, **(quiet | changes))


def run(given: Experiment, songs: Sequence[Song], out: Path, *callbacks: pl.Callback, **rest: Any) -> Trained:
    """Train."""
    return train(given, songs, out, trainer=rest.pop("trainer", trainer()), callbacks=callbacks, **rest)


def weights(path: Path) -> dict[str, Tensor]:
    """The weights of a checkpoint."""
    state: dict[str, Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state

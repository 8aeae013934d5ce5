"""Train a mixer: from settings and songs to checkpoints."""

import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.loggers import Logger

from gainstage.data.manifest import Song
from gainstage.data.spectra import Progress
from gainstage.kernels.memory import keep_freed_memory
from gainstage.losses.settings import SettingsLoss
from gainstage.losses.weighted import Weighted, WeightedLosses
from gainstage.models.checkpoint import KEY, describe, load_mixer
from gainstage.models.settings import MixerSettings
from gainstage.tasks.paired import PairedTask
from gainstage.training.checkpoints import LastCheckpoint, WholeCheckpoints, best_checkpoint, newest
from gainstage.training.clock import Clock
from gainstage.training.data_module import DataSettings, SongsModule
from gainstage.training.guard import FiniteGuard
from gainstage.training.quiet import quiet_lightning
from gainstage.training.system import OptimizerSettings, System

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class LossSettings:
    """What is minimised.

    Args:
        audio: name → loss on the mix and its weight.
        settings: section or parameter → weight of the loss on the settings themselves, where the truth is
            known; see `SettingsLoss`.
        settings_weight: of all of those.
    """

    audio: Mapping[str, Weighted]
    settings: Mapping[str, float] = field(
        default_factory=lambda: {"tracks": 1.0, "returns": 0.2, "master": 0.2}
    )
    settings_weight: float = 1.0

    def __post_init__(self) -> None:
        WeightedLosses(
            self.audio
        )  # says now which weight no loss can have, and not after the songs were heard
        if not 0.0 <= self.settings_weight < math.inf:
            raise ValueError(f"settings_weight is {self.settings_weight}; give 0 or more")


@dataclass(frozen=True)
class TaskSettings:
    """How a batch becomes estimate and target.

    Args:
        most_locked: largest share of parameters that are locked in training, 0 … 1.
    """

    most_locked: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.most_locked <= 1.0:
            raise ValueError(f"most_locked is {self.most_locked}; give a share between 0 and 1")


@dataclass(frozen=True)
class Experiment:
    """Everything that decides what a training comes to.

    Args:
        mixer: the network and its console.
        data: how songs become batches.
        task: how batches become estimate and target.
        losses: what is minimised.
        optimizer: how steps are made.
        steps: how many.
        seed: of everything that is drawn.
    """

    mixer: MixerSettings
    data: DataSettings
    task: TaskSettings
    losses: LossSettings
    optimizer: OptimizerSettings
    steps: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; a training takes 1 or more")
        if not 0 <= self.seed < 1 << 31:
            raise ValueError(f"seed is {self.seed}; give a number from 0 to {(1 << 31) - 1}")


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Args:
        best: the checkpoint with the lowest validation loss.
        last: where it can go on.
        steps: how many were made in all.
        seconds: of the training itself, without hearing the songs first.
    """

    best: Path
    last: Path
    steps: int
    seconds: float


MakeTrainer = Callable[..., pl.Trainer]
"""`pytorch_lightning.Trainer` with what a config says of it; called with what only a run knows."""


def train(
    experiment: Experiment,
    songs: Sequence[Song],
    out: Path,
    *,
    trainer: MakeTrainer,
    callbacks: Sequence[pl.Callback] = (),
    logger: Logger | bool = False,
    resume: Path | None = None,
    clock: Clock | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a mixer.

    Args:
        experiment: what is trained, and how.
        songs: with splits.
        out: folder of the run; its `checkpoints` get `best.ckpt` and `last.ckpt`.
        trainer: makes Lightning's trainer.
        callbacks: beside those that are always there: the guard against what is not finite, and checkpoints.
        logger: where losses go.
        resume: a checkpoint, or the folder of a run, to go on from.
        clock: tells the parts of a step apart.
        progress: told how far the hearing of the songs is, before training begins.

    Raises:
        ValueError: settings, songs or checkpoint cannot be used, or a value became infinite or NaN; one
            sentence says which.
        OSError: a file cannot be written.
        KeyboardInterrupt: somebody stopped it; `last.ckpt` holds what was done until then.
    """
    keep_freed_memory()
    folder = Path(out) / CHECKPOINTS
    start = starting_point(experiment, resume)
    pl.seed_everything(experiment.seed, workers=True, verbose=False)
    mixer = experiment.mixer.build()
    songs_module = SongsModule(songs, mixer, experiment.data, steps=experiment.steps, seed=experiment.seed)
    songs_module.prepare(progress)
    usual = songs_module.usual()
    mixer.controller.begin_at(usual)
    clock = clock or Clock()
    system = System(
        mixer,
        PairedTask(mixer.console, usual, most_locked=experiment.task.most_locked),
        WeightedLosses(experiment.losses.audio),
        SettingsLoss(usual.spread, experiment.losses.settings, layout=mixer.console.layout),
        settings_weight=experiment.losses.settings_weight,
        optimizer=experiment.optimizer,
        seed=experiment.seed,
        about={KEY: describe(experiment.mixer, usual)},
        clock=clock,
    )
    best = best_checkpoint(folder)
    last = LastCheckpoint(folder)
    with quiet_lightning(), _plain_errors():
        runner = trainer(
            max_steps=experiment.steps,
            max_epochs=-1,
            gradient_clip_val=experiment.optimizer.clip_norm,
            callbacks=[FiniteGuard(), *callbacks, best, last],
            logger=logger,
            default_root_dir=out,
            plugins=[WholeCheckpoints()],
            check_val_every_n_epoch=None,
            use_distributed_sampler=False,
        )
        began = time.monotonic()
        runner.fit(system, songs_module, ckpt_path=None if start is None else str(start))
        seconds = time.monotonic() - began
    found = Path(best.best_model_path) if best.best_model_path else last.path
    return Trained(found, last.path, int(runner.global_step), seconds)


def starting_point(experiment: Experiment, resume: Path | None) -> Path | None:
    """The checkpoint from which a training goes on, once it is known to fit; None if it starts anew.

    Raises:
        ValueError: there is none, it cannot be read, its network or console is another, or it has made as
            many steps as are asked for.
    """
    if resume is None:
        return None
    start = newest(Path(resume))
    theirs = load_mixer(start, console=experiment.mixer.console)
    if wrong := _difference(_shape(theirs.settings), _shape(experiment.mixer)):
        raise ValueError(f"{start} holds another network: {wrong}; give the same, or start a new training")
    if theirs.step >= experiment.steps:
        raise ValueError(
            f"{start} has made {theirs.step} steps and {experiment.steps} are asked for in all; ask for more"
        )
    return start


def _shape(settings: MixerSettings) -> dict[str, Any]:
    """All that weights and spectra depend on; dropout may change on the way."""
    plain = settings.plain()
    controller = {name: value for name, value in plain["controller"].items() if name != "dropout"}
    return {"encoder": plain["encoder"], "controller": controller}


def _difference(theirs: Any, ours: Any, at: str = "") -> str:
    """The first value in which nested mappings differ, in words; empty if none does."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        found = (_difference(theirs.get(k), ours[k], f"{at}.{k}" if at else str(k)) for k in ours)
        return next((words for words in found if words), "")
    return "" if theirs == ours else f"its {at} is {theirs}, here it is {ours}"


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Lightning's ways to end as those of Python, and Ctrl-C with its effect, which Lightning takes away."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        if type(end) is not SystemExit:  # a signal's own kind
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from end
    except MisconfigurationException as error:
        raise ValueError(f"trainer: {' '.join(str(error).split())}") from error

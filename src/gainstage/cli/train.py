"""`gainstage train`: from a config to a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from gainstage.cli.building import TARGET, check, instantiate
from gainstage.cli.configs import compose
from gainstage.data.spectra import Progress
from gainstage.report.atomic import whole_or_nothing
from gainstage.training.checkpoints import LAST
from gainstage.training.progress import StepTimes, progress_bar
from gainstage.training.run import CHECKPOINTS, Experiment, Trained, starting_point, train

CONFIG = "config.yaml"
_INSTEAD = {
    "max_steps": "give steps=NUMBER",
    "max_epochs": "give steps=NUMBER",
    "gradient_clip_val": "give optimizer.clip_norm=NUMBER",
    "callbacks": "give callbacks.NAME",
    "logger": "give logger=csv or logger=wandb",
    "default_root_dir": "give out=FOLDER",
    "accumulate_grad_batches": "give a larger data.settings.batch_size",
    "plugins": "leave it out",
    "check_val_every_n_epoch": "give trainer.val_check_interval=STEPS",
    "use_distributed_sampler": "leave it out",
}
"""What of Lightning's trainer a run decides by itself, and how it is told."""


@dataclass(frozen=True)
class Run:
    """A training that has ended.

    Args:
        trained: its checkpoints.
        times: where the time went, in a sentence.
        folder: of the run.
    """

    trained: Trained
    times: str
    folder: Path


def run(overrides: Sequence[str], *, progress: Progress, say: Callable[[str], None]) -> Run:
    """Compose, check, build and train.

    Args:
        overrides: in Hydra's grammar.
        progress: told how far the preparation is.
        say: takes sentences.

    Raises:
        ValueError: the config, the data or a checkpoint cannot be used; one sentence says why.
    """
    config = compose("train", overrides)
    check(config)
    _check_trainer(config)
    out = Path(config.out)
    experiment = experiment_of(config)
    resume = None if config.resume is None else Path(config.resume)
    _check_start(experiment, resume, out)
    songs = instantiate(config.data.songs, progress=progress)
    write_config(config, out)
    logger = instantiate(config.logger)
    if sentence := getattr(logger, "sentence", None):
        say(sentence)
    if wet := sum(song.is_wet for song in songs):
        say(
            f"the tracks of {wet} of {len(songs)} songs are wet stems, of which the mix is the sum: there is "
            "a balance to learn and no mixing; `gainstage normalise set` makes a set to learn mixing from"
        )
    times = StepTimes()
    chosen = [part for part in instantiate(config.callbacks).values() if part is not None]
    bars = [progress_bar()] if config.trainer.get("enable_progress_bar", True) else []
    try:
        trained = train(
            experiment,
            songs,
            out,
            trainer=instantiate(config.trainer),
            callbacks=[times, *bars, *chosen],
            logger=logger,
            resume=resume,
            progress=progress,
        )
    except KeyboardInterrupt:
        if (last := _last(out)).is_file():
            say(f"stopped; the same command with resume={last} goes on")
        raise
    return Run(trained, times.summary, out)


def experiment_of(config: DictConfig) -> Experiment:
    """What a composed config describes."""
    parts = {name: config[name] for name in ("encoder", "controller", "console")}
    numbers = {name: config[name] for name in ("steps", "seed")}
    experiment: Experiment = instantiate(
        OmegaConf.create({TARGET: "gainstage.training.run.Experiment", **numbers}),
        mixer=instantiate(OmegaConf.create({TARGET: "gainstage.models.settings.MixerSettings", **parts})),
        data=instantiate(config.data.settings),
        task=instantiate(config.task),
        losses=instantiate(config.loss),
        optimizer=instantiate(config.optimizer),
    )
    return experiment


def _check_trainer(config: DictConfig) -> None:
    for name, cure in _INSTEAD.items():
        if name in config.trainer:
            raise ValueError(f"trainer.{name} is not for a config to say; {cure}")


def _check_start(experiment: Experiment, resume: Path | None, out: Path) -> None:
    """Look at what there is before anything is written.

    Raises:
        ValueError: the checkpoint to go on from does not fit, or a new training would overwrite another.
    """
    starting_point(experiment, resume)
    if resume is None and _last(out).is_file():
        raise ValueError(
            f"{out} holds a training already; go on with it by resume={out}, or give another out="
        )


def _last(out: Path) -> Path:
    return out / CHECKPOINTS / f"{LAST}.ckpt"


def write_config(config: DictConfig, out: Path) -> None:
    """Keep what was composed beside the run.

    Raises:
        ValueError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with whole_or_nothing(out / CONFIG) as file:
            file.write(OmegaConf.to_yaml(config, resolve=True).encode())
    except OSError as error:
        raise ValueError(f"{out} cannot be written: {error.strerror or error}; give another out=") from None

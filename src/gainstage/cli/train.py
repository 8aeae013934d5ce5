"""`gainstage train`: from a config to a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from gainstage.cli.building import check, instantiate
from gainstage.cli.configs import compose
from gainstage.console.spec import ConsoleSpec
from gainstage.data.spectra import Progress
from gainstage.models.settings import MixerSettings
from gainstage.report.atomic import whole_or_nothing
from gainstage.training.progress import StepTimes, progress_bar
from gainstage.training.run import Experiment, Trained, train

CONFIG = "config.yaml"
_GIVEN = {
    "trainer": (
        "max_steps",
        "max_epochs",
        "gradient_clip_val",
        "callbacks",
        "logger",
        "default_root_dir",
        "plugins",
        "check_val_every_n_epoch",
        "use_distributed_sampler",
    )
}


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
    check(config, given=_GIVEN)
    out = Path(config.out)
    experiment = experiment_of(config)
    songs = instantiate(config.data.songs, progress=progress)
    write_config(config, out)
    logger = instantiate(config.logger)
    if sentence := getattr(logger, "sentence", None):
        say(sentence)
    times = StepTimes()
    chosen = [part for part in instantiate(config.callbacks).values() if part is not None]
    trained = train(
        experiment,
        songs,
        out,
        trainer=instantiate(config.trainer),
        callbacks=[times, progress_bar(), *chosen],
        logger=logger,
        resume=None if config.resume is None else Path(config.resume),
        progress=progress,
    )
    return Run(trained, times.summary, out)


def experiment_of(config: DictConfig) -> Experiment:
    """What a composed config describes."""
    return Experiment(
        mixer=MixerSettings(
            instantiate(config.encoder),
            instantiate(config.controller),
            ConsoleSpec.model_validate(OmegaConf.to_container(config.console, resolve=True)),
        ),
        data=instantiate(config.data.settings),
        task=instantiate(config.task),
        losses=instantiate(config.loss),
        optimizer=instantiate(config.optimizer),
        steps=config.steps,
        seed=config.seed,
    )


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

"""`gainstage train`: from a config to a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gainstage.cli.building import check, instantiate
from gainstage.cli.configs import compose
from gainstage.data.spectra import Progress
from gainstage.training.run import Trained, train

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


def run(overrides: Sequence[str], *, progress: Progress) -> Trained:
    """Compose, check, build and train.

    Args:
        overrides: in Hydra's grammar.
        progress: told how far the preparation is.

    Raises:
        ValueError: the config, the data or a checkpoint cannot be used; one sentence says why.
    """
    config = compose("train", overrides)
    check(config, given=_GIVEN)
    out = Path(config.out)
    experiment = _experiment(config)
    songs = instantiate(config.data.songs, progress=progress)
    write_config(config, out)
    return train(
        experiment,
        songs,
        out,
        trainer=instantiate(config.trainer),
        callbacks=list(instantiate(config.callbacks).values()),
        logger=instantiate(config.logger),
        resume=None if config.resume is None else Path(config.resume),
        progress=progress,
    )


def _experiment(config: DictConfig) -> Any:
    from gainstage.console.spec import ConsoleSpec
    from gainstage.models.settings import MixerSettings
    from gainstage.training.run import Experiment

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
        partial = out / f".{CONFIG}.part"
        partial.write_text(OmegaConf.to_yaml(config, resolve=True), encoding="utf-8")
        partial.replace(out / CONFIG)
    except OSError as error:
        raise ValueError(f"{out} cannot be written: {error.strerror or error}; give another out=") from None

"""`gainstage evaluate`: a checkpoint beside the baselines, on songs that it has not heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from omegaconf import OmegaConf

from gainstage.cli.building import TARGET, check, instantiate
from gainstage.cli.configs import compose
from gainstage.console.console import Console
from gainstage.data.sources import songs_of
from gainstage.data.spectra import Progress
from gainstage.evaluation.engineers import Engineer, baselines
from gainstage.evaluation.evaluate import evaluate
from gainstage.evaluation.files import write_results
from gainstage.evaluation.network import LOCKED_SHARE, Network, role_mean
from gainstage.evaluation.results import Evaluation
from gainstage.evaluation.truth import is_known
from gainstage.metrics.comparison import LEAST_SECONDS
from gainstage.metrics.metric import Which
from gainstage.models.checkpoint import load_mixer
from gainstage.training.checkpoints import newest

BASELINE = "equal_loudness_panned"


@dataclass(frozen=True)
class Asked:
    """What the root config asks for.

    Args:
        checkpoint: a file, or the folder of a run.
        out: folder for the results.
        split: whose songs are evaluated; `all` for data that no training has seen.
        songs: at most so many; all if not given.
        seconds: only so much of each; all if not given.
        metrics: `quick` or `full`.
        seed: of the moves, the locks and the bootstrap.
        jobs: processes.
        players: songs that the report lets one listen to.
    """

    checkpoint: Path
    out: Path
    split: Literal["train", "validation", "test", "all"]
    songs: int | None
    seconds: float | None
    metrics: Which
    seed: int
    jobs: int
    players: int

    def __post_init__(self) -> None:
        for name, value, least in (
            ("songs", 1 if self.songs is None else self.songs, 1),
            ("seconds", LEAST_SECONDS if self.seconds is None else self.seconds, LEAST_SECONDS),
            ("seed", self.seed, 0),
            ("jobs", self.jobs, 1),
            ("players", self.players, 0),
        ):
            if value < least:
                raise ValueError(f"{name} is {value:g}; give {least:g} or more")
        if self.out.exists() and not self.out.is_dir():
            raise ValueError(f"{self.out} is a file; give a folder for the results as out=FOLDER")


@dataclass(frozen=True)
class Evaluated:
    """An evaluation and the files that tell of it."""

    evaluation: Evaluation
    files: tuple[Path, ...]
    baseline: str


def run(overrides: Sequence[str], *, progress: Progress) -> Evaluated:
    """Compose, check, evaluate, write.

    Args:
        overrides: in Hydra's grammar.
        progress: told how far the work is.

    Raises:
        ValueError: the config, the data or the checkpoint cannot be used; one sentence says why.
    """
    config = compose("evaluate", overrides)
    check(config)
    values = {str(name): value for name, value in config.items() if name != "data"}
    asked: Asked = instantiate(OmegaConf.create({TARGET: "gainstage.cli.evaluate.Asked", **values}))
    checkpoint = newest(asked.checkpoint, prefer="best")
    trained = load_mixer(checkpoint)
    songs = instantiate(config.data.songs, progress=progress)
    songs = (songs if asked.split == "all" else songs_of(songs, asked.split))[: asked.songs]
    spec = trained.settings.console
    systems: dict[str, Engineer | Sequence[Engineer]] = {
        **baselines(spec),
        "role_mean": role_mean(trained),
        "network": Network(checkpoint),
    }
    if all(is_known(song, spec) for song in songs):
        systems["network_locked"] = Network(checkpoint, locked=LOCKED_SHARE, seed=asked.seed)
    found = evaluate(
        songs,
        systems,
        console=Console(spec),
        metrics=asked.metrics,
        seed=asked.seed,
        jobs=asked.jobs,
        progress=progress,
        keep_audio_for=asked.players,
        seconds=asked.seconds,
    )
    files = write_results(found, asked.out, baseline=BASELINE, run=_run_of(checkpoint))
    return Evaluated(found, tuple(files), BASELINE)


def _run_of(checkpoint: Path) -> Path | None:
    """The folder of the training that wrote a checkpoint; None where that has logged nothing to show."""
    return next((run for run in checkpoint.parents[:2] if (run / "metrics.csv").is_file()), None)

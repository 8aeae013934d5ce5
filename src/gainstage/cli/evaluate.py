"""`gainstage evaluate`: a checkpoint beside the baselines, on songs that it has not heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gainstage.cli.building import check, instantiate
from gainstage.cli.configs import compose
from gainstage.console.console import Console
from gainstage.data.sources import songs_of
from gainstage.data.spectra import Progress
from gainstage.evaluation.engineers import Engineer, baselines
from gainstage.evaluation.evaluate import evaluate
from gainstage.evaluation.files import write_results
from gainstage.evaluation.network import LOCKED_SHARE, Network, role_mean
from gainstage.evaluation.results import Evaluation
from gainstage.models.checkpoint import load_mixer
from gainstage.training.checkpoints import newest


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
    checkpoint = newest(Path(config.checkpoint), prefer="best")
    trained = load_mixer(checkpoint)
    songs = songs_of(instantiate(config.data.songs, progress=progress), config.split)
    if config.songs is not None:
        songs = songs[: config.songs]
    spec = trained.settings.console
    systems: dict[str, Engineer | Sequence[Engineer]] = {
        **baselines(spec),
        "role_mean": role_mean(trained),
        "network": Network(checkpoint),
    }
    if all(song.session for song in songs):
        systems["network_locked"] = Network(checkpoint, locked=LOCKED_SHARE, seed=config.seed)
    found = evaluate(
        songs,
        systems,
        console=Console(spec),
        metrics=config.metrics,
        seed=config.seed,
        jobs=config.jobs,
        progress=progress,
        keep_audio_for=config.players,
    )
    files = write_results(found, Path(config.out), baseline="equal_loudness_panned", title="Evaluation")
    return Evaluated(found, tuple(files), "equal_loudness_panned")

"""`gainstage shards`: a prepared set as shards that a training streams."""

from collections.abc import Sequence
from pathlib import Path

from gainstage.cli.building import check, instantiate
from gainstage.cli.configs import compose
from gainstage.cli.train import experiment_of
from gainstage.data.shards import write_shards
from gainstage.data.spectra import Progress
from gainstage.training.data_module import spectra_of


def run(out: Path, overrides: Sequence[str], *, progress: Progress) -> int:
    """Compose, check, write; the number of shards.

    Args:
        out: a folder that is not there.
        overrides: in Hydra's grammar, as for `gainstage train`: which set, and what its network hears.
        progress: told how far the work is.

    Raises:
        ValueError: the config or the data cannot be used; one sentence says why.
    """
    config = compose("train", ["data=prepared", *overrides])
    check(config)
    experiment = experiment_of(config)
    songs = instantiate(config.data.songs, progress=progress)
    return write_shards(songs, spectra_of(experiment.data, experiment.mixer.build()), out, progress=progress)

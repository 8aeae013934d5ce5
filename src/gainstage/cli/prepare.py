"""`gainstage prepare`: a data set as it was unpacked, made ready for training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf

from gainstage.cli.building import TARGET, instantiate
from gainstage.cli.configs import compose
from gainstage.data.folder import Progress
from gainstage.data.sources.catalogue import DataSet
from gainstage.preparation import Preparation, Settings, prepare


@dataclass(frozen=True)
class Asked:
    """What the root config asks for.

    Args:
        source: which set.
        root: where it was unpacked.
        out: folder for what is prepared.
    """

    source: DataSet
    root: Path
    out: Path


def run(overrides: Sequence[str], *, progress: Progress) -> Preparation:
    """Compose, check, prepare.

    Args:
        overrides: in Hydra's grammar.
        progress: told how far the work is.

    Raises:
        ValueError: the config or the data cannot be used; one sentence says why.
    """
    config = compose("prepare", overrides)
    places = {name: config[name] for name in ("source", "root", "out")}
    rest = {str(name): value for name, value in config.items() if name not in places}
    asked: Asked = instantiate(OmegaConf.create({TARGET: "gainstage.cli.prepare.Asked", **places}))
    settings: Settings = instantiate(
        OmegaConf.create({TARGET: "gainstage.preparation.prepare.Settings", **rest})
    )
    return prepare(asked.source, asked.root, asked.out, settings=settings, progress=progress)

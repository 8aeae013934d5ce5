"""A network whose settings depend much on what it hears, and its export in all formats."""

from pathlib import Path

import pytest
import torch

from gainstage.interchange.weights.export import ExportedWeights, export_weights
from gainstage.mixing.render import silent_progress
from gainstage.models.checkpoint import TrainedMixer, load_mixer


@pytest.fixture(scope="session")
def loud_checkpoint(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run with the last layers of its heads made a thousand times larger."""
    loaded = torch.load(tiny_run / "checkpoints" / "last.ckpt", weights_only=True)
    draw = torch.Generator().manual_seed(1)
    for name, value in loaded["state_dict"].items():
        if "heads" in name and name.endswith("2.weight"):
            value.copy_(0.5 * torch.randn(value.shape, generator=draw))
    path = tmp_path_factory.mktemp("loud") / "loud.ckpt"
    torch.save(loaded, path)
    return path


@pytest.fixture(scope="session")
def trained(loud_checkpoint: Path) -> TrainedMixer:
    return load_mixer(loud_checkpoint)


@pytest.fixture(scope="session")
def exported(trained: TrainedMixer, tmp_path_factory: pytest.TempPathFactory) -> ExportedWeights:
    """All formats; takes up to a minute, so only slow tests ask for it. No test changes it."""
    out = tmp_path_factory.mktemp("export") / "net"
    return export_weights(trained, out, progress=silent_progress)

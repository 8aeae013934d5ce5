"""Small songs on disk, and a front end small enough to read."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gainstage.console.console import Console
from gainstage.console.spec import named
from gainstage.data.spectra import SpectraCache

RATE = 44_100


class Levels(nn.Module):
    """Two planes (mid, side) of two rows: the level of a window in the scale of a log-mel front end, and its
    square root; windows of 1024 samples."""

    def __init__(self, hop: int = 512) -> None:
        super().__init__()
        self.hop = hop
        self.calls = 0

    def forward(self, audio: Tensor) -> Tensor:
        self.calls += 1
        planes = torch.stack([audio[:, 0] + audio[:, 1], audio[:, 0] - audio[:, 1]], 1) / 2
        frames = nn.functional.pad(planes, (512, 512)).unfold(-1, 1024, self.hop)
        power = frames.square().mean(-1)
        value = (10.0 * torch.log10(power.clamp(min=1e-20)) / 40.0 + 2.0).clamp(min=0.0)
        return torch.stack([value, value.sqrt()], dim=2)


def cache_in(folder: Path, *, rate: int = RATE, **rest: Any) -> SpectraCache:
    front = Levels(**rest)
    return SpectraCache(folder, front, front_id=f"levels-{rate}-{front.hop}", hop=front.hop, front_rate=rate)


def console() -> Console:
    return Console(named("basic"))


def noise(num_samples: int, channels: int = 1, *, seed: int = 0) -> NDArray[np.float64]:
    """Bursts of noise, so that every passage is like no other."""
    random = np.random.default_rng(seed)
    gate = np.repeat(random.random(-(-num_samples // 2205)), 2205)[:num_samples]
    return random.standard_normal((channels, num_samples)) * gate * 0.1


def save(path: Path, audio: NDArray[Any], rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio.T, rate, subtype="PCM_16" if path.suffix == ".flac" else "FLOAT")
    return path

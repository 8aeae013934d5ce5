# ruff: noqa: ARG002 - Lightning calls the steps with all of their arguments
"""A system as small as can be that has all which the callbacks look at, on a console of two processors."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec
from gainstage.data.batch import Batch
from gainstage.training.clock import Clock
from gainstage.training.quiet import quiet_lightning
from gainstage.training.taken import Taken

RATE = 8000
SONGS, TRACKS, SAMPLES = 3, 2, 4000
SPEC = ConsoleSpec.model_validate({"tracks": ["compressor", "fader"], "master": ["output_gain"]})
CONSOLE = Console(SPEC)


def batch(index: int = 0, *, samples: int = SAMPLES, songs: int = SONGS) -> Batch:
    """Made-up songs, of which the first two are rendered."""
    generator = torch.Generator().manual_seed(index)
    rendered = torch.arange(min(2, songs))
    truth = {
        section: torch.rand(
            songs, CONSOLE.num_strips(section, TRACKS), len(layout.driven), generator=generator
        )
        for section, layout in CONSOLE.layout.items()
    }
    return Batch(
        spectra=torch.rand(songs * TRACKS, 2, 4, 5, generator=generator),
        num_frames=torch.full((songs * TRACKS,), 5),
        heard=torch.arange(songs * TRACKS).reshape(songs, TRACKS),
        mask=torch.ones(songs, TRACKS, dtype=torch.bool),
        is_stereo=torch.zeros(songs, TRACKS, dtype=torch.bool),
        conditions=Conditions(
            torch.zeros(songs, TRACKS, dtype=torch.long),
            torch.full((songs,), -1),
            torch.full((songs,), -20.0),
        ),
        truth=truth,
        has_truth=torch.ones(songs, dtype=torch.bool),
        output_gain_db=torch.zeros(songs),
        rendered=rendered,
        tracks=0.1 * torch.randn(len(rendered), TRACKS, 2, samples, generator=generator),
        target=0.1 * torch.randn(len(rendered), 2, samples, generator=generator),
        start_sample=torch.zeros(len(rendered), dtype=torch.long),
        pre_roll=0,
        sample_rate=RATE,
        song_ids=tuple(f"song {index}-{i}" for i in range(songs)),
    )


class Batches(Dataset[Batch]):
    """So many batches, each a function of its index."""

    def __init__(self, count: int, *, samples: int = SAMPLES) -> None:
        self.count, self.samples = count, samples

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Batch:
        return batch(index, samples=self.samples)


def loader(count: int, *, samples: int = SAMPLES) -> "DataLoader[Batch]":
    """Whole batches as they are."""
    return DataLoader(Batches(count, samples=samples), batch_size=None)


class System(pl.LightningModule):
    """Units from the mean spectrum; the estimate is the tracks' sum at one learnt gain."""

    def __init__(self) -> None:
        super().__init__()
        self.mixer = SimpleNamespace(console=CONSOLE)
        self.widths = {section: len(layout.driven) for section, layout in CONSOLE.layout.items()}
        self.heads = nn.ModuleDict({s: nn.Linear(1, w) for s, w in self.widths.items() if w})
        self.gain = nn.Parameter(torch.tensor(0.5))
        self.clock = Clock()
        self.last: Taken | None = None

    def _step(self, given: Batch) -> Tensor:
        heard = given.spectra.mean((1, 2, 3))[given.heard]  # (batch, tracks)
        with self.clock("encoder"):
            units = {
                s: torch.sigmoid(
                    self.heads[s](
                        heard[:, :1, None].expand(-1, CONSOLE.num_strips(s, TRACKS), -1)
                        if s != "tracks"
                        else heard[..., None]
                    )
                )
                for s in self.heads
            }
        with self.clock("console"):
            estimate = self.gain * given.tracks.sum(1)
        with self.clock("loss"):
            losses = {
                "audio": (estimate - given.target).square().mean((1, 2)),
                "units": torch.stack([(units[s] - given.truth[s]).square().mean((1, 2)) for s in units]).sum(
                    0
                ),
            }
            total = losses["audio"].mean() + losses["units"].mean()
        self.last = Taken(
            given,
            {s: u.detach() for s, u in units.items()},
            {s: torch.zeros_like(u, dtype=torch.bool) for s, u in units.items()},
            estimate.detach(),
            given.target,
            {name: loss.detach() for name, loss in losses.items()},
            total.detach(),
        )
        return total

    def training_step(self, given: Batch, index: int) -> Tensor:
        total = self._step(given)
        self.log("train/total", total)
        return total

    def validation_step(self, given: Batch, index: int) -> None:
        self.log("val/total", self._step(given), batch_size=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


def trainer(folder: Path, **settings: Any) -> pl.Trainer:
    """A quiet trainer of a few steps on the CPU."""
    quiet: dict[str, Any] = {
        "accelerator": "cpu",
        "devices": 1,
        "max_steps": 4,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "default_root_dir": folder,
        "log_every_n_steps": 1,
        "num_sanity_val_steps": 0,
    }
    return pl.Trainer(**(quiet | settings))


def fit(
    trainer: pl.Trainer,
    system: pl.LightningModule,
    train: "DataLoader[Batch] | None" = None,
    validation: "DataLoader[Batch] | None" = None,
    **settings: Any,
) -> None:
    """Train as the command does, without Lightning's chatter."""
    with quiet_lightning():
        trainer.fit(system, train or loader(4), validation or loader(1), **settings)


def seeded_system(seed: int = 0) -> System:
    """A system that always begins with the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return System()

"""A mixer of toy size on the default console, whose outputs depend on what it hears, and songs to hear."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gainstage.console.conditions import Conditions
from gainstage.console.spec import named
from gainstage.models.controller import Controller
from gainstage.models.log_mel import FrontSettings
from gainstage.models.mixer import Mixer
from gainstage.models.settings import ControllerSettings, EncoderSettings, MixerSettings

RATE = 44100
SETTINGS = MixerSettings(
    EncoderSettings(FrontSettings(bands=24, fft_size=1024, hop=512), channels=(16, 24), width=16),
    ControllerSettings(hidden=32, depth=2),
    named("basic"),
)


def fresh_mixer(seed: int = 0) -> Mixer:
    """Untrained, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SETTINGS.build().eval()


def last_layers(controller: Controller) -> dict[str, nn.Linear]:
    """The last layer of each section's head."""
    found = {}
    for section, head in controller.heads.items():
        assert isinstance(head, nn.Sequential)
        last = head[-1]
        assert isinstance(last, nn.Linear)
        found[section] = last
    return found


def lively_mixer(seed: int = 0) -> Mixer:
    """A mixer whose heads are as far from their beginning as trained ones."""
    mixer = fresh_mixer(seed)
    generator = torch.Generator().manual_seed(seed)
    for last in last_layers(mixer.controller).values():
        nn.init.normal_(last.weight, std=0.3, generator=generator)
    return mixer


def conditions(
    roles: Tensor,
    *,
    loudness: float = -20.0,
    locked: Mapping[str, Tensor] | None = None,
    locked_units: Mapping[str, Tensor] | None = None,
) -> Conditions:
    """Of a batch of songs with these roles, shape (batch, tracks)."""
    genre, target = torch.full((len(roles),), -1), torch.full((len(roles),), loudness)
    return Conditions(roles, genre, target, locked or {}, locked_units or {})


def spectra(rows: int, frames: int = 12, *, bands: int = 24, seed: int = 0) -> Tensor:
    """Made-up spectra: some frames play and some rest, every second row is mono, each has its own colour."""
    draw = torch.Generator().manual_seed(seed)
    colour = torch.rand(rows, 1, bands + 2, 1, generator=draw)
    found = 0.6 + colour + 0.4 * torch.rand(rows, 3, bands + 2, frames, generator=draw)
    found[..., torch.rand(frames, generator=draw) < 0.3] *= 0.3
    found[:, 1] *= 0.7
    found[:, 2] = 0.4 * (found[:, 2] - 1.0)
    found[::2, 1:] = 0.0
    return found


def embeddings(mixer: Mixer, rows: int, seed: int = 0) -> Tensor:
    """What the mixer hears in made-up spectra. Shape (1, rows, width)."""
    heard = spectra(rows, seed=seed)
    with torch.no_grad():
        return mixer.listen(heard, torch.full((rows,), heard.shape[-1]))[None]

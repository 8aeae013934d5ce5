"""Encoder, controller and console as one."""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from gainstage.console.conditions import Conditions, apply_locks
from gainstage.console.console import Console, Rendered
from gainstage.console.parameters import Parameters
from gainstage.models.controller import Controller
from gainstage.models.encoder import Encoder


@dataclass(frozen=True)
class Decided:
    """What a mixer decided: unit values for losses, physical ones for the console."""

    units: dict[str, Tensor]
    parameters: Parameters


class Mixer(nn.Module):
    """Hears tracks, sets the console, renders the mix.

    Args:
        encoder: tracks → embeddings.
        controller: embeddings and conditions → unit values.
        console: physical values and tracks → mix.
    """

    def __init__(self, encoder: Encoder, controller: Controller, console: Console) -> None:
        super().__init__()
        self.encoder, self.controller, self.console = encoder, controller, console

    def decide(self, tracks: Tensor, mask: Tensor, conditions: Conditions) -> Decided:
        """Set the console for gain-staged tracks. Shape: tracks (batch, tracks, 2, samples)."""
        batch, num_tracks = mask.shape
        neutral = self.console.neutral(batch=batch, tracks=num_tracks)
        strips = {section: values.shape[1] for section, values in neutral.values.items()}
        heard = self.encoder(tracks, mask)
        units = apply_locks(self.controller(heard, mask, conditions, strips), conditions)
        layout = self.console.layout
        values = {s: layout[s].to_physical(u, neutral.values[s].to(u.device)) for s, u in units.items()}
        return Decided(units, replace(neutral, values=values))

    def forward(
        self, tracks: Tensor, mask: Tensor, is_stereo: Tensor, conditions: Conditions, *, sample_rate: int
    ) -> Rendered:
        """Mix gain-staged tracks that all start at the song's start."""
        parameters = self.decide(tracks, mask, conditions).parameters
        return self.console.render(
            tracks, parameters, sample_rate=sample_rate, mask=mask, is_stereo=is_stereo
        )

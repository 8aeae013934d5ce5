"""Front end, encoder, controller and console as one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from gainstage.console.conditions import Conditions, apply_locks
from gainstage.console.console import Console, Rendered
from gainstage.console.parameters import Parameters
from gainstage.models.controller import Controller
from gainstage.models.encoder import Embedding, Encoder
from gainstage.models.log_mel import LogMel


@dataclass(frozen=True)
class Decided:
    """What a mixer decided: unit values for losses, physical ones for the console."""

    units: dict[str, Tensor]
    parameters: Parameters


class Mixer(nn.Module):
    """Hears tracks, sets the console, renders the mix.

    Args:
        front: audio → spectra.
        encoder: spectra → embeddings.
        controller: embeddings and conditions → unit values.
        console: physical values and tracks → mix.
    """

    def __init__(self, front: LogMel, encoder: Encoder, controller: Controller, console: Console) -> None:
        super().__init__()
        self.front, self.encoder, self.controller, self.console = front, encoder, controller, console

    def listen(self, spectra: Tensor, num_frames: Tensor) -> Tensor:
        """Embeddings of single tracks.

        Shape: spectra (rows, 3, bands + 2, frames), num_frames (rows,) → (rows, width).
        """
        heard: Embedding = self.encoder(spectra, num_frames)
        return heard.pooled

    def set(self, embeddings: Tensor, mask: Tensor, conditions: Conditions) -> Decided:
        """Set the console for tracks that were heard; what is locked stands as it is held.

        Shape: embeddings (batch, tracks, width), mask (batch, tracks).
        """
        batch, num_tracks = mask.shape
        neutral = self.console.neutral(batch=batch, tracks=num_tracks)
        strips = {section: values.shape[1] for section, values in neutral.values.items()}
        units = apply_locks(self.controller(embeddings, mask, conditions, strips), conditions)
        return Decided(units, set_to(units, neutral, self.console))

    def forward(
        self, tracks: Tensor, mask: Tensor, is_stereo: Tensor, conditions: Conditions, *, sample_rate: int
    ) -> Rendered:
        """Mix gain-staged tracks that start at the song's start, at the front end's rate."""
        spectra = self.front(tracks[mask])  # padding is not even listened to
        found = self.listen(spectra, torch.full((len(spectra),), spectra.shape[-1], device=mask.device))
        heard = found.new_zeros(*mask.shape, found.shape[-1]).index_put((mask,), found)
        parameters = self.set(heard, mask, conditions).parameters
        return self.console.render(
            tracks, parameters, sample_rate=sample_rate, mask=mask, is_stereo=is_stereo
        )


def set_to(units: Mapping[str, Tensor], neutral: Parameters, console: Console) -> Parameters:
    """The settings of a console whose driven parameters stand at unit values.

    Args:
        units: section → unit values; a section that is not named stays as it is.
        neutral: the settings of all else.
        console: whose settings they are.

    Shape: units (batch, strips, driven).
    """
    moved = {s: console.layout[s].to_physical(u, neutral.values[s].to(u.device)) for s, u in units.items()}
    return replace(neutral, values={**neutral.values, **moved})

"""A track's spectra as an embedding: moments of the spectra, and of what a network sees in them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gainstage.models.log_mel import EXTRA_ROWS, PLANES
from gainstage.models.moments import Moments, RunningNorm, SpectralMoments, activity, level_of, root

NUMBERS = 13  # the first columns of `SpectralMoments.describe` reach the controller as they are
IS_STEREO = 8  # among them: above the mean if the track is stereo


@dataclass(frozen=True)
class Embedding:
    """What an encoder heard.

    Args:
        pooled: one vector a track.
        frames: the same network's view over time.
        hop_seconds: time between frames.

    Shape: pooled (rows, width), frames (rows, frames, channels).
    """

    pooled: Tensor
    frames: Tensor
    hop_seconds: float


@dataclass(frozen=True)
class Heard:
    """What is kept of a passage; `+` joins it to the passage that follows.

    Args:
        spectra: moments of the spectra.
        view: moments of the network's view.
        frames: the view over time, shape (rows, frames, channels).
    """

    spectra: Moments
    view: Moments
    frames: Tensor

    def __add__(self, other: "Heard") -> "Heard":
        frames = torch.cat([self.frames, other.frames], dim=1)
        return Heard(self.spectra + other.spectra, self.view + other.view, frames)


class Encoder(nn.Module):
    """A convolutional network over time on log-mel spectra, the same for all tracks.

    Everything is pooled as moments over the time in which a track plays. So a song of any length is heard
    section by section in bounded memory, and rests and padding do not count.

    Args:
        bands: mel bands of the spectra.
        hop_seconds: between the frames of the spectra.
        channels: width of each stage; a stage halves the number of frames.
        width: of the embedding, without the few numbers that are handed through.

    Shape: spectra (rows, 3, bands + 2, frames) → `Embedding`; rows are tracks of any songs.
    """

    def __init__(
        self,
        *,
        bands: int,
        hop_seconds: float,
        channels: tuple[int, ...] = (160, 160, 192, 192),
        width: int = 192,
    ) -> None:
        super().__init__()
        self.spectral = SpectralMoments(bands)
        self.hop_seconds = hop_seconds * 2 ** len(channels)
        inputs = [PLANES * (bands + EXTRA_ROWS), *channels[:-1]]
        self.stages = nn.ModuleList(
            nn.Conv1d(i, o, 3, stride=2, padding=1) for i, o in zip(inputs, channels, strict=True)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(o) for o in channels)
        self.norm = RunningNorm(self.spectral.width)
        self.from_view = nn.Linear(3 * channels[-1], width)
        self.from_spectra = nn.Linear(self.spectral.width, width)
        self.out = nn.Linear(width, width)
        self.width = width + NUMBERS

    def forward(self, spectra: Tensor, num_frames: Tensor) -> Embedding:
        """Hear tracks. Shape: spectra (rows, 3, bands + 2, frames), num_frames (rows,)."""
        heard = self.hear(spectra, num_frames)
        return Embedding(self.embed(heard), heard.frames, self.hop_seconds)

    def hear(self, spectra: Tensor, num_frames: Tensor) -> Heard:
        """One section of each track. Shape: spectra (rows, 3, bands + 2, frames), num_frames (rows,)."""
        view, lengths = spectra.flatten(1, 2), num_frames
        plays = activity(level_of(spectra))
        for conv, norm in zip(self.stages, self.norms, strict=True):
            lengths = torch.div(lengths + 1, 2, rounding_mode="floor")
            view = nn.functional.silu(norm(conv(view).mT)).mT
            # what lies behind the end is silence to the next stage, whether it is padding or not there at all
            view = view * (torch.arange(view.shape[-1], device=view.device) < lengths[:, None])[:, None]
            plays = nn.functional.avg_pool1d(nn.functional.pad(plays, (0, 1)), 2)  # an odd frame and silence
        total = torch.cat([view, view.square()], dim=1) @ plays[..., None]
        largest = (view * (plays > 0.0)[:, None]).amax(-1).clamp(min=0.0)
        weight, count = plays.sum(-1, keepdim=True), lengths[:, None].to(plays)
        return Heard(
            self.spectral(spectra, num_frames), Moments(total[..., 0], largest, weight, count), view.mT
        )

    def embed(self, heard: Heard) -> Tensor:
        """Embedding of what was heard. Shape: (…, width)."""
        numbers = self.norm(self.spectral.describe(heard.spectra))
        mean, square = heard.view.mean().chunk(2, dim=-1)
        view = torch.cat([mean, root(square - mean.square()), heard.view.largest], dim=-1)
        seen = nn.functional.silu(self.from_view(view) + self.from_spectra(numbers))
        embedding: Tensor = torch.cat([self.out(seen), numbers[..., :NUMBERS]], dim=-1)
        return embedding

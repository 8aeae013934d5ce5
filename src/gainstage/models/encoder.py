"""A track's audio as an embedding: log-mel of mid and side, then a small convolutional network."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gainstage.dsp.torchaudio_import import functional

_FLOOR_DB = -80.0


@dataclass(frozen=True)
class Embedding:
    """What an encoder heard.

    Args:
        pooled: one vector a track, shape (batch, tracks, width).
        frames: the same over time, shape (batch, tracks, frames, width).
        hop_seconds: time between frames.
    """

    pooled: Tensor
    frames: Tensor
    hop_seconds: float


class LogMel(nn.Module):
    """Log-mel spectra of mid and side in dB, floored 80 dB below full scale, as (dB + 40) / 40.

    Args:
        sample_rate: of the audio, in Hz. Frequencies above 16 kHz are not heard.
        bands: mel bands from 30 Hz.
        window_s: length of the Hann window.
        hop_s: time between frames.

    Shape: (rows, 2, samples) → (rows, 2, bands, frames).
    """

    def __init__(
        self, *, sample_rate: int, bands: int = 64, window_s: float = 0.0464, hop_s: float = 0.0464
    ) -> None:
        super().__init__()
        self.sample_rate, self.bands = sample_rate, bands
        self.fft_size = 2 ** round(torch.tensor(window_s * sample_rate).log2().item())
        self.hop = round(hop_s * sample_rate)
        top = min(16000.0, 0.475 * sample_rate)
        bank = functional.melscale_fbanks(self.fft_size // 2 + 1, 30.0, top, bands, sample_rate, None, "htk")
        self.register_buffer("bank", bank.T.contiguous(), persistent=False)
        self.register_buffer("window", torch.hann_window(self.fft_size), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Hear rows of stereo audio."""
        assert isinstance(self.bank, Tensor)
        assert isinstance(self.window, Tensor)
        mid_side = torch.stack([audio[:, 0] + audio[:, 1], audio[:, 0] - audio[:, 1]], dim=1) / 2
        frames = nn.functional.pad(mid_side, (self.fft_size // 2, self.fft_size // 2)).unfold(
            -1, self.fft_size, self.hop
        )
        spectrum = torch.fft.rfft(frames * self.window)
        power = (spectrum.real.square() + spectrum.imag.square()) * (4.0 / self.fft_size**2)
        db = 10.0 * torch.log10((power @ self.bank.T).clamp(min=10.0 ** (_FLOOR_DB / 10.0)))
        return ((db + 40.0) / 40.0).mT


class Encoder(nn.Module):
    """A convolutional network on log-mel spectra, the same for all tracks.

    Each stage halves bands and frames. The pooled embedding holds mean, spread and largest value over time,
    so that level, dynamics and single strokes are all heard.

    Args:
        sample_rate: of the audio it is given, in Hz.
        channels: width of each stage.
        width: of the embedding.
        bands: mel bands.

    Shape: (batch, tracks, 2, samples) → `Embedding`.
    """

    def __init__(
        self,
        *,
        sample_rate: int,
        channels: tuple[int, ...] = (32, 64, 128, 192),
        width: int = 192,
        bands: int = 64,
    ) -> None:
        super().__init__()
        self.front = LogMel(sample_rate=sample_rate, bands=bands)
        self.width = width
        stages: list[nn.Module] = []
        for inputs, outputs in zip((2, *channels[:-1]), channels, strict=True):
            stages += [
                nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
                nn.GroupNorm(8, outputs),
                nn.SiLU(),
            ]
        self.stages = nn.Sequential(*stages)
        self.hop_seconds = self.front.hop * 2 ** len(channels) / sample_rate
        left = -(-bands // 2 ** len(channels))
        self.to_frames = nn.Linear(channels[-1] * left, width)
        # mean levels go round the convolutions too: a spectrum is most of what sets an equaliser
        self.to_pooled = nn.Linear(3 * width + 4 * bands, width)

    def forward(self, tracks: Tensor, mask: Tensor) -> Embedding:
        """Hear tracks; those that are padding get zeros.

        Shape: tracks (batch, tracks, 2, samples), mask (batch, tracks).
        """
        batch, num_tracks = mask.shape
        present = torch.nonzero(mask.flatten()).flatten()
        rows = tracks.flatten(0, 1).index_select(0, present)
        mel = self.front(rows)  # (rows, 2, bands, frames)
        maps = self.stages(mel)  # (rows, channels, bands', frames')
        frames = nn.functional.silu(self.to_frames(maps.flatten(1, 2).mT))  # (rows, frames', width)
        spectra = torch.cat([mel.mean(-1), mel.amax(-1)], dim=1).flatten(1)
        pooled = torch.cat([frames.mean(1), _spread(frames), frames.amax(1), spectra], dim=1)
        out = nn.functional.silu(self.to_pooled(pooled))
        return Embedding(
            out.new_zeros(batch * num_tracks, self.width)
            .index_copy(0, present, out)
            .unflatten(0, (batch, num_tracks)),
            frames.new_zeros(batch * num_tracks, *frames.shape[1:])
            .index_copy(0, present, frames)
            .unflatten(0, (batch, num_tracks)),
            self.hop_seconds,
        )


def _spread(frames: Tensor) -> Tensor:
    """Standard deviation over time with a finite gradient where nothing moves."""
    return ((frames - frames.mean(1, keepdim=True)).square().mean(1) + 1e-6).sqrt()

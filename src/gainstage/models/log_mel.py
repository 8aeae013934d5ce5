"""What a network hears: levels of mel bands over time, of mid, side, left and right."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gainstage.dsp.torchaudio_import import functional

FLOOR_DB, SPAN_DB = -80.0, 40.0
PLANES = 3
EXTRA_ROWS = 2
_NOTHING = 1e-20


@dataclass(frozen=True)
class FrontSettings:
    """How finely a front end hears.

    Args:
        sample_rate: of the audio, in Hz; other rates are resampled to it.
        bands: mel bands from 30 Hz to 16 kHz.
        fft_size: samples of a Hann window.
        hop: samples between frames.
    """

    sample_rate: int = 44100
    bands: int = 64
    fft_size: int = 2048
    hop: int = 2048


class LogMel(nn.Module):
    """Log-mel spectra of gain-staged audio, with nothing to learn in it.

    Three planes: mid, side, and how much more the right has than the left. Each has a row for every mel band,
    and two for what bands do not show: the frame's peak, and its brightness (the centroid of its magnitudes,
    in octaves). Levels are (dB + 80) / 40, not below 0, so 0 is silence, which is also how padding looks;
    brightness is (octaves above 1 kHz + 6) / 4, and 0 in silence. The third plane is the difference of two
    such values.

    Args:
        settings: rate and resolution.

    Shape: (rows, 2, samples) → (rows, 3, bands + 2, frames); frame i is centred on sample i·hop.
    """

    def __init__(self, settings: FrontSettings) -> None:
        super().__init__()
        self.settings = settings
        top_hz = min(16000.0, 0.475 * settings.sample_rate)
        bank = functional.melscale_fbanks(
            settings.fft_size // 2 + 1, 30.0, top_hz, settings.bands, settings.sample_rate, None, "htk"
        )
        self.register_buffer("bank", bank.contiguous(), persistent=False)
        bins_khz = torch.linspace(0.0, settings.sample_rate / 2000.0, settings.fft_size // 2 + 1)
        audible = ((bins_khz >= 0.02) & (bins_khz <= 20.0)).float()
        self.register_buffer("bins", torch.stack([audible, audible * bins_khz], dim=1), persistent=False)
        self.register_buffer("window", torch.hann_window(settings.fft_size), persistent=False)

    @property
    def identity(self) -> str:
        """A name that changes whenever its spectra would."""
        s = self.settings
        return f"logmel2-{s.sample_rate}-{s.bands}-{s.fft_size}-{s.hop}"

    @property
    def rows(self) -> int:
        """Rows of a plane."""
        return self.settings.bands + EXTRA_ROWS

    def num_frames(self, num_samples: int) -> int:
        """How many frames a signal has."""
        return num_samples // self.settings.hop + 1

    def forward(self, audio: Tensor) -> Tensor:
        """Hear rows of stereo audio; the ends are surrounded by silence."""
        half = self.settings.fft_size // 2
        return self.framed(nn.functional.pad(audio, (half, half)))

    def framed(self, audio: Tensor) -> Tensor:
        """Hear audio that brings half a window of what surrounds it at both ends.

        Shape: (rows, 2, samples + fft_size) → (rows, 3, bands + 2, samples // hop + 1).
        """
        frames = audio.unfold(-1, self.settings.fft_size, self.settings.hop)  # (rows, 2, frames, fft_size)
        if bool((audio[:, 0] == audio[:, 1]).all()):  # half of all tracks: one transform instead of two
            left = frames[:, 0]
            mid = self._levels(self._parts(left), left.abs().amax(-1))
            return torch.stack([mid, torch.zeros_like(mid), torch.zeros_like(mid)], dim=1)
        return self.stereo(frames)

    def stereo(self, frames: Tensor) -> Tensor:
        """Hear frames without asking whether they are mono: no branch, so that a graph can be made of it.

        Shape: (rows, 2, frames, fft_size) → (rows, 3, bands + 2, frames).
        """
        (left, right), parts = frames.unbind(1), self._parts(frames)
        left_levels = self._levels(parts[:, :, 0], left.abs().amax(-1))
        right_levels = self._levels(parts[:, :, 1], right.abs().amax(-1))
        mid = self._levels((parts[:, :, 0] + parts[:, :, 1]) / 2, ((left + right) / 2).abs().amax(-1))
        side = self._levels((parts[:, :, 0] - parts[:, :, 1]) / 2, ((left - right) / 2).abs().amax(-1))
        return torch.stack([mid, side, right_levels - left_levels], dim=1)

    def _parts(self, frames: Tensor) -> Tensor:
        """Real and imaginary parts of the spectra, apart. Shape: (rows, …, fft_size) → (rows, 2, …, bins)."""
        assert isinstance(self.window, Tensor)
        spectra = torch.fft.rfft(frames * self.window)
        return torch.stack([spectra.real, spectra.imag], dim=1)

    def _levels(self, parts: Tensor, peak: Tensor) -> Tensor:
        """Shape: parts (rows, 2, frames, bins), peak (rows, frames) → (rows, bands + 2, frames)."""
        assert isinstance(self.bank, Tensor)
        assert isinstance(self.bins, Tensor)
        power = parts.square().sum(1) * (4.0 / self.settings.fft_size**2)
        bands = torch.cat([power @ self.bank, peak[..., None].square()], dim=-1)
        db = 10.0 * torch.log10(bands.clamp(min=_NOTHING))
        levels = ((db - FLOOR_DB) / SPAN_DB).clamp(min=0.0)
        weighted = power.sqrt() @ self.bins  # magnitudes, and magnitudes times frequency in kHz
        octaves = torch.log2(weighted[..., 1:] / weighted[..., :1].clamp(min=_NOTHING) + 2.0**-6)
        brightness = torch.where(levels[..., -1:] > 0.0, (octaves + 6.0) / 4.0, torch.zeros_like(octaves))
        return torch.cat([levels, brightness.clamp(min=0.0)], dim=-1).mT

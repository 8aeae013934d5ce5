"""The multi-resolution STFT losses of the field, each under the name of the work that it comes from.

They compare magnitudes only, so they are deaf to phase (polarity, short delays); what they hear of the stereo
image depends on their channels. A number without its preset's name means nothing.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gainstage.losses.spectrogram import a_weighting_db, mel_bank, power_spectrogram

Channels = Literal["each", "mid_side", "left_right", "mono", "grafx", "diffvox", "mss"]


@dataclass(frozen=True)
class Preset:
    """One definition of the loss.

    Args:
        fft_sizes: samples of each transform.
        hops, windows: samples, one for each transform.
        convergence: weight of the spectral convergence ‖|Y|−|X|‖ / ‖|Y|‖, taken per item and channel.
        log: weight of the mean |ln|Y| − ln|X||.
        linear: weight of the mean ||Y| − |X||.
        log10_squared: weight of the mean squared difference of log10 magnitudes.
        channels: which signals of the stereo pair are compared, and how their losses are summed.
        floor: |X|² is floored here before the root and the log; it decides how much near-silence counts.
        mel_bands: 0 for plain bins.
        a_weighted: spectra are weighted by A.
        source: the paper or code that defines it.
    """

    fft_sizes: tuple[int, ...]
    hops: tuple[int, ...]
    windows: tuple[int, ...]
    channels: Channels
    source: str
    convergence: float = 0.0
    log: float = 0.0
    linear: float = 0.0
    log10_squared: float = 0.0
    floor: float = 1e-8
    mel_bands: int = 0
    a_weighted: bool = False


def _hopped(sizes: tuple[int, ...], share: int) -> tuple[int, ...]:
    return tuple(size // share for size in sizes)


def _preset(
    sizes: tuple[int, ...], share: int, channels: Channels, source: str, **weights: float | bool
) -> Preset:
    return Preset(sizes, _hopped(sizes, share), sizes, channels, source, **weights)  # type: ignore[arg-type]


PRESETS: dict[str, Preset] = {
    "auraloss": Preset(
        (1024, 2048, 512), (120, 240, 50), (600, 1200, 240), "each", "Steinmetz & Reiss, DMRN 2020", 1.0, 1.0
    ),
    "sum_difference": _preset(
        (4096, 1024, 256), 2, "mid_side", "Steinmetz et al., ICASSP 2021 (DMC)", convergence=1.0, log=1.0
    ),
    "diffmst": _preset((512, 2048, 8192), 2, "left_right", "Vanka et al., ISMIR 2024", linear=1.0, log=1.0),
    "deepafx": _preset(
        (32, 128, 512, 2048, 8192, 32768),
        2,
        "mono",
        "Steinmetz et al., JAES 70(9), 2022",
        linear=1.0,
        log=1.0,
    ),
    "grafx": _preset(
        (512, 1024, 4096),
        4,
        "grafx",
        "Lee et al., DAFx 2024",
        convergence=1.0,
        log=1.0,
        floor=1e-4,
        mel_bands=96,
        a_weighted=True,
    ),
    "diffvox": _preset(
        (128, 512, 2048), 4, "diffvox", "Yu et al., DAFx 2025", convergence=1.0, log=1.0, a_weighted=True
    ),
    "mss": _preset(
        (4096, 2048, 1024, 512), 4, "mss", "Koo et al., ICASSP 2023", linear=0.9, log10_squared=0.1
    ),
}
"""The definitions of METRICS section 1. `grafx` is meant for 30 kHz with the first second left out."""


class MultiResolutionSTFT:
    """A multi-resolution STFT loss by preset.

    Args:
        preset: a name of `PRESETS`.
        sample_rate: in Hz; matters to presets with mel bands or A-weighting.

    Raises:
        ValueError: there is no such preset.
    """

    def __init__(self, preset: str, *, sample_rate: int) -> None:
        if preset not in PRESETS:
            raise ValueError(f"there is no MR-STFT preset '{preset}'; there are {', '.join(PRESETS)}")
        self.preset = PRESETS[preset]
        self.sample_rate = sample_rate

    def __call__(self, estimate: Tensor, target: Tensor) -> Tensor:
        """The loss of each item.

        Shape: (batch, 2, samples) twice → (batch,).
        """
        total = estimate.new_zeros(estimate.shape[0])
        for weight, x, y in _compared(self.preset.channels, estimate, target):
            total = total + weight * self.signals(x, y)
        return total

    def signals(self, estimate: Tensor, target: Tensor) -> Tensor:
        """The loss of single signals, mean over resolutions.

        Shape: (..., samples) twice → (batch,): other dimensions are averaged.
        """
        sizes = zip(self.preset.fft_sizes, self.preset.hops, self.preset.windows, strict=True)
        parts = [self._resolution(estimate, target, *size) for size in sizes]
        loss = torch.stack(parts).mean(0)
        return loss.flatten(1).mean(1) if loss.ndim > 1 else loss

    def _resolution(self, estimate: Tensor, target: Tensor, fft_size: int, hop: int, window: int) -> Tensor:
        """The terms at one resolution, for each signal. Shape (..., samples) → (...)."""
        p = self.preset
        x, y = (self._magnitude(audio, fft_size, hop, window) for audio in (estimate, target))
        loss = estimate.new_zeros(estimate.shape[:-1])
        if p.convergence:
            loss = loss + p.convergence * convergence(x, y)
        if p.log:
            loss = loss + p.log * (y.log() - x.log()).abs().mean((-2, -1))
        if p.linear:
            loss = loss + p.linear * (y - x).abs().mean((-2, -1))
        if p.log10_squared:
            loss = loss + p.log10_squared * (y.log10() - x.log10()).square().mean((-2, -1))
        return loss

    def _magnitude(self, audio: Tensor, fft_size: int, hop: int, window: int) -> Tensor:
        p = self.preset
        power = power_spectrogram(audio, fft_size=fft_size, hop=hop, window=window)
        if p.a_weighted:
            frequencies_hz = torch.arange(power.shape[-2], device=audio.device) * (
                self.sample_rate / fft_size
            )
            weights = 10.0 ** (a_weighting_db(frequencies_hz) / 10.0)
            power = power * weights.to(power.dtype)[:, None]
        magnitude = power.clamp(min=p.floor).sqrt()
        if p.mel_bands:
            magnitude = mel_bank(fft_size, p.mel_bands, self.sample_rate).to(magnitude) @ magnitude
        return magnitude


def convergence(estimate: Tensor, target: Tensor) -> Tensor:
    """Spectral convergence ‖Y − X‖ / ‖Y‖ of each signal, finite gradient at equality.

    Shape: (..., bins, frames) twice → (...).
    """
    error = (target - estimate).square().sum((-2, -1))
    norm = target.square().sum((-2, -1)).clamp(min=1e-12)
    # √ has an infinite slope at 0: equal inputs take the branch of a constant, whose gradient is 0
    positive = torch.where(error > 0, error, torch.ones_like(error))
    return torch.where(error > 0, positive.sqrt(), torch.zeros_like(error)) / norm.sqrt()


def _compared(channels: Channels, x: Tensor, y: Tensor) -> list[tuple[float, Tensor, Tensor]]:
    """The signals that a preset compares, with their weights; M = L + R, S = L − R."""
    mid = (1.0, x.sum(1), y.sum(1))
    side = (1.0, x[:, 0] - x[:, 1], y[:, 0] - y[:, 1])
    mid_side = [(0.5, *mid[1:]), (0.5, *side[1:])]
    if channels in ("each", "left_right"):
        return [(1.0, x, y)]
    if channels == "mid_side":
        return mid_side
    if channels == "mono":
        return [(1.0, x.mean(1), y.mean(1))]
    if channels == "grafx":
        return [(0.5, x, y), (0.25, *mid[1:]), (0.25, *side[1:])]
    if channels == "diffvox":
        return [(1.0, x, y), (0.25, *mid[1:]), (0.25, *side[1:])]
    return [(0.5, x, y), (0.25, *mid[1:]), (0.25, *side[1:])]

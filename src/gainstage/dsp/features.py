"""Hears a track block by block and tells its features."""

import copy
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from gainstage.dsp.k_weighting import initial_state, k_weight
from gainstage.dsp.loudness import hop_length
from gainstage.dsp.onsets import ENVELOPE_HZ
from gainstage.dsp.spectrum import Array, band_matrix
from gainstage.dsp.track_features import FINE, HOPS, PERSISTENCE, Frames, TrackFeatures, summarise

__all__ = ["FeatureMeter", "TrackFeatures"]

COARSE = 3  # bands per octave that are kept of every frame
_FRAMES_AT_ONCE = 32  # bounds the memory of one call
_PARTS = 64


class FeatureMeter:
    """Hears a track block by block.

    Keeps about 1.3 kB for a second of audio (under half a percent of it), whatever the size of the blocks;
    the result does not depend on how the audio was cut.

    Args:
        channels: 1 or 2.
        sample_rate: in Hz, at least 40 kHz to hear all bands.
    """

    def __init__(self, channels: int, *, sample_rate: int) -> None:
        if channels not in (1, 2):
            raise ValueError(f"a track has 1 or 2 channels, got {channels}; split or fold it first")
        self._sample_rate, self._channels = sample_rate, channels
        self._hop = hop_length(sample_rate)
        self._bin_hz = sample_rate / (2 * self._hop)
        self._window = torch.hann_window(2 * self._hop, dtype=torch.float64).float()
        self._coarse = torch.from_numpy(band_matrix(self._hop + 1, self._bin_hz, COARSE)).float()
        self._fine = torch.from_numpy(band_matrix(self._hop + 1, self._bin_hz, FINE)).float()
        self._pending: list[Tensor] = []
        self._num_samples = 0
        self._last_hop = torch.zeros(channels, self._hop)
        self._k_state = initial_state(1, channels)
        self._frames: dict[str, list[Array]] = {}
        self._fine_sum, self._fine_root_sum = np.zeros(len(self._fine)), np.zeros(len(self._fine))

    def update(self, block: Tensor) -> None:
        """Hear more of the track.

        Shape: block (channels, samples), any number of samples.
        """
        if block.ndim != 2 or block.shape[0] != self._channels:
            raise ValueError(f"expected (channels={self._channels}, samples), got {tuple(block.shape)}")
        self._num_samples += block.shape[1]
        self._pending.append(block.detach().float().clone())
        frame = HOPS * self._hop
        waiting = sum(b.shape[1] for b in self._pending)
        if waiting >= frame:
            audio = torch.cat(self._pending, dim=1)
            whole = waiting // frame * frame
            self._pending = [audio[:, whole:]]
            self._hear(audio[:, :whole])

    def result(self) -> TrackFeatures:
        """The features of what was heard so far, silence completing the last frame; hearing may go on."""
        whole = copy.copy(self)
        whole._frames = {name: list(parts) for name, parts in self._frames.items()}
        whole._pending = list(self._pending)
        waiting = sum(b.shape[1] for b in self._pending)
        if waiting or not self._frames:
            whole.update(torch.zeros(self._channels, HOPS * self._hop - waiting))
        kept = {name: np.concatenate(parts) for name, parts in whole._frames.items()}
        frames = Frames(**kept, fine_sum=whole._fine_sum, fine_root_sum=whole._fine_root_sum)
        return summarise(
            frames, sample_rate=self._sample_rate, channels=self._channels, num_samples=self._num_samples
        )

    def _hear(self, audio: Tensor) -> None:
        frame = HOPS * self._hop
        for piece in torch.split(audio, _FRAMES_AT_ONCE * frame, dim=1):
            for name, values in (*self._levels(piece), *self._spectra(piece)):
                parts = self._frames.setdefault(name, [])
                parts.append(np.array(values))
                if len(parts) > _PARTS:  # many small arrays would pin the heap between the large ones
                    parts[:] = [np.concatenate(parts)]
            self._last_hop = piece[:, -self._hop :]

    def _levels(self, audio: Tensor) -> Iterable[tuple[str, Array]]:
        signal = audio.double().numpy()
        frames = signal.reshape(self._channels, -1, HOPS * self._hop)
        yield "peak", np.abs(frames).max(axis=(0, 2))
        yield "left", np.mean(frames[0] ** 2, axis=1)
        yield "right", np.mean(frames[-1] ** 2, axis=1)
        yield "product", np.mean(frames[0] * frames[-1], axis=1)
        weighted, self._k_state = k_weight(audio[None], self._k_state, sample_rate=self._sample_rate)
        power = np.mean(weighted[0].double().numpy().reshape(self._channels, -1, self._hop) ** 2, axis=2)
        yield "hop_power", power.sum(axis=0) * (2.0 if self._channels == 1 else 1.0)
        edges = np.round(np.arange(0, frames[0].size, self._sample_rate / ENVELOPE_HZ)).astype(np.int64)
        energy = np.add.reduceat(np.mean(signal**2, axis=0), edges)
        yield "envelope", energy / np.diff(edges, append=frames[0].size)

    def _spectra(self, audio: Tensor) -> Iterable[tuple[str, Array]]:
        # Windows of 200 ms, one each 100 ms; a frame's spectrum is the mean of the four that end in it.
        windows = torch.cat([self._last_hop, audio], dim=1).unfold(1, 2 * self._hop, self._hop)
        scale = 2.0 / (2 * self._hop * float(self._window.square().sum()))
        power = torch.fft.rfft(windows * self._window).abs().square().mean(dim=0) * scale
        power = power.reshape(-1, HOPS, self._hop + 1).mean(dim=1)
        fine = (power @ self._fine.T).double().numpy()
        self._fine_sum = self._fine_sum + fine.sum(axis=0)
        self._fine_root_sum = self._fine_root_sum + (fine**PERSISTENCE).sum(axis=0)
        yield "bands", (power @ self._coarse.T).numpy()
        frequency_hz = torch.arange(self._hop + 1, dtype=torch.float64) * self._bin_hz
        magnitude = power.double().sqrt() * ((frequency_hz >= 20.0) & (frequency_hz <= 20_000.0))
        running = magnitude.cumsum(dim=1)
        total = running[:, -1:] + 1e-30
        yield "centroid", (magnitude @ frequency_hz / total[:, 0]).numpy()
        yield "rolloff", ((running < 0.85 * total).sum(dim=1) * self._bin_hz).double().numpy()

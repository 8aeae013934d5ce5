"""What an engineer hears in one track: level, dynamics, spectrum, stereo image, attacks, activity.

All features but the raw level are taken after gain staging (to −23 LUFS), so they do not depend on the level
at which a track was recorded. Those that say *active* count only frames whose momentary loudness lies within
20 LU of the track's 95th percentile: a tom that plays twice is judged by its strokes, not by its silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.dsp import statistics as st
from gainstage.dsp.gain_staging import stage
from gainstage.dsp.k_weighting import initial_state, k_weight
from gainstage.dsp.loudness import hop_length
from gainstage.dsp.onsets import ENVELOPE_HZ, find_onsets
from gainstage.dsp.spectrum import Array, Resonance, band_centres_hz, band_matrix, resonances

ACTIVE_LU = 20.0
HOPS = 4  # hops of 100 ms in a frame of 400 ms, the momentary block of BS.1770
COARSE, FINE = 3, 12  # bands per octave: kept per frame, and kept as long-term means
_FRAMES_AT_ONCE = 32  # bounds the memory of one call
_PERSISTENCE = 0.25  # exponent of the mean that tells standing resonances from notes
_FINE_HZ = band_centres_hz(FINE)


@dataclass(frozen=True)
class TrackFeatures:
    """The sound of one track, after gain staging where a level is meant.

    Args:
        sample_rate: of the audio, Hz.
        channels: 1 or 2.
        seconds: length.
        is_silent: nothing above −70 LUFS; all other numbers are then neutral.
        loudness_lufs: before staging, of its active blocks (`gainstage.dsp.gain_staging`).
        peak_dbfs: sample peak before staging.
        trim_db: the gain that stages it.
        rms_dbfs: mean level of the staged track, active.
        crest_db: peak over RMS, active.
        loudness_range_lu: 10th to 95th percentile of 3-s loudness (EBU Tech 3342), its windows counting
            active blocks only, so that rests are no dynamics.
        dynamic_spread_lu: mean absolute deviation of momentary loudness, active.
        centroid_hz: mean over active frames of the centroid of magnitudes between 20 Hz and 20 kHz.
        rolloff_hz: frequency below which 85 % of those magnitudes lie, mean over active frames.
        width: energy of L − R over energy of L + R, active; 0 for mono.
        imbalance: (E_R − E_L) / (E_R + E_L), active.
        spectrum_db: power in third-octave bands (20 Hz to 20 kHz), active, shape (31,).
        band_activity: per band, share of active frames within 20 dB of its loudest tenth, shape (31,).
        onset_density_hz: onsets per second while it plays (rests up to 1.6 s are part of playing).
        attack_sharpness_db: mean rise at an onset over 30 ms.
        decay_db_per_s: mean fall in the 250 ms after an onset.
        activity: share of frames that are active.
        noise_floor_lu: 5th percentile of momentary loudness against the 95th (negative), not below −60.
        begins_hz: 1 % of the energy lies below it.
        low_60_db, low_100_db: energy below 60 and 100 Hz over all energy.
        flatness_db: geometric over arithmetic mean of the third-octave density, 100 Hz to 10 kHz; 0 = noise.
        tilt_db_per_octave: slope of the spectrum, 60 Hz to 12 kHz.
        sibilance_db: 5–10 kHz over 300 Hz–4 kHz, 90th percentile of active frames.
        resonances: standing narrow peaks, most prominent first.
        momentary_lufs: loudness of every 400-ms block, one each 100 ms, shape (blocks,).
        active: which frames of 400 ms are active, shape (frames,).
        frame_power: third-octave power of every frame, shape (frames, 31).
    """

    sample_rate: int
    channels: int
    seconds: float
    is_silent: bool
    loudness_lufs: float
    peak_dbfs: float
    trim_db: float
    rms_dbfs: float
    crest_db: float
    loudness_range_lu: float
    dynamic_spread_lu: float
    centroid_hz: float
    rolloff_hz: float
    width: float
    imbalance: float
    spectrum_db: Array
    band_activity: Array
    onset_density_hz: float
    attack_sharpness_db: float
    decay_db_per_s: float
    activity: float
    noise_floor_lu: float
    begins_hz: float
    low_60_db: float
    low_100_db: float
    flatness_db: float
    tilt_db_per_octave: float
    sibilance_db: float
    resonances: tuple[Resonance, ...]
    momentary_lufs: Array
    active: NDArray[np.bool_]
    frame_power: NDArray[np.float32]

    def scalars(self) -> dict[str, float]:
        """The features that are one number, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.type is float}


class FeatureMeter:
    """Hears a track block by block.

    Keeps about 1 kB for a second of audio (a third of a percent of it), whatever the size of the blocks;
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
        """The features of what was heard so far; silence completes the last frame."""
        waiting = sum(b.shape[1] for b in self._pending)
        if waiting or not self._frames:
            self.update(torch.zeros(self._channels, HOPS * self._hop - waiting))
            self._num_samples -= HOPS * self._hop - waiting
        return self._summary({name: np.concatenate(parts) for name, parts in self._frames.items()})

    def _hear(self, audio: Tensor) -> None:
        frame = HOPS * self._hop
        for piece in torch.split(audio, _FRAMES_AT_ONCE * frame, dim=1):
            for name, values in (*self._levels(piece), *self._spectra(piece)):
                self._frames.setdefault(name, []).append(values)
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
        self._fine_sum += fine.sum(axis=0)
        self._fine_root_sum += (fine**_PERSISTENCE).sum(axis=0)
        yield "bands", (power @ self._coarse.T).numpy()
        frequency_hz = torch.arange(self._hop + 1, dtype=torch.float64) * self._bin_hz
        magnitude = power.double().sqrt() * ((frequency_hz >= 20.0) & (frequency_hz <= 20_000.0))
        running = magnitude.cumsum(dim=1)
        total = running[:, -1:] + 1e-30
        yield "centroid", (magnitude @ frequency_hz / total[:, 0]).numpy()
        yield "rolloff", ((running < 0.85 * total).sum(dim=1) * self._bin_hz).double().numpy()

    def _summary(self, frames: dict[str, Array]) -> TrackFeatures:
        block_power = np.convolve(frames["hop_power"], np.full(HOPS, 1.0 / HOPS), mode="valid")
        momentary = st.to_lufs(block_power)
        loud = st.loud_level(momentary)
        active_blocks = momentary >= loud - ACTIVE_LU
        active = active_blocks[::HOPS]
        peak_dbfs = 20.0 * float(np.log10(max(frames["peak"].max(), 1e-10)))
        whole_blocks = max(self._num_samples // self._hop - HOPS + 1, 0)
        staging = stage(torch.from_numpy(block_power[:whole_blocks]), peak_db=peak_dbfs)
        is_silent, trim_db = staging.rule == "silence", staging.trim_db
        gain = 10.0 ** (trim_db / 10.0)
        bands = np.asarray(frames["bands"] * gain, dtype=np.float32)
        thirds = np.asarray(bands[active].mean(axis=0, dtype=np.float64) + 1e-20)
        left, right, product = (float(frames[k][active].mean()) for k in ("left", "right", "product"))
        rms_dbfs = 10.0 * float(np.log10((left + right) / 2.0 + 1e-30))
        onsets = find_onsets(frames["envelope"], 0.01 * (left + right) / 2.0)
        return TrackFeatures(
            sample_rate=self._sample_rate,
            channels=self._channels,
            seconds=self._num_samples / self._sample_rate,
            is_silent=is_silent,
            loudness_lufs=loud if staging.loudness_lufs is None else staging.loudness_lufs,
            peak_dbfs=peak_dbfs,
            trim_db=trim_db,
            rms_dbfs=rms_dbfs + trim_db,
            crest_db=20.0 * float(np.log10(frames["peak"][active].max() + 1e-15)) - rms_dbfs,
            loudness_range_lu=st.loudness_range_lu(block_power, active_blocks),
            dynamic_spread_lu=st.mean_absolute_deviation(momentary[active_blocks]),
            centroid_hz=float(frames["centroid"][active].mean()),
            rolloff_hz=float(frames["rolloff"][active].mean()),
            width=(left + right - 2.0 * product) / max(left + right + 2.0 * product, 1e-30),
            imbalance=(right - left) / (right + left + 1e-30),
            spectrum_db=10.0 * np.log10(thirds),
            band_activity=st.band_activity(bands[active]),
            onset_density_hz=onsets.count / (st.playing_frames(active) * HOPS / 10.0),
            attack_sharpness_db=onsets.sharpness_db,
            decay_db_per_s=onsets.decay_db_per_s,
            activity=float(active.mean()) * (not is_silent),
            noise_floor_lu=max(float(np.percentile(momentary, 5.0)) - loud, -60.0),
            begins_hz=st.quantile_hz(self._fine_sum, _FINE_HZ, 0.01),
            low_60_db=st.share_below_db(self._fine_sum, _FINE_HZ, 60.0),
            low_100_db=st.share_below_db(self._fine_sum, _FINE_HZ, 100.0),
            flatness_db=st.flatness_db(thirds),
            tilt_db_per_octave=st.tilt_db_per_octave(thirds),
            sibilance_db=st.sibilance_db(bands[active]),
            resonances=resonances((self._fine_root_sum / len(active)) ** (1.0 / _PERSISTENCE), FINE),
            momentary_lufs=momentary + trim_db,
            active=active & (not is_silent),
            frame_power=bands,
        )

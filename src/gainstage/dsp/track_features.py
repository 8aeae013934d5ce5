"""The features of one track: level, dynamics, spectrum, stereo image, attacks, activity.

All features but the raw level are taken after gain staging (to −23 LUFS), so they do not depend on the level
at which a track was recorded. Those that say *active* count only frames whose momentary loudness lies within
20 LU of the track's 95th percentile: a tom that plays twice is judged by its strokes, not by its silence.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from gainstage.dsp import statistics as st
from gainstage.dsp.gain_staging import GainStaging, stage
from gainstage.dsp.loudness import hop_length
from gainstage.dsp.onsets import find_onsets
from gainstage.dsp.spectrum import Array, Resonance, band_centres_hz, resonances

ACTIVE_LU = 20.0
HOPS = 4  # hops of 100 ms in a frame of 400 ms, the momentary block of BS.1770
FINE = 12  # bands per octave of the long-term means
PERSISTENCE = 0.25  # exponent of the mean that tells standing resonances from notes
_FINE_HZ = band_centres_hz(FINE)


@dataclass(frozen=True, eq=False)
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


@dataclass(frozen=True, eq=False)
class Frames:
    """What a meter keeps of a track: a row per frame of 400 ms, and two long-term spectra.

    Args:
        hop_power: K-weighted power of every 100 ms, summed over channels, mono counted twice,
            shape (4·frames,).
        peak: largest sample, shape (frames,).
        left, right, product: mean squares and mean product of the channels, shape (frames,).
        centroid, rolloff: in Hz, shape (frames,).
        bands: power in third-octave bands, shape (frames, 31).
        envelope: mean square of every 10 ms, shape (40·frames,).
        fine_sum: power in twelfth-octave bands, summed over frames.
        fine_root_sum: the same, each frame's power to the exponent `PERSISTENCE` before the sum: a peak that
            always stands loses nothing by it, notes that come and go do.
    """

    hop_power: Array
    peak: Array
    left: Array
    right: Array
    product: Array
    centroid: Array
    rolloff: Array
    bands: Array
    envelope: Array
    fine_sum: Array
    fine_root_sum: Array


def summarise(frames: Frames, *, sample_rate: int, channels: int, num_samples: int) -> TrackFeatures:
    """The features of a track from its frames, the last of which silence may have completed.

    Args:
        frames: what was kept, before gain staging.
        num_samples: length of the track, without what completed its last frame.
    """
    block_power = np.convolve(frames.hop_power, np.full(HOPS, 1.0 / HOPS), mode="valid")
    momentary = st.to_lufs(block_power)
    loud_lufs = st.loud_level(momentary)
    active_blocks = np.asarray(momentary >= loud_lufs - ACTIVE_LU)
    active = active_blocks[::HOPS]
    peak_dbfs = 20.0 * float(np.log10(max(frames.peak.max(), 1e-10)))
    whole_blocks = max(num_samples // hop_length(sample_rate) - HOPS + 1, 0)
    staging = stage(torch.from_numpy(block_power[:whole_blocks]), peak_db=peak_dbfs)
    bands = np.asarray(frames.bands * 10.0 ** (staging.trim_db / 10.0), dtype=np.float32)
    thirds = np.asarray(bands[active].mean(axis=0, dtype=np.float64) + 1e-20)
    steady = (frames.fine_root_sum / len(active)) ** (1.0 / PERSISTENCE)
    return TrackFeatures(
        sample_rate=sample_rate,
        channels=channels,
        seconds=num_samples / sample_rate,
        is_silent=staging.rule == "silence",
        loudness_lufs=loud_lufs if staging.loudness_lufs is None else staging.loudness_lufs,
        peak_dbfs=peak_dbfs,
        trim_db=staging.trim_db,
        loudness_range_lu=st.loudness_range_lu(block_power, active_blocks),
        dynamic_spread_lu=st.mean_absolute_deviation(momentary[active_blocks]),
        noise_floor_lu=max(float(np.percentile(momentary, 5.0)) - loud_lufs, -60.0),
        **_levels(frames, active, staging),
        **_attacks(frames, active),
        **_colour(frames, active, thirds),
        sibilance_db=st.sibilance_db(bands[active]),
        spectrum_db=10.0 * np.log10(thirds),
        band_activity=st.band_activity(bands[active]),
        resonances=resonances(steady, FINE),
        momentary_lufs=momentary + staging.trim_db,
        active=active & (staging.rule != "silence"),
        frame_power=bands,
    )


def _levels(frames: Frames, active: NDArray[np.bool_], staging: GainStaging) -> dict[str, float]:
    left, right, product = (float(k[active].mean()) for k in (frames.left, frames.right, frames.product))
    rms_dbfs = 10.0 * float(np.log10((left + right) / 2.0 + 1e-30))
    return {
        "rms_dbfs": rms_dbfs + staging.trim_db,
        "crest_db": 20.0 * float(np.log10(frames.peak[active].max() + 1e-15)) - rms_dbfs,
        "width": (left + right - 2.0 * product) / max(left + right + 2.0 * product, 1e-30),
        "imbalance": (right - left) / (right + left + 1e-30),
        "activity": float(active.mean()) * (staging.rule != "silence"),
    }


def _attacks(frames: Frames, active: NDArray[np.bool_]) -> dict[str, float]:
    mean_square = float((frames.left[active].mean() + frames.right[active].mean()) / 2.0)
    onsets = find_onsets(frames.envelope, 0.01 * mean_square)
    return {
        "onset_density_hz": onsets.count / (st.playing_frames(active) * HOPS / 10.0),
        "attack_sharpness_db": onsets.sharpness_db,
        "decay_db_per_s": onsets.decay_db_per_s,
    }


def _colour(frames: Frames, active: NDArray[np.bool_], thirds: Array) -> dict[str, float]:
    return {
        "centroid_hz": float(frames.centroid[active].mean()),
        "rolloff_hz": float(frames.rolloff[active].mean()),
        "begins_hz": st.quantile_hz(frames.fine_sum, _FINE_HZ, 0.01),
        "low_60_db": st.share_below_db(frames.fine_sum, _FINE_HZ, 60.0),
        "low_100_db": st.share_below_db(frames.fine_sum, _FINE_HZ, 100.0),
        "flatness_db": st.flatness_db(thirds),
        "tilt_db_per_octave": st.tilt_db_per_octave(thirds),
    }

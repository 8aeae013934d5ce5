"""The trim of a track from its manifest row: gain staging without hearing the track again."""

import torch

from gainstage.data.manifest import AudioRef
from gainstage.dsp.gain_staging import HIGHEST_TRIM_DB, LOWEST_TRIM_DB, TARGET_LUFS, stage
from gainstage.dsp.gating import ABSOLUTE_GATE_LUFS
from gainstage.dsp.loudness import MOMENTARY_HOPS, hop_length
from gainstage.dsp.true_peak import amplitude_to_db


def trim_db(track: AudioRef) -> float:
    """The gain that stages a track, as `gainstage.dsp.gain_staging` finds it.

    Args:
        track: measured: a loudness of None means that nothing in it is above −70 LUFS, or that it is shorter
            than 400 ms and goes by its peak.
    """
    if track.loudness_lufs is not None:
        return min(max(TARGET_LUFS - track.loudness_lufs, LOWEST_TRIM_DB), HIGHEST_TRIM_DB)
    if track.num_samples >= MOMENTARY_HOPS * hop_length(track.sample_rate):
        return 0.0
    peak = torch.tensor(track.peak_amplitude, dtype=torch.float64)
    return stage(torch.zeros(0), peak_db=float(amplitude_to_db(peak))).trim_db


def is_silent(track: AudioRef) -> bool:
    """Whether there is nothing in it to hear, nor to tell it from another track by."""
    is_short = track.num_samples < MOMENTARY_HOPS * hop_length(track.sample_rate)
    quiet = 20.0 * torch.tensor(track.peak_amplitude).clamp(min=1e-10).log10() <= ABSOLUTE_GATE_LUFS
    return track.loudness_lufs is None and (bool(quiet) or not is_short)

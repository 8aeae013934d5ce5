"""Gain staging: the trim that brings a track to −23 LUFS before anything hears or mixes it.

Integrated loudness would not do. A track that plays twice in a song, with the bleed of the drums in between,
would be judged by its bleed where the gates of BS.1770 let that through, and trimmed up by it. So a track is
as loud as its active blocks: the mean power of the 400 ms blocks that are not more than 10 LU quieter than
the 95th percentile of all its blocks above −70 LUFS. Louder ones always count: leaving out the few crashes
of a sparse track would trim it up by its bleed again.

Everything is measured on the two-channel signal: a mono track plays on both loudspeakers and counts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gainstage.dsp.gating import ABSOLUTE_GATE_LUFS, lufs_to_power, percentile, power_to_lufs
from gainstage.dsp.loudness import MOMENTARY_HOPS, hop_length, momentary_power
from gainstage.dsp.meter import LoudnessMeter
from gainstage.dsp.true_peak import sample_peak_db

TARGET_LUFS = -23.0
TARGET_PEAK_DB = -12.0
LOWEST_TRIM_DB = -60.0
HIGHEST_TRIM_DB = 48.0
ACTIVE_LU = 10.0
ACTIVE_PERCENTILE = 0.95

Rule = Literal["loudness", "peak", "silence"]


@dataclass(frozen=True)
class GainStaging:
    """What gain staging found in a track and did to it.

    Args:
        loudness_lufs: loudness of the active blocks; None where the rule did not use one.
        rule: `loudness` (to −23 LUFS), `peak` (shorter than 400 ms: peak to −12 dBFS) or `silence` (left
            alone).
        trim_db: the gain, −60 … +48 dB.
    """

    loudness_lufs: float | None
    rule: Rule
    trim_db: float


def stage(block_power: Tensor, *, peak_db: float) -> GainStaging:
    """Find the trim of one track from what a meter kept of it.

    Args:
        block_power: mean power of its 400 ms blocks (`momentary_power`), a mono track counted twice.
        peak_db: its largest sample in dBFS; it decides only where there is no block.

    Shape: (blocks)
    """
    if block_power.shape[-1] == 0:
        return _stage_by_peak(peak_db)
    loudness_lufs = active_loudness(block_power)
    if loudness_lufs is None:
        return GainStaging(None, "silence", 0.0)
    return GainStaging(loudness_lufs, "loudness", _clip(TARGET_LUFS - loudness_lufs))


def stage_audio(audio: Tensor, *, sample_rate: int) -> GainStaging:
    """Find the trim of one track from its audio.

    Args:
        audio: the whole track, mono or stereo.
        sample_rate: in Hz.

    Shape: (channels, samples)
    """
    power = momentary_power(audio.detach(), sample_rate=sample_rate, dual_mono=True)
    return stage(power, peak_db=float(sample_peak_db(audio.detach())))


def stage_meter(meter: LoudnessMeter, *, num_samples: Sequence[int] | None = None) -> list[GainStaging]:
    """Find the trims of all tracks that a meter heard.

    Args:
        meter: its rows are the tracks; a mono meter that does not count its channel twice is corrected for.
        num_samples: length of each track, where shorter ones were padded with silence to be metered beside
            longer ones; without it each is as long as what the meter heard.

    Returns:
        One result a row.
    """
    counted_once = meter.channels == 1 and not meter.dual_mono
    power = meter.momentary_power * (2.0 if counted_once else 1.0)
    lengths = [meter.num_samples] * meter.rows if num_samples is None else num_samples
    hops = [length // hop_length(meter.sample_rate) for length in lengths]
    blocks = [max(n - MOMENTARY_HOPS + 1, 0) for n in hops]
    peaks = meter.sample_peak_db.tolist()
    return [stage(row[:n], peak_db=peak) for row, n, peak in zip(power, blocks, peaks, strict=True)]


def active_loudness(block_power: Tensor) -> float | None:
    """Loudness of a track while it plays, in LUFS; None if nothing is above −70 LUFS.

    Args:
        block_power: mean power of its 400 ms blocks, a mono track counted twice.

    Shape: (blocks)
    """
    audible = block_power > lufs_to_power(ABSOLUTE_GATE_LUFS)
    if not bool(audible.any()):
        return None
    loud = percentile(block_power, audible, ACTIVE_PERCENTILE)
    active = audible & (block_power >= loud * 10.0 ** (-ACTIVE_LU / 10.0))
    return float(power_to_lufs(torch.where(active, block_power, 0.0).sum() / active.sum()))


def _stage_by_peak(peak_db: float) -> GainStaging:
    if peak_db <= ABSOLUTE_GATE_LUFS:
        return GainStaging(None, "silence", 0.0)
    return GainStaging(None, "peak", _clip(TARGET_PEAK_DB - peak_db))


def _clip(trim_db: float) -> float:
    return min(max(trim_db, LOWEST_TRIM_DB), HIGHEST_TRIM_DB)

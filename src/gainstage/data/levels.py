"""The level at which a network is given tracks: as the console stages them, or as published loaders do.

Gainstage stages every track to −23 LUFS, in training and in `mix` alike. The other policies serve to compare
with published systems on songs with a mix; known settings hold for staged tracks only.
"""

from typing import Literal

import torch

from gainstage.data.manifest import Track
from gainstage.data.staging import trim_db
from gainstage.dsp.gain_staging import TARGET_LUFS, TARGET_PEAK_DB
from gainstage.dsp.true_peak import amplitude_to_db
from gainstage.roles import MUSDB_CLASS

LevelPolicy = Literal["lufs", "peak", "class"]
POLICIES: tuple[LevelPolicy, ...] = ("lufs", "peak", "class")

CLASS_LUFS = {"vocals": -30.73, "drums": -34.18, "bass": -29.73, "other": -31.17}
"""Mean loudness of the classes over the training songs of MUSDB18 (Martínez-Ramírez et al., ISMIR 2022)."""


def level_db(track: Track, policy: LevelPolicy) -> float:
    """How much louder than staged a track is to be.

    Args:
        track: measured.
        policy: `lufs` (as staged), `peak` (highest sample at −12 dBFS, as automix-toolkit) or `class` (the
            mean loudness of its class, as FxNorm-automix).
    """
    if policy == "lufs" or track.loudness_lufs is None:
        return 0.0
    if policy == "class":
        return CLASS_LUFS[MUSDB_CLASS[track.role]] - TARGET_LUFS
    peak_db = float(amplitude_to_db(torch.tensor(track.peak_amplitude, dtype=torch.float64)))
    return TARGET_PEAK_DB - peak_db - trim_db(track)

"""What of a track's features tells its role, as one vector: colour, movement, attacks, image.

Nothing in it depends on the level of the recording, and little on its length, so that a network which learnt
from songs of 20 s hears whole ones too.
"""

import numpy as np
from numpy.typing import NDArray

from gainstage.dsp.spectrum import band_centres_hz
from gainstage.dsp.track_features import TrackFeatures

_LOWEST_DB = -60.0
_BANDS = len(band_centres_hz(3))
_NUMBERS = (
    "crest_db",
    "loudness_range_lu",
    "dynamic_spread_lu",
    "onset_density_hz",
    "attack_sharpness_db",
    "decay_db_per_s",
    "activity",
    "noise_floor_lu",
    "low_60_db",
    "low_100_db",
    "flatness_db",
    "tilt_db_per_octave",
    "sibilance_db",
)
NUM_NUMBERS = 4 * _BANDS + len(_NUMBERS) + 6
"""Length of the vector."""


def sound_of(features: TrackFeatures) -> NDArray[np.float32]:
    """The vector of a track that is not silent.

    Per third-octave band: its level against the loudest, the share of time in which it sounds, how far its
    level spreads and how far it moves from one 400 ms to the next; then single numbers.

    Shape: (`NUM_NUMBERS`,)
    """
    level = features.spectrum_db - features.spectrum_db.max()
    playing = features.frame_power[features.active]
    moving_db = 10.0 * np.log10(playing + 1e-6 * playing.max(initial=1e-12))
    spread = moving_db.std(axis=0) if len(playing) else np.zeros(_BANDS)
    steps = np.abs(np.diff(moving_db, axis=0)).mean(axis=0) if len(playing) > 1 else np.zeros(_BANDS)
    top = features.resonances[0] if features.resonances else None
    single = [
        *(getattr(features, name) for name in _NUMBERS),
        np.log2(max(features.centroid_hz, 20.0) / 1000.0),
        np.log2(max(features.rolloff_hz, 20.0) / 1000.0),
        np.log2(max(features.begins_hz, 20.0) / 1000.0),
        np.log2(top.frequency_hz / 1000.0) if top else 0.0,
        top.prominence_db if top else 0.0,
        10.0 * np.log10(min(features.width, 4.0) + 1e-3),
    ]
    whole = np.concatenate([np.maximum(level, _LOWEST_DB), features.band_activity, spread, steps, single])
    return whole.astype(np.float32)

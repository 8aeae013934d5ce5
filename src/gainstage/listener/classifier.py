"""Role from audio: a small network on what a track sounds like, its weights beside it.

Names come first: this is for tracks whose names say nothing. It learnt from built-in songs, dry and treated
(`benchmarks/train_listener.py`), and its probabilities were tempered so that they hold on songs it did not
learn from. On real recordings it is right less often than on built-in ones; how often, group by group, stands
in `benchmarks/results/listener.md`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from gainstage.dsp.track_features import TrackFeatures
from gainstage.listener.sound import NUM_NUMBERS, sound_of
from gainstage.roles import GROUPS, ROLES, group_of

WEIGHTS = Path(__file__).with_name("weights.safetensors")

_LEAST = 0.4  # probability of the group

Array = NDArray[np.float32]


@dataclass(frozen=True)
class HeardRole:
    """What a track probably plays.

    Args:
        role: one of `ROLES`: the likeliest of the likeliest group, since a wrong piece of the kit costs a mix
            less than a voice among the drums.
        probability: of that role.
        group: its group.
        group_probability: of that group.
    """

    role: str
    probability: float
    group: str
    group_probability: float


def hear_role(features: TrackFeatures) -> HeardRole:
    """The role that a track sounds like.

    Args:
        features: of the track. A silent one is `other`, with a probability of 0.
    """
    if features.is_silent:
        return HeardRole("other", 0.0, "other", 0.0)
    chances = probabilities(sound_of(features)[None])[0]
    groups = np.array([group_of(role) for role in ROLES])
    by_group = {group: float(chances[groups == group].sum()) for group in GROUPS}
    best = max(by_group, key=lambda group: by_group[group])
    role = int(np.argmax(np.where(groups == best, chances, -1.0)))
    return HeardRole(ROLES[role], float(chances[role]), best, by_group[best])


def likely_role(features: TrackFeatures) -> HeardRole | None:
    """The role that a track sounds like, or None where not even its group is likely: it stays `other` then.

    Args:
        features: of the track.
    """
    heard = hear_role(features)
    return heard if heard.group_probability >= _LEAST else None


def probabilities(sounds: Array) -> Array:
    """Probability of every role.

    Shape: (tracks, `NUM_NUMBERS`) → (tracks, roles)
    """
    weights = _weights()
    hidden = np.clip((sounds - weights["mean"]) / weights["std"], -4.0, 4.0)
    for layer in ("first", "second"):
        hidden = np.maximum(hidden @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"], 0.0)
    scores = (hidden @ weights["last.weight"].T + weights["last.bias"]) / weights["temperature"]
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True), dtype=np.float32)


@cache
def _weights() -> dict[str, Array]:
    weights: dict[str, Array] = load_file(WEIGHTS)
    assert weights["mean"].shape == (NUM_NUMBERS,), "weights and vector belong together"
    return weights

"""What travels from the data to a task: one type, whatever the source."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gainstage.console.conditions import Conditions


@dataclass(frozen=True)
class Batch:
    """Excerpts of songs, padded to the same number of tracks.

    Args:
        tracks: gain-staged tracks, pre-roll first; a mono track holds its signal in both channels.
        heard: what an encoder hears: the song, or a longer passage around the excerpt, gain-staged.
        mask: which tracks there are.
        is_stereo: which of them are stereo.
        conditions: roles, target loudness, locks.
        target: the mix of the same passage, where there is one.
        truth: section → unit values that made the target, where they are known.
        song_ids: name of each song.
        sample_rate: in Hz.
        start_sample: where each excerpt begins in its song, pre-roll included; multiples of 64.
        pre_roll: samples at the head that are rendered and not scored.

    Shape: tracks (batch, tracks, 2, samples), heard (batch, tracks, 2, heard), mask and is_stereo
        (batch, tracks), target (batch, 2, samples), truth (batch, strips, driven), start_sample (batch,).
    """

    tracks: Tensor
    heard: Tensor
    mask: Tensor
    is_stereo: Tensor
    conditions: Conditions
    target: Tensor | None
    truth: Mapping[str, Tensor] | None
    song_ids: tuple[str, ...]
    sample_rate: int
    start_sample: Tensor
    pre_roll: int

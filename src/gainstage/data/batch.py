"""What travels from the data to a task: one type, whatever the source."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gainstage.console.conditions import Conditions


@dataclass(frozen=True)
class Batch:
    """Songs, padded to the same number of tracks; of some of them also an excerpt of audio to render.

    Most items teach by their truth alone, which costs a thousandth of a render; so `tracks` and `target` have
    their own, smaller first dimension, and `rendered` says which items they are.

    Args:
        spectra: what an encoder hears: spectra of single staged tracks over a passage around the excerpt (the
            whole song if it is short). A track that several items share stands here once.
        num_frames: frames of the passage; the rest is padding (zeros, which is silence).
        heard: which row of `spectra` each track is; 0 where there is none.
        mask: which tracks there are.
        is_stereo: which of them are stereo.
        conditions: roles, target loudness; no locks yet, a task draws them.
        truth: section → unit values of the mix, where `has_truth`.
        has_truth: whether the settings behind the mix are known.
        output_gain_db: the master's output gain behind the target as it is given here, 0 where it is not
            known; it is not driven.
        rendered: the items whose audio is here.
        tracks: their gain-staged tracks, pre-roll first; a mono track holds its signal in both channels.
        target: the mix of the same passage at the song's loudness of −20 LUFS, pre-roll included; NaN where
            there is no mix but the truth to render.
        start_sample: where each excerpt begins in its song, pre-roll included; multiples of 64.
        pre_roll: samples at the head that are rendered and not scored.
        sample_rate: in Hz.
        song_ids: name of each song.

    Shape: spectra (rows, planes, bands, frames), num_frames (rows,), heard, mask and is_stereo
        (batch, tracks), truth (batch, strips, driven), has_truth and output_gain_db (batch,),
        rendered (rendered,), tracks (rendered, tracks, 2, samples), target (rendered, 2, samples),
        start_sample (rendered,).
    """

    spectra: Tensor
    num_frames: Tensor
    heard: Tensor
    mask: Tensor
    is_stereo: Tensor
    conditions: Conditions
    truth: Mapping[str, Tensor]
    has_truth: Tensor
    output_gain_db: Tensor
    rendered: Tensor
    tracks: Tensor
    target: Tensor
    start_sample: Tensor
    pre_roll: int
    sample_rate: int
    song_ids: tuple[str, ...]

    def to(self, device: torch.device | str) -> "Batch":
        """The batch on another device; Lightning calls this."""
        moved: Batch = _moved(self, device)
        return moved


def _moved(value: Any, device: torch.device | str) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        return {key: _moved(part, device) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: _moved(getattr(value, f.name), device) for f in fields(value)}
        return replace(value, **parts)
    return value

"""Which role a track plays: what the set says, else what its name says, else what it sounds like."""

from dataclasses import dataclass
from pathlib import Path

import torch

from gainstage.data.audio_file import AudioReader
from gainstage.data.sources.listing import TrackFile
from gainstage.dsp.features import FeatureMeter
from gainstage.listener import likely_role
from gainstage.roles import guess

_RATE = 44_100  # what the listener learnt from


@dataclass(frozen=True)
class KnownRole:
    """A role, and how it is known.

    Args:
        role: one of `ROLES`.
        confidence: 0 … 1; 0 where nothing tells.
        says_nothing: whether neither the set nor the name say it, so that the audio had to.
    """

    role: str
    confidence: float
    says_nothing: bool = False


def role_of_track(track: TrackFile, audio: Path) -> KnownRole:
    """The role of a track; `other` where nothing tells.

    Args:
        track: what the set says.
        audio: the track's float file, which is heard only where neither set nor name say anything.

    Raises:
        AudioFileError: it cannot be read.
    """
    if track.role:
        return KnownRole(track.role, track.role_confidence)
    named = guess(track.name)
    if named.confidence > 0.0:
        return KnownRole(named.role, named.confidence)
    with AudioReader(audio, sample_rate=_RATE) as reader:
        meter = FeatureMeter(reader.channels, sample_rate=_RATE)
        for block in reader.blocks():
            meter.update(torch.from_numpy(block))
    heard = likely_role(meter.result())
    if heard is None:
        return KnownRole(named.role, 0.0, says_nothing=True)
    return KnownRole(heard.role, heard.probability, says_nothing=True)

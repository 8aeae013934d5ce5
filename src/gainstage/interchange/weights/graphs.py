"""A mixer as two graphs without branches: what is kept of a section of audio, and a console set by it.

One graph of a whole song would need memory that grows with its length. So a song is cut as `gainstage mix`
cuts it, `Hear` takes each section of a track, what it gives is added up (`sums`) or kept where it is largest
(`largest`), and `Set` takes what came of it for all tracks. Only this pooling lies between the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gainstage.console.conditions import Conditions, apply_locks
from gainstage.console.layout import SectionLayout
from gainstage.console.spec import SECTIONS
from gainstage.models.encoder import Heard
from gainstage.models.log_mel import PLANES
from gainstage.models.mixer import Mixer
from gainstage.models.moments import Moments


@dataclass(frozen=True)
class Widths:
    """How many numbers each part of what was heard has, in the order in which they stand in a row."""

    spectral_sums: int
    view_sums: int
    spectral_largest: int
    view_largest: int

    @classmethod
    def of(cls, mixer: Mixer) -> "Widths":
        """Those of a mixer, found by letting it hear a frame of silence."""
        with torch.no_grad():
            heard = mixer.encoder.hear(torch.zeros(1, PLANES, mixer.front.rows, 1), torch.ones(1))
        parts = (heard.spectra.total, heard.view.total, heard.spectra.largest, heard.view.largest)
        return cls(*(part.shape[1] for part in parts))

    @property
    def sums(self) -> int:
        return self.spectral_sums + self.view_sums + 4  # each with its weight and its number of frames

    @property
    def largest(self) -> int:
        return self.spectral_largest + self.view_largest


class Hear(nn.Module):
    """What is kept of a section of staged tracks.

    Args:
        mixer: the network.

    Shape: audio (tracks, 2, samples + fft_size), with half a window of what surrounds it at both ends →
        sums (tracks, `Widths.sums`), largest (tracks, `Widths.largest`).
    """

    def __init__(self, mixer: Mixer) -> None:
        super().__init__()
        self.front, self.encoder = mixer.front, mixer.encoder
        self.silence = 2 ** len(mixer.encoder.stages)

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Hear; frames of silence at the end keep the shortest section as wide as the stages want it."""
        size, hop = self.front.settings.fft_size, self.front.settings.hop
        count = (audio.shape[-1] - size) // hop + 1
        audio = nn.functional.pad(audio, (0, self.silence * hop))
        frames = torch.arange(count + self.silence, device=audio.device)
        samples = hop * frames[:, None] + torch.arange(size, device=audio.device)
        spectra = self.front.stereo(audio[..., samples]) * (frames < count)
        heard = self.encoder.hear(spectra, torch.full((spectra.shape[0],), count, device=audio.device))
        return packed(heard)


def packed(heard: Heard) -> tuple[Tensor, Tensor]:
    """What was heard as two rows of numbers: what is added up over sections, and what is the largest."""
    parts = (heard.spectra, heard.view)
    sums = torch.cat([part for m in parts for part in (m.total, m.weight, m.frames)], dim=-1)
    return sums, torch.cat([m.largest for m in parts], dim=-1)


class Set(nn.Module):
    """A console set by what was heard of all tracks, with what is locked in its place.

    Args:
        mixer: the network.

    Shape: sums and largest (songs, tracks, …), mask and roles (songs, tracks), target_loudness_lufs (songs,),
        then for each driven section locked and held (songs, strips, driven) → the units of these sections.
    """

    def __init__(self, mixer: Mixer) -> None:
        super().__init__()
        self.encoder, self.controller = mixer.encoder, mixer.controller
        self.widths = Widths.of(mixer)
        self.driven = driven(mixer.console.layout)
        self.buses = {s: mixer.console.num_strips(s, 0) for s in SECTIONS}

    def forward(
        self,
        sums: Tensor,
        largest: Tensor,
        mask: Tensor,
        roles: Tensor,
        target_loudness_lufs: Tensor,
        locks: tuple[Tensor, ...],
    ) -> tuple[Tensor, ...]:
        """Set; `locks` are locked and held of each driven section in turn."""
        embeddings = self.encoder.embed(self._heard(sums, largest))
        conditions = Conditions(
            roles,
            torch.full_like(roles[:, 0], -1),
            target_loudness_lufs,
            dict(zip(self.driven, locks[::2], strict=True)),
            dict(zip(self.driven, locks[1::2], strict=True)),
        )
        strips = {**self.buses, "tracks": mask.shape[1]}
        units = self.controller(embeddings, mask, conditions, strips)
        found = apply_locks(units, conditions)
        return tuple(found[section] for section in self.driven)

    def _heard(self, sums: Tensor, largest: Tensor) -> Heard:
        w = self.widths
        total, weight, frames, view, view_weight, view_frames = sums.split(
            [w.spectral_sums, 1, 1, w.view_sums, 1, 1], dim=-1
        )
        spectral, seen = largest.split([w.spectral_largest, w.view_largest], dim=-1)
        spectra = Moments(total, spectral, weight, frames)
        return Heard(spectra, Moments(view, seen, view_weight, view_frames), sums[..., None, :0])


def driven(layout: Mapping[str, SectionLayout]) -> tuple[str, ...]:
    """The sections of which a network sets something, in their order."""
    return tuple(section for section in SECTIONS if layout[section].driven)

"""The tracks of an item as they are given: which ones, summed with whom, how loud, turned and moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout
from gainstage.data.augment import Change, draw_change
from gainstage.data.cast import Cast, choose, everyone, submix
from gainstage.data.excerpts import ExcerptSettings
from gainstage.data.heard import louder, swapped, together
from gainstage.data.levels import level_db
from gainstage.data.manifest import Song, Track
from gainstage.data.staging import is_silent, trim_db
from gainstage.dsp.gain_staging import TARGET_LUFS

_PAN = "pan.position"


@dataclass(frozen=True)
class Part:
    """One track that is given: a track of the song, or a sum of several.

    Args:
        rows: which tracks of the song.
        gains_db: of each of them, against the level at which it is staged.
        role: what it plays; of a sum the role of its loudest.
        is_stereo: whether any of them is.
        polarity: 1 or −1.
        shift_ms: how much later it sounds.
    """

    rows: tuple[int, ...]
    gains_db: tuple[float, ...]
    role: str
    is_stereo: bool
    polarity: int
    shift_ms: float


@final
@dataclass(frozen=True)
class Given:
    """The tracks of one item.

    Args:
        parts: as they are given.
        swapped: whether left and right change places, in all of them and the mix.
        mix_polarity: 1 or −1.
    """

    parts: tuple[Part, ...]
    swapped: bool
    mix_polarity: int

    @property
    def keeps_truth(self) -> bool:
        """Whether known settings still hold: every part is one track at the level at which it is staged."""
        return all(part.gains_db == (0.0,) for part in self.parts)

    def heard(self, spectra: Tensor) -> Tensor:
        """Spectra of the parts, of those of the song's tracks.

        Shape: (tracks, planes, rows, frames) → (parts, planes, rows, frames)
        """
        if self.keeps_truth and not self.swapped:
            rows = [part.rows[0] for part in self.parts]
            return spectra if rows == list(range(len(spectra))) else spectra[rows]
        parts = [
            louder(spectra[part.rows[0]], part.gains_db[0])
            if len(part.rows) == 1
            else together(spectra[list(part.rows)], part.gains_db)
            for part in self.parts
        ]
        return torch.stack([swapped(part) for part in parts] if self.swapped else parts)

    def keys(self, song: Song) -> list[str]:
        """Names of what is heard of each part: alike only if the spectra are."""
        mirror = "~" if self.swapped else ""
        return [
            mirror
            + "+".join(
                song.tracks[row].content_hash + (f"{gain:+.3f}" if gain else "")
                for row, gain in zip(part.rows, part.gains_db, strict=True)
            )
            for part in self.parts
        ]

    def units(self, units: Mapping[str, Tensor], layout: Mapping[str, SectionLayout]) -> Mapping[str, Tensor]:
        """Known settings of the parts, of those of the song.

        Shape: tracks (tracks, driven) → (parts, driven), other sections as they are.
        """
        if not self.keeps_truth:
            return units
        rows = [part.rows[0] for part in self.parts]
        found = {**units, "tracks": units["tracks"][rows]}
        if not self.swapped:
            return found
        return {name: _mirrored(values, layout[name]) for name, values in found.items()}


def give(song: Song, index: int, *, seed: int, settings: ExcerptSettings) -> Given:
    """Which tracks an index gives, and how: a pure function of its arguments.

    Args:
        song: the one that the index means.
        index, seed: of the excerpt.
        settings: how many tracks, at which level, and how much is changed.
    """
    bleeds = tuple(track.bleed is not False for track in song.tracks)
    change = draw_change(
        index, seed=seed, bleeds=bleeds, has_mix=song.mix is not None, settings=settings.augment
    )
    cast = _cast(song, change, index, seed=seed, most=settings.most_tracks)
    parts = tuple(_part(song, rows, change, settings) for rows in cast)
    return Given(parts, change.swapped, change.mix_polarity)


def _cast(song: Song, change: Change, index: int, *, seed: int, most: int) -> Cast:
    kept = [row for row, is_kept in enumerate(change.kept) if is_kept]
    roles = [song.tracks[row].role for row in kept]
    if most == 0 or len(kept) <= most:
        cast = everyone(len(kept))
    elif song.mix is not None:
        cast = submix(roles, most)
    else:
        audible = [not is_silent(song.tracks[row]) for row in kept]
        cast = choose(roles, audible, most, np.random.default_rng((seed, 3, index)))
    return tuple(tuple(kept[i] for i in part) for part in cast)


def _part(song: Song, rows: tuple[int, ...], change: Change, settings: ExcerptSettings) -> Part:
    tracks = [song.tracks[row] for row in rows]
    loudest = max(tracks, key=_loudness)
    # a sum is staged as one track; its members keep their levels against each other
    natural = [0.0] if len(tracks) == 1 else [_sum_trim_db(tracks) - trim_db(track) for track in tracks]
    more = level_db(loudest, settings.level) + change.gain_db[rows[0]]
    return Part(
        rows=rows,
        gains_db=tuple(gain + more for gain in natural),
        role=loudest.role,
        is_stereo=any(track.channels == 2 for track in tracks),
        polarity=change.polarity[rows[0]],
        shift_ms=change.shift_ms[rows[0]],
    )


def _sum_trim_db(tracks: Sequence[Track]) -> float:
    """The gain that stages a sum of tracks that are not alike; 0 where all are silent."""
    power = sum(10.0 ** (t.loudness_lufs / 10.0) for t in tracks if t.loudness_lufs is not None)
    return TARGET_LUFS - 10.0 * float(np.log10(power)) if power else 0.0


def _loudness(track: Track) -> float:
    return -200.0 if track.loudness_lufs is None else track.loudness_lufs


def _mirrored(units: Tensor, layout: SectionLayout) -> Tensor:
    """Settings with left and right exchanged: a panorama runs from −1 to 1 in equal steps."""
    driven = [layout.columns[i].path for i in layout.driven]
    if _PAN not in driven:
        return units
    mirrored = units.clone()
    mirrored[..., driven.index(_PAN)] = 1.0 - units[..., driven.index(_PAN)]
    return mirrored

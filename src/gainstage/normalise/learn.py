"""Gathers the average stem of every class from stems as they are heard."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.normalise.measure import StemSounds
from gainstage.normalise.statistics import ClassSound, EffectStatistics, Spread, classes_of


@dataclass(frozen=True)
class _Row:
    loudness_lufs: float
    punch_db: float
    spectrum_db: Tensor
    width_db: Tensor | None


class Learner:
    """Keeps what is heard of stems; silent ones are passed over. Every stem counts alike."""

    def __init__(self) -> None:
        self._classes: dict[str, list[_Row]] = {}

    def add(self, sounds: StemSounds, roles: Sequence[str]) -> None:
        """Take in stems.

        Args:
            sounds: what was heard of them.
            roles: what each plays.

        Raises:
            ValueError: there is no such role.
        """
        widths = sounds.width_db
        for i, role in enumerate(roles):
            names = classes_of(role)
            if bool(sounds.loudness_lufs[i].isnan()) or bool(sounds.punch_db[i].isnan()):
                continue
            row = _Row(
                float(sounds.loudness_lufs[i]),
                float(sounds.punch_db[i]),
                sounds.spectrum_db[i],
                widths[i] if bool(sounds.is_stereo[i]) else None,
            )
            for name in names:
                self._classes.setdefault(name, []).append(row)

    def statistics(self, *, source: str = "") -> EffectStatistics:
        """Means and spreads of all that was taken in.

        Args:
            source: what was heard, in words.

        Raises:
            ValueError: nothing was.
        """
        if not self._classes:
            raise ValueError("every stem was silent, or there was none: nothing to learn from")
        return EffectStatistics(
            source=source, classes={name: _class(rows) for name, rows in sorted(self._classes.items())}
        )


def _class(rows: Sequence[_Row]) -> ClassSound:
    widths = [row.width_db for row in rows if row.width_db is not None]
    return ClassSound(
        stems=len(rows),
        loudness_lufs=_spread(torch.tensor([row.loudness_lufs for row in rows])),
        punch_db=_spread(torch.tensor([row.punch_db for row in rows])),
        spectrum_db=tuple(_spread(band) for band in torch.stack([row.spectrum_db for row in rows], 1)),
        width_db=tuple(_spread(octave) for octave in torch.stack(widths, 1)) if widths else (),
    )


def _spread(values: Tensor) -> Spread:
    values = values.double()
    return Spread(mean=round(float(values.mean()), 3), std=round(float(values.std(correction=0)), 3))

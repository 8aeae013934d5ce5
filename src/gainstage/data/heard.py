"""What happens to the spectra that a network hears when a track is louder, swapped, or part of a sum.

Spectra are kept of single staged tracks. Their planes are the middle, the side, and how much more the right
has than the left; rows are levels in steps of 40 dB, 0 where there is silence, but the last, which says how
bright a frame is and does not depend on level (`gainstage.models.log_mel`).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

DB_PER_VALUE = 40.0
_LEVEL_PLANES = 2


def louder(spectra: Tensor, gain_db: float) -> Tensor:
    """Spectra of a track that is louder; silence stays silence. Shape: (planes, rows, frames)."""
    if gain_db == 0.0:
        return spectra
    raised = spectra.clone()
    levels = raised[:_LEVEL_PLANES, :-1]
    raised[:_LEVEL_PLANES, :-1] = torch.where(levels > 0.0, levels + gain_db / DB_PER_VALUE, 0.0).clamp(
        min=0.0
    )
    return raised


def swapped(spectra: Tensor) -> Tensor:
    """Spectra of a track whose left and right change places. Shape: (planes, rows, frames)."""
    return torch.cat([spectra[:_LEVEL_PLANES], -spectra[_LEVEL_PLANES:]])


def together(spectra: Tensor, gains_db: Sequence[float]) -> Tensor:
    """Spectra of a sum of tracks that are not alike: their powers add.

    Brightness, and what the right has more than the left, are the means by power, which is near enough.

    Args:
        spectra: of the tracks.
        gains_db: of each in the sum, against the level at which it was heard.

    Shape: spectra (tracks, planes, rows, frames) → (planes, rows, frames)
    """
    parts = torch.stack([louder(row.float(), gain) for row, gain in zip(spectra, gains_db, strict=True)])
    power = torch.where(parts > 0.0, 10.0 ** (parts * (DB_PER_VALUE / 10.0)), 0.0)
    total = power.sum(0)
    levels = torch.where(total > 0.0, torch.log10(total.clamp(min=1e-20)) * (10.0 / DB_PER_VALUE), 0.0).clamp(
        min=0.0
    )
    middle = power[:, :1, :-1].sum(2, keepdim=True)
    share = middle / middle.sum(0).clamp(min=1e-20)
    mean = (share * parts).sum(0)
    levels[:, -1], levels[_LEVEL_PLANES:] = mean[:, -1], mean[_LEVEL_PLANES:]
    return levels.to(spectra.dtype)

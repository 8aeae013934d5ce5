"""What is given beside the audio: roles, genre, loudness to reach, what a person has locked, a reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Conditions:
    """Conditions of a batch of songs; all that a network is told and cannot hear.

    Args:
        roles: index of each track's role in `gainstage.roles.ROLES`.
        genre: index of the genre, or −1 where it is not known.
        target_loudness_lufs: the loudness that the mix is made for.
        locked: section → which unit values are held by a person.
        locked_units: section → the unit values held; anything where `locked` is false.
        reference: audio whose sound is to be matched, if any.

    Shape: roles (batch, tracks), genre (batch,), target_loudness_lufs (batch,),
        locked and locked_units (batch, strips, driven), reference (batch, 2, samples).
    """

    roles: Tensor
    genre: Tensor
    target_loudness_lufs: Tensor
    locked: Mapping[str, Tensor] = field(default_factory=dict)
    locked_units: Mapping[str, Tensor] = field(default_factory=dict)
    reference: Tensor | None = None


def apply_locks(units: Mapping[str, Tensor], conditions: Conditions) -> dict[str, Tensor]:
    """Unit values with the locked ones put in place. This is the only place where locks act.

    Shape: section → (batch, strips, driven), the same out.
    """
    held = dict(units)
    for section, locked in conditions.locked.items():
        values = conditions.locked_units[section].to(held[section].dtype)
        held[section] = torch.where(locked, values, held[section])
    return held

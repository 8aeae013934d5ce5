"""Everything that is set on a console: the named tree of physical values, switches and curves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from gainstage.console.curve import Curve

TO_MASTER = -1
"""In `Parameters.groups`: the track goes straight to the master."""


@dataclass(frozen=True)
class Parameters:
    """The settings of a console for a batch of songs.

    Args:
        values: section → physical values in the order of its layout.
        bypass: section → which processors are switched off (those of the strip, without the sends).
        mute: section → which strips are silent.
        groups: the group that each track feeds, or `TO_MASTER`.
        curves: (section, `processor.parameter`) → curve; it replaces the number in `values`.

    Shape: values (batch, strips, width), bypass (batch, strips, processors), mute (batch, strips),
        groups (batch, tracks).
    """

    values: Mapping[str, Tensor]
    bypass: Mapping[str, Tensor]
    mute: Mapping[str, Tensor]
    groups: Tensor
    curves: Mapping[tuple[str, str], Curve] = field(default_factory=dict)

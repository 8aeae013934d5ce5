"""How far settings are from those that made the target, where those are known."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout

_LEAST_SPREAD = 0.03


class SettingsLoss:
    """Mean absolute difference of unit values, each in units of how much it varies within a role.

    It teaches a thousand times faster than audio, and is deaf to which settings sound alike: the frequency
    of a band that does nothing counts as much as a fader. So it stands beside losses on audio.

    Args:
        spread: section → standard deviation of each driven parameter about the mean of its role.
        weights: `section` or `section.processor.parameter` (`*` for any part) → weight. A section that is
            not named does not count; a parameter's weight multiplies that of its section.
        layout: of the console.

    Shape: spread section → (roles or 1, driven).

    Raises:
        ValueError: a weight names nothing that is driven, is negative or not finite.
    """

    def __init__(
        self,
        spread: Mapping[str, Tensor],
        weights: Mapping[str, float],
        *,
        layout: Mapping[str, SectionLayout],
    ) -> None:
        self.weights = {section: weights[section] for section in layout if section in weights}
        paths = {
            s: [f"{s}.{columns.columns[i].path}" for i in columns.driven] for s, columns in layout.items()
        }
        self.scale = {}
        for pattern, weight in weights.items():
            if not 0.0 <= weight < float("inf"):
                raise ValueError(f"loss.settings: the weight of '{pattern}' is {weight}; give 0 or more")
            if pattern not in layout and not any(
                fnmatchcase(p, pattern) for of in paths.values() for p in of
            ):
                raise ValueError(f"loss.settings: the console drives nothing called '{pattern}'")
        for section, values in spread.items():
            emphasis = torch.ones(len(paths[section]))
            for pattern, weight in weights.items():
                emphasis *= torch.tensor([weight if fnmatchcase(p, pattern) else 1.0 for p in paths[section]])
            self.scale[section] = emphasis / (values.square().mean(0).sqrt() + _LEAST_SPREAD)

    def __call__(
        self, units: Mapping[str, Tensor], truth: Mapping[str, Tensor], counts: Mapping[str, Tensor]
    ) -> Tensor:
        """The loss of each item.

        Args:
            units: section → what was set.
            truth: section → what made the target; anything where `counts` is false.
            counts: section → which values count: not padding, not locked, known.

        Shape: (batch, strips, driven) → (batch,).
        """
        first = next(iter(units.values()))
        total = first.new_zeros(len(first))
        for section, weight in self.weights.items():
            found, wanted = units[section], counts[section]
            known = torch.where(wanted, truth[section].to(found), found.detach())
            error = (found - known).abs() * self.scale[section].to(found)
            total = total + weight * error.sum((1, 2)) / wanted.sum((1, 2)).clamp(min=1)
        return total

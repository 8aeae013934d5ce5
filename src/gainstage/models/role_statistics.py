"""What the mixes of a training set do on average: mean and spread of each driven parameter, by role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout
from gainstage.roles import ROLES

_PRIOR = 2.0  # a role that was seen twice counts as much as what all roles have in common
_LEAST_SPREAD = 0.02


@dataclass(frozen=True)
class RoleStatistics:
    """Mean and spread of unit values.

    A network begins at them, the baseline `role_mean` is made of them, and locks are drawn from them where
    no truth is known.

    Args:
        mean: section → mean; a row for each role in `tracks`, one row in the other sections.
        spread: section → standard deviation about that mean.

    Shape: tracks (roles, driven), other sections (1, driven).
    """

    mean: Mapping[str, Tensor]
    spread: Mapping[str, Tensor]


def at_start(layout: Mapping[str, SectionLayout]) -> RoleStatistics:
    """Where no mix is known: the gentle start of each parameter, and a wide spread."""
    mean = {
        section: columns.to_unit(columns.starts()).float().expand(_rows(section), -1).clone()
        for section, columns in layout.items()
    }
    return RoleStatistics(mean, {section: torch.full_like(m, 0.15) for section, m in mean.items()})


def gather(
    truths: Iterable[tuple[Tensor, Mapping[str, Tensor]]], layout: Mapping[str, SectionLayout]
) -> RoleStatistics:
    """The statistics of known mixes.

    Args:
        truths: of each song, the roles' indices, shape (tracks,), and its unit values, section →
            (strips, driven).
        layout: of the console; without truths everything stays at its start.
    """
    start = at_start(layout)
    found = list(truths)
    if not found:
        return start
    mean, spread = dict(start.mean), dict(start.spread)
    for section in layout:
        values = torch.cat([units[section].float() for _, units in found])
        if not values.numel():
            continue
        if section == "tracks":
            index = torch.cat([roles for roles, _ in found])
        else:
            index = torch.zeros(len(values), dtype=torch.long)
        mean[section], spread[section] = _by_role(values, index, _rows(section))
    return RoleStatistics(mean, spread)


def _by_role(values: Tensor, index: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each row's values, rare rows drawn towards what all have in common."""
    count = torch.zeros(rows, 1).index_add(0, index, torch.ones(len(index), 1))
    total = torch.zeros(rows, values.shape[1]).index_add(0, index, values)
    mean = (total + _PRIOR * values.mean(0)) / (count + _PRIOR)
    square = torch.zeros_like(total).index_add(0, index, (values - mean[index]).square())
    common = (values - mean[index]).square().mean(0)
    return mean, ((square + _PRIOR * common) / (count + _PRIOR)).sqrt().clamp(min=_LEAST_SPREAD)


def _rows(section: str) -> int:
    return len(ROLES) if section == "tracks" else 1

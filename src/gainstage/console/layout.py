"""Where each parameter lies in the tensors that networks emit and the console reads."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

import torch
from torch import Tensor

from gainstage.processors import Parameter, Processor

_REACH = 1.05  # the squashed range before the clamp: both ends of [0, 1] are reached at finite logits


@dataclass(frozen=True)
class Column:
    """One parameter of a section: the processor it belongs to and its row in the processor's table."""

    processor: str
    parameter: Parameter

    @property
    def path(self) -> str:
        return f"{self.processor}.{self.parameter.name}"


@dataclass(frozen=True)
class SectionLayout:
    """The columns of one section, in the order of its processors and of their tables.

    Args:
        section: its name.
        processors: name → processor, sends included (`send_<return>`).
        not_driven: patterns `section.processor.parameter` of what no network moves.
        fixed: values that replace defaults, by `section.processor.parameter`.
        bypassed: patterns `section.processor` and `section.bus.processor` of what is switched off until it is
            named.
    """

    section: str
    processors: Mapping[str, Processor]
    not_driven: tuple[str, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    bypassed: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(Column(name, row) for name, p in self.processors.items() for row in p.table)

    @property
    def width(self) -> int:
        return len(self.columns)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Processor name → its columns."""
        found, start = {}, 0
        for name, processor in self.processors.items():
            found[name] = slice(start, start + len(processor.table))
            start += len(processor.table)
        return found

    @cached_property
    def driven(self) -> tuple[int, ...]:
        """The columns that a network emits, in order: the width of a unit vector is their number.

        What stands bypassed is none of them: its parameters would have no effect and no gradient.
        """
        return tuple(
            i
            for i, column in enumerate(self.columns)
            if not self.stands_bypassed(column.processor)
            and not any(fnmatchcase(f"{self.section}.{column.path}", pattern) for pattern in self.not_driven)
        )

    def index(self, processor: str, parameter: str) -> int:
        """The column of a parameter.

        Raises:
            ValueError: this section has no such parameter.
        """
        for i, column in enumerate(self.columns):
            if (column.processor, column.parameter.name) == (processor, parameter):
                return i
        raise ValueError(f"{self.section} has no parameter '{processor}.{parameter}'")

    def stands_bypassed(self, processor: str, bus: str = "") -> bool:
        """Whether a processor is off on all strips, or on one bus, where these do not name it."""
        names = [f"{self.section}.{processor}"] + ([f"{self.section}.{bus}.{processor}"] if bus else [])
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.bypassed)

    def defaults(self) -> Tensor:
        """Neutral physical values, shape (width,), float64."""
        values = [self.fixed.get(f"{self.section}.{c.path}", c.parameter.default) for c in self.columns]
        return torch.tensor(values, dtype=torch.float64)

    def starts(self) -> Tensor:
        """Gentle physical values at which networks and fits begin, shape (width,), float64."""
        return torch.tensor([c.parameter.start for c in self.columns], dtype=torch.float64)

    def to_physical(self, units: Tensor, base: Tensor) -> Tensor:
        """Unit values of the driven columns as physical values; the other columns are taken from `base`.

        Shape: units (batch, strips, driven), base (batch, strips, width) → (batch, strips, width), float64.
        """
        moved = [self.columns[i].parameter.from_unit(units[..., k]) for k, i in enumerate(self.driven)]
        if not moved:
            return base.double()
        index = torch.tensor(self.driven, device=base.device)
        return base.double().index_copy(-1, index, torch.stack(moved, dim=-1))

    def to_unit(self, physical: Tensor) -> Tensor:
        """The driven columns of physical values as unit values.

        Shape: (batch, strips, width) → (batch, strips, driven), float64.
        """
        moved = [self.columns[i].parameter.to_unit(physical[..., i]) for i in self.driven]
        return torch.stack(moved, dim=-1) if moved else physical[..., :0].double()

    def named(self, row: Tensor, bus: str = "") -> dict[str, dict[str, float]]:
        """The driven values of one strip as processor → parameter → number. Shape: (width,).

        What stands bypassed on a bus is left out: naming it would switch it on.
        """
        values: dict[str, dict[str, float]] = {}
        for i in self.driven:
            column = self.columns[i]
            if self.stands_bypassed(column.processor, bus):
                continue
            values.setdefault(column.processor, {})[column.parameter.name] = float(row[i])
        return values

    def start_logits(self) -> Tensor:
        """Bias of a network's last layer, so that it begins at `starts`. Shape (driven,)."""
        return logit_from_unit(self.to_unit(self.starts()))


def unit_from_logit(logit: Tensor) -> Tensor:
    """A network's output as unit values: clamp(1.05·σ(z) − .025, 0, 1).

    Both ends of the range are reached at finite z (|z| = 3.7); the clamp passes the gradient straight
    through, so that a parameter which has reached an end can come back.
    """
    stretched = _REACH * torch.sigmoid(logit) - (_REACH - 1.0) / 2
    return stretched + (stretched.clamp(0.0, 1.0) - stretched).detach()


def logit_from_unit(unit: Tensor) -> Tensor:
    """The inverse of `unit_from_logit`."""
    share = (unit.double() + (_REACH - 1.0) / 2) / _REACH
    return torch.log(share) - torch.log1p(-share)


END_LOGIT = math.log((1.0 + (_REACH - 1.0) / 2) / ((_REACH - 1.0) / 2))
"""|z| at which `unit_from_logit` reaches an end of [0, 1]."""

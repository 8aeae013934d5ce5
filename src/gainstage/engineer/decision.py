"""What an engineer decided, in physical units, with the reasons: no audio, no tensors, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gainstage.processors import find

Values = Mapping[str, Mapping[str, float]]
"""Processor → parameter → physical value. What is not named stands at its neutral value."""


@dataclass(frozen=True)
class StripDecision:
    """The settings of one strip.

    Args:
        values: processor → parameter → value; sends are processors called `send_<return>`.
        bypass: processors that are switched off.
        reasons: one sentence a decision, with the numbers that were heard and set.
    """

    values: Values
    bypass: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class MixDecision:
    """The settings of a whole song.

    Args:
        engineer: who decided.
        tracks: one decision a track, in the order in which the tracks were given.
        returns: return bus → its decision.
        master: the master strip.
        seeds: the seeds that decided (style, draws), for the session.
        groups: group bus → its decision; our engineers leave groups alone.
    """

    engineer: str
    tracks: tuple[StripDecision, ...]
    returns: Mapping[str, StripDecision]
    master: StripDecision
    seeds: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, StripDecision] = field(default_factory=dict)


def inside_ranges(values: Values) -> Values:
    """The same values, each within the range of its parameter's table.

    Raises:
        ValueError: a processor without that parameter: a fault of the engineer who wrote it.
    """
    return {name: _inside(name, part) for name, part in values.items()}


def _inside(name: str, part: Mapping[str, float]) -> dict[str, float]:
    table = {row.name: row for row in find("send" if name.startswith("send_") else name).table}
    unknown = sorted(set(part) - set(table))
    if unknown:
        raise ValueError(f"{name} has no parameter '{unknown[0]}'; it has {', '.join(table)}")
    return {key: min(max(value, table[key].low), table[key].high) for key, value in part.items()}

"""At most so many tracks: those too many are left out, or summed to submixes, with an ear to their roles.

A mix by somebody else contains all of its tracks, so beside one they are summed: what the network is given
still adds up to what was mixed. Where the target is rendered from the tracks, some are chosen instead.
"""

from collections.abc import Sequence

import numpy as np

from gainstage.roles import group_of

Cast = tuple[tuple[int, ...], ...]
"""The tracks of a song that are given, each as the indices of those that it is the sum of."""


def everyone(count: int) -> Cast:
    """Each track by itself."""
    return tuple((i,) for i in range(count))


def choose(roles: Sequence[str], audible: Sequence[bool], most: int, rng: np.random.Generator) -> Cast:
    """Some tracks: every group in turn gives one, first of a role that is not there yet; silent ones last.

    Args:
        roles: of all tracks.
        audible: which of them are not silent.
        most: how many.
        rng: decides between equals.
    """
    if len(roles) <= most:
        return everyone(len(roles))
    waiting: dict[str, list[int]] = {}
    for i in rng.permutation(len(roles)).tolist():
        waiting.setdefault(group_of(roles[i]) if audible[i] else "", []).append(i)
    silent = waiting.pop("", [])
    chosen: list[int] = []
    while len(chosen) < most and any(waiting.values()):
        for group in waiting.values():
            there = {roles[i] for i in chosen}
            group.sort(key=lambda i: roles[i] in there)  # stable: the order of the draw remains
            if group and len(chosen) < most:
                chosen.append(group.pop(0))
    chosen += silent[: most - len(chosen)]
    return tuple((i,) for i in sorted(chosen))


def submix(roles: Sequence[str], most: int) -> Cast:
    """All tracks, as at most so many sums: those of one role first, then of one group, the smallest first.

    Args:
        roles: of all tracks.
        most: how many sums.
    """
    parts = [[i] for i in range(len(roles))]
    while len(parts) > most:
        pairs = [(a, b) for a in range(len(parts)) for b in range(a + 1, len(parts))]
        a, b = min(pairs, key=lambda pair: _strangeness(parts[pair[0]], parts[pair[1]], roles))
        parts[a] = sorted(parts[a] + parts.pop(b))
    return tuple(sorted(tuple(part) for part in parts))


def _strangeness(one: list[int], other: list[int], roles: Sequence[str]) -> tuple[int, int]:
    """How little two parts belong together, and how large their sum would be."""
    names = {roles[i] for i in (*one, *other)}
    groups = {group_of(role) for role in names}
    return (len(groups) > 1) + (len(names) > 1), len(one) + len(other)

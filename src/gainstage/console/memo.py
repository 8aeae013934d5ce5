"""What follows from the settings alone, worked out once while they stay as they are.

Small blocks are little audio and much arithmetic on a few numbers: coefficients, gains, which strips are on.
A desk that plays hands the same memo to every call and makes a new one when it is touched.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

_T = TypeVar("_T")


class Memo:
    """Results by key, for one set of settings, one layout of tracks and calls without gradients.

    Args:
        keeps: False forgets: every result is worked out anew.
    """

    def __init__(self, *, keeps: bool = True) -> None:
        self.keeps = keeps
        self._known: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """What `make` gave when this key was asked for first."""
        if not self.keeps:
            return make()
        if key not in self._known:
            self._known[key] = make()
        found: _T = self._known[key]
        return found

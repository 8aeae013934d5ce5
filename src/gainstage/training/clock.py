"""How long the parts of a step take: a stopwatch that costs a microsecond."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Clock:
    """Adds up seconds by name: `with clock("encoder"): …`.

    A GPU works behind the program's back, so its true times are seen only by waiting for it at both ends of
    every part. That costs speed; without it the time of a part is the time to order it, and what the GPU does
    meanwhile is found in the part that waits.

    Args:
        waits: wait for the GPU at both ends of each part; without a GPU there is nothing to wait for.
    """

    def __init__(self, *, waits: bool = False) -> None:
        self._waits = waits and torch.cuda.is_available()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a part; parts may stand inside each other, and both then count."""
        start = self.now()
        try:
            yield
        finally:
            self.add(name, self.now() - start)

    def now(self) -> float:
        """Seconds from some moment on, once the GPU is done if the clock waits for it."""
        if self._waits:
            torch.cuda.synchronize()
        return time.perf_counter()

    def add(self, name: str, seconds: float) -> None:
        """Add what was timed elsewhere."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def take(self) -> dict[str, float]:
        """Seconds by name since the last call, in the order in which the names were first seen."""
        taken, self._seconds = self._seconds, {}
        return taken

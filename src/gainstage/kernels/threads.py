"""Work split over threads of our own, because numba's and torch's do not live together.

numba's `parallel=True` stands on one of three layers: *workqueue* aborts the process when two threads call it
at once, *omp* kills a forked child (every data-loader worker is one), *tbb* is not installed by default. So
kernels are compiled to run without the interpreter lock and the rows are dealt to a pool of plain Python
threads: any number of callers, one pool a process, a new one after a fork. As many threads as torch uses: one
in a data-loader worker, what `torch.set_num_threads` says elsewhere.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from itertools import pairwise

import torch

from gainstage.kernels.simd import WIDTH

_LEAST_WORK = 1 << 16  # samples; less is over before a second thread has woken up


@cache
def _pool(process: int, size: int) -> ThreadPoolExecutor:
    del process  # part of the key only: threads do not survive a fork, so a child makes its own pool
    return ThreadPoolExecutor(size, thread_name_prefix="gainstage")


def count(groups: int, num_samples: int) -> int:
    """How many threads are worth it for so many groups of eight rows of so many samples."""
    if groups * num_samples * WIDTH < _LEAST_WORK:
        return 1
    return max(1, min(torch.get_num_threads(), groups))


def share(rows: int, num_samples: int, task: Callable[[int, int], None]) -> None:
    """Call `task(start, stop)` on parts that together cover `range(rows)`, side by side.

    Rows are dealt out in groups of eight, which are computed in lockstep: fewer would take as long.

    Args:
        rows: independent pieces of work.
        num_samples: cost of one, to tell whether threads are worth it.
        task: writes its results in place; the parts never overlap. It must not call `share` itself.
    """
    groups = -(-rows // WIDTH)
    parts = count(groups, num_samples)
    if parts == 1:
        task(0, rows)
        return
    ends = [min(groups * part // parts * WIDTH, rows) for part in range(parts + 1)]
    pool = _pool(os.getpid(), parts - 1)
    others = [pool.submit(task, start, stop) for start, stop in pairwise(ends[1:])]
    try:
        task(ends[0], ends[1])
    finally:
        wait(others)
    for other in others:
        other.result()


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums are split among threads, so their number shows in the last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

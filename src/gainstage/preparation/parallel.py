"""Songs in several processes, in an order that does not depend on their number."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import torch

from gainstage.kernels.memory import keep_freed_memory
from gainstage.kernels.threads import one_thread

Order = TypeVar("Order")
Result = TypeVar("Result")


def in_processes(work: Callable[[Order], Result], orders: Sequence[Order], *, jobs: int) -> Iterator[Result]:
    """Results in the order of the orders; several are made at the same time.

    Args:
        work: a function of a module, for it is sent by its name.
        orders: what it is called with.
        jobs: processes; 1 works in this one.

    Raises:
        OSError: a process was killed.
    """
    if min(jobs, len(orders)) <= 1:
        keep_freed_memory()
        for order in orders:
            with one_thread():
                result = work(order)
            yield result
        return
    # Spawned, not forked: a fork of a process whose threads hold locks may never come back.
    pool = ProcessPoolExecutor(
        min(jobs, len(orders)),
        multiprocessing.get_context("spawn"),
        initializer=_begin,
    )
    try:
        for future in [pool.submit(work, order) for order in orders]:
            yield future.result()
    except BrokenProcessPool as error:
        raise OSError(
            "a process that prepared songs was killed, perhaps for want of memory; ask for fewer jobs and "
            "start again: whole songs are kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """What a process does first: it leaves the other cores to the others."""
    torch.set_num_threads(1)
    keep_freed_memory()

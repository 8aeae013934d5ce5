from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from gainstage.kernels import threads

MANY = 1 << 20


@pytest.fixture(params=[1, 2, 3])
def _num_threads(request: pytest.FixtureRequest) -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_num_threads")
@pytest.mark.parametrize("items", [0, 1, 8, 9, 16, 20, 33, 100])
def test_every_item_is_done_once(items: int) -> None:
    done = np.zeros(items, dtype=int)

    def task(start: int, stop: int) -> None:
        done[start:stop] += 1

    threads.share(items, MANY, task)
    assert (done == 1).all()


def test_a_failure_reaches_the_caller_after_all_have_stopped() -> None:
    finished = []

    def task(start: int, stop: int) -> None:
        if start == 0:
            raise ArithmeticError("the first part")
        finished.append(stop)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ArithmeticError, match="the first part"):
            threads.share(16, MANY, task)
    finally:
        torch.set_num_threads(before)
    assert finished == [16]


def test_many_callers_at_once() -> None:
    """The layer of numba that would abort here is the reason for a pool of our own."""

    def call(items: int) -> int:
        done = np.zeros(items, dtype=int)

        def task(start: int, stop: int) -> None:
            done[start:stop] = 1

        threads.share(items, MANY, task)
        return int(done.sum())

    with ThreadPoolExecutor(4) as callers:
        assert list(callers.map(call, range(0, 80, 2))) == list(range(0, 80, 2))


def test_little_work_stays_in_one_thread() -> None:
    assert threads.count(4, 100) == 1
    assert threads.count(1, MANY) == 1

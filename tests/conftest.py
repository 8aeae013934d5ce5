"""Fixtures for all tests: seeds, and the real multitracks where a checkout has them beside it."""

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see gainstage.cli.main

import numpy as np
import pytest
import torch

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"


def skip_or_fail(reason: str) -> None:
    """Skip a test whose tool or data is absent; in CI, which installs them all, that is a failure."""
    if IN_CI:
        pytest.fail(f"in CI nothing may be skipped: {reason}")
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - for libraries that draw from the global generator


@pytest.fixture
def shared_data() -> Path:
    """The folder of real multitracks (../shared/data)."""
    if not (SHARED_DATA / "SONGS.csv").is_file():
        skip_or_fail("the real multitracks (../shared/data) are not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of four songs of 4 s: two to train on, one to validate, one to test. No test changes it."""
    from gainstage.mixing.dataset import write_dataset

    root = tmp_path_factory.mktemp("tiny") / "songs"
    write_dataset(4, 4.0, root, arrangements=2, validation=1, test=1, jobs=1)
    return root


@pytest.fixture(scope="session")
def tiny_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the spectra of the tiny data set are kept."""
    return tmp_path_factory.mktemp("tiny_cache")


@pytest.fixture(scope="session")
def tiny_run(tiny_set: Path, tiny_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two steps on the tiny data set. No test changes it."""
    from gainstage.data.sources import load_songs
    from tests import tiny

    out = tmp_path_factory.mktemp("tiny_run")
    tiny.run(tiny.experiment(tiny_cache, steps=2), load_songs("built_in", tiny_set), out)
    return out

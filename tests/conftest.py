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

"""The command, ready to run."""

import pytest

from tests.cli.command import Command


@pytest.fixture
def gainstage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)

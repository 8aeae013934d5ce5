"""Numbers reach their files, W&B runs without network and asks nothing, and going on loses no row."""

import csv
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import wandb

from gainstage.training import loggers
from tests.training import scene


@pytest.fixture(autouse=True)
def _no_account_and_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("WANDB")]:
        monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETRC", str(home / ".netrc"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # nobody listens there
    yield
    if wandb.run is not None:
        wandb.finish()
    wandb.teardown()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_every_step_and_going_on_keeps_what_was_there(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").touch()
    for _ in range(2):
        scene.fit(scene.trainer(run, logger=loggers.csv(run)), scene.System())
    for name in ("metrics.csv", "metrics-1.csv"):
        trained = [row for row in rows(run / name) if row["train/total"]]
        assert [int(row["step"]) for row in trained] == [0, 1, 2, 3]
    assert (run / "config.yaml").exists()


@pytest.mark.parametrize("how", ["not logged in", "no network", "told to"])
def test_wandb_really_runs_offline(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if how == "no network":
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    if how == "told to":
        monkeypatch.setenv("WANDB_MODE", "offline")
    run = tmp_path / "run"
    logger = loggers.Wandb(run)
    expected = {
        "not logged in": "offline (nobody is logged in: `wandb login` does that)",
        "no network": "offline (http://127.0.0.1:9 cannot be reached)",
        "told to": "offline",
    }[how]
    assert logger.sentence == (
        f"logging to Weights & Biases {expected}; upload it later with `wandb sync {run}/wandb/offline-run-*`"
    )
    scene.fit(scene.trainer(run, logger=logger), scene.System())
    wandb.teardown()  # as at the end of a process: waits until all is in the file
    (folder,) = (run / "wandb").glob("offline-run-*")
    (log,) = folder.glob("run-*.wandb")
    assert b"train/total" in log.read_bytes()
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert "WANDB_MODE" not in os.environ or how == "told to"


def test_a_server_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        assert loggers._why_not_online(seconds=0.5) == "its server does not answer"


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(401)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_key_that_is_refused_means_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        logger = loggers.Wandb(tmp_path / "run")
        server.shutdown()
    assert "Biases offline (Failed to get" in logger.sentence
    assert "error 401); upload it later with" in logger.sentence


def test_a_run_ends_with_its_training_even_when_that_fails(tmp_path: Path) -> None:
    class Failing(scene.System):
        def on_train_batch_end(self, *_: object) -> None:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        scene.fit(scene.trainer(tmp_path, logger=loggers.Wandb(tmp_path / "run", mode="offline")), Failing())
    assert wandb.run is None

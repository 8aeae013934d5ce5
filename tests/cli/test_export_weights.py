"""`gainstage export weights`: what it takes, prints and refuses."""

import json
from pathlib import Path

import pytest
import yaml

from gainstage.interchange.weights import parity
from tests.cli.command import Command


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with the files of its training and of two evaluations beside it."""
    monkeypatch.setattr(parity, "SHAPES", ((1, 0.1),))
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "best.ckpt").symlink_to(tiny_run / "checkpoints" / "last.ckpt")
    config = {"seed": 41, "data": {"songs": {"source": "built_in", "root": "data/somewhere"}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "metrics.csv").write_text("")
    (folder / "evaluation").mkdir()
    row = {"system": "network", "metric": "af", "median": 0.0321}
    summary = {"systems": ["network"], "num_songs": 3, "summary": [row]}
    (folder / "evaluation" / "summary.json").write_text(json.dumps(summary))
    return folder


def test_a_run_is_exported_with_what_is_known_of_it(gainstage: Command, run: Path, tmp_path: Path) -> None:
    code, printed, error = gainstage(
        "export", "weights", run, "--out", tmp_path / "net", "--formats", "safetensors"
    )
    assert code == 0, error
    assert "0.0e+00" in printed
    assert "model.safetensors (" in printed
    card = (tmp_path / "net" / "README.md").read_text()
    for said in ("seed 41", "built_in (somewhere)", "| network | 0.0321 |", "3 test song"):
        assert said in card


def test_bad_input_is_a_sentence_and_leaves_nothing(gainstage: Command, run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF0000WAVEfmt ")
    (tmp_path / "empty").mkdir()
    for checkpoint, more, said in (
        (tmp_path / "a.wav", [], "a.wav cannot be read as a checkpoint"),
        (tmp_path / "none.ckpt", [], "none.ckpt is not there"),
        (tmp_path / "empty", [], "holds no checkpoint and no exported weights"),
        (run, ["--formats", "safetensors,coreml"], "there is no format 'coreml'"),
        (run, ["--formats", ","], "no format is named"),
    ):
        code, _, error = gainstage("export", "weights", checkpoint, "--out", tmp_path / "net", *more)
        assert code == 1
        assert said in error
        assert len(error.strip().splitlines()) == 1
        assert not (tmp_path / "net").exists()
    (run / "config.yaml").write_text("a: [")
    code, _, error = gainstage("export", "weights", run, "--out", tmp_path / "net")
    assert code == 1
    assert "config.yaml is not YAML" in error

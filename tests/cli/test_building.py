"""Objects from configs: only our classes, torch's and Lightning's, with arguments that fit them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from gainstage.cli import building
from gainstage.cli.building import accepted_keys, check, instantiate
from gainstage.console.spec import ConsoleSpec


@dataclass(frozen=True)
class Songs:
    folder: Path
    lengths: tuple[int, ...] = (1,)
    rate_hz: float = 44100.0
    name: str | None = None
    spec: ConsoleSpec | None = None
    parts: Mapping[str, Any] | None = None


Songs.__module__ = "gainstage.made_up"  # as if it were part of the package


@pytest.fixture(autouse=True)
def _songs_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "Songs", Songs, raising=False)


SONGS = "gainstage.cli.building.Songs"


def test_constructors_get_what_their_signature_says() -> None:
    config = OmegaConf.create(
        {
            "rate": 48000,
            "songs": {
                "_target_": SONGS,
                "folder": "a/b",
                "lengths": [1, 2],
                "rate_hz": "${rate}",
                "spec": {"tracks": ["fader"]},
            },
        }
    )
    built = instantiate(config.songs)
    assert (built.folder, built.lengths, built.rate_hz) == (Path("a/b"), (1, 2), 48000.0)
    assert built.spec == ConsoleSpec.model_validate({"tracks": ["fader"]})


def test_nodes_inside_lists_and_mappings_are_built_too() -> None:
    node = {"_target_": SONGS, "folder": "a"}
    built = instantiate({"_target_": SONGS, "folder": "b", "parts": {"one": [node, 2.0], "two": node}})
    assert built.parts == {"one": [Songs(Path("a")), 2.0], "two": Songs(Path("a"))}
    assert instantiate({"x": node, "y": [3]}) == {"x": Songs(Path("a")), "y": [3]}


def test_a_partial_node_waits_for_its_arguments() -> None:
    config = {"_target_": "torch.optim.AdamW", "_partial_": True, "lr": 0.5, "betas": [0.8, 0.9]}
    optimizer = instantiate(config)([torch.nn.Parameter(torch.zeros(1))])
    assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (0.5, (0.8, 0.9))


def test_lightning_is_built_with_what_is_given() -> None:
    trainer = {
        "_target_": "pytorch_lightning.Trainer",
        "accelerator": "cpu",
        "devices": "auto",
        "precision": 32,
    }
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    built = instantiate(trainer | quiet, at="trainer", callbacks=[pl.Callback()])
    assert isinstance(built, pl.Trainer)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"folders": "x"}, f"data.folders: {SONGS} has no 'folders'; did you mean 'folder'?"),
        ({"rate_hz": "fast"}, 'data.rate_hz: input should be a valid number, got "fast"'),
        ({"rate_hz": "1"}, 'data.rate_hz: input should be a valid number, got "1"'),
        ({"lengths": [1, 2.5]}, "data.lengths.1: input should be a valid integer"),
        ({"name": 3}, "data.name: input should be a valid string, got 3"),
        ({"spec": {"tracks": ["fadr"]}}, "data.spec.tracks.0"),
        ({"folder": None}, "data.folder: input should be a valid string, got null"),
        (
            {"_target_": "gainstage.cli.building.Song"},
            "data: 'gainstage.cli.building.Song' does not exist; did",
        ),
        ({"_target_": "gainstage.cly.x"}, "data: 'gainstage.cly.x' does not exist"),
        (
            {"_target_": "os.system"},
            "data: _target_ 'os.system' is refused; it must be of gainstage, torch or",
        ),
        ({"_target_": "builtins.eval"}, "data: _target_ 'builtins.eval' is refused"),
        ({"_target_": "torchish.load"}, "data: _target_ 'torchish.load' is refused"),
        ({"_target_": "torch.load"}, "data: _target_ 'torch.load' is refused; it is no class of torch"),
        ({"_target_": "torch.os.system"}, "data: _target_ 'torch.os.system' is refused"),
        ({"_target_": "torch.hub.load"}, "data: _target_ 'torch.hub.load' is refused"),
        (
            {"_target_": "gainstage.cli.main.os.system"},
            "data: _target_ 'gainstage.cli.main.os.system' is refused",
        ),
        ({"parts": {"x": [{"_target_": "os.system"}]}}, "data.parts.x[0]: _target_ 'os.system' is refused"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    config = {"_target_": SONGS, "folder": "a"} | changes
    for act in (lambda: instantiate(config, at="data"), lambda: check({"data": config})):
        with pytest.raises(ValueError) as refused:
            act()
        assert str(refused.value).startswith(sentence)
        assert "\n" not in str(refused.value)


def test_a_missing_argument_is_named_unless_it_will_be_given() -> None:
    config = OmegaConf.create({"data": {"_target_": SONGS}})
    with pytest.raises(ValueError, match=f"data: {SONGS} needs 'folder'; give it as data.folder=VALUE"):
        check(config)
    check(config, given={"data": ("folder",)})
    assert instantiate(config.data, folder=Path("x")).folder == Path("x")


def test_nothing_is_built_if_anything_is_wrong(tmp_path: Path) -> None:
    csv = {"_target_": "pytorch_lightning.loggers.CSVLogger", "save_dir": str(tmp_path / "made"), "name": ""}
    with pytest.raises(ValueError, match=r"\[1\]: _target_ 'os.mkdir' is refused"):
        instantiate([csv, {"_target_": "os.mkdir"}])


def test_a_real_trainer_s_wrong_key_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"^trainer.max_step: .* has no 'max_step'; did you mean 'max_steps'\?$"
    ):
        check({"trainer": {"_target_": "pytorch_lightning.Trainer", "max_step": 3}})
    with pytest.raises(
        ValueError, match=r"^trainer.max_steps: input should be a valid integer, got \"many\"$"
    ):
        check({"trainer": {"_target_": "pytorch_lightning.Trainer", "max_steps": "many"}})


def test_the_arguments_of_a_node_are_known() -> None:
    assert "lr" in accepted_keys(OmegaConf.create({"_target_": "torch.optim.AdamW"}))
    assert accepted_keys(OmegaConf.create({"_target_": "os.system"})) == []

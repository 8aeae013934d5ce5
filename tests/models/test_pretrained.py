"""Weights in the hub's layout: what was written comes back; what is unfit is refused in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gainstage.models.checkpoint import TrainedMixer, describe, load_mixer
from gainstage.models.pretrained import write_pretrained
from tests.models.scene import SETTINGS, lively_mixer
from tests.models.test_checkpoint import usual


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mixer = lively_mixer()
    mixer.encoder.train()(torch.rand(4, 3, 26, 8), torch.full((4,), 8))  # running values of its own
    (tmp_path / "net").mkdir()
    about = describe(SETTINGS, usual(mixer)) | {"step": 7}
    write_pretrained(tmp_path / "net", about, mixer.state_dict())
    return tmp_path / "net"


def test_a_mixer_comes_back_from_its_folder(folder: Path) -> None:
    found = TrainedMixer.from_pretrained(str(folder))
    assert found.settings == SETTINGS
    assert (found.step, found.path.name) == (7, "model.safetensors")
    assert not found.mixer.training
    wanted = lively_mixer()
    wanted.encoder.train()(torch.rand(4, 3, 26, 8), torch.full((4,), 8))
    state = load_file(folder / "model.safetensors")
    for name, value in found.mixer.state_dict().items():
        assert torch.equal(value, state[name]), name
    for section, mean in usual(wanted).mean.items():
        assert torch.equal(found.usual.mean[section], mean)
    again = load_mixer(folder / "model.safetensors")
    assert again.digest == found.digest


def _config(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(change(json.loads(path.read_text()))))

    return act


def _tensors(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        path = folder / "model.safetensors"
        save_file(change(load_file(path)), path)

    return act


BIAS = "controller.heads.master.2.bias"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "config.json").unlink(), r"config\.json is not there: .* what it is built from"),
        (lambda f: (f / "model.safetensors").unlink(), r"model\.safetensors is not there: .* its weights"),
        (lambda f: (f / "config.json").write_text("{"), r"config\.json is not JSON"),
        (lambda f: (f / "config.json").write_text("[" * 100_000), r"config\.json is not JSON"),
        (lambda f: (f / "config.json").write_text("3"), r"config\.json is no config of a mixer"),
        (_config(lambda c: c | {"format": "bert"}), "no mixer of Gainstage"),
        (_config(lambda c: c | {"version": 2}), "has version 2 of the format, this program reads 1"),
        (_config(lambda c: c | {"settings": {}}), "does not say what its mixer is built from"),
        (_tensors(lambda t: {k: v for k, v in t.items() if k != BIAS}), f"Missing key.*{BIAS}"),
        (_tensors(lambda t: t | {"new": torch.ones(2)}), "weights do not fit.*Unexpected key.*new"),
        (_tensors(lambda t: t | {BIAS: t[BIAS] * float("nan")}), f"weights '{BIAS}' are not finite"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    folder: Path, damage: Callable[[Path], object], said: str
) -> None:
    damage(folder)
    with pytest.raises(ValueError, match=said) as raised:
        load_mixer(folder)
    assert "\n" not in str(raised.value)


def test_weights_cut_short_anywhere_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for size in (0, 1, 8, 200, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"model\.safetensors cannot be read, it may be cut short"):
            load_mixer(folder)


def test_a_folder_without_any_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no checkpoint and no exported weights; give the folder"):
        load_mixer(tmp_path)
    with pytest.raises(ValueError, match="holds no weights; give what"):
        TrainedMixer.from_pretrained(tmp_path)
    (tmp_path / "set.onnx").touch()
    with pytest.raises(ValueError, match="is a graph for other tools"):
        load_mixer(tmp_path / "set.onnx")

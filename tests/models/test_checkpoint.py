"""Checkpoints: what was written comes back; what is unfit is refused in a sentence, and runs nothing."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gainstage.console.spec import ConsoleSpec, named
from gainstage.models.checkpoint import KEY, describe, load_mixer, read_checkpoint
from gainstage.models.mixer import Mixer
from gainstage.models.role_statistics import RoleStatistics, at_start
from tests.models.scene import SETTINGS, conditions, embeddings, lively_mixer

Change = Callable[[dict[str, Any]], Any]


def usual(mixer: Mixer) -> RoleStatistics:
    start = at_start(mixer.console.layout)
    return RoleStatistics({s: m * 0.9 for s, m in start.mean.items()}, start.spread)


def contents(mixer: Mixer) -> dict[str, Any]:
    """What a training writes, as far as a mixer needs it."""
    state = {f"mixer.{name}": value for name, value in mixer.state_dict().items()}
    return {"state_dict": state | {"other.weight": torch.ones(1)}, "global_step": 7} | {
        KEY: describe(SETTINGS, usual(mixer))
    }


@pytest.fixture(scope="module")
def mixer() -> Mixer:
    mixer = lively_mixer()
    mixer.encoder.train()(torch.rand(4, 3, 26, 8), torch.full((4,), 8))  # running values of its own
    return mixer.eval()


@pytest.fixture
def path(mixer: Mixer, tmp_path: Path) -> Path:
    torch.save(contents(mixer), tmp_path / "a.ckpt")
    return tmp_path / "a.ckpt"


def test_a_mixer_comes_back_as_it_was(mixer: Mixer, path: Path) -> None:
    found = load_mixer(path, console=named("basic"))
    assert found.settings == SETTINGS
    assert found.step == 7
    assert found.path == path
    assert not found.mixer.training
    wanted = mixer.state_dict()
    assert found.mixer.state_dict().keys() == wanted.keys()
    for name, value in found.mixer.state_dict().items():
        assert torch.equal(value, wanted[name]), name
    for section, mean in usual(mixer).mean.items():
        assert torch.equal(found.usual.mean[section], mean)
        assert torch.equal(found.usual.spread[section], usual(mixer).spread[section])
    given, mask = conditions(torch.tensor([[0, 5, 9]])), torch.ones(1, 3, dtype=torch.bool)
    heard = embeddings(mixer, 3)
    assert torch.equal(embeddings(found.mixer, 3), heard)
    one, other = (m.set(heard, mask, given).units["tracks"] for m in (mixer, found.mixer))
    assert torch.equal(one, other)


def test_a_run_is_as_good_as_its_best_checkpoint(mixer: Mixer, tmp_path: Path) -> None:
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match="holds no checkpoint"):
        load_mixer(tmp_path / "run")
    torch.save(contents(mixer), folder / "best.ckpt")
    torch.save(contents(mixer) | {"global_step": 9}, folder / "last.ckpt")
    found = load_mixer(tmp_path / "run")
    assert found.step == 7
    assert found.path == folder / "best.ckpt"


def test_a_digest_names_the_file(mixer: Mixer, path: Path, tmp_path: Path) -> None:
    again = tmp_path / "b.ckpt"
    again.write_bytes(path.read_bytes())
    assert load_mixer(path).digest == load_mixer(again).digest
    torch.save(contents(mixer) | {"global_step": 8}, again)
    assert load_mixer(path).digest != load_mixer(again).digest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"master": ["equaliser", "output_gain"]}, "its master are .*compressor.*here they are .*equaliser"),
        ({"return_names": [], "returns": []}, "its returns are"),
        (
            {"tracks": [*named("basic").tracks[:5], {"name": "pan", "settings": {"law": "linear"}}]},
            "its tracks.pan has the settings {}, here they are {'law': 'linear'}",
        ),
    ],
)
def test_another_console_is_refused_by_what_differs(path: Path, change: dict[str, Any], said: str) -> None:
    other = ConsoleSpec.model_validate(named("basic").model_dump(mode="json") | change)
    with pytest.raises(ValueError, match=f"drives another console: {said}"):
        load_mixer(path, console=other)


def _without(key: str) -> Change:
    return lambda found: {k: v for k, v in found.items() if k != key}


def _about(**changes: Any) -> Change:
    return lambda found: found | {KEY: found[KEY] | changes}


def _state(change: Change) -> Change:
    return lambda found: found | {"state_dict": change(found["state_dict"])}


BIAS = "mixer.controller.heads.master.2.bias"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without(KEY), "no mixer of Gainstage"),
        (_without("state_dict"), "has no 'state_dict'"),
        (lambda found: found | {"state_dict": 3}, "has no 'state_dict'"),
        (lambda found: [found], "has no 'state_dict'"),
        (lambda found: found | {KEY: "gainstage-mixer"}, "no mixer of Gainstage"),
        (_about(format="gainstage-role"), "no mixer of Gainstage"),
        (_about(version=2), "has version 2 of the format, this program reads 1"),
        (_about(settings={}), "does not say what its mixer is built from"),
        (_about(settings=None), "does not say what its mixer is built from"),
        (_about(usual={}), "does not say what its mixer is built from"),
        (_about(usual=3), "does not say what its mixer is built from"),
        (_state(_without(BIAS)), "weights do not fit.*Missing key.*heads.master.2.bias"),
        (_state(lambda s: s | {"mixer.new": torch.ones(2)}), "weights do not fit.*Unexpected key.*new"),
        (_state(lambda s: s | {BIAS: torch.ones(3)}), "weights do not fit"),
        (_state(lambda s: s | {BIAS: s[BIAS] * float("nan")}), "heads.master.2.bias' are not finite"),
        (_state(lambda s: s | {BIAS: s[BIAS] + float("inf")}), "not finite; use an earlier checkpoint"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    mixer: Mixer, tmp_path: Path, change: Change, said: str
) -> None:
    path = tmp_path / "changed.ckpt"
    torch.save(change(contents(mixer)), path)
    with pytest.raises(ValueError, match=said) as raised:
        load_mixer(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_a_file_cut_short_anywhere_is_refused(path: Path, tmp_path: Path) -> None:
    whole, cut = path.read_bytes(), tmp_path / "cut.ckpt"
    for size in (0, 1, 4, 30, 200, len(whole) // 2, len(whole) - 100, len(whole) - 1):
        cut.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"cut\.ckpt") as raised:
            load_mixer(cut)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "content", [b"hello\n", b"\x00" * 500, b"RIFF\x24\x00\x00\x00WAVEfmt ", b"PK\x03\x04"]
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.ckpt").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.ckpt"):
        load_mixer(tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match=r"b\.ckpt is not there"):
        read_checkpoint(tmp_path / "b.ckpt")
    with pytest.raises(ValueError, match="is not there"):
        read_checkpoint(tmp_path)


class _Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_not_run(mixer: Mixer, tmp_path: Path, zipped: bool) -> None:
    path, made = tmp_path / "evil.ckpt", tmp_path / "made"
    evil = contents(mixer) | {"callbacks": _Touch(made)}
    if zipped:
        torch.save(evil, path)
    else:
        path.write_bytes(pickle.dumps(_Touch(made)))
    with pytest.raises(ValueError, match=r"is refused: .*could run code"):
        load_mixer(path)
    assert not made.exists()
    if zipped:  # the trap works
        torch.load(path, weights_only=False)
        assert made.exists()

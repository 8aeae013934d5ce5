"""A trained mixer in a file: tensors and plain values, read without running anything that the file brings."""

import hashlib
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gainstage.console.spec import ConsoleSpec
from gainstage.models.mixer import Mixer
from gainstage.models.pretrained import is_pretrained, read_pretrained
from gainstage.models.role_statistics import RoleStatistics
from gainstage.models.settings import MixerSettings, settings_from

KEY = "gainstage"
BEST, LAST = "best", "last"
_FORMAT, _VERSION = "gainstage-mixer", 1
_PREFIX = "mixer."


@dataclass(frozen=True)
class TrainedMixer:
    """A mixer as it was trained.

    Args:
        mixer: with its weights, in evaluation mode.
        settings: what it was built from.
        usual: mean and spread of the parameters of its training set.
        step: how many steps it was trained.
        digest: first digits of the SHA-256 of the file.
        path: the file.
    """

    mixer: Mixer
    settings: MixerSettings
    usual: RoleStatistics
    step: int
    digest: str
    path: Path

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> "TrainedMixer":
        """The mixer of a local folder in the hub's layout (`config.json`, `model.safetensors`).

        Raises:
            ValueError: the folder holds no mixer that can be used; one sentence says why.
        """
        folder = Path(folder)
        if not is_pretrained(folder):
            raise ValueError(f"{folder} holds no weights; give what `gainstage export weights` wrote")
        return load_mixer(folder)


def describe(settings: MixerSettings, usual: RoleStatistics) -> dict[str, Any]:
    """What a checkpoint needs beside the weights, to be a mixer again."""
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "gainstage": version("gainstage"),
        "settings": settings.plain(),
        "usual": {"mean": dict(usual.mean), "spread": dict(usual.spread)},
    }


def read_checkpoint(path: Path, *, map_location: Any = "cpu") -> dict[str, Any]:
    """Read all of a checkpoint, plain values and tensors only.

    Raises:
        ValueError: it is not there, cut short, no checkpoint, or holds objects that could run code.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not there; give the path of a checkpoint, such as last.ckpt of a run")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol")  # no checkpoint then
            loaded = torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError:
        raise ValueError(
            f"{path} is refused: it is no checkpoint, or it holds Python objects, which could run code"
        ) from None
    except Exception as error:  # bytes of any other kind (a WAV file) make the reader stumble in any way
        raise ValueError(
            f"{path} cannot be read as a checkpoint, it may be cut short ({_first(error)})"
        ) from None
    if not isinstance(loaded, Mapping) or not isinstance(loaded.get("state_dict"), Mapping):
        raise ValueError(f"{path} is no checkpoint of a training: it has no 'state_dict'")
    return dict(loaded)


def newest(run: Path, *, prefer: str = LAST) -> Path:
    """The checkpoint from which a run goes on: `last.ckpt` of its folder, or a checkpoint itself.

    Args:
        run: a checkpoint or the folder of a run.
        prefer: `last`, or `best` for what the run has found.

    Raises:
        ValueError: there is none.
    """
    if run.is_file():
        return run
    if not run.exists():
        raise ValueError(f"{run} is not there; give a checkpoint, or the folder of a run")
    for folder in (run, run / "checkpoints"):
        for name in (prefer, LAST, BEST):
            if (folder / f"{name}.ckpt").is_file():
                return folder / f"{name}.ckpt"
    raise ValueError(f"{run} holds no checkpoint to go on from; start a new run instead")


def load_mixer(path: Path, *, console: ConsoleSpec | None = None) -> TrainedMixer:
    """A mixer from a checkpoint, or from weights that were exported.

    Args:
        path: the file; or the folder of a run, whose best is taken, or of exported weights.
        console: the console that it must drive; any if not given.

    Raises:
        ValueError: the file cannot be used: not there, cut short, no mixer, of another console, or with code
            in it; one sentence says which.
    """
    if is_pretrained(path):
        path, about, state = read_pretrained(path)
        return _trained(path, about, state, step=about.get("step"), console=console)
    if path.suffix == ".onnx":
        raise ValueError(f"{path} is a graph for other tools, no weights to go on from; give a checkpoint")
    path = _best(path) if path.is_dir() else path
    loaded = read_checkpoint(path)
    state = {k.removeprefix(_PREFIX): v for k, v in loaded["state_dict"].items() if k.startswith(_PREFIX)}
    return _trained(path, loaded.get(KEY), state, step=loaded.get("global_step"), console=console)


def check_about(about: Any, path: Path) -> MixerSettings:
    """What a mixer is built from, by what was written beside its weights.

    Raises:
        ValueError: it is nothing that this program wrote, of another version, or incomplete.
    """
    if not isinstance(about, Mapping) or about.get("format") != _FORMAT:
        raise ValueError(f"{path} is no mixer of Gainstage: its '{KEY}' part is missing")
    if about.get("version") != _VERSION:
        raise ValueError(
            f"{path} has version {about.get('version')} of the format, this program reads {_VERSION}: "
            "update gainstage, or train again"
        )
    try:
        return settings_from(about["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} does not say what its mixer is built from ({_first(error)})") from None


def check_console(theirs: ConsoleSpec, ours: ConsoleSpec | None, path: Path) -> None:
    """Refuse a network that drives another console than the one that is wanted, if one is.

    Raises:
        ValueError: it does; the sentence names the first difference.
    """
    if ours is not None and (wrong := _difference(theirs, ours)):
        raise ValueError(f"{path} drives another console: {wrong}; use that console, or train on this one")


def _best(run: Path) -> Path:
    try:
        return newest(run, prefer=BEST)
    except ValueError:
        raise ValueError(
            f"{run} holds no checkpoint and no exported weights; give the folder of a run, a checkpoint, or "
            "what `gainstage export weights` wrote"
        ) from None


def _trained(
    path: Path, about: Any, state: Mapping[str, Tensor], *, step: Any, console: ConsoleSpec | None
) -> TrainedMixer:
    settings = check_about(about, path)
    try:
        usual = RoleStatistics(about["usual"]["mean"], about["usual"]["spread"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} does not say what its mixer is built from ({_first(error)})") from None
    check_console(settings.console, console, path)
    mixer = settings.build()
    try:
        mixer.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{path}: its weights do not fit its mixer ({_first(error)})") from None
    bad = [name for name, value in state.items() if not bool(value.isfinite().all())]
    if bad:
        raise ValueError(f"{path}: the weights '{bad[0]}' are not finite; use an earlier checkpoint")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    steps = step if isinstance(step, int) else 0
    return TrainedMixer(mixer.eval(), settings, usual, steps, digest, path)


def _difference(theirs: ConsoleSpec, ours: ConsoleSpec) -> str:
    """The first part in which two consoles differ, in words; empty if they do not."""
    for name in type(ours).model_fields:
        a, b = getattr(theirs, name), getattr(ours, name)
        if a == b:
            continue
        shown = [[getattr(part, "name", part) for part in x] if isinstance(x, list) else x for x in (a, b)]
        if shown[0] != shown[1]:
            return f"its {name} are {shown[0]}, here they are {shown[1]}"
        c, d = next((c, d) for c, d in zip(a, b, strict=True) if c != d)
        return f"its {name}.{c.name} has the settings {c.settings}, here they are {d.settings}"
    return ""


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:120]

"""A mixer in the layout of the Hugging Face hub: `config.json` and `model.safetensors`, nothing pickled.

A folder that was written by `gainstage export weights`, or downloaded, is read; nothing is fetched.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_USUAL = "usual."  # beside the weights: section → mean and spread of the training set, as tensors
_STATISTICS = ("mean", "spread")


def is_pretrained(path: Path) -> bool:
    """Whether a path is such a folder, or its file of weights."""
    return path.suffix == ".safetensors" or (path / CONFIG).is_file() or (path / WEIGHTS).is_file()


def write_pretrained(folder: Path, about: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    """Write what `describe` tells of a mixer, and its weights.

    Args:
        folder: which is there.
        about: plain values but for `usual`, whose tensors stand beside the weights.
        state: of the mixer.

    Raises:
        OSError: it cannot be written.
    """
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in state.items()}
    for kind in _STATISTICS:
        for section, value in about["usual"][kind].items():
            tensors[f"{_USUAL}{kind}.{section}"] = value.detach().cpu().contiguous().clone()
    plain = {name: value for name, value in about.items() if name != "usual"}
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / CONFIG).write_text(text, encoding="utf-8")
    (folder / WEIGHTS).write_bytes(save(tensors, metadata={"format": "pt"}))


def read_pretrained(path: Path) -> tuple[Path, dict[str, Any], dict[str, Tensor]]:
    """Read what `write_pretrained` wrote.

    Args:
        path: the folder, or its file of weights.

    Returns:
        The file of weights, what is told of the mixer, and its state.

    Raises:
        ValueError: a file is missing, cut short or no such file; one sentence says which.
    """
    folder = path.parent if path.suffix == ".safetensors" else path
    weights = path if path.suffix == ".safetensors" else folder / WEIGHTS
    for file, what in ((folder / CONFIG, "what it is built from"), (weights, "its weights")):
        if not file.is_file():
            raise ValueError(f"{file} is not there: {folder} lacks {what}; copy the whole export")
    try:
        about = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{folder / CONFIG} is not JSON ({error}); export the weights again") from None
    if not isinstance(about, dict):
        raise ValueError(f"{folder / CONFIG} is no config of a mixer; export the weights again")
    try:
        tensors = load(weights.read_bytes())
    except SafetensorError as error:
        raise ValueError(
            f"{weights} cannot be read, it may be cut short ({' '.join(str(error).split())[:120]}); "
            "copy it again"
        ) from None
    usual: dict[str, dict[str, Tensor]] = {kind: {} for kind in _STATISTICS}
    for name in [name for name in tensors if name.startswith(_USUAL)]:
        _, kind, section = name.split(".", 2)
        usual.setdefault(kind, {})[section] = tensors.pop(name)
    return weights, {**about, "usual": usual}, tensors

"""A network in ONNX files as an engineer, run by onnxruntime: what `NetworkEngineer` is for a mixer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec
from gainstage.engineer.decision import MixDecision
from gainstage.interchange.weights.graphs import driven
from gainstage.interchange.weights.onnx_file import ABOUT, open_onnx
from gainstage.interchange.weights.programs import HEAR, SET
from gainstage.models.checkpoint import check_about, check_console
from gainstage.models.mixer import set_to
from gainstage.models.network_engineer import NetworkTrack, cut, decision, sounding, told
from gainstage.models.settings import MixerSettings

FOLDER = "onnx"


@dataclass(frozen=True)
class OnnxNetwork:
    """The two graphs, and what they say of themselves.

    Args:
        hear, set: sessions of onnxruntime.
        settings: what the mixer was built from.
        digest, step: of the weights from which they were made.
        path: the file or folder that was asked for.
    """

    hear: Any
    set: Any
    settings: MixerSettings
    digest: str
    step: int
    path: Path


def find_onnx(path: Path) -> tuple[Path, Path] | None:
    """The two files of a network in ONNX, by any of them or by their folder; None if there are none."""
    if path.suffix == ".onnx":
        return path.with_name(f"{HEAR}.onnx"), path.with_name(f"{SET}.onnx")
    for folder in (path, path / FOLDER):
        if any((folder / f"{name}.onnx").is_file() for name in (HEAR, SET)):
            return folder / f"{HEAR}.onnx", folder / f"{SET}.onnx"
    return None


def load_onnx(path: Path, *, console: ConsoleSpec | None = None) -> OnnxNetwork:
    """Open a network in ONNX.

    Args:
        path: one of its files or their folder (`find_onnx`).
        console: the console that it must drive; any if not given.

    Raises:
        ValueError: the files cannot be used, or onnxruntime is missing; one sentence says why.
    """
    files = find_onnx(path)
    assert files is not None, "ask find_onnx first"
    if missing := [file for file in files if not file.is_file()]:
        raise ValueError(f"{missing[0]} is not there; a network in ONNX is two files, hear.onnx and set.onnx")
    hear, set_ = (open_onnx(file) for file in files)
    abouts = [_about(session, file) for session, file in zip((hear, set_), files, strict=True)]
    settings = [check_about(about, file) for about, file in zip(abouts, files, strict=True)][1]
    if [about.get("part") for about in abouts] != [HEAR, SET] or abouts[0] != abouts[1] | {"part": HEAR}:
        raise ValueError(f"{files[0]} and {files[1].name} are not of one network; copy the whole export")
    check_console(settings.console, console, files[1])
    about = abouts[1]
    return OnnxNetwork(hear, set_, settings, str(about.get("weights")), int(about.get("step", 0)), path)


def _about(session: Any, path: Path) -> dict[str, Any]:
    try:
        about = json.loads(session.get_modelmeta().custom_metadata_map[ABOUT])
    except (KeyError, ValueError):
        about = None
    if not isinstance(about, dict):
        raise ValueError(f"{path} is a graph, but no mixer of Gainstage; give what it exported")
    return about


class OnnxEngineer:
    """Sets a console by a network in ONNX files.

    Args:
        network: the graphs.
        name: how reports call it.
    """

    def __init__(self, network: OnnxNetwork, *, name: str = "network") -> None:
        self.network, self.name = network, name
        self.console = Console(network.settings.console)
        self.sample_rate = network.settings.encoder.front.sample_rate

    def hear(self, audio: Iterable[Tensor]) -> Tensor:
        """What is kept of one staged track from blocks of its audio, in one row.

        Shape: each (2, samples) → (sums + largest,).
        """
        sums, largest = None, None
        for section in cut(audio, self.network.settings.encoder.front):
            more, top = self.network.hear.run(None, {"audio": section[None].numpy()})
            sums = more if sums is None else sums + more
            largest = top if largest is None else np.maximum(largest, top)
        assert sums is not None, "a track has at least one section"
        assert largest is not None
        return torch.from_numpy(np.concatenate([sums[0], largest[0]]))

    def decide(
        self,
        tracks: Sequence[NetworkTrack],
        *,
        target_loudness_lufs: float = -20.0,
        locked: Mapping[str, Tensor] | None = None,
        locked_units: Mapping[str, Tensor] | None = None,
    ) -> MixDecision:
        """The mix of a song; see `NetworkEngineer.decide`."""
        decided = None
        if heard := sounding(tracks):
            conditions = told(tracks, target_loudness_lufs, locked or {}, locked_units or {})
            neutral = self.console.neutral(batch=1, tracks=len(heard))
            decided = set_to(self.units(torch.stack(heard)[None], conditions), neutral, self.console)
        return decision(self.name, self.console, tracks, decided)

    def units(self, heard: Tensor, conditions: Conditions) -> dict[str, Tensor]:
        """Unit values of the driven sections. Shape: heard (songs, tracks, sums + largest)."""
        songs, tracks = heard.shape[:2]
        width = self.network.set.get_inputs()[0].shape[-1]
        feeds = {
            "sums": heard[..., :width],
            "largest": heard[..., width:],
            "mask": torch.ones(songs, tracks, dtype=torch.bool),
            "roles": conditions.roles,
            "target_loudness_lufs": conditions.target_loudness_lufs,
        }
        for section in driven(self.console.layout):
            strips, count = self.console.num_strips(section, tracks), len(self.console.layout[section].driven)
            nothing = torch.zeros(songs, strips, count)
            feeds[f"locked_{section}"] = conditions.locked.get(section, nothing.bool())
            feeds[f"held_{section}"] = conditions.locked_units.get(section, nothing).float()
        names = [output.name for output in self.network.set.get_outputs()]
        found = self.network.set.run(names, {name: value.numpy() for name, value in feeds.items()})
        return {n.removeprefix("units_"): torch.from_numpy(v) for n, v in zip(names, found, strict=True)}

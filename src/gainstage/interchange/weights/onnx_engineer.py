"""A network in ONNX files as an engineer, run by onnxruntime: what `NetworkEngineer` is for a mixer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec
from gainstage.engineer.decision import MixDecision
from gainstage.interchange.weights.graph_runner import GraphRunner
from gainstage.interchange.weights.onnx_file import ABOUT, open_onnx
from gainstage.interchange.weights.programs import HEAR, SET
from gainstage.models.checkpoint import check_about, check_console
from gainstage.models.mixer import set_to
from gainstage.models.network_engineer import NetworkTrack, decision, sounding, told
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
    parts = [about.get("part") for about in abouts]
    if parts != [HEAR, SET] or abouts[0].get("weights") != abouts[1].get("weights"):
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
        self.runner, self.name = runner_of(network), name
        self.console, self.sample_rate = self.runner.console, self.runner.front.sample_rate

    def hear(self, audio: Iterable[Tensor]) -> Tensor:
        """What is kept of one staged track; see `GraphRunner.hear`."""
        return self.runner.hear(audio)

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
            mask = torch.ones(1, len(heard), dtype=torch.bool)
            neutral = self.console.neutral(batch=1, tracks=len(heard))
            units = self.runner.units(torch.stack(heard)[None], mask, conditions)
            decided = set_to(units, neutral, self.console)
        return decision(self.name, self.console, tracks, decided)


def runner_of(network: OnnxNetwork) -> GraphRunner:
    """The graphs, run by onnxruntime."""
    outputs = [output.name for output in network.set.get_outputs()]

    def hear(audio: Tensor) -> tuple[Tensor, Tensor]:
        sums, largest = network.hear.run(["sums", "largest"], {"audio": audio.numpy()})
        return torch.from_numpy(sums), torch.from_numpy(largest)

    def set_(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        found = network.set.run(outputs, {name: value.numpy() for name, value in inputs.items()})
        return dict(zip(outputs, map(torch.from_numpy, found), strict=True))

    front, console = network.settings.encoder.front, Console(network.settings.console)
    num_sums = network.set.get_inputs()[0].shape[-1]
    return GraphRunner(hear, set_, num_sums=num_sums, front=front, console=console)

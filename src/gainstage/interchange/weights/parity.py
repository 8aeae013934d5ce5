"""How near exported weights come to the checkpoint: unit values of songs of three shapes, by format."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.interchange.weights.graph_runner import GraphRunner
from gainstage.interchange.weights.graphs import Widths
from gainstage.interchange.weights.onnx_engineer import load_onnx, runner_of
from gainstage.interchange.weights.programs import HEAR, SET, open_pt2
from gainstage.models.checkpoint import TrainedMixer
from gainstage.models.mixer import Mixer
from gainstage.models.network_engineer import NetworkEngineer
from gainstage.report.markdown import table
from gainstage.roles import ROLES

SHAPES = ((1, 0.5), (5, 30.0), (24, 6.0))
"""Tracks and seconds: less than a section, more than one, many tracks."""

WORST = 1e-3
"""Unit values that differ by more are another network: a fader moves by .07 dB."""

_LOCKED, _LUFS = 0.2, -16.0
_WITH = ("torch", "onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Parity:
    """How far a format is from the checkpoint.

    Args:
        format: its name.
        tracks, seconds: of the song.
        error: largest difference of a unit value, of all sections.
    """

    format: str
    tracks: int
    seconds: float
    error: float


class _Runner(Protocol):
    def hear(self, audio: Iterable[Tensor]) -> Tensor: ...

    def units(self, heard: Tensor, mask: Tensor, conditions: Conditions) -> dict[str, Tensor]: ...


class _MixerRunner:
    """The mixer itself, as `gainstage mix` asks it."""

    def __init__(self, mixer: Mixer) -> None:
        self._mixer = mixer
        self.hear = NetworkEngineer(mixer).hear

    @torch.inference_mode()
    def units(self, heard: Tensor, mask: Tensor, conditions: Conditions) -> dict[str, Tensor]:
        return self._mixer.set(heard, mask, conditions).units


def measure(
    trained: TrainedMixer, folder: Path, formats: Sequence[str], *, progress: Callable[[int, int], None]
) -> list[Parity]:
    """Run what was written, as whoever is handed it will, on songs of made-up tracks.

    Tracks are bursts of noise over tones, with rests, mono and stereo; a fifth of the settings is locked.

    Args:
        trained: the checkpoint.
        folder: of the export.
        formats: that were written.
        progress: told how many shapes are done.
    """
    open_ = {"safetensors": _safetensors, "onnx": _onnx, "pt2": _pt2}
    runners = {name: open_[name](folder, trained.mixer) for name in formats}
    rows = []
    for done, (tracks, seconds) in enumerate(SHAPES):
        progress(done, len(SHAPES))
        song = _song(tracks, seconds, trained.mixer.front.settings.sample_rate)
        wanted = _decided(_MixerRunner(trained.mixer), song, trained.mixer)
        for name, runner in runners.items():
            found = _decided(runner, song, trained.mixer)
            errors = [(found[section] - wanted[section]).abs().flatten() for section in found]
            rows.append(Parity(name, tracks, seconds, float(torch.cat(errors).max())))
    progress(len(SHAPES), len(SHAPES))
    return rows


def _safetensors(folder: Path, mixer: Mixer) -> _Runner:
    del mixer
    return _MixerRunner(TrainedMixer.from_pretrained(folder).mixer)


def _onnx(folder: Path, mixer: Mixer) -> _Runner:
    del mixer
    return runner_of(load_onnx(folder / "onnx"))


def _pt2(folder: Path, mixer: Mixer) -> _Runner:
    (hear, _), (set_, about) = (open_pt2(folder / "pt2" / f"{name}.pt2") for name in (HEAR, SET))

    @torch.inference_mode()
    def run(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        values = list(inputs.values())
        return dict(zip(about["outputs"], set_(*values[:5], tuple(values[5:])), strict=True))

    front, console, num_sums = mixer.front.settings, mixer.console, Widths.of(mixer).sums
    return GraphRunner(torch.inference_mode()(hear), run, num_sums=num_sums, front=front, console=console)


def _song(tracks: int, seconds: float, rate: int) -> list[Tensor]:
    """Noise that dies away over a tone, so that brightness moves as it does in music: the spread of what does
    not move at all is the difference of two equal numbers, and shows their last bits.
    """
    draw = torch.Generator().manual_seed(tracks)
    samples = round(seconds * rate)
    time = torch.arange(samples) / rate
    song = []
    for i in range(tracks):
        noise = 0.3 * torch.randn(1 + i % 2, samples, generator=draw).expand(2, -1)
        tone = 0.1 * torch.sin(2.0 * torch.pi * 80.0 * 1.2**i * time)
        plays = (torch.sin(time * (0.1 * i + 1.3)) > -0.3).float()
        song.append(plays * (tone + noise * torch.exp(-(i + 3) * (time % 0.7))))
    return song


def _decided(runner: _Runner, song: list[Tensor], mixer: Mixer) -> dict[str, Tensor]:
    heard = torch.stack([runner.hear([track]) for track in song])[None]
    draw = torch.Generator().manual_seed(len(song))
    held = {}
    for section, columns in mixer.console.layout.items():
        shape = (1, mixer.console.num_strips(section, len(song)), len(columns.driven))
        held[section] = torch.rand(shape, generator=draw)
    locked = {section: torch.rand(units.shape, generator=draw) < _LOCKED for section, units in held.items()}
    roles = torch.tensor([[(5 * i) % len(ROLES) for i in range(len(song))]])
    conditions = Conditions(roles, torch.tensor([-1]), torch.tensor([_LUFS]), locked, held)
    return runner.units(heard, torch.ones(1, len(song), dtype=torch.bool), conditions)


def lines(rows: Sequence[Parity]) -> list[str]:
    """The table: a line a format, a column a shape."""
    heads = ["format", *(f"{tracks} × {seconds:g} s" for tracks, seconds in SHAPES)]
    found = {(row.format, row.tracks): f"{row.error:.1e}" for row in rows}
    names = dict.fromkeys(row.format for row in rows)
    body = [[name, *(found[name, tracks] for tracks, _ in SHAPES)] for name in names]
    return table(heads, body, numbers=range(1, len(heads)))


def write(rows: Sequence[Parity], folder: Path, *, network: str) -> None:
    """Write `parity.json` and `parity.md`."""
    what = (
        f"Largest difference of a unit value (0 … 1) between {network} and what was exported of it, for "
        "songs of so many tracks × seconds, a fifth of the settings locked."
    )
    versions = {name: found for name in _WITH if (found := _version(name))}
    document: dict[str, Any] = {"what": what, "versions": versions, "rows": [asdict(row) for row in rows]}
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (folder / "parity.json").write_text(text, encoding="utf-8")
    made = ", ".join(f"{name} {number}" for name, number in versions.items())
    text = "\n".join(["# Parity", "", what, "", *lines(rows), "", f"Measured with {made}."])
    (folder / "parity.md").write_text(text + "\n", encoding="utf-8")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""

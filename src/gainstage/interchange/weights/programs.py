"""The two graphs as programs of torch.export, with any number of songs, tracks and samples."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram, export, load, save

from gainstage.interchange.weights.graphs import Hear, Set
from gainstage.models.mixer import Mixer
from gainstage.roles import ROLES

HEAR, SET = "hear", "set"
ABOUT = "gainstage.json"
"""Name of what a `.pt2` file tells of itself, among its extra files."""

_SONGS, _TRACKS, _FRAMES = 2, 3, 40  # of the examples; nothing of the graphs depends on them


@dataclass(frozen=True)
class Graph:
    """One of the two.

    Args:
        program: what torch.export made of it.
        inputs, outputs: their names, in order.
    """

    program: ExportedProgram
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def programs(mixer: Mixer) -> dict[str, Graph]:
    """Both graphs of a mixer, by name."""
    hear, set_ = Hear(mixer).eval(), Set(mixer).eval()
    locks = [f"{what}_{section}" for section in set_.driven for what in ("locked", "held")]
    units = tuple(f"units_{section}" for section in set_.driven)
    inputs = ("sums", "largest", "mask", "roles", "target_loudness_lufs", *locks)
    front = mixer.front.settings
    tracks, samples = Dim("tracks", min=1), Dim("samples", min=front.fft_size)
    audio = torch.rand(_TRACKS, 2, front.fft_size + _FRAMES * front.hop)
    with torch.no_grad(), quiet():
        heard = export(
            hear,
            (audio,),
            dynamic_shapes=({0: tracks, 2: samples},),
            # else torch asks for proofs about strides that it cannot give itself
            prefer_deferred_runtime_asserts_over_guards=True,
        )
        done = export(set_, _example(set_, mixer), dynamic_shapes=_shapes(set_))
    return {HEAR: Graph(heard, ("audio",), ("sums", "largest")), SET: Graph(done, inputs, units)}


def _example(set_: Set, mixer: Mixer) -> tuple[Any, ...]:
    locks: list[Tensor] = []
    for section in set_.driven:
        width = len(mixer.console.layout[section].driven)
        shape = (_SONGS, mixer.console.num_strips(section, _TRACKS), width)
        locks += [torch.rand(shape) < 0.5, torch.rand(shape)]
    return (
        torch.rand(_SONGS, _TRACKS, set_.widths.sums),
        torch.rand(_SONGS, _TRACKS, set_.widths.largest),
        torch.ones(_SONGS, _TRACKS, dtype=torch.bool),
        torch.randint(0, len(ROLES), (_SONGS, _TRACKS)),
        torch.full((_SONGS,), -20.0),
        tuple(locks),
    )


def _shapes(set_: Set) -> tuple[Any, ...]:
    songs, tracks = Dim("songs", min=1), Dim("tracks", min=1)
    both = {0: songs, 1: tracks}
    locks = [both if section == "tracks" else {0: songs} for section in set_.driven for _ in range(2)]
    return both, both, both, both, {0: songs}, tuple(locks)


def save_pt2(graph: Graph, path: Path, about: Mapping[str, Any]) -> None:
    """Write a program, without the example with which it was made: that alone would be pickled.

    Raises:
        OSError: it cannot be written.
    """
    graph.program.example_inputs = None
    with quiet():
        save(graph.program, path, extra_files={ABOUT: json.dumps(about)})


def open_pt2(path: Path) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A program that was written, ready to run, and what it tells of itself."""
    extra = {ABOUT: ""}
    with quiet():
        module = load(path, extra_files=extra).module()
    return module, json.loads(extra[ABOUT])


@contextmanager
def quiet() -> Iterator[None]:
    """torch's own warnings about itself are not for whoever exports a network."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

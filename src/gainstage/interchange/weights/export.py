"""A trained network as a folder for other tools: weights, graphs, what runs them, a card, and the proof."""

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gainstage.data.spectra import Progress
from gainstage.interchange.weights.card import card
from gainstage.interchange.weights.onnx_file import check_writer, save_onnx
from gainstage.interchange.weights.parity import WORST, Parity, measure, write
from gainstage.interchange.weights.programs import Graph, programs, save_pt2
from gainstage.interchange.weights.tables import TABLES, tables
from gainstage.models.checkpoint import TrainedMixer, describe
from gainstage.models.pretrained import write_pretrained

FORMATS = ("safetensors", "onnx", "pt2")
RUN = "run.py"


@dataclass(frozen=True)
class ExportedWeights:
    """What an export came to.

    Args:
        folder: where it is.
        parity: how near each format comes to the checkpoint.
        sizes: file → bytes.
    """

    folder: Path
    parity: tuple[Parity, ...]
    sizes: Mapping[str, int]


def export_weights(
    trained: TrainedMixer,
    out: Path,
    *,
    formats: Sequence[str] = FORMATS,
    training: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    progress: Progress,
) -> ExportedWeights:
    """Write a network for other tools, and measure what was written.

    `config.json`, `model.safetensors` and `README.md` are the layout of the Hugging Face hub; `onnx` and
    `pt2` hold the two graphs (`weights.graphs`), their tables and a program that runs them without gainstage.

    Args:
        trained: the network.
        out: a folder that is not there yet.
        formats: some of `FORMATS`.
        training: the config of its run, for the card.
        evaluation: what an evaluation summed up, for the card.
        progress: told how far the work is.

    Raises:
        ValueError: a format is unknown or a package for it missing, the folder is there or cannot be made, or
            what was written does not do what the checkpoint does.
        OSError: writing failed; nothing is left.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ValueError(f"there is no format '{unknown[0]}'; there are {', '.join(FORMATS)}")
    if not formats:
        raise ValueError(f"no format is named; there are {', '.join(FORMATS)}")
    if "onnx" in formats:
        check_writer()
    formats = [name for name in FORMATS if name in formats]
    steps = len(formats) + 2
    with _new_folder(out) as folder:
        progress("exporting", 0, steps)
        graphs = programs(trained.mixer) if {"onnx", "pt2"} & set(formats) else {}
        about = describe(trained.settings, trained.usual) | {"step": trained.step, "weights": trained.digest}
        if "safetensors" in formats:
            write_pretrained(folder, about, trained.mixer.state_dict())
        for done, name in enumerate([f for f in formats if f != "safetensors"], start=1):
            progress("exporting", done, steps)
            _write_graphs(folder / name, name, graphs, about, trained)
        progress("exporting", steps - 1, steps)
        rows = measure(trained, folder, formats, progress=partial(progress, "comparing"))
        _check(rows)
        write(rows, folder, network=f"network {trained.digest}")
        text = card(
            trained, name=out.name, formats=formats, parity=rows, training=training, evaluation=evaluation
        )
        (folder / "README.md").write_text(text, encoding="utf-8")
        progress("exporting", steps, steps)
    sizes = {str(p.relative_to(out)): p.stat().st_size for p in sorted(out.rglob("*")) if p.is_file()}
    return ExportedWeights(out, tuple(rows), sizes)


def _write_graphs(
    folder: Path, name: str, graphs: Mapping[str, Graph], about: Mapping[str, Any], trained: TrainedMixer
) -> None:
    """Both graphs in one format, with their tables and the program that runs them."""
    folder.mkdir()
    told = {key: value for key, value in about.items() if key != "usual"}
    for part, graph in graphs.items():
        told_part = told | {"part": part, "inputs": graph.inputs, "outputs": graph.outputs}
        (save_onnx if name == "onnx" else save_pt2)(graph, folder / f"{part}.{name}", told_part)
    plain = tables(trained.mixer, network=f"network {trained.digest}")
    text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / TABLES).write_text(text, encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name(RUN), folder / RUN)


def _check(rows: Sequence[Parity]) -> None:
    worst = max(rows, key=lambda row: (math.isnan(row.error), row.error))
    if not worst.error <= WORST:
        raise ValueError(
            f"{worst.format} differs from the checkpoint by {worst.error:.1e} of a setting's range, more "
            f"than {WORST:g}, so nothing was written; it may be a fault of this torch or onnxruntime: try "
            "another version, or leave that format out"
        )


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder that gets its name when the block ends well; else nothing is left.

    Raises:
        ValueError: it is there, or cannot be made.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} is there already; give another --out, or remove it first")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
    except OSError as error:
        raise ValueError(f"{out} cannot be written: {error.strerror or error}; give another --out") from None
    try:
        yield partial
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)

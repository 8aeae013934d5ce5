"""The two graphs as ONNX files that say what they are."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from gainstage.interchange.weights.programs import Graph, quiet

OPSET = 20
"""The first that has the DFT of real input as torch.export's translation writes it."""

ABOUT = "gainstage"
"""Name of what a file tells of itself, among its metadata."""

_WRITERS = ("onnx", "onnxscript")
_EXTRA = "pip install 'gainstage[onnx]'"


def check_writer() -> None:
    """Refuse to begin what could not be ended.

    Raises:
        ValueError: a package is missing.
    """
    if missing := [name for name in _WRITERS if find_spec(name) is None]:
        raise ValueError(
            f"writing ONNX needs the package {missing[0]}, which is not installed: {_EXTRA}, or leave onnx "
            "out of --formats"
        )


def save_onnx(graph: Graph, path: Path, about: Mapping[str, Any]) -> None:
    """Translate and write a program.

    Args:
        graph: which.
        path: of the file.
        about: what it tells of itself.

    Raises:
        OSError: it cannot be written.
    """
    with quiet(), _silent("torch.onnx"), torch.no_grad():
        made = torch.onnx.export(
            graph.program,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert made is not None, "a program that is given is translated"
    made.model.metadata_props[ABOUT] = json.dumps(about)
    made.save(path)


def open_onnx(path: Path) -> Any:
    """A session of onnxruntime on the CPU, one thread for each of torch's.

    Raises:
        ValueError: onnxruntime is missing, or the file is no ONNX file that it can read.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ValueError(
            f"{path} is read by onnxruntime, which is not installed: {_EXTRA}, or give the exported "
            "model.safetensors or a checkpoint"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # every kind of damage has an exception of its own
        raise ValueError(
            f"{path} cannot be read as ONNX, it may be cut short ({' '.join(str(error).split())[:120]}); "
            "copy it or export it again"
        ) from None


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """A logger that says nothing below an error."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)

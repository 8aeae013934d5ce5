"""The folder of a training as a part of a page: how the losses fell, what it sets, what it mixes."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

from gainstage.report import words
from gainstage.report.blocks import Block, Drawing, Fold, Picture, Text
from gainstage.report.page import Section
from gainstage.report.training_plots import curves, read_metrics

_PICTURE = re.compile(r"step-(\d+)-(\w+)-(\w+)\.png")

_PICTURES = {
    "mix": "A mix and its target",
    "tracks": "Settings of the tracks, predicted and true",
    "returns": "Settings of the returns, predicted and true",
    "master": "Settings of the master, predicted and true",
}
_FOLDED = ("returns", "master")


def run_section(run: Path) -> Section:
    """Curves and the last pictures of a training.

    Args:
        run: its folder, with `metrics.csv` and, if there are any, `pictures`.

    Raises:
        ValueError: it has logged nothing to CSV.
        OSError: a file cannot be read.
    """
    return Section("The training", tuple(_blocks(run)))


def _blocks(run: Path) -> Iterator[Block]:
    logged = read_metrics(run)
    names = [name for name in ("train/total", "val/total") if name in logged]
    if not names:
        yield Text(("It was too short to log a loss.",))
        return
    last = int(max(logged[name][0][-1] for name in names)) + 1
    yield Drawing(curves(run, names), f"The loss over {last} steps")
    parts = sorted({name for name in logged if name.startswith("val/")} - {"val/total"})
    if parts:
        plots = tuple(Drawing(curves(run, [name], title=_part(name)), _part(name)) for name in parts)
        yield Fold("Its parts", f"{words.listed([_part(name) for name in parts])}, in validation", plots)
    yield from _pictures(run / "pictures")


def _part(name: str) -> str:
    return words.title(name.removeprefix("val/"))


def _pictures(folder: Path) -> Iterator[Block]:
    """The last look at validation, or at training where nothing was validated."""
    known = [(found, path) for path in folder.glob("*.png") if (found := _PICTURE.fullmatch(path.name))]
    if not known:
        return
    stage = "val" if any(found[2] == "val" for found, _ in known) else "train"
    step = max(int(found[1]) for found, _ in known if found[2] == stage)
    there = {found[3]: path for found, path in known if found[2] == stage and int(found[1]) == step}
    for name, caption in _PICTURES.items():
        if name in there:
            address = f"data:image/png;base64,{base64.b64encode(there[name].read_bytes()).decode()}"
            picture = Picture(address, f"{caption}, after {step} steps.", "" if name in _FOLDED else caption)
            yield Fold(caption, "", (picture,)) if name in _FOLDED else picture

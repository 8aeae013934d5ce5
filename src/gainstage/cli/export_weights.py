"""`gainstage export weights`: a trained network for other tools."""

from pathlib import Path
from typing import Any

import click


@click.command("weights")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to make."
)
@click.option(
    "--formats",
    metavar="NAME,…",
    help="Some of safetensors, onnx, pt2; default: all.",
)
def export_weights(checkpoint: Path, out: Path, formats: str | None) -> None:
    """Write a trained network (CHECKPOINT: a file or the folder of a run) for other tools."""
    from gainstage.cli import show
    from gainstage.interchange.weights.export import FORMATS
    from gainstage.interchange.weights.export import export_weights as write
    from gainstage.models.checkpoint import load_mixer

    chosen = FORMATS if formats is None else [name.strip() for name in formats.split(",") if name.strip()]
    trained = load_mixer(checkpoint)
    with show.progress() as step:
        done = write(
            trained,
            out,
            formats=chosen,
            training=_config_of(trained.path),
            evaluation=_evaluation_of(trained.path),
            progress=step,
        )
    show.exported_weights(done)


def _config_of(checkpoint: Path) -> dict[str, Any] | None:
    """What the training that wrote a checkpoint was told; None if that is not beside it."""
    import yaml

    from gainstage.cli.train import CONFIG

    found = [folder / CONFIG for folder in checkpoint.parents[:2] if (folder / CONFIG).is_file()]
    if not found:
        return None
    try:
        config = yaml.safe_load(found[0].read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ValueError(f"{found[0]} is not YAML, so the card cannot say what was trained") from None
    return config if isinstance(config, dict) else None


def _evaluation_of(checkpoint: Path) -> dict[str, Any] | None:
    """The summary of an evaluation in the folder of the run, the newest; None if there is none."""
    import json

    folders = [folder for folder in checkpoint.parents[:2] if (folder / "metrics.csv").is_file()]
    found = [path for folder in folders for path in folder.glob("*/summary.json")]
    if not found:
        return None
    newest = max(found, key=lambda path: path.stat().st_mtime)
    try:
        summary = json.loads(newest.read_text(encoding="utf-8"))
    except ValueError:
        raise ValueError(f"{newest} is not JSON, so the card cannot say how good it is") from None
    return summary if isinstance(summary, dict) and "summary" in summary else None

"""How near does a trained network come, on built-in songs that it has not heard and on real ones?

    python -m benchmarks.network --run runs/hour --built-in data/built_in --data ../shared/data

All systems set the same console for the same songs, every track first moved by a seeded gain of ±12 dB; mixes
and targets at −20 LUFS. `sum_difference` and AF are distances, lower is nearer. On built-in songs the target
is the rules engineer's mix in a style of its own; on real ones it is the composer's or producer's.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from benchmarks.record import RESULTS, machine

from gainstage.console.console import Console
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs, songs_of
from gainstage.evaluation.engineers import baselines
from gainstage.evaluation.evaluate import evaluate
from gainstage.evaluation.network import LOCKED_SHARE, Network, role_mean
from gainstage.evaluation.results import Evaluation
from gainstage.evaluation.statistics import scores
from gainstage.models.checkpoint import TrainedMixer, load_mixer
from gainstage.report.training_plots import read_metrics
from gainstage.training.checkpoints import newest

METRICS = ("sum_difference", "af", "loudness_lufs", "plr_db", "width_db")


def real_songs(data: Path, cache: Path) -> list[Song]:
    """Every real song with a mix, whatever its source."""
    songs: list[Song] = []
    for source in sorted(path for path in data.iterdir() if path.is_dir()):
        if any(source.glob("*/mix.flac")):
            found = load_songs("folders", source, paired=False, cache=cache / source.name)
            songs += [song for song in found if song.mix is not None]
    return songs


def measure(songs: list[Song], trained: TrainedMixer, jobs: int) -> Evaluation:
    """All systems on some songs."""
    systems = {
        **baselines(trained.settings.console),
        "role_mean": role_mean(trained),
        "network": Network(trained.path),
    }
    if all(song.session for song in songs):
        systems["network_locked"] = Network(trained.path, locked=LOCKED_SHARE)
    return evaluate(songs, systems, console=Console(trained.settings.console), jobs=jobs, progress=_say)


def _say(doing: str, done: int, total: int) -> None:
    print(f"{doing} {done}/{total}", flush=True)


def curves(run: Path) -> list[dict[str, float]]:
    """Every loss and every share of time that was logged, where there are validations."""
    metrics = read_metrics(run)
    rows = []
    for step in metrics["val/total"][0]:
        row = {"step": float(step)}
        for name, (at, values) in metrics.items():
            near = values[np.abs(at - step) <= 50]
            if len(near):
                row[name] = float(near.mean())
        rows.append(row)
    return rows


def table(found: Evaluation) -> Iterable[str]:
    """Medians with their intervals, Markdown."""
    names = [name for name in METRICS if any(score.metric == name for score in scores(found))]
    yield "| system | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    cells: dict[str, dict[str, str]] = {}
    for score in scores(found):
        text = f"{score.median:.4g} [{score.low:.3g}, {score.high:.3g}]"
        cells.setdefault(score.system, {})[score.metric] = text
    for system, row in cells.items():
        yield f"| {system} | " + " | ".join(row.get(name, "") for name in names) + " |"


def per_song(found: Evaluation) -> Iterable[str]:
    """sum_difference / AF of each song and system, Markdown."""
    yield "| song | " + " | ".join(found.systems) + " |"
    yield "|---" * (len(found.systems) + 1) + "|"
    for song in found.songs:
        rows = {row.system: row.values for row in found.rows if row.song == song}
        pairs = [f"{rows[s]['sum_difference']:.2f} / {rows[s]['af']:.3f}" for s in found.systems]
        yield f"| {song} | " + " | ".join(pairs) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training, or a checkpoint")
    parser.add_argument("--built-in", type=Path, required=True, help="what gainstage synth --dataset wrote")
    parser.add_argument("--data", type=Path, help="the folder of real multitracks")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--name", default="network", help="of the result files")
    given = parser.parse_args()
    trained = load_mixer(newest(given.run, prefer="best"))
    parts = {
        "built-in": measure(songs_of(load_songs("built_in", given.built_in), "test"), trained, given.jobs)
    }
    if given.data:
        with tempfile.TemporaryDirectory() as cache:
            parts["real"] = measure(real_songs(given.data, Path(cache)), trained, given.jobs)
    log = curves(given.run) if given.run.is_dir() else []
    document = {
        "machine": machine(),
        "checkpoint": {"digest": trained.digest, "step": trained.step},
        "scores": {name: [vars(score) for score in scores(found)] for name, found in parts.items()},
        "per_song": {
            name: [{"song": r.song, "system": r.system, **r.values} for r in found.rows]
            for name, found in parts.items()
        },
        "curves": log,
    }
    (RESULTS / f"{given.name}.json").write_text(json.dumps(document, indent=1, default=float) + "\n")
    lines = [f"# {__doc__.splitlines()[0]}", "", f"Checkpoint {trained.digest}, step {trained.step}.", ""]
    for name, found in parts.items():
        lines += [f"## {name}: {len(found.songs)} songs, medians [95 % interval]", "", *table(found), ""]
    if "real" in parts:
        lines += ["## Real songs, sum_difference / AF", "", *per_song(parts["real"]), ""]
    if log:
        keys = sorted({key for row in log for key in row if key.startswith(("val/", "time/"))})
        lines += ["## Training", "", "| step | " + " | ".join(keys) + " |", "|---" * (len(keys) + 1) + "|"]
        lines += [
            f"| {row['step']:.0f} | " + " | ".join(f"{row[k]:.3g}" if k in row else "" for k in keys) + " |"
            for row in log
        ]
    (RESULTS / f"{given.name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

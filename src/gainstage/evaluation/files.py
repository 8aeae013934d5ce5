"""An evaluation as files: per song and summed up, for spreadsheets and programs, and a page to read."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gainstage.evaluation.page import evaluation_page
from gainstage.evaluation.results import Evaluation
from gainstage.evaluation.statistics import gains, scores
from gainstage.metrics.metric import METRICS
from gainstage.report.atomic import whole_or_nothing


def write_results(
    evaluation: Evaluation,
    folder: Path,
    *,
    baseline: str = "sum",
    title: str = "Evaluation",
    run: Path | None = None,
) -> list[Path]:
    """Write `per_song.csv`, `summary.csv`, `summary.json` and `report.html`, each whole or not at all.

    Args:
        evaluation: what was found.
        folder: where; it is made if need be.
        baseline: the system over which gains are given.
        title: of the page.
        run: the folder of the training that made the network, for the page.

    Returns:
        The files.

    Raises:
        OSError: a file cannot be written.
        ValueError: `folder` is a file, or `run` has logged nothing.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; give a folder for the results")
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "per_song.csv": per_song_csv(evaluation),
        "summary.csv": summary_csv(evaluation, baseline),
        "summary.json": summary_json(evaluation, baseline),
    }
    for name, text in texts.items():
        with whole_or_nothing(folder / name) as file:
            file.write(text.encode("utf-8", "replace"))
    evaluation_page(evaluation, baseline=baseline, title=title, run=run).write(folder / "report.html")
    return [folder / name for name in (*texts, "report.html")]


def per_song_csv(evaluation: Evaluation) -> str:
    """A line for every song and system, songs by name; the target's own measures are among them."""
    names = [metric.name for metric in evaluation.metrics]
    rows = [
        {"song": row.song, "system": row.system, "is_dual_mono": int(row.is_dual_mono)}
        | {name: _number(row.values.get(name, math.nan)) for name in names}
        for row in sorted(evaluation.rows, key=lambda row: row.song)
    ]
    return _csv(rows)


def summary_csv(evaluation: Evaluation, baseline: str) -> str:
    """A line for every system and metric, with the gain over the baseline."""
    return _csv(
        [{key: _number(value) for key, value in row.items()} for row in _summary(evaluation, baseline)]
    )


def summary_json(evaluation: Evaluation, baseline: str) -> str:
    """The same for programs, with what each metric is and what was skipped."""
    document = {
        "num_songs": len(evaluation.songs),
        "systems": list(evaluation.systems),
        "baseline": baseline,
        "seed": evaluation.seed,
        "metrics": [
            asdict(metric) | {"lower_is_better": metric.lower_is_better} for metric in evaluation.metrics
        ],
        "summary": [
            {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in row.items()}
            for row in _summary(evaluation, baseline)
        ],
        "warnings": list(evaluation.warnings),
        "skipped": list(evaluation.skipped),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _summary(evaluation: Evaluation, baseline: str) -> list[dict[str, Any]]:
    over = gains(evaluation, baseline) if baseline in evaluation.systems else []
    gained = {(gain.system, gain.metric): gain for gain in over}
    rows = []
    for score in scores(evaluation):
        metric, gain = METRICS[score.metric], gained.get((score.system, score.metric))
        rows.append(
            {
                **asdict(score),
                "unit": metric.unit,
                "kind": metric.kind,
                "gain": gain.gain if gain else math.nan,
                "gain_low": gain.low if gain else math.nan,
                "gain_high": gain.high if gain else math.nan,
                "gain_num_songs": gain.num_songs if gain else 0,
                "num_nearer": gain.num_nearer if gain else 0,
            }
        )
    return rows


def _number(value: Any) -> Any:
    """Six digits, and nothing for what is not known."""
    if not isinstance(value, float):
        return value
    return f"{value:.6g}" if math.isfinite(value) else ""


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()

"""Results of a benchmark as JSON and Markdown, with what they were measured on."""

import dataclasses
import json
import math
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_OURS = ("gainstage", "torch", "numba", "numpy", "scipy")
_PEERS = (
    "torchaudio",
    "torchlpc",
    "torchcomp",
    "philtorch",
    "grafx",
    "dasp-pytorch",
    "pedalboard",
    "auraloss",
)
_LOAD_BEFORE = os.getloadavg()[0]  # when the script began; its own work is no part of it


def machine() -> dict[str, Any]:
    """What a result was measured on."""
    model = next(
        (line.split(":")[1].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": os.cpu_count(),
        "load_before": round(_LOAD_BEFORE, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY", "not set"),
        "python": platform.python_version(),
        "versions": {name: found for name in (*_OURS, *_PEERS) if (found := _version(name))},
    }


def write_results(
    name: str,
    question: str | None,
    rows: Sequence[Any],
    *,
    folder: Path = RESULTS,
    notes: Sequence[str] = (),
) -> None:
    """Write rows (dataclasses of one type) to `<folder>/<name>.json` and `.md`, and print the latter.

    A number that was not measured is null in JSON and a dash in Markdown, where a column without any number
    is left out.
    """
    dicts = [dataclasses.asdict(row) for row in rows]
    on = machine()
    document = {"machine": on, "rows": [{k: _finite(v) for k, v in row.items()} for row in dicts]}
    if notes:
        document["notes"] = list(notes)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    head = (question or name).strip().splitlines()[0]
    keys = [key for key in dicts[0] if any(_finite(row[key]) is not None for row in dicts)]
    lines = [f"# {head}", "", "| " + " | ".join(keys) + " |", "|" + "---|" * len(keys)]
    lines += ["| " + " | ".join(_cell(row[key]) for key in keys) + " |" for row in dicts]
    lines += [line for note in notes for line in ("", note)]
    lines += [
        "",
        f"{on['date']}, {on['processor']}, {on['cores']} cores, load before {on['load_before']}, "
        f"OMP_WAIT_POLICY {on['omp_wait_policy']}, {on['versions']}.",
    ]
    text = "\n".join(lines) + "\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if math.isfinite(value) else "–"
    return str(value)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []

"""Results of a benchmark as JSON and Markdown, with what they were measured on."""

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


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
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("gainstage", "torch", "numba", "numpy", "scipy")},
    }


def write_results(name: str, question: str | None, rows: Sequence[Any]) -> None:
    """Write rows (dataclasses of one type) to `benchmarks/results/<name>.json` and `.md`."""
    dicts = [dataclasses.asdict(row) for row in rows]
    on = machine()
    document = {"machine": on, "rows": dicts}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    head = (question or name).strip().splitlines()[0]
    keys = list(dicts[0])
    lines = [f"# {head}", "", "| " + " | ".join(keys) + " |", "|" + "---|" * len(keys)]
    lines += ["| " + " | ".join(_cell(row[key]) for key in keys) + " |" for row in dicts]
    lines += [
        "",
        f"{on['date']}, {on['processor']}, {on['cores']} cores, load before {on['load_before']}, "
        f"{on['versions']}.",
    ]
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []

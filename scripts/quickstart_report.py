"""Write the quickstart's report: what its parts took, before the page of its evaluation.

python scripts/quickstart_report.py FOLDER ENVIRONMENT_SECONDS
"""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

from gainstage.report.blocks import Link
from gainstage.report.parts import Part, parts_page


def main(out: Path, environment_s: float) -> None:
    record = json.loads((out / "parts.json").read_text())
    parts = [Part("environment", environment_s, is_set_up=True)]
    parts += [Part(name, p["seconds"], p["peak_bytes"] or None, p["is_kept"]) for name, p in record.items()]
    songs = [json.loads(line) for line in (out / "songs" / "manifest.jsonl").read_text().splitlines()]
    count = {
        split: sum(song["split"] == split for song in songs) for split in ("train", "validation", "test")
    }
    parts_page(
        parts,
        out / "evaluation" / "report.html",
        title="Quickstart",
        subtitle=(
            f"A network trained on {count['train']} built-in songs and arrangements, evaluated on "
            f"{count['test']} songs that it has not heard. {os.cpu_count()} CPU cores."
        ),
        footer=f"Made with gainstage {version('gainstage')}.",
        links=[
            Link(
                "A test song, mixed by the network",
                "mix/report.html",
                "levels, spectra, every setting, players",
            ),
            Link("Its settings, to dial in", "mix/mix.md"),
            Link("The evaluation in numbers", "evaluation/per_song.csv", "every song, system and metric"),
        ],
    ).write(out / "report.html")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))

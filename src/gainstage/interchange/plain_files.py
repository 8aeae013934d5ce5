"""Target `files`: what any tool reads: audio, the settings as a document, and a sheet to dial in by hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gainstage.interchange.desk import Desk, Strip
from gainstage.interchange.export_report import ExportReport, Item, Verdict
from gainstage.interchange.levels import other_items
from gainstage.interchange.names import safe, unique
from gainstage.interchange.stems import Stems, place

TARGET = "files"


def write_files(
    desk: Desk, stems: Stems, folder: Path, *, sheet: str, schema: Mapping[str, Any]
) -> ExportReport:
    """Write the target.

    Args:
        desk: the session.
        stems: the audio.
        folder: an empty folder.
        sheet: mix.md, as text.
        schema: the JSON Schema of sessions.
    """
    desk.session.save(folder / "session.json")
    (folder / "session.schema.json").write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
    (folder / "mix.md").write_text(sheet, encoding="utf-8")
    place(stems.mix, folder / "mix.wav")
    tracks = desk.section("tracks")
    for kind, files in (("dry", stems.dry), ("wet", stems.wet)):
        _place_all(folder / kind, list(zip(tracks, files, strict=True)))
    for section in ("groups", "returns"):
        fed = [(s, stems.buses[s.place]) for s in desk.section(section) if s.place in stems.buses]
        _place_all(folder / section, fed)
    rung = [(desk[section, i], f" {name}", path) for (section, i, name), path in stems.responses.items()]
    _place_all(folder / "responses", [(s, path) for s, _, path in rung], [what for _, what, _ in rung])
    return ExportReport(tuple(_items(desk)))


def _place_all(folder: Path, files: list[tuple[Strip, Path]], ends: list[str] | None = None) -> None:
    if not files:
        return
    folder.mkdir()
    ends = ends or [""] * len(files)
    digits = len(str(len(files)))
    names = unique(
        f"{i + 1:0{digits}d} {safe(strip.name, strip.section.removesuffix('s'))}{end}"
        for i, ((strip, _), end) in enumerate(zip(files, ends, strict=True))
    )
    for name, (_, path) in zip(names, files, strict=True):
        place(path, folder / f"{name}.wav")


def _items(desk: Desk) -> list[Item]:
    note = "as a number in session.json and mix.md, and as audio"
    items = []
    for strip in desk.strips:
        whats = [stage.name.replace("_", " ") for stage in strip.chain]
        whats += other_items(desk, strip)
        items += [Item(TARGET, strip.label, what, Verdict.EXACT, note) for what in whats]
    return items

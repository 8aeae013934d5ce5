"""Small targets: presets of stock LV2 plug-ins, and equalisers as text; no audio, no routing."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from gainstage.dsp.biquad import HIGHEST
from gainstage.interchange.ardour.native import (
    COMPRESSOR,
    EQUALISER,
    FILTER_NULL_DB,
    compressor_ports,
    equaliser_ports,
)
from gainstage.interchange.desk import Desk, Stage, Strip
from gainstage.interchange.export_report import ExportReport, Item, Verdict
from gainstage.interchange.filters import (
    FILTERS,
    Band,
    compresses,
    filters,
    is_plain_compressor,
    is_whole,
)
from gainstage.interchange.levels import other_items
from gainstage.interchange.names import safe, unique

LV2, EQ_TEXT = "lv2", "eq-text"
_APO = {"peak": "PK", "low_shelf": "LSC", "high_shelf": "HSC", "low_pass": "LPQ", "high_pass": "HPQ"}


def write_lv2(desk: Desk, folder: Path) -> ExportReport:
    """A bundle of presets: a strip's filters for LSP's equaliser, its compressor for Ardour's.

    It is found where it is put into a folder of LV2 bundles, such as `~/.lv2`.
    """
    bundle = folder / "gainstage.lv2"
    bundle.mkdir()
    manifest = [
        "@prefix lv2: <http://lv2plug.in/ns/lv2core#> .",
        "@prefix pset: <http://lv2plug.in/ns/ext/presets#> .",
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .",
    ]
    song = safe(desk.session.name.strip("."), "mix")
    made = list(_presets(desk))
    labels = unique(f"{song}: {label}" for label, _, _ in made)
    for i, (label, (_, plugin, ports)) in enumerate(zip(labels, made, strict=True)):
        subject, file = f"<urn:gainstage:preset:{i}>", f"preset-{i}.ttl"
        head = f"{subject} a pset:Preset ; lv2:appliesTo <{plugin}> ; rdfs:label {_literal(label)}"
        manifest.append(f"{head} ; rdfs:seeAlso <{file}> .")
        lines = [
            f'  lv2:port [ lv2:symbol "{name}" ; pset:value {value:.9g} ]' for name, value in ports.items()
        ]
        text = "\n".join([*manifest[:3], f"{head} ;", " ;\n".join(lines), "."])
        (bundle / file).write_text(text + "\n", encoding="utf-8")
    (bundle / "manifest.ttl").write_text("\n".join(manifest) + "\n", encoding="utf-8")
    return ExportReport(tuple(_items(desk, LV2, "a preset; ", has_compressors=True)))


def write_eq_text(desk: Desk, folder: Path) -> ExportReport:
    """A text file a strip for Equalizer APO, which other programs read too; filters by the cookbook.

    References:
        Equalizer APO, Configuration reference: `Filter`.
    """
    highest = HIGHEST * desk.session.sample_rate
    found = [(strip, bands) for strip in desk.strips if (bands := _bands(strip, highest))]
    names = unique(safe(strip.label, "strip") for strip, _ in found)
    for name, (_, bands) in zip(names, found, strict=True):
        lines = [_filter_line(i + 1, band) for i, band in enumerate(bands)]
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    return ExportReport(tuple(_items(desk, EQ_TEXT, "", has_compressors=False)))


def _filter_line(number: int, band: Band) -> str:
    gain = f" Gain {band.gain_db:.6g} dB" if band.kind not in ("low_pass", "high_pass") else ""
    return f"Filter {number}: ON {_APO[band.kind]} Fc {band.frequency_hz:.9g} Hz{gain} Q {band.q:.9g}"


def _bands(strip: Strip, highest_hz: float) -> list[Band]:
    stages = [stage for stage in strip.chain if stage.name in FILTERS and _is_preset(stage)]
    return [band for stage in stages for band in filters(stage, highest_hz)]


def _presets(desk: Desk) -> Iterator[tuple[str, str, Mapping[str, float]]]:
    """Label, plug-in, controls."""
    highest = HIGHEST * desk.session.sample_rate
    for strip in desk.strips:
        stereo = strip.channels == 2
        if bands := _bands(strip, highest):
            yield strip.label, f"{EQUALISER}{'stereo' if stereo else 'mono'}", equaliser_ports(bands)
        for stage in strip.chain:
            if stage.name == "compressor" and _is_preset(stage) and compresses(stage):
                yield strip.label, f"{COMPRESSOR}{'#stereo' if stereo else ''}", compressor_ports(stage)


def _is_preset(stage: Stage) -> bool:
    """Whether numbers say all of it."""
    if stage.settings.curves or stage.settings.key:
        return False
    if stage.name == "compressor":
        return is_plain_compressor(stage)
    return stage.name in FILTERS and is_whole(stage)


def _items(desk: Desk, target: str, how: str, *, has_compressors: bool) -> Iterator[Item]:
    for strip in desk.strips:
        for stage in strip.chain:
            verdict, note, null_db = Verdict.DROPPED, "it holds no audio and no routing, only settings", None
            if stage.name in FILTERS and _is_preset(stage):
                verdict, null_db = Verdict.APPROXIMATE, FILTER_NULL_DB if target == LV2 else None
                note = f"{how}the same designs by the cookbook"
            elif stage.name in FILTERS:
                note = "it moves, or is blended with the dry signal"
            elif stage.name == "compressor" and has_compressors and _is_preset(stage):
                verdict, note = Verdict.APPROXIMATE, f"{how}another law: set it by ear"
            yield Item(target, strip.label, stage.name.replace("_", " "), verdict, note, null_db)
        for what in other_items(desk, strip):
            yield Item(target, strip.label, what, Verdict.DROPPED, "it holds no audio and no routing")


def _literal(text: str) -> str:
    """A string in Turtle."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""The devices that DAWproject has, what goes into them, and what a report says of it."""

from gainstage.interchange.desk import Stage, Strip
from gainstage.interchange.export_report import Verdict
from gainstage.interchange.filters import is_plain_compressor, is_whole
from gainstage.interchange.freezing import Live

Control = tuple[str, float, str]
"""Name, value, unit; a switch has no unit."""


def can(strip: Strip, stage: Stage) -> bool:
    """What the format has a device or a control for."""
    if stage.name in ("fader", "pan"):
        return stage.name == "fader" or strip.section == "tracks"
    if stage.settings.curves or stage.settings.key:
        return False
    if stage.name == "output_gain":
        return stage is strip.chain[-1] and strip.fader is None
    if stage.name in ("high_pass", "low_pass", "equaliser"):
        return is_whole(stage)
    if stage.name == "compressor":
        return is_plain_compressor(stage)
    return stage.name in ("gate", "limiter")


def _compressor(values: dict[str, float]) -> list[Control]:
    return [
        ("Attack", values["attack_ms"] / 1000.0, "seconds"),
        ("AutoMakeup", 0.0, ""),
        ("OutputGain", values["makeup_db"], "decibel"),
        ("Ratio", 100.0 * (1.0 - 1.0 / values["ratio"]), "percent"),
        ("Release", values["release_ms"] / 1000.0, "seconds"),
        ("Threshold", values["threshold_db"], "decibel"),
    ]


def _gate(values: dict[str, float]) -> list[Control]:
    return [
        ("Attack", values["attack_ms"] / 1000.0, "seconds"),
        ("Range", values["range_db"], "decibel"),
        ("Ratio", 100.0 * (1.0 - 1.0 / values["ratio"]), "percent"),
        ("Release", values["release_ms"] / 1000.0, "seconds"),
        ("Threshold", values["threshold_db"], "decibel"),
    ]


def _limiter(values: dict[str, float]) -> list[Control]:
    return [
        ("Release", values["release_ms"] / 1000.0, "seconds"),
        ("Threshold", values["ceiling_db"], "decibel"),
    ]


DEVICES = {"compressor": _compressor, "gate": _gate, "limiter": _limiter}


def said_of(stage: Stage, live: Live) -> tuple[Verdict, str]:
    if stage.name == "output_gain":
        return Verdict.EXACT, "the master's volume"
    if stage.name == "pan":
        mono = live.channels == 1
        return Verdict.APPROXIMATE, "the DAW's law counts" if mono else "balanced as the DAW does it"
    if stage.does_nothing:
        return Verdict.EXACT, "does nothing"
    return (
        Verdict.APPROXIMATE,
        "the format's own device; the DAW's law counts, and it has no knee, hold or mix",
    )

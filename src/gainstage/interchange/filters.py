"""Filters and compressors as others have them: the bands in use, and what is special."""

from dataclasses import dataclass
from typing import Literal

from gainstage.interchange.desk import Stage
from gainstage.processors.compressor import Compressor

FILTERS = ("high_pass", "low_pass", "equaliser")


Kind = Literal["high_pass", "low_pass", "low_shelf", "high_shelf", "peak"]
_SHELVES: dict[str, Kind] = {"low_shelf": "low_shelf", "high_shelf": "high_shelf"}


@dataclass(frozen=True)
class Band:
    """A band by the cookbook's definitions; a pass filter has no gain."""

    kind: Kind
    frequency_hz: float
    gain_db: float
    q: float


def filters(stage: Stage, highest_hz: float) -> list[Band]:
    """The bands of a filter or equaliser that do something; frequencies end where ours do."""
    values = stage.values
    if stage.name in ("high_pass", "low_pass"):
        side: Kind = "high_pass" if stage.name == "high_pass" else "low_pass"
        found = [Band(side, min(values["frequency_hz"], highest_hz), 0.0, values["q"])]
        return found if values["amount"] == 1.0 else []
    bands = []
    for name in (row.name.removesuffix("_gain_db") for row in stage.processor.table):
        if values.get(f"{name}_gain_db", 0.0) != 0.0:
            kind = _SHELVES.get(name, "peak")
            frequency_hz = min(values[f"{name}_frequency_hz"], highest_hz)
            bands.append(Band(kind, frequency_hz, values[f"{name}_gain_db"], values[f"{name}_q"]))
    return bands


def is_whole(stage: Stage) -> bool:
    """Whether a filter is not blended with the dry signal: other tools know on and off."""
    return stage.values.get("amount", 1.0) in (0.0, 1.0)


def is_plain_compressor(stage: Stage) -> bool:
    """Whether a compressor has nothing that stock ones lack: no look-ahead, filters, band or dry part."""
    compressor = stage.processor
    assert isinstance(compressor, Compressor)
    special = (
        compressor.look_ahead_ms,
        compressor.key_high_pass_hz,
        compressor.band_low_hz,
        compressor.band_high_hz,
    )
    return not any(special) and stage.values["mix"] == 1.0


def compresses(stage: Stage) -> bool:
    return stage.values["ratio"] > 1.0 or stage.values["makeup_db"] > 0.0

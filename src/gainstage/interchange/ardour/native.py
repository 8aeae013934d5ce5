"""A session of stock plug-ins: LSP's parametric equaliser, Ardour's compressor, Ardour's panners.

Filters are as good as exact where a plug-in designs them as the cookbook does: LSP's in the mode "APO (DR)";
its other modes are off by .15 to 3 dB. No stock compressor follows the console's law: Ardour's is as near as
it comes, and is said to be an approximation.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from xml.etree.ElementTree import Element

import torch

from gainstage.dsp.biquad import HIGHEST
from gainstage.dsp.panning import pan_gains
from gainstage.interchange.ardour.devices import Panner
from gainstage.interchange.ardour.parts import Document, channel_maps, element, number, processor
from gainstage.interchange.desk import Desk, Stage, Strip
from gainstage.interchange.export_report import Item, Verdict
from gainstage.interchange.filters import FILTERS, Band, compresses, filters, is_plain_compressor, is_whole
from gainstage.interchange.freezing import Live
from gainstage.interchange.movement import Points, points
from gainstage.processors.pan import Pan

EQUALISER = "http://lsp-plug.in/plugins/lv2/para_equalizer_x16_"
COMPRESSOR = "urn:ardour:a-comp"
BALANCE = "http://ardour.org/plugin/panner_balance"
EQUAL_POWER = "http://ardour.org/plugin/panner_1in2out"
KINDS = {"peak": 1, "high_pass": 2, "high_shelf": 3, "low_pass": 4, "low_shelf": 5}
APO = 6
"""LSP's filter mode "APO (DR)": the cookbook's designs."""

TRIM_DB = 20.0
_GAINS = ("trim", "output_gain")
_KNEE_DB, _ATTACK_MS = 8.0, 100.0
_LAW = 10.0 ** (-3.0 / 20.0)
_PAN_STEP = 512


class Native:
    """What stock plug-ins do; the rest is frozen."""

    target = "ardour-native"

    def can(self, strip: Strip, stage: Stage) -> bool:
        if stage.name == "fader":
            return True
        if stage.name == "pan":
            return strip.section == "tracks" and not (strip.channels == 1 and stage.settings.curves)
        if stage.settings.curves or stage.settings.key:
            return False
        if stage.name == "trim":
            return stage is strip.chain[0] and abs(stage.values["gain_db"]) <= TRIM_DB
        if stage.name == "output_gain":
            return stage is strip.chain[-1] and strip.fader is None
        if stage.name in ("high_pass", "low_pass"):
            return is_whole(stage)
        if stage.name == "compressor":
            return is_plain_compressor(stage)
        return stage.name == "equaliser"

    def write(self, doc: Document, route: Element, live: Live, desk: Desk, *, behind_fader: bool) -> None:
        if behind_fader:
            return
        stages = (s for s in live.strip.before if s.name not in _GAINS)
        for is_filter, group in groupby(stages, key=lambda stage: stage.name in FILTERS):
            if is_filter:
                bands = [
                    band for stage in group for band in filters(stage, HIGHEST * desk.session.sample_rate)
                ]
                if bands:
                    _write_equaliser(doc, route, bands, live.channels)
            else:
                for stage in group:
                    if not compresses(stage):
                        continue
                    _write_compressor(doc, route, stage, live.channels)

    def trim(self, live: Live) -> float:
        return _gain_of(live, "trim")

    def output(self, live: Live) -> float:
        return _gain_of(live, "output_gain")

    def panner(self, live: Live, desk: Desk) -> Panner:
        stage = next((s for s in live.strip.chain if s.name == "pan"), None)
        if live.channels == 1:
            return _equal_power(stage)
        return Panner() if stage is None else _balance(stage, desk)

    def centre(self, live: Live) -> Panner:
        return _equal_power(None) if live.channels == 1 else Panner()

    def items(self, live: Live, desk: Desk) -> Iterator[Item]:
        for stage in (*live.strip.before, *live.strip.after):
            yield self._item(live, stage, desk.session.sample_rate)

    def _item(self, live: Live, stage: Stage, rate: int) -> Item:
        verdict, note, null_db = Verdict.EXACT, "", None
        if stage.name in FILTERS and filters(stage, HIGHEST * rate):
            verdict, null_db = Verdict.APPROXIMATE, FILTER_NULL_DB
            note = 'LSP Parametric Equalizer, mode "APO (DR)"; the null is that of our test songs'
        elif stage.name == "compressor" and compresses(stage):
            verdict = Verdict.APPROXIMATE
            note = "ACE Compressor, another law: nulls of -14 to -42 dB; set it by ear"
        elif stage.name == "pan" and stage.settings.curves:
            verdict, note = Verdict.APPROXIMATE, "Ardour moves its panner block by block"
        elif stage.name == "pan" and live.channels == 1:
            note = "another law than ours, so its place and the fader make up for the difference"
        return Item(self.target, live.strip.label, stage.name.replace("_", " "), verdict, note, null_db)


FILTER_NULL_DB = -59.0
"""What the filters of LSP come to against ours; tests/interchange/test_ardour.py measures it again."""


def equaliser_ports(bands: list[Band]) -> dict[str, float]:
    """The controls of LSP's equaliser that are not at their default."""
    ports: dict[str, float] = {"enabled": 1, "g_in": 1, "g_out": 1, "mode": 0}
    for i, band in enumerate(bands):
        ports |= {f"ft_{i}": KINDS[band.kind], f"fm_{i}": APO, f"s_{i}": 0, f"f_{i}": band.frequency_hz}
        ports |= {f"g_{i}": 10.0 ** (band.gain_db / 20.0), f"q_{i}": band.q}
    return ports


def compressor_ports(stage: Stage) -> dict[str, float]:
    """The controls of Ardour's compressor, within its ranges."""
    values = stage.values
    return {
        "att": min(values["attack_ms"], _ATTACK_MS),
        "rel": values["release_ms"],
        "kn": min(values["knee_db"], _KNEE_DB),
        "rat": values["ratio"],
        "thr": values["threshold_db"],
        "mak": values["makeup_db"],
        "sidech": 0,
        "enable": 1,
    }


def equal_power(azimuth: float) -> tuple[float, float]:
    """Ardour's gains for a mono signal: left and right; the centre is 3 dB down."""
    scale = 2.0 - 4.0 * _LAW
    left, right = 1.0 - azimuth, azimuth
    return left * (scale * left + 1.0 - scale), right * (scale * right + 1.0 - scale)


def _gain_of(live: Live, name: str) -> float:
    stage = next((s for s in live.strip.chain if s.name == name), None)
    return 1.0 if stage is None else float(10.0 ** (stage.values["gain_db"] / 20.0))


def _equal_power(stage: Stage | None) -> Panner:
    """Where Ardour's left and right stand in the ratio of ours, and the gain that is then left."""
    left, right = 1.0, 1.0
    if stage is not None:
        assert isinstance(stage.processor, Pan)
        position = torch.tensor(stage.values["position"], dtype=torch.float64)
        left, right = pan_gains(position, law=stage.processor.law).tolist()
    low, high = 0.0, 1.0
    for _ in range(60):  # right over left grows with the place
        middle = 0.5 * (low + high)
        ours = equal_power(middle)
        low, high = (middle, high) if ours[1] * left < ours[0] * right else (low, middle)
    azimuth = 0.5 * (low + high)
    theirs = equal_power(azimuth)
    gain = left / theirs[0] if left >= right else right / theirs[1]
    return Panner(EQUAL_POWER, azimuth, gain)


def _balance(stage: Stage, desk: Desk) -> Panner:
    row, moving = stage.processor.table[0], Points()
    curve = stage.settings.curves.get(row.name)
    if curve:
        rate = desk.session.sample_rate
        found = points(curve, row, rate=rate, num_samples=desk.num_samples, step=_PAN_STEP)
        moving = [(sample, 0.5 * (value + 1.0)) for sample, value in found]
    return Panner(BALANCE, 0.5 * (stage.values[row.name] + 1.0), 1.0, moving)


def _write_equaliser(doc: Document, route: Element, bands: list[Band], channels: int) -> None:
    kind = "mono" if channels == 1 else "stereo"
    name = f"LSP Parametric Equalizer x16 {kind.capitalize()}"
    _write_lv2(doc, route, name, f"{EQUALISER}{kind}", equaliser_ports(bands), channels)


def _write_compressor(doc: Document, route: Element, stage: Stage, channels: int) -> None:
    kind, words = ("", "ACE Compressor") if channels == 1 else ("#stereo", "ACE Compressor (stereo)")
    _write_lv2(doc, route, words, f"{COMPRESSOR}{kind}", compressor_ports(stage), channels)


def _write_lv2(
    doc: Document, route: Element, name: str, uri: str, controls: Mapping[str, float], channels: int
) -> None:
    made = processor(doc, route, name, "lv2", unique_id=uri, count=1, custom=0)
    channel_maps(made, channels, channels)
    state = element(
        made, "lv2", last_preset_uri="", last_preset_label="", parameter_changed_since_last_preset=0
    )
    for symbol, value in controls.items():
        element(state, "Port", symbol=symbol, value=number(value))

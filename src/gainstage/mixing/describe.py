"""A session as the plain strips that reports are written from."""

from dataclasses import replace

from gainstage.console.compile import full_strip
from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, StripSettings
from gainstage.engineer.decision import MixDecision
from gainstage.processors.compressor import Compressor
from gainstage.processors.parameter import Parameter
from gainstage.report import settings as plain
from gainstage.report import words

_AUDIBLE_DB = 0.25  # less is set, but not worth a person's dialling
_BAND_KIND = {"low_shelf": "low_shelf", "high_shelf": "high_shelf"}
_BY = {
    "sum": "nobody (the plain sum of the tracks)",
    "equal_loudness_panned": "rule of thumb (all tracks equally loud and panned in turn)",
}


def engineer_in_words(decision: MixDecision) -> str:
    """Who mixed, as a report says it after "by": the rules with their style, a network with its digest."""
    name, _, digest = decision.engineer.partition(" ")
    if name == "network" and digest:
        return f"the network {digest}"
    if name == "rules":
        return f"the rules engineer, style {decision.seeds.get('style', 'none')}"
    return _BY.get(decision.engineer, decision.engineer)


def describe_strip(
    session: Session,
    console: Console,
    section: str,
    strip: StripSettings,
    *,
    reasons: tuple[str, ...] = (),
    reduction_db: tuple[float, float] = (float("nan"), float("nan")),
) -> plain.Strip:
    """One strip in words and numbers; what does nothing is left out.

    Args:
        session: the session that holds it.
        console: the session's console.
        section, strip: where it stands.
        reasons: why it is set as it is.
        reduction_db: mean and largest gain reduction of its compressor; NaN if not measured.
    """
    full = full_strip(console.layout[section], strip)
    on = {name: part.values for name, part in full.items() if not part.bypass}
    chain: list[plain.Stage] = []
    for name, values in on.items():
        stage = _stage(name, values, console, section)
        if isinstance(stage, plain.Compressor):
            key = " + ".join(source.strip for source in full[name].key)
            mean_db, max_db = reduction_db
            stage = replace(stage, mean_reduction_db=mean_db, max_reduction_db=max_db, key=key)
        if stage is not None:
            chain.append(stage)
    sends = tuple(
        plain.Send(name, full[f"send_{name}"].values["level_db"], name in strip.pre_fader_sends)
        for name in session.console.return_names
        if f"send_{name}" in full and _send_is_on(full[f"send_{name}"], console)
    )
    fader = on["fader"]["gain_db"] if "fader" in on else None
    lowest = next(
        (p.table[0].low for n, p in console.layout[section].processors.items() if n == "fader"), -60.0
    )
    return plain.Strip(
        name=strip.name,
        chain=tuple(chain),
        fader_db=float("-inf") if fader is not None and fader <= lowest else fader,
        pan=on["pan"]["position"] if "pan" in on else None,
        width=on["width"]["width"] if "width" in on else 1.0,
        sends=sends,
        muted=strip.mute,
        reasons=reasons,
    )


def _send_is_on(settings: ProcessorSettings, console: Console) -> bool:
    low = next(iter(console.sends.values())).table[0].low
    return not settings.bypass and settings.values["level_db"] > low


def _stage(name: str, values: dict[str, float], console: Console, section: str) -> plain.Stage | None:
    """A processor as a report shows it; None where it does nothing or has a place of its own."""
    if name in ("high_pass", "low_pass") and values["amount"] > 0:
        kind = "high_pass" if name == "high_pass" else "low_pass"
        return plain.Pass(kind, values["frequency_hz"], values["q"], values["amount"])  # type: ignore[arg-type]
    if name == "equaliser":
        bands = [
            plain.Band(
                _BAND_KIND.get(band, "peak"),  # type: ignore[arg-type]
                values[f"{band}_frequency_hz"],
                values[f"{band}_gain_db"],
                values[f"{band}_q"],
            )
            for band in dict.fromkeys(
                key.removesuffix("_gain_db") for key in values if key.endswith("_gain_db")
            )
            if abs(values[f"{band}_gain_db"]) >= _AUDIBLE_DB
        ]
        return plain.Equaliser(tuple(bands)) if bands else None
    if name == "compressor" and (values["ratio"] > 1 or values["makeup_db"] > 0):
        processor = console.strips[section][name]
        assert isinstance(processor, Compressor)
        return plain.Compressor(
            threshold_db=values["threshold_db"],
            ratio=values["ratio"],
            attack_ms=values["attack_ms"],
            release_ms=values["release_ms"],
            knee_db=values["knee_db"],
            makeup_db=values["makeup_db"],
            mix=values["mix"],
            detector=processor.detector,
            look_ahead_ms=processor.look_ahead_ms,
            key_high_pass_hz=processor.key_high_pass_hz,
            link=processor.link,
            band_low_hz=processor.band_low_hz,
            band_high_hz=processor.band_high_hz,
        )
    if name == "reverb" and values["mix"] > 0:
        return plain.Reverb(
            t60_s=_bands(values, "t60_", "hz_s"),
            pre_delay_ms=values["pre_delay_ms"],
            gains_db=_bands(values, "gain_", "hz_db"),
            mix=values["mix"],
        )
    does_something = {
        "gate": values.get("ratio", 1.0) > 1.0 and values.get("range_db", 0.0) < 0.0,
        "saturation": values.get("mix", 0.0) > 0.0,
        "delay": values.get("mix", 0.0) > 0.0,
        "width": values.get("mono_amount", 0.0) > 0.0,
        "limiter": True,
    }
    if does_something.get(name, False):
        rows = console.strips[section][name].table
        return plain.Effect(
            name.replace("_", " ").capitalize(), tuple(_in_words(row, values[row.name]) for row in rows)
        )
    return None


def _in_words(row: Parameter, value: float) -> tuple[str, str]:
    """A parameter's name without its unit, and its value with it."""
    name = row.name.removesuffix(f"_{row.unit.lower()}").replace("_", " ")
    if row.unit == "Hz":
        return name, words.frequency(value)
    if row.unit == "ms":
        return name, words.milliseconds(value)
    if row.unit:
        return name, words.number(value, row.unit)
    return name, words.ratio(value) if row.name == "ratio" else words.percent(value)


def _bands(values: dict[str, float], prefix: str, suffix: str) -> tuple[tuple[float, float], ...]:
    return tuple(
        (float(key.removeprefix(prefix).removesuffix(suffix)), value)
        for key, value in values.items()
        if key.startswith(prefix) and key.endswith(suffix)
    )

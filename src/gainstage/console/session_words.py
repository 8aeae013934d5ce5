"""The numbers, curves and switches of a session in words. A minus is the ASCII hyphen: it can be pasted."""

from collections.abc import Sequence
from dataclasses import fields

from gainstage.console.difference import plain
from gainstage.console.session import Breakpoint, KeySource
from gainstage.processors import Parameter, Processor

_MOST_DIGITS = 9
SEND = "send_"


def label(row: Parameter) -> str:
    """A parameter's name without its unit: `low_shelf_gain_db` → `low shelf gain`."""
    suffix = f"_{row.unit.lower()}"
    return (row.name.removesuffix(suffix) if row.unit else row.name).replace("_", " ")


def processor_label(name: str) -> str:
    """`high_pass` → `high pass`, `send_reverb` → `send to reverb`."""
    if name.startswith(SEND):
        return f"send to {name.removeprefix(SEND)}"
    return name.replace("_", " ")


def path_label(processor: str, row: Parameter, rows: Sequence[Parameter]) -> str:
    """A parameter as it is spoken of: `compressor threshold`; `fader`, which has but one."""
    name = processor_label(processor)
    return name if len(rows) == 1 else f"{name} {label(row)}"


def number(row: Parameter, value: float, *, digits: int | None = None) -> str:
    """A value as a person would dial it, with its unit."""
    return f"{bare(row, value, digits=digits)} {'' if _is_off(row, value) else row.unit}".rstrip()


def bare(row: Parameter, value: float, *, digits: int | None = None) -> str:
    """A value as a person would dial it, without its unit."""
    if _is_off(row, value):
        return "off"
    digits = _digits(row, value) if digits is None else digits
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def change(row: Parameter, before: float, after: float) -> str:
    """`-18.0 → -21.5 dB`, with as many digits as it takes to see that they differ."""
    for digits in range(_digits(row, before, after), _MOST_DIGITS):
        if bare(row, before, digits=digits) != bare(row, after, digits=digits):
            break
    if _is_off(row, before) or _is_off(row, after):
        return f"{number(row, before, digits=digits)} → {number(row, after, digits=digits)}"
    return f"{bare(row, before, digits=digits)} → {number(row, after, digits=digits)}"


def clock(seconds: float) -> str:
    """A moment of the song: `0:07`, `1:02:03`, `0:07.25`."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 100:02d}" + (f".{rest % 100:02d}" if rest % 100 else "")
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def movement(row: Parameter, curve: Sequence[Breakpoint]) -> str:
    """`moves between -12.0 and -3.0 dB from 0:10 to 0:42`."""
    values = [value for _, value in curve]
    low, high = min(values), max(values)
    times = sorted({time for time, _ in curve})
    if low == high:
        return f"stays at {number(row, low)} by its curve"
    when = f"at {clock(times[0])}" if len(times) == 1 else f"from {clock(times[0])} to {clock(times[-1])}"
    digits = _digits(row, low, high)
    return f"moves between {bare(row, low, digits=digits)} and {number(row, high, digits=digits)} {when}"


def switching(curve: Sequence[tuple[float, bool]]) -> str:
    """`on at 0:10, off at 0:20`."""
    return ", ".join(f"{'on' if on else 'off'} at {clock(time)}" for time, on in curve)


def listening(keys: Sequence[KeySource]) -> str:
    """`itself`, `Kick`, `Kick (-6.0 dB) and the group drums`."""
    parts = []
    for key in keys:
        kind = {"tracks": "", "groups": "the group ", "returns": "the return "}[key.section]
        parts.append(f"{kind}{key.strip}" + (f" ({key.gain_db:.1f} dB)" if key.gain_db else ""))
    return " and ".join(parts) or "itself"


def structure(processor: Processor) -> str:
    """Structural settings that are not as they are by default: `look ahead 5 ms, detector rms`."""
    parts = []
    for setting in fields(processor):  # type: ignore[arg-type]  # every processor is a dataclass
        value = getattr(processor, setting.name)
        if value != setting.default:
            name, _, unit = setting.name.rpartition("_")
            unit = {"ms": "ms", "hz": "Hz", "db": "dB", "s": "s"}.get(unit, "")
            name = (name if unit else setting.name).replace("_", " ")
            said = {True: "on", False: "off"}[value] if isinstance(value, bool) else plain(value)
            parts.append(f"{name} {said} {unit}".rstrip())
    return ", ".join(parts)


def _digits(row: Parameter, *values: float) -> int:
    """Three significant ones of the largest value, at most two behind the point."""
    largest = max((abs(value) for value in values if not _is_off(row, value)), default=0.0)
    return 0 if largest >= 100 else 1 if largest >= 10 else 2


def _is_off(row: Parameter, value: float) -> bool:
    return row.off_at_low and value <= row.low

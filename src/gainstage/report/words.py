"""Numbers and names as a person reads them. A minus is the ASCII hyphen, so that values can be pasted."""

import math
import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


def printable(name: str) -> str:
    """A name on one line, without control characters and halves of characters that no file can hold."""
    return _CONTROL.sub(" ", name).strip() or "(no name)"


def short(name: str, length: int = 24) -> str:
    """A printable name cut in the middle, since what tells two takes apart stands at the end."""
    name = printable(name)
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[: length - 1 - tail].rstrip()}…{name[-tail:].lstrip()}"


def title(identifier: str) -> str:
    """`lead_vocal` as `lead vocal`."""
    return printable(identifier).replace("_", " ")


def _fixed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def number(value: float, unit: str = "", *, digits: int = 1, signed: bool = False) -> str:
    """A value with its unit; "–" where it is not known, ∞ where it is beyond numbers."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        text = "-∞" if value < 0 else "∞"
    else:
        text = _fixed(value, digits)
    if signed and value > 0 and float(_fixed(value, digits)) != 0:
        text = f"+{text}"
    return f"{text} {unit}".rstrip()


def gain(value_db: float) -> str:
    """A gain with its sign: `+3.2 dB`; −∞ is off."""
    return "off" if value_db == -math.inf else number(value_db, "dB", signed=True)


def loudness(value_lufs: float) -> str:
    """`-20.1 LUFS`, or `silent`."""
    return "silent" if value_lufs == -math.inf else number(value_lufs, "LUFS")


def frequency(value_hz: float) -> str:
    """Three significant digits: `82.4 Hz`, `1.25 kHz`."""
    if value_hz >= 999.5:
        return f"{float(f'{value_hz:.3g}') / 1000:g} kHz"
    return f"{float(f'{value_hz:.3g}'):g} Hz"


def milliseconds(value_ms: float) -> str:
    """Three significant digits: `0.35 ms`, `12.5 ms`, `250 ms`."""
    if value_ms >= 1000:
        return f"{float(f'{value_ms:.3g}') / 1000:g} s"
    return f"{float(f'{value_ms:.3g}'):g} ms"


def pan(value: float) -> str:
    """−1 … 1 as `L 100` … `C` … `R 100`."""
    percent = round(abs(value) * 100)
    if percent == 0:
        return "C"
    return f"{'L' if value < 0 else 'R'} {percent}"


def ratio(value: float) -> str:
    """`2.5:1`; a limiter is `∞:1`."""
    return "∞:1" if value == math.inf else f"{float(f'{value:.3g}'):g}:1"


def percent(value: float) -> str:
    """0 … 1 as `0 %` … `100 %`."""
    return number(value * 100, "%", digits=0)


def clock(seconds: float) -> str:
    """`3:07`, or `0.4 s` below ten seconds."""
    return f"{seconds:.1f} s" if seconds < 9.95 else position(seconds)


def position(seconds: float) -> str:
    """A moment of a song: `0:07`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def side_level(width: float) -> str:
    """Width (energy of L − R over L + R) as the level of the side against the middle, in dB."""
    if width <= 0:
        return "mono"
    return number(10 * math.log10(width), "dB")


def count(number: int, thing: str, things: str = "") -> str:
    """`1 song`, `2 songs`; `things` where an s at the end will not do."""
    return f"{number} {thing}" if number == 1 else f"{number} {things or f'{thing}s'}"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"

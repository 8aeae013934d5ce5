"""The strips of a session as documents, and what must hold within one of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gainstage.console.faults import meant
from gainstage.console.place import figure, quoted
from gainstage.processors import Kind, Parameter, Processor

MAX_SECONDS = 24 * 3600
"""Of a song: a day. What is later is a slip of the pen."""
MAX_DELAY_SAMPLES = 2**20

Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
Breakpoint = Annotated[tuple[Seconds, Number], Field(description="[seconds, value]")]
Switch = Annotated[tuple[Seconds, bool], Field(description="[seconds, true or false]")]


class Document(BaseModel):
    """A part of a session's file: it takes what it names and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KeySource(Document):
    """A strip that a processor listens to: before mute and solo, so that what is silent can still duck."""

    section: Literal["tracks", "groups", "returns"]
    strip: str
    gain_db: Annotated[float, Field(ge=-60, le=24)] = 0.0


class ProcessorSettings(Document):
    """One processor of one strip: its values in physical units, what moves or is locked, what it listens to.

    Several keys are summed; without any a processor listens to itself. Two breakpoints of a curve at one time
    are a step.
    """

    bypass: bool = False
    key: list[KeySource] = Field(default_factory=list)
    values: dict[str, Number] = Field(default_factory=dict)
    curves: dict[str, Annotated[list[Breakpoint], Field(min_length=1)]] = Field(default_factory=dict)
    locked: list[str] = Field(default_factory=list)


class StripSettings(Document):
    """A strip: its switches, and the settings of its processors by name.

    `mute_curve` switches at times in seconds; before the first of them `mute` counts. `pre_fader_sends` names
    the returns whose sends are fed from the fader's input.
    """

    name: str
    mute: bool = False
    mute_curve: list[Switch] = Field(default_factory=list)
    solo: bool = False
    inverted: bool = False
    pre_fader_sends: list[str] = Field(default_factory=list)
    processors: dict[str, ProcessorSettings] = Field(default_factory=dict)


class TrackSettings(StripSettings):
    """A track: its strip, and the file that feeds it."""

    file: str
    role: str
    channels: Literal[1, 2]
    content_hash: str = ""
    group: str | None = None
    delay_samples: Annotated[int, Field(ge=0, le=MAX_DELAY_SAMPLES)] = 0


def check_strip(place: str, strip: StripSettings, processors: Mapping[str, Processor]) -> None:
    """What a strip names must be there, once, in its range and in order.

    Args:
        place: where the strip stands, as a person says it.
        strip: the strip.
        processors: those that a strip of its section has, sends included.

    Raises:
        ValueError: one sentence with the place.
    """
    for name, settings in strip.processors.items():
        if name not in processors:
            raise ValueError(
                f"{place}: there is no processor {quoted(name)}{meant(name, list(processors))}"
            )
        _check_settings(f"{place}.{name}", settings, {row.name: row for row in processors[name].table})
        if settings.key and not processors[name].takes_key:
            raise ValueError(f"{place}.{name}: listens to nothing, so it takes no key")
    times = [time for time, _ in strip.mute_curve]
    _check_times(f"{place}.mute_curve", times, "switch", most=1)
    _check_once(f"{place}.pre_fader_sends", strip.pre_fader_sends)


def _check_settings(place: str, settings: ProcessorSettings, table: Mapping[str, Parameter]) -> None:
    """Values, curves and locks name parameters that exist and lie in their ranges."""
    for name in [*settings.values, *settings.curves, *settings.locked]:
        if name not in table:
            raise ValueError(f"{place}: there is no parameter {quoted(name)}{meant(name, list(table))}")
    _check_once(f"{place}.locked", settings.locked)
    for name, value in settings.values.items():
        check_value(f"{place}.{name}", value, table[name])
    for name, curve in settings.curves.items():
        if table[name].kind is not Kind.CONTINUOUS:
            raise ValueError(f"{place}.{name}: is one number for the whole song and takes no curve")
        _check_times(f"{place}.curves.{name}", [time for time, _ in curve], "breakpoint", most=2)
        for i, (time, value) in enumerate(curve):
            check_value(f"{place}.curves.{name}[{i}]", value, table[name])
            if i and curve[i - 1] == (time, value):
                raise ValueError(f"{place}.curves.{name}[{i}]: the same breakpoint stands twice")


def check_value(place: str, value: float, parameter: Parameter) -> None:
    """A value lies within the range of its parameter.

    Raises:
        ValueError: it does not.
    """
    if not parameter.low <= value <= parameter.high:
        raise ValueError(f"{place}: {figure(value)} lies outside {parameter.range_text()}")


def _check_times(place: str, times: Sequence[float], what: str, *, most: int) -> None:
    """Times ascend; so many may be alike: a step of a curve has two breakpoints, a switch is by itself."""
    if list(times) != sorted(times):
        raise ValueError(f"{place}: the {what}{'es' if what == 'switch' else 's'} must be in order of time")
    for time, count in Counter(times).items():
        if count > most:
            allowed = "one" if most == 1 else "two, which are a step"
            raise ValueError(
                f"{place}: {count} {what}{'es' if what == 'switch' else 's'} at {figure(time)} s; "
                f"a moment has {allowed}"
            )


def _check_once(place: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{place}: {quoted(name)} stands twice; leave one of them out")

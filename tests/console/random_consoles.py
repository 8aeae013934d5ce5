"""Random consoles, settings and signals, for tests that want to be surprised.

No processor is named here: which there are, what they can be set to and what their structural settings may be
is asked of `gainstage.processors`.
"""

import dataclasses
import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import torch
from hypothesis import strategies as st
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters, Routing
from gainstage.console.spec import SECTIONS, ConsoleSpec, ProcessorSpec
from gainstage.processors import Kind, Parameter, find, names

SIGNALS = ("noise", "loud", "silence", "constant", "square", "denormal", "impulse", "alternating", "sine")
LENGTHS = (0, 1, 2, 63, 64, 65, 128, 129, 500, 700, 1000, 1000)
RATES = (44_100, 44_100, 48_000, 8_000, 192_000)
_TRIED = (0.0, 1e-3, 0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 80.0, 300.0, 5000.0, 1.0 / 3.0)


@dataclass(frozen=True)
class Scene:
    """A console, its settings and what is played through it.

    Shape: tracks (batch, tracks, 2, samples), float32; is_stereo and mask (batch, tracks).
    """

    console: Console
    parameters: Parameters
    tracks: Tensor
    is_stereo: Tensor
    mask: Tensor
    sample_rate: int
    start_sample: int
    cut: int  # where a render in two calls is cut
    note: str

    def __repr__(self) -> str:
        spec = self.console.spec.model_dump(exclude_defaults=True)
        shape = tuple(self.tracks.shape)
        return (
            f"{self.note}, {shape} at {self.sample_rate} Hz from {self.start_sample}, cut {self.cut}: {spec}"
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis prints: not all numbers."""
        del cycle
        printer.text(repr(self))

    def gain_bound_db(self) -> float:
        """More than all processors in a row can amplify."""
        total = 0.0
        for section in SECTIONS:
            for processor in self.console.strips[section].values():
                total += sum(max(row.high, 0.0) for row in processor.table if row.unit == "dB")
        return total + 60.0  # resonances, buses, loud tracks


@cache
def structural(name: str) -> dict[str, tuple[Any, ...]]:
    """For each structural setting of a processor some values that it accepts, the default first."""
    kind, found = find(name), {}
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        tried: tuple[Any, ...] = _TRIED
        if get_origin(hint) is Literal:
            tried = get_args(hint)
        elif hint is bool:
            tried = (False, True)
        elif hint is int:
            tried = tuple(round(value) for value in _TRIED)
        accepted = [field.default, *(value for value in tried if _builds(name, {field.name: value}))]
        found[field.name] = tuple(dict.fromkeys(accepted))
    return found


def _builds(name: str, settings: dict[str, Any]) -> bool:
    try:
        find(name)(**settings)
    except ValueError:
        return False
    return True


@st.composite
def processor_specs(draw: st.DrawFn, name: str) -> ProcessorSpec:
    """A processor; half of them with its settings at random, as far as they go together."""
    if draw(st.booleans()):
        return ProcessorSpec(name=name)
    settings: dict[str, Any] = {}
    for field, values in structural(name).items():
        value = draw(st.sampled_from(values))
        if _builds(name, settings | {field: value}):
            settings[field] = value
    return ProcessorSpec(name=name, settings=settings)


@st.composite
def console_specs(draw: st.DrawFn) -> ConsoleSpec:
    strips = {
        section: [
            draw(processor_specs(name))
            for name in draw(st.permutations(names()))[: draw(st.integers(0, most))]
        ]
        for section, most in zip(SECTIONS, (6, 3, 3, 4), strict=True)
    }
    groups, returns = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return ConsoleSpec(
        **strips,
        group_names=[f"group {i}" for i in range(groups)],
        return_names=[f"return_{i}" for i in range(returns)],
    )


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Anything that a console may be asked to do. Values are random around ends, defaults and starts."""
    console = Console(draw(console_specs()))
    batch, num_tracks = draw(st.integers(1, 2)), draw(st.integers(0, 3))
    samples, sample_rate = draw(st.sampled_from(LENGTHS)), draw(st.sampled_from(RATES))
    start_sample = draw(st.sampled_from((0, 40, 1000)))
    signals = [draw(st.sampled_from(SIGNALS)) for _ in range(batch * num_tracks)]
    mood = draw(st.sampled_from(("mixed", "mixed", "mixed", "ends", "low", "high", "default", "start")))
    long_times, switches, moving = draw(st.integers(0, 7)) == 0, draw(st.booleans()), draw(st.booleans())
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    def switch(*shape: int, chance: float) -> Tensor:
        return torch.rand(shape, generator=generator) < chance

    neutral = console.neutral(batch=batch, tracks=num_tracks)
    values, curves = {}, {}
    for section, layout in console.layout.items():
        columns, shape = layout.columns, neutral.values[section].shape
        drawn = [_physical(c.parameter, shape[:2], mood, long_times, generator) for c in columns]
        values[section] = torch.stack(drawn, -1) if drawn else neutral.values[section]
        for column in columns:
            if moving and column.parameter.kind is Kind.CONTINUOUS and switch(1, chance=0.5):
                knots = int(torch.randint(1, 5, (1,), generator=generator))
                times_s = torch.rand(knots, generator=generator, dtype=torch.float64).sort().values
                times_s = (times_s * 1.5 * samples + start_sample) / sample_rate
                if switch(1, chance=0.3):
                    times_s[1:] = torch.where(switch(knots - 1, chance=0.5), times_s[:-1], times_s[1:])
                heights = _physical(column.parameter, (*shape[:2], knots), mood, long_times, generator)
                curves[section, column.path] = Curve(times_s, heights)
    chance = 0.3 if switches else 0.0
    bypass = {section: switch(*off.shape, chance=chance) for section, off in neutral.bypass.items()}
    mute = {section: switch(*off.shape, chance=chance / 2) for section, off in neutral.mute.items()}
    groups = torch.randint(-1, len(console.spec.group_names), (batch, num_tracks), generator=generator)

    sizes = {section: console.num_strips(section, num_tracks) for section in SECTIONS}
    routing = _routing(console, batch, sizes, generator) if draw(st.booleans()) else Routing()
    if moving and switch(1, chance=0.3):
        times_s = torch.tensor([0.0, 0.5 * samples / sample_rate], dtype=torch.float64)
        section = SECTIONS[int(torch.randint(4, (1,), generator=generator))]
        mutes = switch(batch, sizes[section], 2, chance=0.5).double()
        curves[section, "mute"] = Curve(times_s, mutes)

    is_stereo = switch(batch, num_tracks, chance=0.5)
    audio = [_signal(name, samples, sample_rate, generator) for name in signals]
    tracks = torch.stack(audio) if audio else torch.zeros(0, 2, samples)
    tracks = tracks.reshape(batch, num_tracks, 2, samples)
    tracks = torch.where(is_stereo[:, :, None, None], tracks, tracks[:, :, :1])
    return Scene(
        console,
        Parameters(values, bypass, mute, groups, curves, routing),
        tracks,
        is_stereo,
        ~switch(batch, num_tracks, chance=0.2),
        sample_rate,
        start_sample,
        draw(st.integers(0, samples)),
        f"{signals} {mood}",
    )


def _routing(console: Console, batch: int, sizes: dict[str, int], generator: torch.Generator) -> Routing:
    """A third of everything; keys from all places that are allowed to give one."""

    def some(*shape: int, chance: float = 0.3) -> Tensor:
        return torch.rand(shape, generator=generator) < chance

    switches: dict[str, dict[str, Tensor]] = {
        name: {s: some(batch, sizes[s]) for s in SECTIONS if some(1)} for name in ("solo", "inverted")
    }
    switches["solo"].pop("master", None)
    delays = {
        s: torch.randint(0, 200, (batch, sizes[s]), generator=generator) * some(batch, sizes[s])
        for s in SECTIONS
        if sizes[s] > 0 and some(1)
    }
    pre_fader = {
        (s, send): some(batch, sizes[s])
        for s in ("tracks", "groups")
        for send in console.sends
        if send in console.layout[s].processors and some(1)
    }
    may_key = {
        "tracks": ("tracks", "groups"),
        "groups": ("groups", "tracks"),
        "returns": ("returns", "tracks", "groups"),
        "master": ("master", "tracks", "groups", "returns"),
    }
    keys = {
        (s, name): {
            source: torch.where(some(batch, sizes[s], sizes[source]), 1.0, 0.0)
            for source in may_key[s]
            if sizes[source] > 0 and some(1, chance=0.6)
        }
        for s in SECTIONS
        for name, processor in console.strips[s].items()
        if processor.takes_key and some(1)
    }
    return Routing(**switches, delay_samples=delays, pre_fader=pre_fader, keys=keys)


def _physical(
    parameter: Parameter, shape: tuple[int, ...], mood: str, long_times: bool, generator: torch.Generator
) -> Tensor:
    """Values of a parameter: a fifth at each end, the rest all over the range. Float64.

    Times in seconds, which are those of reverbs, are mostly short, since long ones cost most of the test.
    """
    unit = torch.rand(shape, generator=generator, dtype=torch.float64)
    where = torch.rand(shape, generator=generator)
    if mood == "ends":
        unit = unit.round()
    elif mood in ("low", "high"):
        unit = torch.full_like(unit, float(mood == "high"))
    elif mood in ("default", "start"):
        unit = parameter.to_unit(torch.full_like(unit, getattr(parameter, mood)))
    else:
        unit = torch.where(where < 0.2, 0.0, torch.where(where > 0.8, 1.0, unit))
    if parameter.unit == "s" and not long_times:
        unit = 0.2 * unit
    return parameter.from_unit(unit)


def _signal(name: str, samples: int, sample_rate: int, generator: torch.Generator) -> Tensor:
    """Shape: (2, samples), float32."""
    place = torch.arange(samples)
    noise = torch.randn(2, samples, generator=generator)
    mono = {
        "silence": torch.zeros(samples),
        "constant": torch.ones(samples),
        "square": torch.where(place % 100 < 50, 1.0, -1.0),
        "denormal": torch.full((samples,), 1e-40),
        "impulse": torch.where(place == samples // 3, 1.0, 0.0),
        "alternating": 1.0 - 2.0 * (place % 2),
        "sine": torch.sin(2.0 * math.pi * 997.0 / sample_rate * place),
    }
    if name in mono:
        return mono[name].float().expand(2, -1)
    return 100.0 * noise if name == "loud" else 0.1 * noise

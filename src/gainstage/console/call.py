"""What the sections of one call share: settings, place in the song, what the console remembers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.console.curve import grid_times_s
from gainstage.console.layout import SectionLayout
from gainstage.console.memo import Memo
from gainstage.console.parameters import Fade, Parameters
from gainstage.console.rows import Setting
from gainstage.console.solo import Heard, heard
from gainstage.console.strips import Strips
from gainstage.dsp.delay_line import delayed
from gainstage.kernels.grid import GRID, num_points
from gainstage.processors import Kind, Processor, State
from gainstage.processors.send import Send

ConsoleState = dict[str, dict[str, State]]
"""What a console remembers between two calls: rows (`tracks.mono`, …) → processor → state."""

Meter = Callable[[str, str, Tensor, Tensor, Tensor], None]
"""Called with section, processor, the strips that ran (batch · strips), their input and their output."""


@dataclass(frozen=True)
class Wiring:
    """The parts of a console that a call reads."""

    strips: Mapping[str, Mapping[str, Processor]]
    sends: Mapping[str, Send]
    layout: Mapping[str, SectionLayout]
    num_groups: int

    def latency_samples(self, section: str, parameters: Parameters, sample_rate: int) -> int:
        """Of all processors of a section that some strip uses; strips that do not use them wait."""
        bypassed = parameters.bypass[section].flatten(0, 1)
        return sum(
            processor.latency_samples(sample_rate)
            for column, (name, processor) in enumerate(self.strips[section].items())
            if not bool(bypassed[:, column].all()) or (section, name) in parameters.awake
        )


@dataclass
class Call:
    """What the sections of one call share.

    Args:
        wiring: the console.
        parameters: its settings.
        starts: the sample of the song at which each item's call begins, shape (batch,).
        first: that of the first item; the others are the same modulo 64.
        samples: length of the call.
        sample_rate: in Hz.
        meter: hears every processor.
        states: what the console remembers; here it is brought up to date.
        fade: settings that give way to these.
        memo: of what follows from the settings alone, for calls with the same settings.
    """

    wiring: Wiring
    parameters: Parameters
    starts: Tensor
    first: int
    samples: int
    sample_rate: int
    meter: Meter | None
    states: ConsoleState
    fade: Fade | None
    memo: Memo
    late: int = 0  # at the place that signals have reached
    outputs: dict[str, Strips] = field(default_factory=dict)  # of the sections that are done …
    late_at: dict[str, int] = field(default_factory=dict)  # … and how late these are

    @property
    def offset(self) -> int:
        return (self.first - self.late) % GRID

    def times(self) -> Tensor:
        """Times of the control grid at the place that signals have reached. Shape: (batch, points)."""
        return grid_times_s(self.starts - self.late, num_points(self.samples, self.offset), self.sample_rate)

    def on(self, section: str, name: str, column: int) -> Tensor | None:
        """The strips on which a processor is on; None where it is not waited for either.

        Shape: (batch · strips,)
        """
        on = ~self.parameters.bypass[section].flatten(0, 1)[:, column].to(self.starts.device)
        return on if bool(on.any()) or (section, name) in self.parameters.awake else None

    def controls(self, section: str, processor: str) -> Tensor:
        """The controls of a processor on all strips: one point, or the grid where a curve moves it.

        Shape: (batch · strips, points, width).
        """
        still, curves = self.memo.once(
            (section, processor, "controls"), partial(self._still_controls, section, processor)
        )
        if not curves:
            return still.flatten(0, 1)[:, None]
        layout, times = self.wiring.layout[section], self.times()
        columns = layout.columns[layout.slices[processor]]
        parts = [
            self.parameters.curves[curves[i]].at(times, column.parameter)
            if i in curves
            else still[..., i, None].expand(-1, -1, times.shape[1])
            for i, column in enumerate(columns)
        ]
        return torch.stack(parts, dim=-1).flatten(0, 1)

    def _still_controls(self, section: str, processor: str) -> tuple[Tensor, dict[int, tuple[str, str]]]:
        """The numbers of a processor, and which of its parameters curves move.

        Shape: (batch, strips, width)
        """
        layout = self.wiring.layout[section]
        columns = layout.columns[layout.slices[processor]]
        paths = {i: (section, column.path) for i, column in enumerate(columns)}
        moved = {i: path for i, path in paths.items() if path in self.parameters.curves}
        return self.parameters.values[section][..., layout.slices[processor]], moved

    def before(self, section: str, name: str, column: int) -> Callable[[Tensor], Setting] | None:
        """The setting of a processor that gives way, for some strips; None where it is as it was."""
        if self.fade is None:
            return None
        before = self.fade.before
        slices = self.wiring.layout[section].slices[name]
        rows = self.wiring.layout[section].columns[slices]
        static = [i for i, row in enumerate(rows) if row.parameter.kind is Kind.STATIC]
        values = [p.values[section][..., slices].flatten(0, 1) for p in (before, self.parameters)]
        was, now = (p.bypass[section].flatten(0, 1)[:, column] for p in (before, self.parameters))
        if torch.equal(was, now) and torch.equal(values[0][:, static], values[1][:, static]):
            return None
        controls = self.controls(section, name).clone()
        controls[..., static] = values[0][:, None, static].to(controls.device)
        return partial(Setting.of_rows, controls, ~was.to(controls.device))

    def faded(self) -> Tensor:
        """How far the settings before have given way at each sample. Shape: (samples,), 0 … 1"""
        assert self.fade is not None
        samples = torch.arange(self.samples, dtype=torch.float64, device=self.starts.device)
        passed = samples + (self.first - self.late - self.fade.begin)
        return (passed / (self.fade.end - self.fade.begin)).clamp(0.0, 1.0)

    def passes(self) -> Heard | None:
        """What solo lets through; None where nothing is soloed."""
        now, fade = self.parameters.routing.solo, self.fade
        before = now if fade is None else fade.before.routing.solo
        if not now and not before:
            return None
        groups, wiring = self.parameters.groups.to(self.starts.device), self.wiring
        buses = {"num_groups": wiring.num_groups, "num_returns": len(wiring.sends)}
        passes = heard(now, groups, **buses)
        if fade is None or not self.fades_solo:
            return passes
        points = (self.times()[0] * self.sample_rate - fade.begin) / (fade.end - fade.begin)
        return heard(before, groups, **buses).faded_to(passes, points.clamp(0.0, 1.0))

    @property
    def fades_solo(self) -> bool:
        return self.fade is not None and self.fade.before.routing is not self.parameters.routing

    def wait(self, name: str, audio: Tensor, samples: int) -> Tensor:
        if samples == 0:
            return audio
        past = self.states.get("waits", {}).get(name, {}).get("past")
        past = audio.new_zeros((*audio.shape[:-1], samples)) if past is None else past
        past = pad(past, (samples - past.shape[-1], 0))  # not all that look ahead may have been on before
        audio, past = delayed(audio, past)
        self.states["waits"] = {**self.states.get("waits", {}), name: {"past": past}}
        return audio

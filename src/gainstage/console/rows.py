"""Rows of audio on their way through the processors of a strip.

What costs time is touching the audio. So gains are multiplied up until something other than a gain follows,
and filters are collected until something other than a filter follows: these run as one cascade, with the gain
before them as part of its first numerator (the states stay those of the filters alone, since a filter's state
is linear in its input). The gains at the end of a strip touch the audio only in the matrix of the sum.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import final

import torch
from torch import Tensor

from gainstage.console.memo import Memo
from gainstage.dsp.delay_line import delayed, delayed_rows
from gainstage.kernels.biquad import biquad_cascade
from gainstage.processors import Processor, State
from gainstage.processors.cascade import Cascade
from gainstage.processors.gain import Gain

FADING = " as it was"
"""Behind the name of a processor: its state on the setting that gives way."""

OF_ROWS = "of rows"
"""In a state: the rows that it belongs to, ascending; without it, all of them."""

Tap = Callable[[str, Tensor, Tensor, Tensor], None]
"""Called with a processor's name, the rows that ran, what they were given and what came out."""


@dataclass(frozen=True)
class Setting:
    """How a processor is set on some strips.

    Args:
        controls: its parameters: one point, or a point every 64 samples.
        active: the rows on which it is not bypassed; on the others it costs nothing.
        rows: these rows by number.
        some, every: whether it is on for any, and for all of them.

    Shape: controls (rows, points, width), active (rows,), rows (active rows,).
    """

    controls: Tensor
    active: Tensor
    rows: Tensor
    some: bool
    every: bool

    @classmethod
    def of(cls, controls: Tensor, active: Tensor) -> "Setting":
        rows = torch.nonzero(active).flatten()
        return cls(controls, active, rows, len(rows) > 0, len(rows) == len(active))

    @classmethod
    def of_rows(cls, controls: Tensor, on: Tensor | None, index: Tensor) -> "Setting":
        """Of some rows; None: on nowhere. Shape: controls (all rows, …), on (all rows,), index (rows,)."""
        on = torch.zeros(len(controls), dtype=torch.bool, device=index.device) if on is None else on
        return cls.of(controls.index_select(0, index), on.index_select(0, index))


@final
class Rows:
    """Some strips of a section, all mono or all stereo.

    Args:
        audio: their signals.
        states: what each processor remembers; one that is missing starts from silence.
        sample_rate: in Hz.
        tap: hears what each processor that runs was given and what it made of it; then nothing is collected.
        memo: keeps what follows from settings alone, under keys that begin with `place`.

    Shape: audio (rows, channels, samples).
    """

    def __init__(
        self,
        audio: Tensor,
        states: Mapping[str, State],
        *,
        sample_rate: int,
        tap: Tap | None = None,
        memo: Memo | None = None,
        place: Hashable = "",
    ) -> None:
        self._memo, self._place = memo or Memo(keeps=False), place
        self.audio = audio
        self.states: dict[str, State] = dict(states)
        self._sample_rate, self._tap = sample_rate, tap
        self._gain: Tensor | None = None  # (rows, 1 or channels), multiplied before …
        self._filters: dict[str, tuple[Cascade, Tensor]] = {}  # … these, coefficients (rows, sections, 5)
        self._offset = 0

    @property
    def channels(self) -> int:
        """Of the signal as it will be: a panner that is only collected has made two of one."""
        return max(self.audio.shape[1], 1 if self._gain is None else self._gain.shape[1])

    def invert(self, inverted: Tensor) -> None:
        """Turn the polarity of some rows. Shape (rows,)."""
        self._gain = torch.where(inverted, -1.0, 1.0).double()[:, None]

    def delay(self, delay_samples: Tensor, longest: int) -> None:
        """Let rows come later; `longest` of all rows that share their state. Shape (rows,)."""
        self._settle()
        past = self._past("delay at input", longest)
        self.audio, past = delayed_rows(self.audio, past, delay_samples.tolist())
        self.states["delay at input"] = {"past": past}  # not a processor of that name

    def run(
        self,
        name: str,
        processor: Processor,
        setting: Setting,
        *,
        offset: int,
        latency: int = 0,
        key: Tensor | None = None,
    ) -> None:
        """The next processor of the strip.

        Args:
            name: of the processor.
            processor: the processor.
            setting: how it is set.
            offset: samples since the last point of the control grid.
            latency: by how much its output is late; rows on which it is bypassed are delayed with it.
            key: what it listens to instead.

        Shape: key (rows, 2, samples).
        """
        controls = setting.controls
        if not setting.some:
            if latency > 0:
                self._wait(name, latency)
            return
        still = controls.shape[1] == 1 and self._tap is None
        if still and isinstance(processor, Gain):
            self._run_filters()
            before, channels = self._gain, self.channels
            self._gain = self._once((name, "gain"), partial(_gain, processor, setting, channels, before))
        elif still and isinstance(processor, Cascade) and setting.every:
            if self._gain is not None and self._gain.shape[1] > 1:
                self._settle()
            coefficients = partial(processor.coefficients, controls[:, 0], self._sample_rate)
            self._filters[name] = processor, self._once((name, "coefficients"), coefficients)
            self._offset = offset
        else:
            self._settle()
            self._run_alone(name, processor, controls, setting.rows, offset=offset, latency=latency, key=key)

    def fade(
        self,
        name: str,
        processor: Processor,
        before: Setting,
        now: Setting,
        share: Tensor,
        *,
        offset: int,
        latency: int = 0,
        key: Tensor | None = None,
    ) -> None:
        """The next processor of the strip, while its setting gives way to another.

        Args:
            before, now: the two settings.
            share: how far it has given way, 0 … 1, sample by sample.
            others: as for `run`.

        Shape: share (samples,).
        """
        self._settle()
        was = Rows(self.audio, self.states, sample_rate=self._sample_rate)
        names = [n for n in (name, f"{name}.dry") if f"{n}{FADING}" in self.states]
        was.states |= {n: self.states[f"{n}{FADING}"] for n in names}
        was.run(name, processor, before, offset=offset, latency=latency, key=key)
        self.run(name, processor, now, offset=offset, latency=latency, key=key)
        for rows in (was, self):
            rows._settle()
        self.audio = was.audio + (self.audio - was.audio) * share.to(self.audio.dtype)
        left = {f"{n}{FADING}": was.states[n] for n in (name, f"{name}.dry") if n in was.states}
        self.states |= left

    def signal(self) -> tuple[Tensor, Tensor]:
        """The audio as it stands, and the gains that are still to be multiplied with it.

        Shape: (rows, channels, samples), (rows, 1 or 2) in float64; two gains may belong to one channel.
        """
        self._run_filters()
        gain = self.audio.new_ones((len(self.audio), 1), dtype=torch.float64)
        return self.audio, gain if self._gain is None else self._gain

    def _once(self, key: Hashable, make: Callable[[], Tensor]) -> Tensor:
        return self._memo.once((self._place, key), make)

    def _settle(self) -> None:
        """Do all that was collected."""
        self._run_filters()
        if self._gain is not None:
            self.audio = self.audio * self._gain.to(self.audio.dtype)[:, :, None]
            self._gain = None

    def _run_filters(self) -> None:
        if not self._filters:
            return
        designed = [c for _, c in self._filters.values()]
        coefficients = self._once((*self._filters, "cascade"), partial(_cascade, designed, self._gain))
        states = [self._state(name, part, None)["filters"] for name, (part, _) in self._filters.items()]
        self.audio, after = biquad_cascade(
            self.audio, coefficients, torch.cat(states, 2), offset=self._offset
        )
        parts = after.split([state.shape[2] for state in states], 2)
        self.states |= {name: {"filters": part} for name, part in zip(self._filters, parts, strict=True)}
        self._filters, self._gain = {}, None

    def _run_alone(
        self,
        name: str,
        processor: Processor,
        controls: Tensor,
        active: Tensor,
        *,
        offset: int,
        latency: int,
        key: Tensor | None,
    ) -> None:
        dry, arguments = self.audio, {"sample_rate": self._sample_rate, "offset": offset}
        if len(active) == len(dry):
            state = self._state(name, processor, None)
            self.audio, self.states[name] = processor.render(dry, controls, state, key=key, **arguments)
        else:
            wet, after = processor.render(
                dry.index_select(0, active),
                controls.index_select(0, active),
                self._state(name, processor, active),
                key=None if key is None else key.index_select(0, active),
                **arguments,
            )
            if latency > 0:
                self._wait(name, latency)
            # a panner: bypassed mono rows go to both channels
            self.audio = self.audio.expand(-1, wet.shape[1], -1).index_copy(0, active, wet)
            self.states[name] = after | {OF_ROWS: active}
        if self._tap is not None:
            self._tap(name, active, dry.index_select(0, active), self.audio.index_select(0, active))

    def _wait(self, name: str, latency: int) -> None:
        """Delay all rows as a processor that other rows go through delays those."""
        self._settle()
        self.audio, past = delayed(self.audio, self._past(f"{name}.dry", latency))
        self.states[f"{name}.dry"] = {"past": past}

    def _past(self, name: str, delay_samples: int) -> Tensor:
        if name in self.states:
            return self._of(self.states[name], None)["past"]
        return self.audio.new_zeros((*self.audio.shape[:2], delay_samples))

    def _state(self, name: str, processor: Processor, active: Tensor | None) -> State:
        """What a processor remembers of some rows, or of all; those that are new to it have been silent."""
        if name in self.states:
            return self._of(self.states[name], active)
        return processor.initial_state(
            len(self.audio) if active is None else len(active),
            self.audio.shape[1],
            sample_rate=self._sample_rate,
            device=self.audio.device,
        )

    def _of(self, state: State, active: Tensor | None) -> State:
        """A state as one of other rows: silence, which is zeros, where it has none."""
        own = state.get(OF_ROWS)
        fields = {field: value for field, value in state.items() if field != OF_ROWS}
        if own is active or (own is not None and active is not None and torch.equal(own, active)):
            return fields
        for field, value in fields.items():
            if own is not None:
                value = value.new_zeros(len(self.audio), *value.shape[1:]).index_copy(0, own, value)
            fields[field] = value if active is None else value.index_select(0, active)
        return fields


def _gain(processor: Gain, setting: Setting, channels: int, before: Tensor | None) -> Tensor:
    """A gain behind others. Shape: before (rows, 1 or 2) → (rows, 1 or 2)"""
    gain = processor.gains(setting.controls, channels)[..., 0]
    gain = torch.where(setting.active[:, None], gain, 1.0)
    return gain if before is None else before * gain


def _cascade(designed: list[Tensor], gain: Tensor | None) -> Tensor:
    """The sections of several filters, a gain before them as part of the first numerator.

    Shape: designed (rows, sections, 5), gain (rows, 1) → (rows, 1, sections, 5)
    """
    coefficients = torch.cat(designed, 1)
    if gain is not None:
        numerator = torch.cat([gain.expand(-1, 3), torch.ones_like(gain).expand(-1, 2)], 1)[:, None]
        coefficients = torch.cat([coefficients[:, :1] * numerator, coefficients[:, 1:]], 1)
    return coefficients[:, None]

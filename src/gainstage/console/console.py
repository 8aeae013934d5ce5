"""The console: tracks → groups → returns → master, rendered for a batch of songs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gainstage.console.curve import grid_times_s
from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import TO_MASTER, Parameters
from gainstage.console.rows import Rows, Tap
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.console.strips import Part, Strips
from gainstage.dsp.gain import ramp
from gainstage.kernels.grid import GRID, num_points
from gainstage.processors import Processor, State
from gainstage.processors.send import Send

ConsoleState = dict[str, dict[str, State]]
"""What a console remembers between two calls: rows (`tracks.mono`, …) → processor → state."""

Meter = Callable[[str, str, Tensor, Tensor, Tensor], None]
"""Called with section, processor, the strips that ran (batch · strips), their input and their output."""


@dataclass(frozen=True)
class Rendered:
    """What a console gives for one call.

    The strips by themselves are worked out when somebody asks for them: the mix does not need them.

    Shape: mix (batch, 2, samples); tracks after their strips (batch, tracks, 2, samples), groups and returns
        alike.
    """

    mix: Tensor
    track_strips: Strips
    group_strips: Strips
    return_strips: Strips
    state: ConsoleState

    @cached_property
    def tracks(self) -> Tensor:
        return self.track_strips.signals()

    @cached_property
    def groups(self) -> Tensor:
        return self.group_strips.signals()

    @cached_property
    def returns(self) -> Tensor:
        return self.return_strips.signals()


@dataclass(frozen=True)
class _Call:
    """What all stages of one call share."""

    parameters: Parameters
    start_samples: Tensor  # (batch,)
    offset: int
    points: int
    sample_rate: int
    meter: Meter | None


class Console:
    """A mixing console, built from its specification.

    The console has no parameters of its own and remembers nothing: settings and state are passed in, so a
    network, an optimiser, a file and a hand on a fader are alike to it.

    Args:
        spec: which processors each section has, and which buses there are.

    Example:
        >>> from gainstage.console.spec import named
        >>> console = Console(named("default"))
        >>> settings = console.neutral(batch=1, tracks=2)
        >>> tracks = torch.randn(1, 2, 2, 1000)
        >>> mix = console.render(tracks, settings, sample_rate=44100).mix
        >>> torch.allclose(mix, tracks.sum(1), atol=1e-6)
        True
    """

    def __init__(self, spec: ConsoleSpec) -> None:
        self.spec = spec
        self.strips: dict[str, dict[str, Processor]] = {
            section: {part.name: part.build() for part in getattr(spec, section)} for section in SECTIONS
        }
        self.sends: dict[str, Send] = {f"send_{name}": Send() for name in spec.return_names}
        self.layout: dict[str, SectionLayout] = {
            section: SectionLayout(
                section,
                {**strip, **self.sends} if section == "tracks" else strip,
                tuple(spec.not_driven),
                spec.fixed,
            )
            for section, strip in self.strips.items()
        }
        known = {f"{section}.{c.path}" for section, layout in self.layout.items() for c in layout.columns}
        if wrong := sorted(set(spec.fixed) - known):
            raise ValueError(f"fixed: this console has no parameter '{wrong[0]}'")

    def num_strips(self, section: str, tracks: int) -> int:
        """How many strips a section has when there are so many tracks."""
        return {
            "tracks": tracks,
            "groups": len(self.spec.group_names),
            "returns": len(self.spec.return_names),
            "master": 1,
        }[section]

    def neutral(self, *, batch: int, tracks: int) -> Parameters:
        """Settings at which the console is the plain sum of its tracks; nothing is bypassed."""
        values, bypass, mute = {}, {}, {}
        for section in SECTIONS:
            strips = self.num_strips(section, tracks)
            values[section] = self.layout[section].defaults().expand(batch, strips, -1).clone()
            bypass[section] = torch.zeros(batch, strips, len(self.strips[section]), dtype=torch.bool)
            mute[section] = torch.zeros(batch, strips, dtype=torch.bool)
        return Parameters(values, bypass, mute, groups=torch.full((batch, tracks), TO_MASTER))

    def render(
        self,
        tracks: Tensor,
        parameters: Parameters,
        *,
        sample_rate: int,
        mask: Tensor | None = None,
        is_stereo: Tensor | None = None,
        state: ConsoleState | None = None,
        start_sample: int | Tensor = 0,
        meter: Meter | None = None,
    ) -> Rendered:
        """Mix tracks.

        Rendering a song in calls of any length, each given the state that the last returned and the sample
        at which it starts, equals rendering it whole.

        Args:
            tracks: the tracks; a mono track holds its signal in both channels.
            parameters: the settings.
            sample_rate: in Hz.
            mask: which tracks there are; the others are padding and are not read. Default: all.
            is_stereo: which tracks are stereo; the others are processed once up to the panner. Default: all.
            state: what the previous call returned; default: silence before.
            start_sample: where the call lies in the song; one number, or one an item, alike modulo 64.
            meter: hears what every processor that runs is given and makes of it.

        Shape: tracks (batch, tracks, 2, samples), mask and is_stereo (batch, tracks).
        """
        batch, num_tracks = tracks.shape[:2]
        starts = torch.as_tensor(start_sample, device=tracks.device).expand(batch)
        offset = int(starts[0]) % GRID
        if bool((starts % GRID != offset).any()):
            raise ValueError(
                f"start_sample {starts.tolist()}: all items of a batch need the same value modulo {GRID}"
            )
        call = _Call(parameters, starts, offset, num_points(tracks.shape[-1], offset), sample_rate, meter)
        mask = torch.ones(batch, num_tracks, dtype=torch.bool) if mask is None else mask
        is_stereo = torch.ones_like(mask) if is_stereo is None else is_stereo
        states: ConsoleState = dict(state or {})

        tracks_out = self._track_stage(tracks, mask, is_stereo, call, states)
        buses = self._buses(tracks_out, call)
        direct, to_groups, to_returns = buses.tensor_split((1, 1 + len(self.spec.group_names)), dim=1)
        groups = self._bus_stage("groups", to_groups, call, states)
        returns = self._bus_stage("returns", to_returns, call, states)
        total = direct + _total(groups) + _total(returns)
        mix = self._bus_stage("master", total, call, states)
        return Rendered(mix.signals()[:, 0], tracks_out, groups, returns, states)

    def tail_seconds(self, parameters: Parameters) -> float:
        """How long the mix may still sound (to −60 dB) after its tracks have ended."""
        total = 0.0
        for section in SECTIONS:
            tails = [0.0]
            for column, (name, processor) in enumerate(self.strips[section].items()):
                values = parameters.values[section][..., self.layout[section].slices[name]]
                on = ~parameters.bypass[section][..., column] & ~parameters.mute[section]
                if bool(on.any()):
                    tails.append(processor.tail_seconds(values[on][:, None]))
            total += max(tails)
        return total

    def _track_stage(
        self, tracks: Tensor, mask: Tensor, is_stereo: Tensor, call: _Call, states: ConsoleState
    ) -> Strips:
        """All track strips: mono rows once, stereo rows twice, padding never."""
        batch, num_tracks, _, samples = tracks.shape
        signals, parts = tracks.reshape(batch * num_tracks, 2, samples), []
        for kind, chosen, channels in (("mono", mask & ~is_stereo, 1), ("stereo", mask & is_stereo, 2)):
            index = torch.nonzero(chosen.flatten()).flatten().to(tracks.device)
            if len(index) == len(signals) > 0:
                parts.append(self._strip("tracks", kind, signals[:, :channels], index, call, states))
            elif len(index) > 0:
                audio = signals[:, :channels].index_select(0, index)
                parts.append(self._strip("tracks", kind, audio, index, call, states))
        return Strips(tuple(parts), batch, num_tracks, samples, tracks)

    def _bus_stage(self, section: str, audio: Tensor, call: _Call, states: ConsoleState) -> Strips:
        """All strips of a bus section. Shape: audio (batch, strips, 2, samples)."""
        batch, strips, _, samples = audio.shape
        index = torch.arange(batch * strips, device=audio.device)
        parts = [self._strip(section, "bus", audio.flatten(0, 1), index, call, states)] if strips else []
        return Strips(tuple(parts), batch, strips, samples, audio)

    def _strip(
        self, section: str, kind: str, audio: Tensor, index: Tensor, call: _Call, states: ConsoleState
    ) -> Part:
        """Rows through the strip of their section, mutes applied behind it."""
        parameters, key = call.parameters, f"{section}.{kind}"
        rows = Rows(
            audio,
            states.get(key, {}),
            sample_rate=call.sample_rate,
            offset=call.offset,
            tap=_tap(call.meter, section, index),
        )
        on = ~parameters.bypass[section].flatten(0, 1).index_select(0, index)
        for column, (name, processor) in enumerate(self.strips[section].items()):
            controls = self._controls(section, name, call).index_select(0, index)
            rows.run(name, processor, controls, on[:, column])
        wet, gains = rows.finish()
        states[key] = rows.states
        muted = parameters.mute[section].flatten().index_select(0, index)
        return Part(index, wet, torch.where(muted[:, None], 0.0, gains.expand(-1, 2)))

    def _controls(self, section: str, processor: str, call: _Call) -> Tensor:
        """The controls of a processor on all strips: one point, or the grid where a curve moves it.

        Shape: (batch · strips, points, width).
        """
        layout = self.layout[section]
        columns = layout.columns[layout.slices[processor]]
        values = call.parameters.values[section][..., layout.slices[processor]]  # (batch, strips, width)
        curves = {
            i: call.parameters.curves[section, column.path]
            for i, column in enumerate(columns)
            if (section, column.path) in call.parameters.curves
        }
        if not curves:
            return values.flatten(0, 1)[:, None]
        times = grid_times_s(call.start_samples, call.points, call.sample_rate)
        parts = [
            curves[i].at(times, column.parameter)
            if i in curves
            else values[..., i, None].expand(-1, -1, call.points)
            for i, column in enumerate(columns)
        ]
        return torch.stack(parts, dim=-1).flatten(0, 1)

    def _buses(self, tracks: Strips, call: _Call) -> Tensor:
        """What goes straight to the master, then each group's input, then each return's.

        Shape: (batch, 1 + groups + returns, 2, samples)
        """
        numbers = torch.arange(TO_MASTER, len(self.spec.group_names), device=tracks.like.device)
        routing = (call.parameters.groups.to(numbers.device)[:, None] == numbers[:, None]).double()
        sends = self._sends(tracks, call)
        if all(gain.shape[-1] == 1 for gain in sends):
            return tracks.mixed(torch.cat([routing, *[gain.mT for gain in sends]], dim=1))
        signals = tracks.signals()
        moving = [ramp(gain, call.offset, tracks.samples)[:, :, None].to(signals.dtype) for gain in sends]
        fed = [(signals * gain).sum(1, keepdim=True) for gain in moving]
        return torch.cat([tracks.mixed(routing), *fed], dim=1)

    def _sends(self, tracks: Strips, call: _Call) -> list[Tensor]:
        """The gains of each return's post-fader sends. Shape: (batch, tracks, points) each."""
        gains = []
        for name, send in self.sends.items():
            controls = self._controls("tracks", name, call)  # (batch · tracks, points, 1)
            gain = send.gains(controls, 2)[:, 0]
            gains.append(gain.unflatten(0, (tracks.batch, tracks.strips)))
        return gains


def _total(strips: Strips) -> Tensor:
    """The sum of all strips, as the input of one. Shape: (batch, 1, 2, samples)."""
    return strips.mixed(strips.like.new_ones((strips.batch, 1, strips.strips)))


def _tap(meter: Meter | None, section: str, rows: Tensor) -> Tap | None:
    """A console's meter as the tap of one of its strips, whose rows are some of the section's."""
    if meter is None:
        return None
    return lambda name, active, dry, wet: meter(section, name, rows.index_select(0, active), dry, wet)

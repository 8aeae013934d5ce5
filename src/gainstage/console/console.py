"""The console: tracks → groups → returns → master, rendered for a batch of songs."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.console.curve import grid_times_s
from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import TO_MASTER, Parameters
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.console.strip import Tap, render_strip
from gainstage.dsp.gain import fader_gain, ramp
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

    Shape: mix (batch, 2, samples); tracks after their strips (batch, tracks, 2, samples), groups and returns
        alike.
    """

    mix: Tensor
    tracks: Tensor
    groups: Tensor
    returns: Tensor
    state: ConsoleState


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
        self.sends: dict[str, Processor] = {f"send_{name}": Send() for name in spec.return_names}
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

        track_out = self._track_stage(tracks, mask, is_stereo, call, states)
        group_in, direct = self._to_groups(track_out, parameters)
        group_out = self._bus_stage("groups", group_in, call, states)
        return_out = self._bus_stage("returns", self._to_returns(track_out, call), call, states)
        total = direct + group_out.sum(1) + return_out.sum(1)
        mix = self._bus_stage("master", total[:, None], call, states)[:, 0]
        return Rendered(mix, track_out, group_out, return_out, states)

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
    ) -> Tensor:
        """All track strips: mono rows once, stereo rows twice, padding never."""
        batch, num_tracks, _, samples = tracks.shape
        rows_in = tracks.reshape(batch * num_tracks, 2, samples)
        out = torch.zeros_like(rows_in)
        for kind, chosen, channels in (("mono", mask & ~is_stereo, 1), ("stereo", mask & is_stereo, 2)):
            rows = torch.nonzero(chosen.flatten()).flatten().to(tracks.device)
            if rows.numel() == 0:
                continue
            audio = rows_in.index_select(0, rows)[:, :channels]
            wet = self._strip("tracks", kind, audio, rows, call, states)
            out = out.index_copy(0, rows, wet.expand(-1, 2, -1))
        return out.reshape(tracks.shape)

    def _bus_stage(self, section: str, audio: Tensor, call: _Call, states: ConsoleState) -> Tensor:
        """All strips of a bus section. Shape (batch, strips, 2, samples), the same out."""
        if audio.shape[1] == 0:
            return audio
        rows = torch.arange(audio.shape[0] * audio.shape[1], device=audio.device)
        return self._strip(section, "bus", audio.flatten(0, 1), rows, call, states).reshape(audio.shape)

    def _strip(
        self, section: str, kind: str, audio: Tensor, rows: Tensor, call: _Call, states: ConsoleState
    ) -> Tensor:
        """Rows through the strip of their section, mutes applied behind it."""
        parameters, key = call.parameters, f"{section}.{kind}"
        audio, states[key] = render_strip(
            self.strips[section],
            audio,
            lambda name: self._controls(section, name, call).index_select(0, rows),
            parameters.bypass[section].flatten(0, 1).index_select(0, rows),
            states.get(key, {}),
            sample_rate=call.sample_rate,
            offset=call.offset,
            tap=_tap(call.meter, section, rows),
        )
        muted = parameters.mute[section].flatten().index_select(0, rows)
        return audio.masked_fill(muted[:, None, None], 0.0) if bool(muted.any()) else audio

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

    def _to_groups(self, track_out: Tensor, parameters: Parameters) -> tuple[Tensor, Tensor]:
        """Sums of the tracks that feed each group, and of those that go straight to the master."""
        buses = torch.arange(TO_MASTER, len(self.spec.group_names), device=track_out.device)
        routing = (parameters.groups.to(track_out.device)[:, None] == buses[:, None]).to(track_out.dtype)
        summed = _matrix(routing, track_out)
        return summed[:, 1:], summed[:, 0]

    def _to_returns(self, track_out: Tensor, call: _Call) -> Tensor:
        """Post-fader sends. Shape (batch, tracks, 2, samples) → (batch, returns, 2, samples)."""
        batch, num_tracks, _, samples = track_out.shape
        gains = []
        for name, send in self.sends.items():
            controls = self._controls("tracks", name, call)[..., 0]  # (batch · tracks, points)
            gain = fader_gain(controls, send.table[0].low)
            gains.append(gain.reshape(batch, num_tracks, gain.shape[-1]))
        if not gains:
            return track_out[:, :0]
        if all(gain.shape[-1] == 1 for gain in gains):
            return _matrix(torch.cat(gains, dim=-1).mT.to(track_out.dtype), track_out)
        moving = [ramp(gain, call.offset, samples)[:, :, None].to(track_out.dtype) for gain in gains]
        return torch.stack([(track_out * gain).sum(1) for gain in moving], dim=1)


def _tap(meter: Meter | None, section: str, rows: Tensor) -> Tap | None:
    """A console's meter as the tap of one of its strips, whose rows are some of the section's."""
    if meter is None:
        return None
    return lambda name, active, dry, wet: meter(section, name, rows.index_select(0, active), dry, wet)


def _matrix(gains: Tensor, audio: Tensor) -> Tensor:
    """Buses as one matrix product: (batch, buses, tracks) × (batch, tracks, 2, samples)."""
    batch, num_tracks, channels, samples = audio.shape
    flat = torch.matmul(gains, audio.reshape(batch, num_tracks, channels * samples))
    return flat.reshape(batch, gains.shape[1], channels, samples)

"""One call of a console: signals on their way from the tracks to the mix.

    tracks ─┬─────────── direct ──────────┬─→ master
            ├─→ groups ─┬─────────────────┤
            └───────────┴─→ returns ──────┘

Where a section is late (look-ahead, oversampling), what runs around it waits as long, so that all arrive
together; and what comes behind reads its curves as much earlier.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.console.buses import fed_groups, fed_returns, grown, mixed_before
from gainstage.console.curve import grid_times_s
from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import TO_MASTER, Parameters
from gainstage.console.rows import Rows, Tap
from gainstage.console.solo import Heard, heard
from gainstage.console.spec import SECTIONS
from gainstage.console.strips import Part, Strips
from gainstage.console.through import Carried, Through, carried, multiplying_groups
from gainstage.dsp.delay_line import delayed
from gainstage.kernels.grid import GRID, num_points
from gainstage.processors import Processor, State
from gainstage.processors.fader import Fader
from gainstage.processors.send import Send

ConsoleState = dict[str, dict[str, State]]
"""What a console remembers between two calls: rows (`tracks.mono`, …) → processor → state."""

Meter = Callable[[str, str, Tensor, Tensor, Tensor], None]
"""Called with section, processor, the strips that ran (batch · strips), their input and their output."""

Line = tuple[str, Tensor, Rows]
"""The strips of a section that are of one kind: its name, their index into batch · strips, their signals."""


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
            for column, processor in enumerate(self.strips[section].values())
            if not bool(bypassed[:, column].all())
        )


@dataclass
class Flow:
    """What all sections of one call share.

    Args:
        wiring: the console.
        parameters: its settings.
        starts: the sample of the song at which each item's call begins, shape (batch,).
        first: that of the first item; the others are the same modulo 64.
        samples: length of the call.
        sample_rate: in Hz.
        meter: hears every processor.
        states: what the console remembers; here it is brought up to date.
    """

    wiring: Wiring
    parameters: Parameters
    starts: Tensor
    first: int
    samples: int
    sample_rate: int
    meter: Meter | None
    states: ConsoleState
    late: int = 0  # at the place that signals have reached
    outputs: dict[str, Strips] = field(default_factory=dict)  # of the sections that are done …
    late_at: dict[str, int] = field(default_factory=dict)  # … and how late these are
    chosen: dict[str, tuple[int, ...]] = field(default_factory=dict)  # the buses that are mixed
    through: Through | None = None  # the groups that are not
    carried: Carried | None = None  # what tracks carry of those

    def mix(self, tracks: Tensor, mask: Tensor, is_stereo: Tensor) -> Tensor:
        """All of it. Shape: tracks (batch, tracks, 2, samples) → (batch, 2, samples)."""
        latency = {s: self.wiring.latency_samples(s, self.parameters, self.sample_rate) for s in SECTIONS}
        self._check_keys()
        self._choose_buses(latency)
        num_groups = len(self.chosen["groups"])
        feeds = self._section("tracks", _rows_of_tracks(tracks, mask, is_stereo), tracks)
        direct, to_groups, to_returns = feeds.tensor_split((1, 1 + num_groups), dim=1)
        total = self._wait("direct", direct, latency["groups"] + latency["returns"])
        to_returns = self._wait("returns", to_returns, latency["groups"])
        feeds = self._section_of_buses("groups", to_groups, tracks, latency["groups"])
        if num_groups > 0:
            grouped, more_to_returns = feeds.tensor_split((1,), dim=1)
            total = total + self._wait("groups", grouped, latency["returns"])
            to_returns = to_returns + more_to_returns
        returned = self._section_of_buses("returns", to_returns, tracks, latency["returns"])
        total = total + returned if returned.shape[1] > 0 else total
        return self._section("master", [("bus", total.flatten(0, 1), _all_rows(total))], tracks)[:, 0]

    def _check_keys(self) -> None:
        """A key sounds before what it keys."""
        for (section, name), sources in self.parameters.routing.keys.items():
            earlier = SECTIONS[: SECTIONS.index(section) + 1]
            for source in sources:
                if source not in earlier and (section, source) != ("tracks", "groups"):
                    raise ValueError(
                        f"{section}.{name} cannot be keyed by {source}: they come later; a key may come from "
                        f"{', '.join(earlier)}"
                    )

    def _choose_buses(self, latency: Mapping[str, int]) -> None:
        """What this call mixes: what is fed, and what was fed before and may still ring."""
        parameters, layout = self.parameters, self.wiring.layout
        before = {s: mixed_before(self.states.get(f"{s}.bus", {})) for s in ("groups", "returns")}
        new = [group for group in fed_groups(parameters) if group not in before["groups"]]
        heard_of = any("groups" in of for (s, _), of in parameters.routing.keys.items() if s != "tracks")
        if new and latency["groups"] == 0 and self.meter is None and not heard_of:
            strip = self.wiring.strips["groups"]
            self.through = multiplying_groups(new, parameters, strip, layout["groups"])
        through = () if self.through is None else self.through.groups
        fed = fed_returns(parameters, self.wiring.sends, layout).any(0).nonzero().flatten().tolist()
        if latency["groups"] > 0:  # what waits for the groups keeps its place in line
            fed = list(range(len(self.wiring.sends)))
        self.chosen = {
            "groups": tuple(sorted({*before["groups"], *new} - {*through})),
            "returns": tuple(sorted({*before["returns"], *fed})),
        }

    def _section_of_buses(self, section: str, audio: Tensor, like: Tensor, latency: int) -> Tensor:
        """A section of which only some buses are mixed; the others are silent. Shape: as for `_section`."""
        chosen, total = self.chosen[section], self.parameters.mute[section].shape[1]
        if not chosen:
            self.late += latency
            self.outputs[section], self.late_at[section] = self._strips(section, [], like), self.late
            return audio[:, :0]
        buses = torch.tensor(chosen, device=audio.device)
        rows = torch.arange(len(audio), device=audio.device)[:, None] * total + buses
        return self._section(section, [("bus", audio.flatten(0, 1), rows.flatten())], like)

    def _section(self, section: str, kinds: list[tuple[str, Tensor, Tensor]], like: Tensor) -> Tensor:
        """The strips of a section, and what they give to the buses behind.

        Shape: (batch, 1 + groups + returns, 2, samples) for tracks, (batch, 1 + returns, …) for groups,
            (batch, 1, …) for the others.
        """
        lines = [self._line(section, kind, audio, index) for kind, audio, index in kinds]
        before_fader = None
        taps_early = any(s == section for s, _ in self.parameters.routing.pre_fader)
        for column, (name, processor) in enumerate(self.wiring.strips[section].items()):
            if isinstance(processor, Fader) and taps_early:
                before_fader = self._strips(section, lines, like)
            on = ~self.parameters.bypass[section].flatten(0, 1)[:, column].to(like.device)
            if not bool(on.any()):
                continue
            controls, key = self._controls(section, name), self._key(section, name, lines, like)
            latency = processor.latency_samples(self.sample_rate)
            for _, index, rows in lines:
                rows.run(
                    name,
                    processor,
                    controls.index_select(0, index),
                    on.index_select(0, index),
                    offset=self._offset,
                    latency=latency,
                    key=None if key is None else key.index_select(0, index),
                )
            self.late += latency
        strips = self._strips(section, lines, like)
        feeds = self._feeds(section, strips, before_fader or strips)
        self.states |= {f"{section}.{kind}": rows.states for kind, _, rows in lines}
        self.outputs[section], self.late_at[section] = strips, self.late
        return feeds

    def _line(self, section: str, kind: str, audio: Tensor, index: Tensor) -> Line:
        """Strips at their input: polarity, delay."""
        states = self.states.get(f"{section}.{kind}", {})
        if section in self.chosen:
            strip = self.wiring.strips[section]
            states = grown(states, self.chosen[section], audio, strip, self.sample_rate)
        rows = Rows(audio, states, sample_rate=self.sample_rate, tap=_tap(self.meter, section, index))
        routing = self.parameters.routing
        if section in routing.inverted:
            rows.invert(routing.inverted[section].to(index.device).flatten().index_select(0, index))
        if section in routing.delay_samples:
            delays = routing.delay_samples[section].to(index.device)
            rows.delay(delays.flatten().index_select(0, index), int(delays.max()))
        return kind, index, rows

    def _strips(self, section: str, lines: list[Line], like: Tensor) -> Strips:
        """The strips as they stand."""
        mutes = self.parameters.curves.get((section, "mute"))
        muted = self.parameters.mute[section].double().to(like.device)[..., None]
        open_now = 1.0 - (muted if mutes is None else mutes.held(self._times()))
        parts = tuple(Part(index, *rows.signal()) for _, index, rows in lines)
        return Strips(parts, open_now, self._offset, self.samples, like)

    def _feeds(self, section: str, strips: Strips, before_fader: Strips) -> Tensor:
        """What goes straight on, then into each group (from tracks), then into each return."""
        if section == "master":
            return strips.signals()
        routing, num_groups = self.parameters.routing, self.wiring.num_groups
        groups = self.parameters.groups.to(self.starts.device)
        passes = None
        if routing.solo:
            passes = heard(routing.solo, groups, num_groups=num_groups, num_returns=len(self.wiring.sends))
        straight, along = torch.ones_like(strips.open[..., 0])[:, None], None
        if section == "tracks":
            buses = torch.tensor((TO_MASTER, *self.chosen["groups"]), device=groups.device)
            straight = (groups[:, None] == buses[:, None]).double()
            along = self.carried = self._carried(groups, passes)
        if passes is not None:
            straight = straight * passes.direct[section][:, None]
        if along is not None:
            straight = torch.cat([straight[:, :1] + along.direct[:, None], straight[:, 1:]], 1)
        if section == "returns":
            return strips.mixed(straight[..., None])
        still, more = [straight[..., None]], {}
        for place, i in enumerate(self.chosen["returns"]):
            name, send = list(self.wiring.sends.items())[i]
            gain = send.gains(self._controls(section, name), 2)[:, 0].unflatten(0, strips.open.shape[:2])
            if passes is not None:
                gain = gain * passes.sends[section][:, i, :, None]
            early = routing.pre_fader.get((section, name))
            if early is not None:
                early = early.to(gain.device)[..., None]
                more[place] = before_fader.mixed(torch.where(early, gain, 0.0)[:, None])[:, 0]
                gain = torch.where(early, 0.0, gain)
            if gain.shape[-1] > 1:
                more[place] = more.get(place, 0.0) + strips.mixed(gain[:, None])[:, 0]
                gain = torch.zeros_like(gain[..., :1])
            if along is not None:
                gain = gain + along.sends[:, i, :, None]
            still.append(gain[:, None])
        fed = strips.mixed(torch.cat(still, 1))
        if not more:
            return fed
        first = straight.shape[1]
        return torch.stack([bus + more.get(i - first, 0.0) for i, bus in enumerate(fed.unbind(1))], 1)

    def _carried(self, groups: Tensor, passes: Heard | None) -> Carried | None:
        """What tracks carry of the groups that only multiply."""
        if self.through is None:
            return None
        shape, levels, early = self.through.behind.shape, [], []
        for name, send in self.wiring.sends.items():
            levels.append(send.gains(self._controls("groups", name), 2)[:, 0, 0].unflatten(0, shape))
            before = self.parameters.routing.pre_fader.get(("groups", name))
            early.append(None if before is None else before.to(groups.device))
        return carried(self.through, levels, early, groups, passes)

    def _key(self, section: str, name: str, lines: list[Line], like: Tensor) -> Tensor | None:
        """What each strip's processor listens to; None where all listen to themselves.

        Shape: (batch · strips, 2, samples)
        """
        sources = self.parameters.routing.keys.get((section, name))
        if sources is None:
            return None
        taps = self._strips(section, lines, like).unmuted()
        batch, strips, _ = taps.open.shape
        weights = {source: matrix.double().to(like.device) for source, matrix in sources.items()}
        own = weights.pop(section, taps.open.new_zeros((batch, strips, strips)))
        deaf = torch.cat([own, *weights.values()], -1).eq(0.0).all(-1)
        key = taps.mixed((own + torch.diag_embed(deaf.double()))[..., None])
        for source, matrix in weights.items():
            if section == "tracks" and source == "groups":
                key = key + taps.mixed(self._through_groups(matrix))
            else:
                heard_there = self.outputs[source].unmuted().mixed(matrix[..., None])
                late = self.late - self.late_at[source]
                key = key + self._wait(f"key {section}.{name} {source}", heard_there, late)
        return key.flatten(0, 1)

    def _through_groups(self, matrix: Tensor) -> Tensor:
        """Weights of groups as weights of their tracks, each at its fader.

        Shape: (batch, tracks, groups) → (batch, tracks, tracks, points)
        """
        groups = self.parameters.groups.to(matrix.device)
        member = groups[:, None] == torch.arange(self.wiring.num_groups, device=groups.device)[:, None]
        weights = (matrix @ member.double())[..., None]
        for column, (name, processor) in enumerate(self.wiring.strips["tracks"].items()):
            if isinstance(processor, Fader):
                gains = processor.gains(self._controls("tracks", name), 1)[:, 0].unflatten(0, groups.shape)
                off = self.parameters.bypass["tracks"][..., column].to(groups.device)[..., None]
                weights = weights * torch.where(off, 1.0, gains)[:, None]
        return weights

    def _controls(self, section: str, processor: str) -> Tensor:
        """The controls of a processor on all strips: one point, or the grid where a curve moves it.

        Shape: (batch · strips, points, width).
        """
        layout = self.wiring.layout[section]
        columns = layout.columns[layout.slices[processor]]
        values = self.parameters.values[section][..., layout.slices[processor]]  # (batch, strips, width)
        curves = {
            i: self.parameters.curves[section, column.path]
            for i, column in enumerate(columns)
            if (section, column.path) in self.parameters.curves
        }
        if not curves:
            return values.flatten(0, 1)[:, None]
        times = self._times()
        parts = [
            curves[i].at(times, column.parameter)
            if i in curves
            else values[..., i, None].expand(-1, -1, times.shape[1])
            for i, column in enumerate(columns)
        ]
        return torch.stack(parts, dim=-1).flatten(0, 1)

    @property
    def _offset(self) -> int:
        return (self.first - self.late) % GRID

    def _times(self) -> Tensor:
        """Times of the control grid at the place that signals have reached. Shape: (batch, points)."""
        return grid_times_s(self.starts - self.late, num_points(self.samples, self._offset), self.sample_rate)

    def _wait(self, name: str, audio: Tensor, samples: int) -> Tensor:
        if samples == 0:
            return audio
        past = self.states.get("waits", {}).get(name, {}).get("past")
        past = audio.new_zeros((*audio.shape[:-1], samples)) if past is None else past
        past = pad(past, (samples - past.shape[-1], 0))  # not all that look ahead may have been on before
        audio, past = delayed(audio, past)
        self.states["waits"] = {**self.states.get("waits", {}), name: {"past": past}}
        return audio


def _rows_of_tracks(tracks: Tensor, mask: Tensor, is_stereo: Tensor) -> list[tuple[str, Tensor, Tensor]]:
    """Mono rows once, stereo rows twice, padding never."""
    signals, found = tracks.flatten(0, 1), []
    for kind, chosen, channels in (("mono", mask & ~is_stereo, 1), ("stereo", mask & is_stereo, 2)):
        index = torch.nonzero(chosen.flatten()).flatten().to(tracks.device)
        if len(index) == len(signals) > 0:
            found.append((kind, signals[:, :channels], index))
        elif len(index) > 0:
            found.append((kind, signals[:, :channels].index_select(0, index), index))
    return found


def _all_rows(audio: Tensor) -> Tensor:
    return torch.arange(audio.shape[0] * audio.shape[1], device=audio.device)


def _tap(meter: Meter | None, section: str, rows: Tensor) -> Tap | None:
    """A console's meter as the tap of one of its strips, whose rows are some of the section's."""
    if meter is None:
        return None
    return lambda name, active, dry, wet: meter(section, name, rows.index_select(0, active), dry, wet)

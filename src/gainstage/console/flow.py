"""One call of a console: signals on their way from the tracks to the mix.

    tracks ─┬─────────── direct ──────────┬─→ master
            ├─→ groups ─┬─────────────────┤
            └───────────┴─→ returns ──────┘

Where a section is late (look-ahead, oversampling), what runs around it waits as long, so that all arrive
together; and what comes behind reads its curves as much earlier.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.console.buses import fed_groups, fed_returns, grown, mixed_before
from gainstage.console.curve import grid_times_s
from gainstage.console.layout import SectionLayout
from gainstage.console.memo import Memo
from gainstage.console.parameters import TO_MASTER, Fade, Parameters
from gainstage.console.rows import FADING, Rows, Setting, Tap
from gainstage.console.solo import Heard, heard
from gainstage.console.spec import SECTIONS
from gainstage.console.strips import Part, Strips
from gainstage.console.through import Carried, Through, carried, multiplying_groups
from gainstage.dsp.delay_line import delayed
from gainstage.kernels.grid import GRID, num_points
from gainstage.processors import Kind, Processor, State
from gainstage.processors.fader import Fader
from gainstage.processors.send import Send

ConsoleState = dict[str, dict[str, State]]
"""What a console remembers between two calls: rows (`tracks.mono`, …) → processor → state."""

Meter = Callable[[str, str, Tensor, Tensor, Tensor], None]
"""Called with section, processor, the strips that ran (batch · strips), their input and their output."""

Sending = tuple[Tensor, Tensor | None]
"""Gains into a return, and which of them are fed from before the fader."""

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
    late: int = 0  # at the place that signals have reached
    outputs: dict[str, Strips] = field(default_factory=dict)  # of the sections that are done …
    late_at: dict[str, int] = field(default_factory=dict)  # … and how late these are
    fade: Fade | None = None
    memo: Memo = field(default_factory=lambda: Memo(keeps=False))  # of what follows from settings alone
    chosen: dict[str, tuple[int, ...]] = field(default_factory=dict)  # the buses that are mixed
    through: Through | None = None  # the groups that are not
    carried: Carried | None = None  # what tracks carry of those

    def mix(self, tracks: Tensor, mask: Tensor, is_stereo: Tensor) -> Tensor:
        """All of it. Shape: tracks (batch, tracks, 2, samples) → (batch, 2, samples)."""
        latency = self.memo.once("latency", self._latencies)
        before = {s: tuple(mixed_before(self.states.get(f"{s}.bus", {}))) for s in ("groups", "returns")}
        choose = partial(self._choose_buses, latency, before)
        self.chosen, self.through = self.memo.once(("buses", *before.items()), choose)
        num_groups = len(self.chosen["groups"])
        kinds = self.memo.once("tracks", partial(_kinds_of_tracks, mask, is_stereo, tracks.device))
        feeds = self._section("tracks", _rows_of_tracks(tracks, kinds), tracks)
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
        index = self.memo.once("master", partial(_index, len(total), 1, (0,), total.device))
        return self._section("master", [("bus", total[:, 0], index)], tracks)[:, 0]

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

    def _latencies(self) -> dict[str, int]:
        self._check_keys()
        return {s: self.wiring.latency_samples(s, self.parameters, self.sample_rate) for s in SECTIONS}

    def _choose_buses(
        self, latency: Mapping[str, int], before: Mapping[str, tuple[int, ...]]
    ) -> tuple[dict[str, tuple[int, ...]], Through | None]:
        """What this call mixes: what is fed, and what was fed `before` and may still ring."""
        parameters, layout, through = self.parameters, self.wiring.layout, None
        new = [group for group in fed_groups(parameters) if group not in before["groups"]]
        heard_of = any("groups" in of for (s, _), of in parameters.routing.keys.items() if s != "tracks")
        if new and latency["groups"] == 0 and self.meter is None and not (heard_of or self._fades_solo):
            strip = self.wiring.strips["groups"]
            through = multiplying_groups(new, parameters, strip, layout["groups"])
        without = set() if through is None else {*through.groups}
        fed = fed_returns(parameters, self.wiring.sends, layout).any(0).nonzero().flatten().tolist()
        if latency["groups"] > 0:  # what waits for the groups keeps its place in line
            fed = list(range(len(self.wiring.sends)))
        chosen = {"groups": {*before["groups"], *new} - without, "returns": {*before["returns"], *fed}}
        return {section: tuple(sorted(found)) for section, found in chosen.items()}, through

    def _section_of_buses(self, section: str, audio: Tensor, like: Tensor, latency: int) -> Tensor:
        """A section of which only some buses are mixed; the others are silent. Shape: as for `_section`."""
        chosen, total = self.chosen[section], self.parameters.mute[section].shape[1]
        if not chosen:
            self.late += latency
            self.outputs[section], self.late_at[section] = self._strips(section, [], like), self.late
            return audio[:, :0]
        rows = self.memo.once((section, chosen), partial(_index, len(audio), total, chosen, audio.device))
        return self._section(section, [("bus", audio.flatten(0, 1), rows)], like)

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
            on = self.memo.once((section, name, "on"), partial(self._on, self.parameters, section, column))
            before = self._before(section, name, column)
            if on is None and before is None:
                continue
            controls, key = self._controls(section, name), self._key(section, name, lines, like)
            latency = processor.latency_samples(self.sample_rate)
            for kind, index, rows in lines:
                heard_there = None if key is None else key.index_select(0, index)
                timing = {"offset": self._offset, "latency": latency}
                setting = partial(_setting, controls, on, index)
                still = controls.shape[1] == 1
                now = self.memo.once((section, kind, name), setting) if still else setting()
                if before is None:
                    rows.run(name, processor, now, key=heard_there, **timing)
                else:
                    share = self._faded()
                    rows.fade(name, processor, before(index), now, share, key=heard_there, **timing)
            self.late += latency
        strips = self._strips(section, lines, like)
        feeds = self._feeds(section, strips, before_fader or strips)
        self.states |= {f"{section}.{kind}": rows.states for kind, _, rows in lines}
        self.outputs[section], self.late_at[section] = strips, self.late
        return feeds

    def _on(self, parameters: Parameters, section: str, column: int) -> Tensor | None:
        """The strips on which a processor is on; None for nowhere. Shape: (batch · strips,)"""
        on = ~parameters.bypass[section].flatten(0, 1)[:, column].to(self.starts.device)
        return on if bool(on.any()) else None

    def _before(self, section: str, name: str, column: int) -> Callable[[Tensor], Setting] | None:
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
        controls = self._controls(section, name).clone()
        controls[..., static] = values[0][:, None, static].to(controls.device)
        return partial(_setting, controls, ~was.to(controls.device))

    def _faded(self) -> Tensor:
        """How far the settings before have given way at each sample. Shape: (samples,), 0 … 1"""
        assert self.fade is not None
        samples = torch.arange(self.samples, dtype=torch.float64, device=self.starts.device)
        passed = samples + (self.first - self.late - self.fade.begin)
        return (passed / (self.fade.end - self.fade.begin)).clamp(0.0, 1.0)

    def _line(self, section: str, kind: str, audio: Tensor, index: Tensor) -> Line:
        """Strips at their input: polarity, delay."""
        states = self.states.get(f"{section}.{kind}", {})
        if self.fade is None:
            states = {name: state for name, state in states.items() if not name.endswith(FADING)}
        if section in self.chosen:
            strip = self.wiring.strips[section]
            states = grown(states, self.chosen[section], audio, strip, self.sample_rate)
        rows = Rows(
            audio,
            states,
            sample_rate=self.sample_rate,
            tap=_tap(self.meter, section, index),
            memo=self.memo,
            place=(section, kind),
        )
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
        if mutes is None:
            open_now = self.memo.once((section, "open"), partial(self._open, section, like))
        else:
            open_now = 1.0 - mutes.held(self._times())
        parts = tuple(Part(index, *rows.signal()) for _, index, rows in lines)
        return Strips(parts, open_now, self._offset, self.samples, like)

    def _open(self, section: str, like: Tensor) -> Tensor:
        return 1.0 - self.parameters.mute[section].double().to(like.device)[..., None]

    def _feeds(self, section: str, strips: Strips, before_fader: Strips) -> Tensor:
        """What goes straight on, then into each group (from tracks), then into each return."""
        if section == "master":
            return strips.signals()
        if section == "tracks" and self.through is not None:
            self.carried = self.memo.once("carried", partial(self._carried, self.through))
        curves = [path for s, path in self.parameters.curves if s == section]
        moves = any(path == "mute" or path.startswith("send_") for path in curves)
        early = any(s == section for s, _ in self.parameters.routing.pre_fader)
        if self.memo.keeps and not moves and not early:
            still, _ = self.memo.once((section, "gains"), partial(self._gains, section, strips))
            sums = self.memo.once((section, "sums"), partial(strips.sums, still))
            return strips.summed(sums, still.shape[1])
        still, others = self._gains(section, strips)
        fed = strips.mixed(still)
        if not others:
            return fed
        buses = list(fed.unbind(1))
        for bus, (gain, is_early) in others.items():
            if is_early is not None:
                tapped = before_fader.mixed(torch.where(is_early, gain, 0.0)[:, None])[:, 0]
                buses[bus], gain = buses[bus] + tapped, torch.where(is_early, 0.0, gain)
            buses[bus] = buses[bus] + strips.mixed(gain[:, None])[:, 0]
        return torch.stack(buses, 1)

    def _gains(self, section: str, strips: Strips) -> tuple[Tensor, dict[int, Sending]]:
        """The gains from each strip into each bus: those that stand still, and the others by bus.

        Shape: (batch, buses, strips, 1); gains of the others (batch, strips, points)
        """
        along = self.carried if section == "tracks" else None
        still, others = [], {}
        for bus, (gain, is_early) in enumerate(self._sendings(section, strips)):
            if is_early is not None or gain.shape[-1] > 1:
                others[bus] = gain, is_early
                gain = torch.zeros_like(gain[..., :1])
            still.append(gain)
        if along is not None:
            first = 1 + len(self.chosen["groups"])
            still[0] = still[0] + along.direct[..., None]
            for place, i in enumerate(self.chosen["returns"]):
                still[first + place] = still[first + place] + along.sends[:, i, :, None]
        return torch.stack(still, 1), others

    def _sendings(self, section: str, strips: Strips) -> Iterator[Sending]:
        """What each strip gives straight on, into each group, into each return."""
        routing, passes = self.parameters.routing, self._passes()
        groups = self.parameters.groups.to(self.starts.device)
        straight = [torch.ones_like(strips.open[..., :1])]
        if section == "tracks":
            straight = [(groups == bus).double()[..., None] for bus in (TO_MASTER, *self.chosen["groups"])]
        for gain in straight:
            yield gain if passes is None else gain * passes.direct[section], None
        sends = list(self.wiring.sends.items())
        for i in self.chosen["returns"] if section != "returns" else ():
            name, send = sends[i]
            gain = send.gains(self._controls(section, name), 2)[:, 0].unflatten(0, strips.open.shape[:2])
            early = routing.pre_fader.get((section, name))
            is_early = None if early is None else early.to(gain.device)[..., None]
            yield gain if passes is None else gain * passes.sends[section][:, i], is_early

    def _passes(self) -> Heard | None:
        """What solo lets through; None where nothing is soloed."""
        now, fade = self.parameters.routing.solo, self.fade
        before = now if fade is None else fade.before.routing.solo
        if not now and not before:
            return None
        groups, wiring = self.parameters.groups.to(self.starts.device), self.wiring
        buses = {"num_groups": wiring.num_groups, "num_returns": len(wiring.sends)}
        passes = heard(now, groups, **buses)
        if fade is None or not self._fades_solo:
            return passes
        points = (self._times()[0] * self.sample_rate - fade.begin) / (fade.end - fade.begin)
        return heard(before, groups, **buses).faded_to(passes, points.clamp(0.0, 1.0))

    @property
    def _fades_solo(self) -> bool:
        return self.fade is not None and self.fade.before.routing is not self.parameters.routing

    def _carried(self, through: Through) -> Carried:
        """What tracks carry of the groups that only multiply."""
        groups, levels, early = self.parameters.groups.to(self.starts.device), [], []
        for name, send in self.wiring.sends.items():
            level = send.gains(self._controls("groups", name), 2)[:, 0, 0]
            levels.append(level.unflatten(0, through.behind.shape))
            before = self.parameters.routing.pre_fader.get(("groups", name))
            early.append(None if before is None else before.to(groups.device))
        return carried(through, levels, early, groups, self._passes())

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
        still, curves = self.memo.once(
            (section, processor, "controls"), partial(self._still_controls, section, processor)
        )
        if not curves:
            return still.flatten(0, 1)[:, None]
        layout, times = self.wiring.layout[section], self._times()
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


def _kinds_of_tracks(mask: Tensor, is_stereo: Tensor, device: torch.device) -> list[tuple[str, int, Tensor]]:
    """Mono and stereo tracks: how many channels they need, and their index into batch · tracks."""
    found = []
    for kind, chosen, channels in (("mono", mask & ~is_stereo, 1), ("stereo", mask & is_stereo, 2)):
        index = torch.nonzero(chosen.flatten()).flatten().to(device)
        if len(index) > 0:
            found.append((kind, channels, index))
    return found


def _rows_of_tracks(tracks: Tensor, kinds: list[tuple[str, int, Tensor]]) -> list[tuple[str, Tensor, Tensor]]:
    """Mono rows once, stereo rows twice, padding never."""
    signals, found = tracks.flatten(0, 1), []
    for kind, channels, index in kinds:
        chosen = signals[:, :channels]
        whole = len(index) == len(signals)
        found.append((kind, chosen if whole else chosen.index_select(0, index), index))
    return found


def _index(batch: int, buses: int, chosen: tuple[int, ...], device: torch.device) -> Tensor:
    """Where some buses of every item lie in batch · buses."""
    items = torch.arange(batch, device=device)[:, None] * buses
    return (items + torch.tensor(chosen, device=device)).flatten()


def _setting(controls: Tensor, on: Tensor | None, index: Tensor) -> Setting:
    on = torch.zeros(len(controls), dtype=torch.bool, device=index.device) if on is None else on
    return Setting.of(controls.index_select(0, index), on.index_select(0, index))


def _tap(meter: Meter | None, section: str, rows: Tensor) -> Tap | None:
    """A console's meter as the tap of one of its strips, whose rows are some of the section's."""
    if meter is None:
        return None
    return lambda name, active, dry, wet: meter(section, name, rows.index_select(0, active), dry, wet)

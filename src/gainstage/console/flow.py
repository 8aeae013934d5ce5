"""One call of a console: signals on their way from the tracks to the mix.

    tracks ─┬─────────── direct ──────────┬─→ master
            ├─→ groups ─┬─────────────────┤
            └───────────┴─→ returns ──────┘

Where a section is late (look-ahead, oversampling), what runs around it waits as long, so that all arrive
together; and what comes behind reads its curves as much earlier.
"""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from gainstage.console.buses import fed_groups, fed_returns, grown, mixed_before
from gainstage.console.call import Call, Meter
from gainstage.console.feeds import Feeds
from gainstage.console.keys import check_keys, key_signals
from gainstage.console.rows import FADING, Rows, Setting, Tap
from gainstage.console.spec import SECTIONS
from gainstage.console.strips import Part, Strips
from gainstage.console.through import Through, multiplying_groups
from gainstage.processors.fader import Fader

Line = tuple[str, Tensor, Rows]
"""The strips of a section that are of one kind: its name, their index into batch · strips, their signals."""


class Flow:
    """The sections of one call, one behind the other.

    Args:
        call: what they share.
    """

    def __init__(self, call: Call) -> None:
        self.call = call
        self.latency = call.memo.once("latency", self._latencies)
        self.chosen, through = self._buses()
        self.feeds = Feeds(call, self.chosen["groups"], self.chosen["returns"], through)

    def mix(self, tracks: Tensor, mask: Tensor, is_stereo: Tensor) -> Tensor:
        """All of it. Shape: tracks (batch, tracks, 2, samples) → (batch, 2, samples)."""
        call, latency, num_groups = self.call, self.latency, len(self.chosen["groups"])
        kinds = call.memo.once("tracks", partial(_kinds_of_tracks, mask, is_stereo, tracks.device))
        feeds = self._section("tracks", _rows_of_tracks(tracks, kinds), tracks)
        direct, to_groups, to_returns = feeds.tensor_split((1, 1 + num_groups), dim=1)
        total = call.wait("direct", direct, latency["groups"] + latency["returns"])
        to_returns = call.wait("returns", to_returns, latency["groups"])
        feeds = self._section_of_buses("groups", to_groups, tracks, latency["groups"])
        if num_groups > 0:
            grouped, more_to_returns = feeds.tensor_split((1,), dim=1)
            total = total + call.wait("groups", grouped, latency["returns"])
            to_returns = to_returns + more_to_returns
        returned = self._section_of_buses("returns", to_returns, tracks, latency["returns"])
        total = total + returned if returned.shape[1] > 0 else total
        index = call.memo.once("master", partial(_index, len(total), 1, (0,), total.device))
        return self._section("master", [("bus", total[:, 0], index)], tracks)[:, 0]

    def _latencies(self) -> dict[str, int]:
        parameters, rate = self.call.parameters, self.call.sample_rate
        check_keys(parameters.routing.keys)
        return {s: self.call.wiring.latency_samples(s, parameters, rate) for s in SECTIONS}

    def _buses(self) -> tuple[dict[str, tuple[int, ...]], Through | None]:
        before = {s: tuple(mixed_before(self.call.states.get(f"{s}.bus", {}))) for s in ("groups", "returns")}
        return self.call.memo.once(("buses", *before.items()), partial(self._choose_buses, before))

    def _choose_buses(
        self, before: Mapping[str, tuple[int, ...]]
    ) -> tuple[dict[str, tuple[int, ...]], Through | None]:
        """What this call mixes: what is fed, and what was fed `before` and may still ring."""
        parameters, layout, through = self.call.parameters, self.call.wiring.layout, None
        new = [group for group in fed_groups(parameters) if group not in before["groups"]]
        heard_of = any("groups" in of for (s, _), of in parameters.routing.keys.items() if s != "tracks")
        apart = heard_of or self.call.meter is not None or self.call.fades_solo
        if new and self.latency["groups"] == 0 and not apart:
            strip = self.call.wiring.strips["groups"]
            through = multiplying_groups(new, parameters, strip, layout["groups"])
        without = set() if through is None else {*through.groups}
        fed = fed_returns(parameters, self.call.wiring.sends, layout).any(0).nonzero().flatten().tolist()
        if self.latency["groups"] > 0:  # what waits for the groups keeps its place in line
            fed = list(range(len(self.call.wiring.sends)))
        chosen = {"groups": {*before["groups"], *new} - without, "returns": {*before["returns"], *fed}}
        return {section: tuple(sorted(found)) for section, found in chosen.items()}, through

    def _section_of_buses(self, section: str, audio: Tensor, like: Tensor, latency: int) -> Tensor:
        """A section of which only some buses are mixed; the others are silent. Shape: as for `_section`."""
        call, chosen = self.call, self.chosen[section]
        if not chosen:
            call.late += latency
            call.outputs[section], call.late_at[section] = self._strips(section, [], like), call.late
            return audio[:, :0]
        total = call.parameters.mute[section].shape[1]
        rows = call.memo.once((section, chosen), partial(_index, len(audio), total, chosen, audio.device))
        return self._section(section, [("bus", audio.flatten(0, 1), rows)], like)

    def _section(self, section: str, kinds: list[tuple[str, Tensor, Tensor]], like: Tensor) -> Tensor:
        """The strips of a section, and what they give to the buses behind.

        Shape: (batch, 1 + groups + returns, 2, samples) for tracks, (batch, 1 + returns, …) for groups,
            (batch, 1, …) for the others.
        """
        call, before_fader = self.call, None
        lines = [self._line(section, kind, audio, index) for kind, audio, index in kinds]
        taps_early = any(s == section for s, _ in call.parameters.routing.pre_fader)
        for column, (name, processor) in enumerate(call.wiring.strips[section].items()):
            if isinstance(processor, Fader) and taps_early:
                before_fader = self._strips(section, lines, like)
            on = call.memo.once((section, name, "on"), partial(call.on, section, name, column))
            before = call.before(section, name, column)
            if on is None and before is None:
                continue
            controls, key = call.controls(section, name), None
            if (section, name) in call.parameters.routing.keys:
                key = key_signals(call, section, name, self._strips(section, lines, like))
            latency = processor.latency_samples(call.sample_rate)
            for kind, index, rows in lines:
                setting = partial(Setting.of_rows, controls, on, index)
                still = controls.shape[1] == 1
                now = call.memo.once((section, kind, name), setting) if still else setting()
                own_key = None if key is None else key.index_select(0, index)
                timing = {"offset": call.offset, "latency": latency}
                if before is None:
                    rows.run(name, processor, now, key=own_key, **timing)
                else:
                    rows.fade(name, processor, before(index), now, call.faded(), key=own_key, **timing)
            call.late += latency
        strips = self._strips(section, lines, like)
        feeds = self.feeds.of(section, strips, before_fader or strips)
        call.states |= {f"{section}.{kind}": rows.states for kind, _, rows in lines}
        call.outputs[section], call.late_at[section] = strips, call.late
        return feeds

    def _line(self, section: str, kind: str, audio: Tensor, index: Tensor) -> Line:
        """Strips at their input: polarity, delay."""
        states = self.call.states.get(f"{section}.{kind}", {})
        if self.call.fade is None:
            states = {name: state for name, state in states.items() if not name.endswith(FADING)}
        if section in self.chosen:
            states = grown(states, self.chosen[section], len(audio), audio.device)
        rows = Rows(
            audio,
            states,
            sample_rate=self.call.sample_rate,
            tap=_tap(self.call.meter, section, index),
            memo=self.call.memo,
            place=(section, kind),
        )
        routing = self.call.parameters.routing
        if section in routing.inverted:
            rows.invert(routing.inverted[section].to(index.device).flatten().index_select(0, index))
        if section in routing.delay_samples:
            delays = routing.delay_samples[section].to(index.device)
            rows.delay(delays.flatten().index_select(0, index), int(delays.max()))
        return kind, index, rows

    def _strips(self, section: str, lines: list[Line], like: Tensor) -> Strips:
        """The strips as they stand."""
        mutes = self.call.parameters.curves.get((section, "mute"))
        if mutes is None:
            open_now = self.call.memo.once((section, "open"), partial(self._open, section, like))
        else:
            open_now = 1.0 - mutes.held(self.call.times())
        parts = tuple(Part(index, *rows.signal()) for _, index, rows in lines)
        return Strips(parts, open_now, self.call.offset, self.call.samples, like)

    def _open(self, section: str, like: Tensor) -> Tensor:
        return 1.0 - self.call.parameters.mute[section].double().to(like.device)[..., None]


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


def _tap(meter: Meter | None, section: str, rows: Tensor) -> Tap | None:
    """A console's meter as the tap of one of its strips, whose rows are some of the section's."""
    if meter is None:
        return None
    return lambda name, active, dry, wet: meter(section, name, rows.index_select(0, active), dry, wet)

"""The console: tracks → groups → returns → master, rendered for a batch of songs."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.console.buses import fed_returns
from gainstage.console.call import Call, ConsoleState, Meter, Wiring
from gainstage.console.flow import Flow
from gainstage.console.layout import SectionLayout
from gainstage.console.memo import Memo
from gainstage.console.nearest import nearest
from gainstage.console.parameters import TO_MASTER, Fade, Parameters
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.console.strips import Strips
from gainstage.kernels.grid import GRID
from gainstage.processors import Processor
from gainstage.processors.send import Send

if TYPE_CHECKING:
    from gainstage.console.session import Session
    from gainstage.console.stream import Stream


@dataclass(frozen=True)
class Rendered:
    """What a console gives for one call.

    The strips by themselves are worked out when somebody asks for them: the mix does not need them.

    Args:
        mix: the mix.
        strips: section → its strips.
        late: section → by how many samples these are late; the mix is as late as the master.
        state: for the next call.
        carried: what tracks give to the groups that were not mixed by themselves.

    Shape: mix (batch, 2, samples); tracks after their strips (batch, tracks, 2, samples), groups and returns
        alike; carried (batch, groups, tracks).
    """

    mix: Tensor
    strips: Mapping[str, Strips]
    late: Mapping[str, int]
    state: ConsoleState
    carried: Tensor | None = None

    @cached_property
    def tracks(self) -> Tensor:
        return self.strips["tracks"].signals()

    @cached_property
    def groups(self) -> Tensor:
        mixed = self.strips["groups"].signals()
        return mixed if self.carried is None else mixed + self.strips["tracks"].mixed(self.carried[..., None])

    @cached_property
    def returns(self) -> Tensor:
        return self.strips["returns"].signals()


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
        senders = ("tracks", "groups") if spec.group_names else ("tracks",)
        self.layout: dict[str, SectionLayout] = {
            section: SectionLayout(
                section,
                {**strip, **self.sends} if section in senders else strip,
                tuple(spec.not_driven),
                spec.fixed,
                tuple(spec.bypassed),
            )
            for section, strip in self.strips.items()
        }
        self.wiring = Wiring(self.strips, self.sends, self.layout, len(spec.group_names))
        known = {
            f"{section}.{column.path}": column.parameter
            for section, layout in self.layout.items()
            for column in layout.columns
        }
        for name, value in spec.fixed.items():
            if name not in known:
                raise ValueError(f"fixed: this console has no parameter '{name}'{nearest(name, known)}")
            if not known[name].low <= value <= known[name].high:
                raise ValueError(f"fixed.{name}: {value:g} lies outside {known[name].range_text()}")
        there = [f"{section}.{name}" for section, strip in self.strips.items() for name in strip]
        for section, buses in (("groups", spec.group_names), ("returns", spec.return_names)):
            there += [f"{section}.{bus}.{name}" for bus in buses for name in self.strips[section]]
        for pattern in spec.bypassed:
            if not any(fnmatchcase(name, pattern) for name in there):
                raise ValueError(f"bypassed: this console has no processor '{pattern}'; it has {there}")

    def num_strips(self, section: str, tracks: int) -> int:
        """How many strips a section has when there are so many tracks."""
        return {
            "tracks": tracks,
            "groups": len(self.spec.group_names),
            "returns": len(self.spec.return_names),
            "master": 1,
        }[section]

    def neutral(self, *, batch: int, tracks: int) -> Parameters:
        """Settings at which the console is the plain sum of its tracks.

        Nothing is bypassed but what the specification says.
        """
        values, bypass, mute = {}, {}, {}
        for section in SECTIONS:
            strips = self.num_strips(section, tracks)
            values[section] = self.layout[section].defaults().expand(batch, strips, -1).clone()
            buses = {"groups": self.spec.group_names, "returns": self.spec.return_names}.get(section, [])
            off = [
                self.layout[section].stands_bypassed(name, bus)
                for bus in buses or [""] * strips
                for name in self.strips[section]
            ]
            switches = torch.tensor(off, dtype=torch.bool).reshape(strips, len(self.strips[section]))
            bypass[section] = switches.expand(batch, -1, -1).clone()
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
        fade: Fade | None = None,
        memo: Memo | None = None,
    ) -> Rendered:
        """Mix tracks.

        Rendering a song in calls of any length, each given the state that the last returned and the sample
        at which it starts, equals rendering it whole. The mix comes `latency_samples` late: whoever renders a
        song drops so many at its start and goes on for so many behind its end.

        Args:
            tracks: the tracks; a mono track holds its signal in both channels.
            parameters: the settings.
            sample_rate: in Hz.
            mask: which tracks there are; the others are padding and are not read. Default: all.
            is_stereo: which tracks are stereo; the others are processed once up to the panner. Default: all.
            state: what the previous call returned; default: silence before.
            start_sample: where the call lies in the song; one number, or one an item, alike modulo 64.
            meter: hears what every processor that runs is given and makes of it.
            fade: other settings that give way to these while the console plays.
            memo: a new one for the first of many calls without gradients that differ in nothing but the audio
                and its place in the song; each then begins with what the first has worked out.

        Shape: tracks (batch, tracks, 2, samples), mask and is_stereo (batch, tracks).
        """
        batch, num_tracks = tracks.shape[:2]
        starts = torch.as_tensor(start_sample, device=tracks.device).expand(batch)
        first = int(starts[0]) if batch else 0
        if bool((starts % GRID != first % GRID).any()):
            raise ValueError(
                f"start_sample {starts.tolist()}: all items of a batch need the same value modulo {GRID}"
            )
        mask = torch.ones(batch, num_tracks, dtype=torch.bool) if mask is None else mask
        is_stereo = torch.ones_like(mask) if is_stereo is None else is_stereo
        states: ConsoleState = dict(state or {})
        call = Call(
            self.wiring,
            parameters,
            starts,
            first,
            tracks.shape[-1],
            sample_rate,
            meter,
            states,
            fade,
            memo or Memo(keeps=False),
        )
        flow = Flow(call)
        mix, carried = flow.mix(tracks, mask, is_stereo), flow.feeds.carried
        to_groups = None if carried is None else carried.to_groups
        return Rendered(mix, call.outputs, call.late_at, states, to_groups)

    def mix_in_time(
        self,
        tracks: Tensor,
        parameters: Parameters,
        *,
        sample_rate: int,
        mask: Tensor | None = None,
        is_stereo: Tensor | None = None,
        start_sample: int | Tensor = 0,
    ) -> Tensor:
        """The mix of an excerpt, not late: the console is given silence behind it and its start is cut.

        Args and shape as for `render` → (batch, 2, samples).
        """
        late = self.latency_samples(parameters, sample_rate=sample_rate)
        mix = self.render(
            pad(tracks, (0, late)) if late else tracks,
            parameters,
            sample_rate=sample_rate,
            mask=mask,
            is_stereo=is_stereo,
            start_sample=start_sample,
        ).mix
        return mix[..., late:]

    def stream(self, session: "Session") -> "Stream":
        """A session that is to be played in blocks on this console, and touched meanwhile.

        Raises:
            ValueError: it is a session of another console.
        """
        from gainstage.console.stream import Stream  # a session and its player know the console

        if session.console != self.spec:
            raise ValueError(f"'{session.name}' is of another console; build one from session.console")
        return Stream.of(session)

    def latency_samples(self, parameters: Parameters, *, sample_rate: int) -> int:
        """How late the mix comes: 0 unless a processor that looks ahead or oversamples is in use."""
        return sum(self.wiring.latency_samples(s, parameters, sample_rate) for s in SECTIONS)

    def tail_seconds(self, parameters: Parameters) -> float:
        """How long the mix may still sound (to −60 dB) after its tracks have ended.

        Strips that are muted and returns that nothing is sent to add nothing.
        """
        total = 0.0
        for section in SECTIONS:
            sounding = ~parameters.mute[section]
            if section == "returns":
                sounding = sounding & fed_returns(parameters, self.sends, self.layout)
            tails = [0.0]
            for column, (name, processor) in enumerate(self.strips[section].items()):
                values = parameters.values[section][..., self.layout[section].slices[name]]
                on = ~parameters.bypass[section][..., column] & sounding
                if bool(on.any()):
                    tails.append(processor.tail_seconds(values[on][:, None]))
            total += max(tails)
        return total

"""The console: tracks → groups → returns → master, rendered for a batch of songs."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.console.flow import ConsoleState, Flow, Meter, Wiring
from gainstage.console.layout import SectionLayout
from gainstage.console.parameters import TO_MASTER, Parameters
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.console.strips import Strips
from gainstage.kernels.grid import GRID
from gainstage.nearest import nearest
from gainstage.processors import Processor
from gainstage.processors.send import Send


@dataclass(frozen=True)
class Rendered:
    """What a console gives for one call.

    The strips by themselves are worked out when somebody asks for them: the mix does not need them.

    Args:
        mix: the mix.
        strips: section → its strips.
        late: section → by how many samples these are late; the mix is as late as the master.
        state: for the next call.

    Shape: mix (batch, 2, samples); tracks after their strips (batch, tracks, 2, samples), groups and returns
        alike.
    """

    mix: Tensor
    strips: Mapping[str, Strips]
    late: Mapping[str, int]
    state: ConsoleState

    @cached_property
    def tracks(self) -> Tensor:
        return self.strips["tracks"].signals()

    @cached_property
    def groups(self) -> Tensor:
        return self._buses("groups")

    @cached_property
    def returns(self) -> Tensor:
        return self._buses("returns")

    def _buses(self, section: str) -> Tensor:
        if section in self.strips:
            return self.strips[section].signals()
        return self.mix[:, None][:, :0]  # the console has none


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
        known = {f"{s}.{c.path}": c.parameter for s, layout in self.layout.items() for c in layout.columns}
        for path, value in spec.fixed.items():
            if path not in known:
                raise ValueError(f"fixed: this console has no parameter {path!r}{nearest(path, known)}")
            if not known[path].low <= value <= known[path].high:
                raise ValueError(f"fixed.{path}: {value:g} lies outside {known[path].range_text()}")
        there = [f"{section}.{name}" for section, strip in self.strips.items() for name in strip]
        for section, buses in (("groups", spec.group_names), ("returns", spec.return_names)):
            there += [f"{section}.{bus}.{name}" for bus in buses for name in self.strips[section]]
        for pattern in spec.bypassed:
            if not any(fnmatchcase(name, pattern) for name in there):
                has = ", ".join(there)
                raise ValueError(f"bypassed: this console has no processor {pattern!r}; it has {has}")

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
        flow = Flow(self.wiring, parameters, starts, first, tracks.shape[-1], sample_rate, meter, states)
        mix = flow.mix(tracks, mask, is_stereo)
        return Rendered(mix, flow.outputs, flow.late_at, states)

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
                sounding = sounding & self._fed(parameters)
            tails = [0.0]
            for column, (name, processor) in enumerate(self.strips[section].items()):
                values = parameters.values[section][..., self.layout[section].slices[name]]
                on = ~parameters.bypass[section][..., column] & sounding
                if bool(on.any()):
                    tails.append(processor.tail_seconds(values[on][:, None]))
            total += max(tails)
        return total

    def _fed(self, parameters: Parameters) -> Tensor:
        """The returns that some send feeds. Shape: (batch, returns)."""
        fed = []
        for name, send in self.sends.items():
            row = send.table[0]
            senders = [s for s in ("tracks", "groups") if name in self.layout[s].processors]
            levels = [parameters.values[s][..., self.layout[s].index(name, row.name)] for s in senders]
            moves = any((s, f"{name}.{row.name}") in parameters.curves for s in senders)
            fed.append((torch.cat(levels, -1) > row.low).any(-1) | moves)
        return torch.stack(fed, -1) if fed else torch.zeros_like(parameters.mute["returns"])

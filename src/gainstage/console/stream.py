"""A console that plays: blocks of any length in, the mix out, while its settings are moved.

A continuous parameter glides: from the first point of the control grid behind the block that is being played,
straight on its own scale, sample by sample. What cannot glide (a decay, a delay time, a bypass, a solo) is
faded: for a moment the processor runs twice, as it was and as it will be. Grid and fades count samples of the
song, so what a move sounds like does not depend on how long blocks are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gainstage.console.call import ConsoleState
from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.memo import Memo
from gainstage.console.parameters import Fade, Parameters
from gainstage.console.session import Session
from gainstage.kernels.grid import GRID
from gainstage.processors import Kind, Parameter

GLIDE_MS = 20.0
_MUTE = Parameter("mute", "", 0.0, 1.0, 0.0, 0.0, "whether the strip is silent")


@dataclass(frozen=True)
class _Glide:
    """Knots that stand in for a strip's number or automation; before and behind them the value stands."""

    times_s: Tensor
    values: Tensor


class Stream:
    """One song that is being played on a console.

    Args:
        console: the console.
        parameters: its settings, a batch of one song.
        sample_rate: in Hz.
        is_stereo: which tracks are stereo, shape (tracks,); default: all.
        start_sample: where in the song it begins.

    Example:
        >>> from gainstage.console.spec import named
        >>> console = Console(named("default"))
        >>> stream = Stream(console, console.neutral(batch=1, tracks=2), sample_rate=44100)
        >>> mix = stream.process(torch.randn(2, 2, 128))
        >>> stream.move("tracks", 0, "fader.gain_db", -6.0)
        >>> mix = stream.process(torch.randn(2, 2, 500))
    """

    def __init__(
        self,
        console: Console,
        parameters: Parameters,
        *,
        sample_rate: int,
        is_stereo: Tensor | None = None,
        start_sample: int = 0,
    ) -> None:
        self.console, self.sample_rate, self.position = console, sample_rate, start_sample
        self._is_stereo = None if is_stereo is None else is_stereo[None]
        self._base = _copied(parameters)
        self._glides: dict[tuple[str, str], dict[int, _Glide]] = {}
        self._state: ConsoleState | None = None
        self._memo = Memo()
        self._fade: Fade | None = None
        self._fade_from = self._faded_at = 0  # asked for, and over, at these samples
        self._waiting: list[Callable[[], None]] = []  # changes for which the fade must be over

    @classmethod
    def of(cls, session: Session) -> "Stream":
        """A session from its start. Its tracks come in the session's order."""
        console = Console(session.console)
        is_stereo = torch.tensor([track.channels == 2 for track in session.tracks], dtype=torch.bool)
        parameters = session_parameters(session, console)
        return cls(console, parameters, sample_rate=session.sample_rate, is_stereo=is_stereo)

    @property
    def latency_samples(self) -> int:
        """How late the mix comes, with the processors that are in use now."""
        return self.console.latency_samples(self._base, sample_rate=self.sample_rate)

    @torch.inference_mode()
    def process(self, tracks: Tensor) -> Tensor:
        """The mix of the next block.

        Shape: (tracks, 2, samples) → (2, samples)
        """
        parts = [self._play(part) for part in self._cut(tracks)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, -1)

    def move(
        self, section: str, strip: int, parameter: str, value: float, *, glide_ms: float = GLIDE_MS
    ) -> None:
        """Set a parameter while it plays; what automated it on this strip no longer does.

        Args:
            section: `tracks`, `groups`, `returns` or `master`.
            strip: which of its strips.
            parameter: `processor.parameter`, such as `fader.gain_db`.
            value: physical.
            glide_ms: how long the way takes; a static parameter (a decay, a delay time) is faded in 20 ms.

        Raises:
            ValueError: there is no such parameter or strip, or the value lies outside its range.
        """
        column = self.console.layout[section].index(*parameter.split(".", 1))
        row = self.console.layout[section].columns[column].parameter
        self._check_strip(section, strip)
        if not row.low <= value <= row.high:
            raise ValueError(f"{section}.{parameter}: {value:g} lies outside {row.range_text()}")

        def put() -> None:
            self._base.values[section][0, strip, column] = value

        if row.kind is not Kind.CONTINUOUS:
            self._change(put)
            return
        now = float(self._base.values[section][0, strip, column])
        self._glide(section, strip, parameter, row, now, value, glide_ms)
        put()

    def mute(self, section: str, strip: int, muted: bool) -> None:
        """Silence a strip or open it again, within a point of the control grid (1.5 ms)."""
        self._check_strip(section, strip)
        now = float(self._base.mute[section][0, strip])
        self._glide(section, strip, "mute", _MUTE, now, float(muted), 0.0)
        self._base.mute[section][0, strip] = muted

    def bypass(self, section: str, strip: int, processor: str, bypassed: bool) -> None:
        """Switch a processor on a strip; switched on again it begins from silence.

        A processor that looks ahead is waited for once it has been on, so that the mix does not jump in time;
        the first time that it is switched on the mix comes later by so much.

        Raises:
            ValueError: there is no such processor or strip.
        """
        self._check_strip(section, strip)
        names = list(self.console.strips[section])
        if processor not in names:
            raise ValueError(f"{section} has no processor '{processor}'; there are {names}")

        def switch() -> None:
            self._base.bypass[section][0, strip, names.index(processor)] = bypassed

        self._change(switch)

    def solo(self, section: str, strip: int, soloed: bool) -> None:
        """Listen to a track, a group or a return by itself, or no longer.

        Raises:
            ValueError: there is no such strip, or it is the master.
        """
        self._check_strip(section, strip)
        if section == "master":
            raise ValueError("the master cannot be soloed")

        def switch() -> None:
            routing = self._base.routing
            before = routing.solo.get(section, torch.zeros_like(self._base.mute[section]))
            now = before.clone()
            now[0, strip] = soloed
            solo = {**routing.solo, section: now}
            kept = {name: flags for name, flags in solo.items() if bool(flags.any())}
            self._base = replace(self._base, routing=replace(routing, solo=kept))

        self._change(switch)

    def _check_strip(self, section: str, strip: int) -> None:
        strips = self._base.mute[section].shape[1]
        if not 0 <= strip < strips:
            raise ValueError(f"{section} has {strips} strips; there is no number {strip}")

    def _cut(self, tracks: Tensor) -> Iterator[Tensor]:
        """A block in parts that end where a fade ends."""
        while self._fade is not None and self.position + tracks.shape[-1] > self._faded_at:
            samples = self._faded_at - self.position
            yield tracks[..., :samples]
            tracks = tracks[..., samples:]
        if tracks.shape[-1] > 0:
            yield tracks

    def _play(self, tracks: Tensor) -> Tensor:
        rendered = self.console.render(
            tracks[None],
            replace(self._base, curves=self._curves()) if self._glides else self._base,
            sample_rate=self.sample_rate,
            is_stereo=self._is_stereo,
            state=self._state,
            start_sample=self.position,
            fade=self._fade,
            memo=self._memo if self._fade is None else None,
        )
        self._state = rendered.state
        self.position += tracks.shape[-1]
        self._land()
        if self._fade is not None and self.position >= self._faded_at:
            self._fade = None
            waiting, self._waiting = self._waiting, []
            for change in waiting:
                self._change(change)
        return rendered.mix[0]

    def _change(self, change: Callable[[], None]) -> None:
        """Let the settings give way to those behind a change; changes at one time share a fade."""
        if self._fade is not None and self.position > self._fade_from:
            self._waiting.append(change)
            return
        if self._fade is None:
            before, self._base, self._fade_from = self._base, _copied(self._base), self.position
        else:
            before = self._fade.before
        change()
        self._base = replace(self._base, awake=self._base.awake | self._late(before) | self._late(self._base))
        begin, length = self._glide_samples(GLIDE_MS, wait=self.latency_samples)
        self._fade = Fade(replace(before, awake=self._base.awake), begin, begin + length)
        self._faded_at = begin + length + self.latency_samples  # by then it is over on the master, too
        self._memo = Memo()

    def _late(self, parameters: Parameters) -> frozenset[tuple[str, str]]:
        """The processors in use that come late."""
        return frozenset(
            (section, name)
            for section, strip in self.console.strips.items()
            for column, (name, processor) in enumerate(strip.items())
            if processor.latency_samples(self.sample_rate) > 0
            and not bool(parameters.bypass[section][..., column].all())
        )

    def _glide(
        self, section: str, strip: int, path: str, row: Parameter, now: float, value: float, glide_ms: float
    ) -> None:
        """From the value at the next point of the grid to the new one."""
        begin, length = self._glide_samples(glide_ms)
        times = torch.tensor([begin, begin + length], dtype=torch.float64) / self.sample_rate
        automated = self._curve(section, path, row)
        if automated is not None:
            now = float(automated.at(times[None, :1], row)[0, strip, 0])
        moved = torch.tensor([now, value], dtype=torch.float64)
        self._glides.setdefault((section, path), {})[strip] = _Glide(times, moved)
        self._memo = Memo()

    def _glide_samples(self, glide_ms: float, *, wait: int = 0) -> tuple[int, int]:
        """Where a move begins and how long it takes, from a point of the control grid to another."""
        begin = -(-(self.position + wait) // GRID) * GRID
        return begin, max(round(glide_ms / 1000.0 * self.sample_rate / GRID), 1) * GRID

    def _curves(self) -> dict[tuple[str, str], Curve]:
        curves = dict(self._base.curves)
        for section, path in self._glides:
            curve = self._curve(section, path, self._row(section, path))
            assert curve is not None
            curves[section, path] = curve
        return curves

    def _curve(self, section: str, path: str, row: Parameter) -> Curve | None:
        """Automation of a parameter with the glides of single strips in its place."""
        base, glides = self._base.curves.get((section, path)), self._glides.get((section, path), {})
        if not glides:
            return base
        if base is None:
            numbers = self._numbers(section, path)
            base = Curve(torch.zeros(1, dtype=torch.float64), numbers[None, :, None])
        more = torch.unique(torch.cat([glide.times_s for glide in glides.values()]))
        times = torch.cat([base.times_s.double(), more])
        values = torch.cat([base.values.double(), base.at(more[None], row)], -1)
        times, order = torch.sort(times, stable=True)
        values = values[..., order].clone()
        for strip, glide in glides.items():
            values[0, strip] = Curve(glide.times_s, glide.values[None, None]).at(times[None], row)[0, 0]
        return Curve(times, values)

    def _numbers(self, section: str, path: str) -> Tensor:
        if path == "mute":
            return self._base.mute[section][0].double()
        column = self.console.layout[section].index(*path.split(".", 1))
        return self._base.values[section][0, :, column].double()

    def _row(self, section: str, path: str) -> Parameter:
        if path == "mute":
            return _MUTE
        layout = self.console.layout[section]
        return layout.columns[layout.index(*path.split(".", 1))].parameter

    def _land(self) -> None:
        """Glides that are over, where nothing else automates the parameter, become numbers again."""
        if not self._glides:
            return
        now = (self.position - self.latency_samples) / self.sample_rate
        for key in [k for k in self._glides if k not in self._base.curves]:
            kept = {strip: g for strip, g in self._glides[key].items() if float(g.times_s[-1]) >= now}
            if kept:
                self._glides[key] = kept
            else:
                del self._glides[key]
                self._memo = Memo()


def _copied(parameters: Parameters) -> Parameters:
    """The same settings in tensors of their own."""
    return replace(
        parameters,
        values={section: values.clone() for section, values in parameters.values.items()},
        bypass={section: bypass.clone() for section, bypass in parameters.bypass.items()},
        mute={section: mute.clone() for section, mute in parameters.mute.items()},
    )

"""The delay: echoes, each duller and weaker than the one before."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.delay import damping_pole, echo_seconds
from gainstage.dsp.fractional_delay import DELAY_TAPS, interpolator
from gainstage.dsp.past import PAGE, Past, aligned, extended, num_pages, silent_past, stretch
from gainstage.kernels.delay import delay_loop
from gainstage.kernels.delay_cpu import SHORTEST
from gainstage.processors.parameter import Kind, Parameter, Scale
from gainstage.processors.processor import Processor, State

_MAX_TIME_MS = 1000.0


@final
@dataclass(frozen=True)
class Delay(Processor):
    """Echoes on a return or, by its mix, in a strip; the loop stands in `gainstage.kernels.delay`.

    At the default mix 0 it gives its input. A return carries the echoes alone: its session sets mix to 1,
    which is also where networks and fits start. The first echo is the input as it was; each further one has
    gone once more through the damping. For a time in notes see `gainstage.dsp.delay.note_ms`.

    Args:
        ping_pong: echoes jump: that of both channels' mean comes left, the next right, and so on. A row of
            one channel has nowhere to jump to.
    """

    ping_pong: bool = False

    name: ClassVar[str] = "delay"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "time_ms", "ms", 20.0, _MAX_TIME_MS, 250.0, 250.0, "time between echoes", Scale.LOG, Kind.STATIC
        ),
        Parameter("feedback", "", 0.0, 0.95, 0.3, 0.3, "level of each echo over the one before"),
        Parameter(
            "damping_hz", "Hz", 1000.0, 20_000.0, 6000.0, 6000.0, "corner above which echoes fade", Scale.LOG
        ),
        Parameter("mix", "", 0.0, 1.0, 0.0, 1.0, "0 dry, 1 echoes alone, as a return wants it"),
    )

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        past = round(_MAX_TIME_MS / 1000.0 * sample_rate) + DELAY_TAPS
        line = silent_past(rows, channels, past, dtype=torch.float64, device=device)
        return line | {"damping": torch.zeros(rows, channels, dtype=torch.float64, device=device)}

    def render(
        self,
        audio: Tensor,
        controls: Tensor,
        state: State,
        *,
        sample_rate: int,
        offset: int = 0,
        key: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        del key
        time_ms, feedback, damping_hz, mix = controls.double().unbind(-1)
        whole, taps = interpolator(time_ms[:, 0] / 1000.0 * sample_rate)
        past = aligned(state)
        line, near = _line(past, whole, audio.shape[-1])
        out, line, damping = delay_loop(
            audio,
            near,
            taps,
            torch.stack([feedback, damping_pole(damping_hz, sample_rate), mix], -1),
            line,
            state["damping"],
            ping_pong=self.ping_pong,
            offset=offset,
        )
        written = line[..., max(line.shape[-1] - audio.shape[-1], 0) :]
        return out, extended(past, written) | {"damping": damping}

    def tail_seconds(self, controls: Tensor) -> float:
        time_ms, feedback, _, mix = controls.double().unbind(-1)
        seconds = echo_seconds(time_ms[..., :1] / 1000.0, feedback)
        return float(torch.where((mix > 0.0).any(-1, keepdim=True), seconds, 0.0).max())


def _line(past: Past, whole: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """As much of each row's past as this call hears, and the delays at which it is heard there.

    A delay that is longer than the call hears nothing that the call writes. Then what lies between may be
    left out, as if the delay were as much shorter.

    Shape: whole (rows,) → (rows, channels, samples + more), (rows,)
    """
    longest = max(samples + DELAY_TAPS, SHORTEST)
    delays = whole.tolist()
    left_out = [max(delay - longest, 0) for delay in delays]
    length = max((delay - less for delay, less in zip(delays, left_out, strict=True)), default=0)
    length = max(
        length + DELAY_TAPS, min(samples, num_pages(past) * PAGE)
    )  # what is written comes back in it
    if len(set(left_out)) <= 1:
        line = stretch(past, length, age=max(left_out, default=0))
    else:
        rows = [stretch(past, length, age=age, rows=slice(i, i + 1)) for i, age in enumerate(left_out)]
        line = torch.cat(rows)
    return line, whole - whole.new_tensor(left_out)

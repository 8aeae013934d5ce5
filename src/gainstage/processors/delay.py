"""The delay: echoes, each duller and weaker than the one before."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.delay import damping_pole, echo_seconds
from gainstage.dsp.fractional_delay import DELAY_TAPS, interpolator
from gainstage.kernels.delay import delay_loop
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
        return {
            "line": torch.zeros(rows, channels, past, dtype=torch.float64, device=device),
            "damping": torch.zeros(rows, channels, dtype=torch.float64, device=device),
        }

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
        audio, line, damping = delay_loop(
            audio,
            whole,
            taps,
            torch.stack([feedback, damping_pole(damping_hz, sample_rate), mix], -1),
            state["line"],
            state["damping"],
            ping_pong=self.ping_pong,
            offset=offset,
        )
        return audio, {"line": line, "damping": damping}

    def tail_seconds(self, controls: Tensor) -> float:
        time_ms, feedback, _, mix = controls.double().unbind(-1)
        seconds = echo_seconds(time_ms[..., :1] / 1000.0, feedback)
        return float(torch.where((mix > 0.0).any(-1, keepdim=True), seconds, 0.0).max())

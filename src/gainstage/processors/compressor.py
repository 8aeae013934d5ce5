"""The compressor: turns down what is above a threshold, so that a part keeps its place in the mix."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from torch import Tensor

from gainstage.dsp.compressor import time_coefficient
from gainstage.kernels.dynamics import compress
from gainstage.processors.parameter import Parameter, Scale
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Compressor(Processor):
    """Feed-forward, log domain, soft knee, linked channels; the law stands in `gainstage.dsp.compressor`.

    Args:
        detector: `peak` follows the waveform and catches transients; `rms` follows the power over a window
        and moves
            more gently.
        rms_window_ms: time constant of the power; `peak` has no use for it.
    """

    detector: Literal["peak", "rms"] = "peak"
    rms_window_ms: float = 10.0

    name: ClassVar[str] = "compressor"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("threshold_db", "dB", -60.0, 0.0, 0.0, -18.0, "level above which it turns down"),
        Parameter("ratio", "", 1.0, 20.0, 1.0, 1.5, "dB in per dB out above the threshold", Scale.RATIO),
        Parameter("attack_ms", "ms", 0.1, 200.0, 10.0, 10.0, "time to turn down; 63 % of a step", Scale.LOG),
        Parameter("release_ms", "ms", 5.0, 2000.0, 150.0, 150.0, "time to let go; 63 % of a step", Scale.LOG),
        Parameter("knee_db", "dB", 0.0, 24.0, 6.0, 6.0, "width of the bend around the threshold"),
        Parameter("makeup_db", "dB", 0.0, 24.0, 0.0, 0.0, "gain after compression"),
        Parameter("mix", "", 0.0, 1.0, 1.0, 1.0, "0 is the dry signal, 1 the compressed one"),
    )

    def __post_init__(self) -> None:
        if self.detector not in ("peak", "rms"):
            raise ValueError(f"detector is '{self.detector}'; it may be 'peak' or 'rms'")
        if not self.rms_window_ms > 0.0:
            raise ValueError(f"rms_window_ms is {self.rms_window_ms:g}; a window must be longer than 0 ms")

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        del channels, sample_rate
        return {"detector": torch.zeros(rows, 3, dtype=torch.float64, device=device)}

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
        threshold_db, ratio, attack_ms, release_ms, knee_db, makeup_db, mix = controls.double().unbind(-1)
        attack, release = time_coefficient(attack_ms, sample_rate), time_coefficient(release_ms, sample_rate)
        audio, after = compress(
            audio,
            key,
            torch.stack([threshold_db, 1.0 - 1.0 / ratio, knee_db, attack, release, makeup_db, mix], -1),
            state["detector"],
            detector=self.detector,
            rms_coefficient=math.exp(-1000.0 / (self.rms_window_ms * sample_rate)),
            offset=offset,
        )
        return audio, {"detector": after}

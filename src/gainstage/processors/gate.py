"""The gate, or gently an expander: turns down what is below a threshold, the bleed between the hits."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from torch import Tensor

from gainstage.dsp.compressor import time_coefficient
from gainstage.dsp.side_chain import check_detector, key_high_pass, share_out
from gainstage.kernels.dynamics import expand
from gainstage.processors.parameter import Parameter, Scale
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Gate(Processor):
    """Feed-forward, log domain; the law stands in `gainstage.dsp.gate`.

    Args:
        detector: `peak` follows the waveform and opens on transients; `rms` follows the power over a window,
            opens later and chatters less.
        rms_window_ms: time constant of the power; `peak` has no use for it.
        hold_ms: 0 … 500; how long it stays open after the level was last at the threshold. It bridges the
            zero crossings of a waveform: 20 ms keep a gate open on 25 Hz; at 0 ms it distorts the bass.
        key_high_pass_hz: 0 (off) or 20 … 1000; the detector hears no bass (of the key, or of the audio), so
            that a kick's bleed does not open a snare's gate. A filter's pass more.
        link: one gain for all channels, which keeps the image where it is; or each channel by itself.
    """

    detector: Literal["peak", "rms"] = "peak"
    rms_window_ms: float = 10.0
    hold_ms: float = 20.0
    key_high_pass_hz: float = 0.0
    link: bool = True

    name: ClassVar[str] = "gate"
    takes_key: ClassVar[bool] = True
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("threshold_db", "dB", -80.0, 0.0, -80.0, -50.0, "level below which it turns down"),
        Parameter("ratio", "", 1.0, 10.0, 1.0, 1.5, "dB out per dB in below the threshold", Scale.RATIO),
        Parameter("range_db", "dB", -80.0, 0.0, -20.0, -20.0, "how far it turns down at most"),
        Parameter("attack_ms", "ms", 0.1, 100.0, 1.0, 1.0, "time to open; 63 % of a step", Scale.LOG),
        Parameter("release_ms", "ms", 5.0, 2000.0, 100.0, 100.0, "time to close; 63 % of a step", Scale.LOG),
    )

    def __post_init__(self) -> None:
        check_detector(
            self.detector, rms_window_ms=self.rms_window_ms, key_high_pass_hz=self.key_high_pass_hz
        )
        if not 0.0 <= self.hold_ms <= 500.0:
            raise ValueError(f"hold_ms is {self.hold_ms:g}; a gate holds for 0 to 500 ms")

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        del sample_rate

        def silence(*shape: int) -> Tensor:
            return torch.zeros(rows, *shape, dtype=torch.float64, device=device)

        state = {"detector": silence(1 if self.link else channels, 3)}
        return state | ({"key": silence(max(channels, 2), 1, 2)} if self.key_high_pass_hz else {})

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
        after = dict(state)
        if self.key_high_pass_hz:
            key, after["key"] = key_high_pass(
                audio if key is None else key,
                state["key"],
                frequency_hz=self.key_high_pass_hz,
                sample_rate=sample_rate,
            )
        signals = share_out(
            audio, key, self._kernel_controls(controls, sample_rate), detectors=state["detector"].shape[1]
        )
        out, reached = expand(
            *signals,
            state["detector"].flatten(0, 1),
            hold_samples=round(self.hold_ms / 1000.0 * sample_rate),
            detector=self.detector,
            rms_coefficient=math.exp(-1000.0 / (self.rms_window_ms * sample_rate)),
            offset=offset,
        )
        after["detector"] = reached.view_as(state["detector"])
        return out.view_as(audio), after

    def _kernel_controls(self, controls: Tensor, sample_rate: int) -> Tensor:
        threshold_db, ratio, range_db, attack_ms, release_ms = controls.double().unbind(-1)
        opening, closing = time_coefficient(attack_ms, sample_rate), time_coefficient(release_ms, sample_rate)
        no_makeup, all_wet = torch.zeros_like(ratio), torch.ones_like(ratio)
        return torch.stack([threshold_db, ratio - 1.0, -range_db, closing, opening, no_makeup, all_wet], -1)

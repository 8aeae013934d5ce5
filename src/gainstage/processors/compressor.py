"""The compressor: turns down what is above a threshold, so that a part keeps its place in the mix."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from torch import Tensor

from gainstage.dsp.band import cut, sharpen
from gainstage.dsp.biquad import ring_seconds
from gainstage.dsp.compressor import time_coefficient
from gainstage.dsp.delay_line import delayed
from gainstage.dsp.side_chain import check_detector, key_high_pass, share_out
from gainstage.kernels.biquad import biquad_cascade
from gainstage.kernels.dynamics import compress
from gainstage.processors.parameter import Parameter, Scale
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Compressor(Processor):
    """Feed-forward, log domain, soft knee; the law stands in `gainstage.dsp.compressor`.

    Args:
        detector: `peak` follows the waveform and catches transients; `rms` follows the power over a window
            and moves more gently.
        rms_window_ms: time constant of the power; `peak` has no use for it.
        look_ahead_ms: 0 … 15; the audio comes so much later than what the detector hears, so that the gain is
            down when a transient arrives: cleaner peaks at the price of punch, and of latency.
        key_high_pass_hz: 0 (off) or 20 … 1000; the detector hears no bass (of the key, or of the audio), so
            that a kick does not pump the whole mix. A filter's pass more.
        link: one gain for all channels, which keeps the image where it is; or each channel by itself, which
            is tighter and lets it wander, in twice the time.
        band_low_hz, band_high_hz: 0 (open at that end) or 20 … 20 000; unless both are 0, only the part of
            the audio between them is heard and turned down: from 5000 Hz up, a de-esser. It acts as a shelf
            or bell that moves (`gainstage.dsp.band`), with slopes of 6 dB an octave: gentle, without delay or
            ringing, and at rest the output is the input to the bit. The detector hears the part with slopes
            of 18 dB, or the key, if there is one. Two filters' passes and two sums more.
    """

    detector: Literal["peak", "rms"] = "peak"
    rms_window_ms: float = 10.0
    look_ahead_ms: float = 0.0
    key_high_pass_hz: float = 0.0
    link: bool = True
    band_low_hz: float = 0.0
    band_high_hz: float = 0.0

    name: ClassVar[str] = "compressor"
    takes_key: ClassVar[bool] = True
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
        check_detector(
            self.detector, rms_window_ms=self.rms_window_ms, key_high_pass_hz=self.key_high_pass_hz
        )
        if not 0.0 <= self.look_ahead_ms <= 15.0:
            raise ValueError(f"look_ahead_ms is {self.look_ahead_ms:g}; a compressor looks 0 to 15 ms ahead")
        for field in ("band_low_hz", "band_high_hz"):
            value = getattr(self, field)
            if value != 0.0 and not 20.0 <= value <= 20_000.0:
                raise ValueError(f"{field} is {value:g}; it may be 0 (off) or 20 to 20000 Hz")
        if 0.0 < self.band_high_hz <= self.band_low_hz:
            raise ValueError(
                f"the band from {self.band_low_hz:g} to {self.band_high_hz:g} Hz is empty; band_high_hz must "
                "be above band_low_hz, or 0 for no upper end"
            )

    def latency_samples(self, sample_rate: int) -> int:
        return round(self.look_ahead_ms / 1000.0 * sample_rate)

    def tail_seconds(self, controls: Tensor) -> float:
        del controls
        low_hz, high_hz = self.band_low_hz, self.band_high_hz
        if not (low_hz or high_hz):
            return 0.0
        centre_hz = math.sqrt(low_hz * high_hz) or low_hz or high_hz
        q = centre_hz / (high_hz - low_hz) if low_hz and high_hz else 0.5
        return float(ring_seconds(*torch.tensor([centre_hz, q], dtype=torch.float64)))

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        def silence(*shape: int) -> Tensor:
            return torch.zeros(rows, *shape, dtype=torch.float64, device=device)

        state = {"detector": silence(1 if self.link else channels, 3)}
        edges = (self.band_low_hz > 0.0) + (self.band_high_hz > 0.0)
        latency = self.latency_samples(sample_rate)
        if self.key_high_pass_hz:
            state["key"] = silence(max(channels, 2), 1, 2)
        if edges:
            state["band"], state["heard"] = silence(channels, 1, 2), silence(channels, edges, 2)
        if latency:
            state["past"] = silence(2 * channels if edges else channels, latency)
        return state

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
        after, part = dict(state), audio
        if "band" in state:
            part, after["band"] = self._filter(audio, cut, state["band"], sample_rate)
        heard = part if key is None else key
        if "heard" in state and key is None:
            heard, after["heard"] = self._filter(part, sharpen, state["heard"], sample_rate)
        if "key" in state:
            corner_hz = self.key_high_pass_hz
            heard, after["key"] = key_high_pass(
                heard, state["key"], frequency_hz=corner_hz, sample_rate=sample_rate
            )
        if "past" in state:
            late, after["past"] = delayed(
                torch.cat([audio, part], 1) if "band" in state else audio, state["past"]
            )
            audio, part = late[:, : audio.shape[1]], late[:, -audio.shape[1] :]
        out, after["detector"] = self._compress(
            part, None if heard is part else heard, controls, state["detector"], sample_rate, offset
        )
        return audio + (out - part) if "band" in state else out, after

    def _compress(
        self,
        audio: Tensor,
        key: Tensor | None,
        controls: Tensor,
        state: Tensor,
        sample_rate: int,
        offset: int,
    ) -> tuple[Tensor, Tensor]:
        threshold_db, ratio, attack_ms, release_ms, knee_db, makeup_db, mix = controls.double().unbind(-1)
        attack, release = time_coefficient(attack_ms, sample_rate), time_coefficient(release_ms, sample_rate)
        controls = torch.stack(
            [threshold_db, 1.0 - 1.0 / ratio, knee_db, attack, release, makeup_db, mix], -1
        )
        out, reached = compress(
            *share_out(audio, key, controls, detectors=state.shape[1]),
            state.flatten(0, 1),
            detector=self.detector,
            rms_coefficient=math.exp(-1000.0 / (self.rms_window_ms * sample_rate)),
            offset=offset,
        )
        return out.view_as(audio), reached.view_as(state)

    def _filter(
        self, audio: Tensor, design: Callable[[float, float, int], Tensor], state: Tensor, sample_rate: int
    ) -> tuple[Tensor, Tensor]:
        coefficients = design(self.band_low_hz, self.band_high_hz, sample_rate).to(audio.device)
        return biquad_cascade(audio, coefficients.expand(len(audio), 1, -1, -1), state)

"""The limiter: keeps the waveform, also between the samples, below a ceiling."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.compressor import time_coefficient
from gainstage.dsp.true_peak import TAPS, phase_taps
from gainstage.kernels.limiter import limit, num_past_samples
from gainstage.processors.parameter import Parameter, Scale
from gainstage.processors.processor import Processor, State


@final
@dataclass(frozen=True)
class Limiter(Processor):
    """True peaks by the meter of BS.1770 (four phases at 44.1 and 48 kHz), look-ahead, one gain for all.

    The law stands in `gainstage.kernels.limiter_cpu`. The reduction goes down over the look-ahead and back up
    with the release; below the ceiling the output is the input, late by `latency_samples`, bit for bit.
    What the meter reads stays within .01 dB of the ceiling. It reads the waveform at four phases only, so
    .1 dB more may lie between them in music, and a decibel in squares and noise that reach up to half the
    sample rate. A converter or a codec wants the ceiling at −1 dB.

    Args:
        look_ahead_ms: .1 … 15; how long before a peak the gain begins to fall. Longer is cleaner in the bass
            (a 50 Hz tone 6 dB over, at 100 ms of release: distortion −42 dB at 1.5 ms, −49 at 3, −63 at 5)
            and duller at the transients.
        link: one gain for all channels, which keeps the image where it is; or each channel by itself.
    """

    look_ahead_ms: float = 3.0
    link: bool = True

    name: ClassVar[str] = "limiter"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("ceiling_db", "dB", -12.0, 0.0, 0.0, -1.0, "true peak (dBTP) that is not exceeded"),
        Parameter(
            "release_ms", "ms", 10.0, 1000.0, 100.0, 100.0, "time to let go; 63 % of a step", Scale.LOG
        ),
    )

    def __post_init__(self) -> None:
        if not 0.1 <= self.look_ahead_ms <= 15.0:
            raise ValueError(f"look_ahead_ms is {self.look_ahead_ms:g}; a limiter looks 0.1 to 15 ms ahead")

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        ahead, gains = self._look_ahead_samples(sample_rate), 1 if self.link else channels

        def silence(width: int, samples: int) -> Tensor:
            return torch.zeros(rows, width, samples, dtype=torch.float64, device=device)

        return {
            "past": silence(channels, num_past_samples(TAPS, ahead)),
            "wanted": silence(gains, ahead),
            "reduction": silence(gains, ahead),
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
        ceiling_db, release_ms = controls.double().unbind(-1)
        controls = torch.stack([ceiling_db, time_coefficient(release_ms, sample_rate)], -1)
        gains = state["wanted"].shape[1]
        joined = torch.cat([state["past"].to(audio.dtype), audio], -1)
        out, wanted, reduction = limit(
            joined.reshape(audio.shape[0] * gains, -1, joined.shape[-1]),
            controls.repeat_interleave(gains, 0),
            state["wanted"].flatten(0, 1),
            state["reduction"].flatten(0, 1),
            taps=phase_taps(sample_rate).to(audio.device),
            window=_triangle(self._look_ahead_samples(sample_rate)).to(audio.device),
            offset=offset,
        )
        return out.reshape(audio.shape), {
            "past": joined[..., audio.shape[-1] :].double(),
            "wanted": wanted.view_as(state["wanted"]),
            "reduction": reduction.view_as(state["reduction"]),
        }

    def latency_samples(self, sample_rate: int) -> int:
        return self._look_ahead_samples(sample_rate) + TAPS // 2

    def _look_ahead_samples(self, sample_rate: int) -> int:
        return max(1, round(self.look_ahead_ms * sample_rate / 1000.0))


@lru_cache
def _triangle(look_ahead: int) -> Tensor:
    """The weights of two running means in a row: a fall without corners, 11 dB cleaner than one mean.

    Shape: → (look_ahead + 1,), float64
    """
    with torch.inference_mode(False), torch.no_grad():  # it is kept, and gradients may pass it later
        ramp = torch.arange(look_ahead + 1, dtype=torch.float64)
        weights = 1.0 + torch.minimum(ramp, ramp.flip(0))
        return weights / weights.sum()

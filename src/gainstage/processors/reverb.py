"""The reverb: convolution with a seeded response whose decay and level are set octave by octave."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, final

import torch
from torch import Tensor

from gainstage.dsp.convolution import Response
from gainstage.dsp.gain import ramp
from gainstage.dsp.live_convolution import convolve_live, silence
from gainstage.dsp.octaves import BANDS_HZ
from gainstage.dsp.reverb import num_response_samples, reverb_response
from gainstage.processors.parameter import Kind, Parameter, Scale
from gainstage.processors.processor import Processor, State

_START_T60_S = (
    1.6,
    1.5,
    1.4,
    1.3,
    1.2,
    1.1,
    0.9,
    0.7,
)  # a medium hall: air and walls swallow the highs first
_MAX_PRE_DELAY_MS, _MAX_T60_S = 200.0, 10.0


def _decay(band_hz: int, start_s: float) -> Parameter:
    meaning = f"time in which the octave around {band_hz} Hz decays by 60 dB"
    name = f"t60_{band_hz}hz_s"
    return Parameter(name, "s", 0.1, _MAX_T60_S, start_s, start_s, meaning, Scale.LOG, Kind.STATIC)


def _level(band_hz: int) -> Parameter:
    meaning = f"level of the octave around {band_hz} Hz in the reverb"
    return Parameter(f"gain_{band_hz}hz_db", "dB", -24.0, 12.0, 0.0, 0.0, meaning, kind=Kind.STATIC)


@final
@dataclass(frozen=True)
class Reverb(Processor):
    """A room on a return or, by its mix, in a strip.

    At the default mix 0 it gives its input. A return carries the wet signal alone: its session sets mix to
    1, which is also where networks and fits start. Left and right have independent noise; a row of one
    channel has the left one's. There is no latency: the response begins with the pre-delay.

    Args:
        seed: which room of the kind that the parameters describe, 0 … 2^63 − 1.
    """

    name: ClassVar[str] = "reverb"
    table: ClassVar[tuple[Parameter, ...]] = (
        Parameter("mix", "", 0.0, 1.0, 0.0, 1.0, "0 dry, 1 wet alone, as a return wants it"),
        Parameter(
            "pre_delay_ms",
            "ms",
            0.0,
            _MAX_PRE_DELAY_MS,
            0.0,
            20.0,
            "silence before the reverb",
            kind=Kind.STATIC,
        ),
        *(_decay(band_hz, start_s) for band_hz, start_s in zip(BANDS_HZ, _START_T60_S, strict=True)),
        *(_level(band_hz) for band_hz in BANDS_HZ),
    )
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"reverb: seed {self.seed} is not in 0 … 2^63 − 1")

    def initial_state(self, rows: int, channels: int, *, sample_rate: int, device: torch.device) -> State:
        past = num_response_samples(_MAX_T60_S, _MAX_PRE_DELAY_MS / 1000.0, sample_rate=sample_rate)
        return silence(rows, channels, past, device=device)

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
        response = self._response(controls[:, 0, 1:], sample_rate, audio)
        wet, after = convolve_live(audio, response, state)
        mix = ramp(controls[:, None, :, 0].to(audio.dtype), offset, audio.shape[-1])
        return torch.lerp(audio, wet, mix), after

    def tail_seconds(self, controls: Tensor) -> float:
        pre_delay_s = controls[..., 1] / 1000.0
        return float((pre_delay_s + controls[..., 2 : 2 + len(BANDS_HZ)].amax(-1)).amax())

    def _response(self, room: Tensor, sample_rate: int, audio: Tensor) -> Response:
        """The response of each row: built anew where it needs a gradient, else remembered."""
        channels = audio.shape[1]
        if torch.is_grad_enabled() and room.requires_grad:
            return Response(_build(room, self.seed, sample_rate, channels, audio.dtype))
        rows = tuple(tuple(row) for row in room.tolist())
        return _remembered(rows, self.seed, sample_rate, channels, audio.dtype, audio.device)


def _build(room: Tensor, seed: int, sample_rate: int, channels: int, dtype: torch.dtype) -> Tensor:
    """Responses from the rows of the table behind the mix."""
    pre_delay_ms, t60_s, gain_db = room.double().split((1, len(BANDS_HZ), len(BANDS_HZ)), dim=-1)
    return reverb_response(
        t60_s,
        gain_db,
        pre_delay_ms[:, 0] / 1000.0,
        seed=seed,
        sample_rate=sample_rate,
        channels=channels,
        dtype=dtype,
    )


@lru_cache(maxsize=4)
def _remembered(
    rows: tuple[tuple[float, ...], ...],
    seed: int,
    sample_rate: int,
    channels: int,
    dtype: torch.dtype,
    device: torch.device,
) -> Response:
    """The response of fixed settings with its spectra, for all blocks of a song."""
    room = torch.tensor(rows, dtype=torch.float64, device=device)
    with torch.inference_mode(False), torch.no_grad():
        return Response(_build(room, seed, sample_rate, channels, dtype))

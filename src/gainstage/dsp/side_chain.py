"""What a dynamics processor's detectors hear."""

import torch
from torch import Tensor

from gainstage.dsp.biquad import high_pass
from gainstage.kernels.biquad import biquad_cascade

_FLAT = 0.5**0.5


def check_detector(detector: str, *, rms_window_ms: float, key_high_pass_hz: float) -> None:
    """The settings that every detector has.

    Raises:
        ValueError: one of them is none that there is.
    """
    if detector not in ("peak", "rms"):
        raise ValueError(f"detector is '{detector}'; it may be 'peak' or 'rms'")
    if not rms_window_ms > 0.0:
        raise ValueError(f"rms_window_ms is {rms_window_ms:g}; a window must be longer than 0 ms")
    if key_high_pass_hz != 0.0 and not 20.0 <= key_high_pass_hz <= 1000.0:
        raise ValueError(f"key_high_pass_hz is {key_high_pass_hz:g}; it may be 0 (off) or 20 to 1000 Hz")


def key_high_pass(
    heard: Tensor, state: Tensor, *, frequency_hz: float, sample_rate: int
) -> tuple[Tensor, Tensor]:
    """Take the bass out of what a detector hears: second-order Butterworth, 12 dB an octave.

    Bass carries the most energy, so without this a kick or a plosive sets the gain of everything above it.

    Args:
        heard: the key, or the audio itself; of one channel or of as many as `state` has.
        state: of the filter, two numbers a channel; both channels' are alike after a mono signal, so one may
            follow the other.
        frequency_hz: the corner, −3 dB.
        sample_rate: in Hz.

    Shape: heard (rows, channels, samples), state (rows, state channels, 1, 2) → the same.
    """
    corner, q = (torch.tensor(v, dtype=torch.float64, device=heard.device) for v in (frequency_hz, _FLAT))
    coefficients = high_pass(corner, q, sample_rate).expand(len(heard), 1, 1, -1)
    heard, after = biquad_cascade(heard, coefficients, state[:, : heard.shape[1]])
    return heard, after.expand_as(state)


def share_out(
    audio: Tensor, key: Tensor | None, controls: Tensor, *, detectors: int
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Rows for so many detectors a row: one for all channels, or one for each.

    With one for each, each hears its own channel of the key where the key has as many, else all of it.

    Shape: audio (rows, channels, samples) → (rows · detectors, channels / detectors, samples), the key
        likewise, controls (rows, points, width) → (rows · detectors, points, width).
    """
    if detectors == 1:
        return audio, key, controls
    if key is not None:
        own = key.shape[1] == detectors
        key = key.flatten(0, 1).unsqueeze(1) if own else key.repeat_interleave(detectors, 0)
    return audio.flatten(0, 1).unsqueeze(1), key, controls.repeat_interleave(detectors, 0)

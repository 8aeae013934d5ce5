import math

import pytest
import torch
from torch import Tensor

from gainstage.processors.compressor import Compressor
from gainstage.processors.processor import Processor

RATE = 44_100


def settings(effect: Processor, **changes: float) -> Tensor:
    values = {row.name: row.default for row in effect.table} | changes
    return torch.tensor(list(values.values()), dtype=torch.float64)[None, None]


def render(effect: Processor, audio: Tensor, key: Tensor | None = None, **changes: float) -> Tensor:
    state = effect.initial_state(*audio.shape[:2], sample_rate=RATE, device=audio.device)
    return effect.render(audio, settings(effect, **changes), state, sample_rate=RATE, key=key)[0]


def tone(amplitude: float, seconds: float = 0.5) -> Tensor:
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return amplitude * torch.sin(2.0 * math.pi * 1000.0 * time)[None, None]


def test_a_steady_tone_ends_on_the_static_curve() -> None:
    """An RMS detector reads a sine 3 dB below its peak: 12 dB over at 4:1 become 3."""
    audio = tone(10.0 ** ((-8.0 + 3.0103) / 20.0))
    out = render(Compressor(detector="rms"), audio, threshold_db=-20.0, ratio=4.0, attack_ms=1.0, knee_db=0.0)
    gain_db = 20.0 * math.log10(float(out[..., -4410:].norm() / audio[..., -4410:].norm()))
    assert math.isclose(gain_db, -9.0, abs_tol=0.05)


def test_peak_reads_higher_than_rms() -> None:
    changes = {"threshold_db": -20.0, "ratio": 4.0}
    peak, rms = (render(Compressor(detector=d), tone(0.5), **changes) for d in ("peak", "rms"))
    assert float(peak[..., -4410:].norm()) < 0.95 * float(rms[..., -4410:].norm())


def test_a_key_ducks_what_it_does_not_contain() -> None:
    pad, kick = tone(0.01), tone(0.9)
    assert torch.allclose(render(Compressor(), pad, threshold_db=-20.0, ratio=8.0, knee_db=0.0), pad)
    ducked = render(Compressor(), pad, kick, threshold_db=-20.0, ratio=8.0, knee_db=0.0)
    assert float(ducked[..., -4410:].norm()) < 0.2 * float(pad[..., -4410:].norm())


@pytest.mark.parametrize("detector", ["peak", "rms"])
def test_release_has_a_gradient(detector: str) -> None:
    """In one peer it is accepted and never used."""
    effect = Compressor(detector=detector)  # type: ignore[arg-type]
    controls = settings(effect, threshold_db=-20.0, ratio=4.0).requires_grad_()
    audio = torch.cat([tone(0.9, 0.1), tone(0.01, 0.1)], -1)
    state = effect.initial_state(1, 1, sample_rate=RATE, device=audio.device)
    out, _ = effect.render(audio, controls, state, sample_rate=RATE)
    out.square().sum().backward()
    assert controls.grad is not None
    release = [row.name for row in effect.table].index("release_ms")
    assert float(controls.grad[0, 0, release].abs()) > 1e-6


def test_mix_is_parallel_compression() -> None:
    audio, changes = tone(0.5), {"threshold_db": -30.0, "ratio": 10.0, "makeup_db": 6.0}
    wet, half = (render(Compressor(), audio, mix=mix, **changes) for mix in (1.0, 0.5))
    assert torch.allclose(half, 0.5 * (audio + wet), atol=1e-12)


def test_loud_side_turns_the_quiet_side_down_too() -> None:
    audio = torch.cat([tone(0.9), tone(0.001)], 1)
    out = render(Compressor(), audio, threshold_db=-20.0, ratio=4.0)
    gains = out[..., 11::44] / audio[..., 11::44]
    assert torch.allclose(gains[:, 0], gains[:, 1])
    assert float(gains[..., -1].max()) < 0.5


def test_says_what_it_may_be() -> None:
    with pytest.raises(ValueError, match="'peak' or 'rms'"):
        Compressor(detector="loudness")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rms_window_ms is 0"):
        Compressor(rms_window_ms=0.0)

import math

import pytest
import torch
from torch import Tensor

from gainstage.processors.saturation import Saturation

RATE = 44_100


def render(effect: Saturation, audio: Tensor, drive_db: float, mix: float) -> Tensor:
    rows, channels, _ = audio.shape
    controls = torch.tensor([drive_db, mix], dtype=torch.float64).expand(rows, 1, 2)
    state = effect.initial_state(rows, channels, sample_rate=RATE, device=audio.device)
    return effect.render(audio, controls, state, sample_rate=RATE)[0]


def tone(frequency_hz: float, amplitude: float, seconds: int = 2) -> Tensor:
    time = torch.arange(seconds * RATE, dtype=torch.float64) / RATE
    return (amplitude * torch.sin(2.0 * math.pi * frequency_hz * time))[None, None]


# dB below the tone: measured, rounded up to the next whole one
ALIASES = {
    (5000, 12.0): (-26, -73, -116, -116),
    (5000, 24.0): (-16, -33, -56, -97),
    (11_000, 12.0): (-15, -36, -73, -112),
    (11_000, 24.0): (-10, -20, -33, -54),
}


@pytest.mark.parametrize(("frequency_hz", "drive_db"), ALIASES)
def test_false_tones_are_as_low_as_documented(frequency_hz: int, drive_db: float) -> None:
    """One second has a bin a hertz, so tones leak nowhere and all but the harmonics are false."""
    for oversampling, limit_db in zip((1, 2, 4, 8), ALIASES[frequency_hz, drive_db], strict=True):
        effect = Saturation(oversampling=oversampling)
        out = render(effect, tone(frequency_hz, 0.5), drive_db, 1.0)[0, 0, -RATE:]
        spectrum = torch.fft.rfft(out).abs()
        fundamental = float(spectrum[frequency_hz])
        spectrum[::frequency_hz] = 0.0
        assert 20.0 * math.log10(float(spectrum.max()) / fundamental) <= limit_db


@pytest.mark.parametrize("oversampling", [1, 4])
@pytest.mark.parametrize("drive_db", [0.0, 9.0, 24.0])
def test_drive_keeps_the_level_of_a_usual_tone(oversampling: int, drive_db: float) -> None:
    audio = tone(300.0, 0.25)
    out = render(Saturation(oversampling=oversampling), audio, drive_db, 1.0)
    power = out[..., -RATE:].square().mean() / audio[..., -RATE:].square().mean()
    assert abs(10.0 * math.log10(float(power))) <= 0.02


@pytest.mark.parametrize("oversampling", [2, 4, 8])
def test_passes_small_signals_flat_and_late_by_its_latency(oversampling: int) -> None:
    effect = Saturation(oversampling=oversampling)
    gain = math.sqrt(0.5 * (s := math.sqrt(1.0 + 0.25**2)) * (s + 1.0))  # c·d at 0 dB
    latency = effect.latency_samples(RATE)
    for frequency_hz in (100.0, 10_000.0, 20_000.0):
        audio = tone(frequency_hz, 1e-4)
        out = render(effect, audio, 0.0, 1.0)
        expected = gain * audio[..., :-latency]
        assert torch.allclose(out[..., latency:][..., 500:], expected[..., 500:], atol=1e-4 * 3e-4)


def test_dry_and_wet_are_in_phase() -> None:
    audio = tone(1000.0, 1e-4)
    half, full, dry = (render(Saturation(), audio, 6.0, mix) for mix in (0.5, 1.0, 0.0))
    assert torch.allclose(half, 0.5 * (full + dry), atol=1e-12)
    assert float(half[..., -RATE:].square().sum() / full[..., -RATE:].square().sum()) > 0.8


def test_moving_controls_belong_to_the_samples_that_they_came_with() -> None:
    """A mix that jumps to 1 after the signal has ended changes nothing, though the signal is still inside."""
    audio = torch.zeros(1, 1, 192, dtype=torch.float64)
    audio[..., 20:120] = torch.randn(100, dtype=torch.float64)
    controls = torch.tensor([[12.0, 0.0], [12.0, 0.0], [12.0, 0.0], [12.0, 1.0]], dtype=torch.float64)[None]
    effect = Saturation()
    state = effect.initial_state(1, 1, sample_rate=RATE, device=audio.device)
    out, _ = effect.render(audio, controls, state, sample_rate=RATE)
    assert torch.equal(out[..., 63:], audio[..., :-63])


def test_names_a_wrong_oversampling() -> None:
    with pytest.raises(ValueError, match="oversampling is 3; it may be 1, 2, 4 or 8"):
        Saturation(oversampling=3)  # type: ignore[arg-type]


def test_tail_is_the_second_half_of_the_ringing() -> None:
    controls = torch.tensor([[[12.0, 0.5]]], dtype=torch.float64)
    assert Saturation().tail_seconds(controls) == pytest.approx(63 / 44_100)
    assert Saturation(oversampling=1).tail_seconds(controls) == 0.0
    assert Saturation().tail_seconds(0.0 * controls) == 0.0

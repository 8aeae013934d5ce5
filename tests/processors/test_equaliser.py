import math

import pytest
import torch
from torch import Tensor

from gainstage.dsp.biquad import frequency_response
from gainstage.kernels.grid import GRID, num_points
from gainstage.processors.equaliser import Equaliser

RATE = 44_100
EFFECT = Equaliser()


def settings(**changes: float) -> Tensor:
    values = {row.name: row.default for row in EFFECT.table} | changes
    return torch.tensor(list(values.values()), dtype=torch.float64)[None, None]


def render(audio: Tensor, controls: Tensor, sample_rate: int = RATE) -> Tensor:
    state = EFFECT.initial_state(*audio.shape[:2], sample_rate=sample_rate, device=audio.device)
    return EFFECT.render(audio, controls, state, sample_rate=sample_rate)[0]


@pytest.mark.parametrize("band", ["low_shelf", "peak_1", "peak_2", "peak_3", "peak_4", "high_shelf"])
def test_each_band_does_what_its_name_says(band: str) -> None:
    """Order of the table, order of the sections and kind of filter, told by where the gain is."""
    controls = settings(**{f"{band}_frequency_hz": 3000.0 if "4" in band or "high" in band else 350.0,
                           f"{band}_gain_db": 10.0, f"{band}_q": 0.7})  # fmt: skip
    corner = float(controls[0, 0, [row.name for row in EFFECT.table].index(f"{band}_frequency_hz")])
    response = frequency_response(
        EFFECT.coefficients(controls[0, 0], RATE), torch.tensor([1.0, corner, 22_000.0]), RATE
    )
    expected = {"low": [10.0, 5.0, 0.0], "high": [0.0, 5.0, 10.0]}.get(band.split("_")[0], [0.0, 10.0, 0.0])
    assert torch.allclose(20.0 * response.abs().log10(), torch.tensor(expected).double(), atol=0.05)


def test_render_has_the_response_of_its_coefficients() -> None:
    impulse = torch.zeros(1, 1, 1 << 15, dtype=torch.float64)
    impulse[..., 0] = 1.0
    controls = settings(
        low_shelf_gain_db=6.0, peak_1_gain_db=-9.0, peak_3_gain_db=4.0, high_shelf_gain_db=-5.0
    )
    spectrum = torch.fft.rfft(render(impulse, controls)[0, 0])
    frequencies = torch.fft.rfftfreq(1 << 15, 1.0 / RATE)
    expected = frequency_response(EFFECT.coefficients(controls[0, 0], RATE), frequencies, RATE)
    assert torch.allclose(spectrum, expected, atol=1e-6)


def splatter_db(audio: Tensor, frequency_hz: float) -> float:
    """The power that lies more than 50 Hz from a tone, relative to all of it.

    The window's sidelobes lie below −200 dB and the sweep is smooth, so whatever is found there was made.
    """
    window = torch.kaiser_window(audio.shape[-1], periodic=False, beta=30.0, dtype=torch.float64)
    power = torch.fft.rfft(audio.double() * window).abs().square()
    distance_hz = (torch.arange(len(power)) * RATE / audio.shape[-1] - frequency_hz).abs()
    return 10.0 * math.log10(float(power[distance_hz > 50.0].sum() / power.sum()))


def swept(place: Tensor) -> Tensor:
    """A bell of +12 dB and Q 4 at 300 Hz (place 0) … 1200 Hz (place 1)."""
    controls = settings(peak_2_gain_db=12.0, peak_2_q=4.0).repeat(1, len(place), 1)
    controls[..., [row.name for row in EFFECT.table].index("peak_2_frequency_hz")] = 300.0 * 4.0**place
    return controls


def in_calls(audio: Tensor, controls: Tensor, lengths: list[int]) -> Tensor:
    """The lengths over and over; controls at every point of the grid, or one a call."""
    state = EFFECT.initial_state(*audio.shape[:2], sample_rate=RATE, device=audio.device)
    parts, start, samples = [], 0, audio.shape[-1]
    while start < samples:
        stop = min(start + lengths[len(parts) % len(lengths)], samples)
        if controls.shape[1] == num_points(samples, 0):
            points = controls[:, start // GRID :][:, : num_points(stop - start, start % GRID)]
        else:
            points = controls[:, len(parts)][:, None]
        out, state = EFFECT.render(
            audio[..., start:stop], points, state, sample_rate=RATE, offset=start % GRID
        )
        parts.append(out)
        start = stop
    return torch.cat(parts, -1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_moving_band_leaves_no_splatter(dtype: torch.dtype) -> None:
    """An octave a second over a tone of 700 Hz leaves −143 dB, whatever the length of the calls.

    Coefficients that stand still for a block, as most plug-ins have them, leave −73 dB at 64 samples a block
    and −49 dB at 256.
    """
    samples = 2 * RATE
    tone = torch.sin(2.0 * math.pi * 700.0 / RATE * torch.arange(samples, dtype=torch.float64))
    tone = tone.to(dtype)[None, None]
    controls = swept(torch.arange(num_points(samples, 0), dtype=torch.float64) * GRID / samples)
    whole = render(tone, controls)[0, 0]
    assert splatter_db(whole, 700.0) <= -130.0
    for lengths in ([64], [256], [1000, 1, 63, 4097]):
        calls = in_calls(tone, controls, lengths)[0, 0]
        assert torch.allclose(calls, whole, rtol=1e-6, atol=1e-9)
        assert splatter_db(calls, 700.0) <= -130.0
    for length in (64, 256):
        stepped = in_calls(tone, swept(torch.arange(0, samples, length) / samples), [length])[0, 0]
        assert splatter_db(stepped, 700.0) > -80.0


@pytest.mark.parametrize("sample_rate", [8000, 22_050, 192_000])
def test_is_stable_at_any_sample_rate_with_all_at_their_high_ends(sample_rate: int) -> None:
    controls = torch.tensor([row.high for row in EFFECT.table], dtype=torch.float64)[None, None]
    out = render(torch.randn(1, 1, sample_rate), controls, sample_rate)
    assert out.isfinite().all()
    assert float(out.abs().max()) < 1e4

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.dsp.biquad import (
    HIGHEST,
    blend,
    frequency_response,
    high_pass,
    high_shelf,
    low_pass,
    low_shelf,
    peak,
    ring_seconds,
)

RATE = 44_100
FREQUENCIES = torch.logspace(math.log10(5.0), math.log10(22_000.0), 200, dtype=torch.float64)

Design = Callable[[Tensor, Tensor, Tensor, int], Tensor]
Analogue = Callable[[Tensor, float, float], Tensor]


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def at(coefficients: Tensor, *frequencies_hz: float) -> Tensor:
    return frequency_response(coefficients.unsqueeze(-2), torch.tensor(frequencies_hz), RATE)


def level_db(response: Tensor) -> Tensor:
    return 20.0 * torch.log10(response.abs())


def pass_filter(design: Callable[[Tensor, Tensor, int], Tensor]) -> Design:
    return lambda frequency_hz, _, q, sample_rate: design(frequency_hz, q, sample_rate)


# The analogue prototypes of the cookbook with s in units of the corner, A = 10^(gain/40).
DESIGNS: dict[str, tuple[Design, Analogue]] = {
    "high_pass": (pass_filter(high_pass), lambda s, _, q: s**2 / (s**2 + s / q + 1)),
    "low_pass": (pass_filter(low_pass), lambda s, _, q: 1 / (s**2 + s / q + 1)),
    "peak": (peak, lambda s, a, q: (s**2 + s * a / q + 1) / (s**2 + s / (a * q) + 1)),
    "low_shelf": (
        low_shelf,
        lambda s, a, q: a * (s**2 + a**0.5 / q * s + a) / (a * s**2 + a**0.5 / q * s + 1),
    ),
    "high_shelf": (
        high_shelf,
        lambda s, a, q: a * (a * s**2 + a**0.5 / q * s + 1) / (s**2 + a**0.5 / q * s + a),
    ),
}
every_design = pytest.mark.parametrize("name", DESIGNS)


@every_design
@pytest.mark.parametrize(
    ("frequency_hz", "gain_db", "q"), [(30.0, 12.0, 6.0), (900.0, -15.0, 0.3), (15e3, 7.0, 1.0)]
)
def test_is_its_analogue_prototype_through_the_bilinear_map(
    name: str, frequency_hz: float, gain_db: float, q: float
) -> None:
    design, analogue = DESIGNS[name]
    coefficients = design(number(frequency_hz), number(gain_db), number(q), RATE)
    warped = torch.tan(math.pi * FREQUENCIES / RATE) / math.tan(math.pi * frequency_hz / RATE)
    expected = analogue(1j * warped, 10.0 ** (gain_db / 40.0), q)
    result = frequency_response(coefficients[None], FREQUENCIES, RATE)
    assert torch.allclose(result, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("design", "kind"), [(high_pass, "highpass"), (low_pass, "lowpass")])
def test_without_resonance_it_is_butterworth(design: Callable[..., Tensor], kind: str) -> None:
    b, a = scipy.signal.butter(2, 700.0, kind, fs=RATE)
    coefficients = design(number(700.0), number(0.5**0.5), RATE)
    assert np.allclose(coefficients.numpy(), [*b, *a[1:]], atol=1e-12)


def test_frequency_response_of_a_cascade_is_scipys() -> None:
    sections = torch.stack([peak(number(f), number(6.0), number(2.0), RATE) for f in (100.0, 1000.0, 9000.0)])
    sos = np.insert(sections.numpy(), 3, 1.0, axis=1)
    _, expected = scipy.signal.sosfreqz(sos, FREQUENCIES.numpy(), fs=RATE)
    assert np.allclose(frequency_response(sections, FREQUENCIES, RATE).numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("design", [peak, low_shelf, high_shelf])
def test_flat_is_the_identity_to_the_bit_and_has_no_other_gradient(design: Design) -> None:
    arguments = [number(v).requires_grad_() for v in (1234.5, 0.0, 0.77)]
    coefficients = design(*arguments, RATE)
    assert coefficients[..., 0] == 1.0
    assert torch.equal(coefficients[..., 1:3], coefficients[..., 3:])
    # Audio x = y through an identity: the gradients to b and a are opposite.
    to_a = torch.tensor([0.3, -1.7], dtype=torch.float64)
    coefficients.backward(torch.cat([number(0.9)[None], -to_a, to_a]))
    frequency, gain, q = (argument.grad for argument in arguments)
    assert frequency == 0.0
    assert q == 0.0
    assert gain != 0.0


@pytest.mark.parametrize("gain_db", [-15.0, 4.0, 15.0])
def test_boost_and_cut_undo_each_other(gain_db: float) -> None:
    for design in (peak, low_shelf, high_shelf):
        both = [design(number(500.0), number(g), number(1.3), RATE) for g in (gain_db, -gain_db)]
        response = frequency_response(torch.stack(both), FREQUENCIES, RATE)
        assert torch.allclose(response, torch.ones_like(response), atol=1e-8)


def test_two_shelves_at_one_corner_are_a_gain() -> None:
    both = [design(number(800.0), number(9.0), number(0.7), RATE) for design in (low_shelf, high_shelf)]
    level = level_db(frequency_response(torch.stack(both), FREQUENCIES, RATE))
    assert torch.allclose(level, torch.full_like(level, 9.0), atol=1e-8)


def test_gains_are_met_where_they_are_promised() -> None:
    gain, q = number(-7.0), number(0.9)
    nyquist = RATE / 2.0
    assert torch.allclose(level_db(at(low_shelf(number(300.0), gain, q, RATE), 0.0, nyquist)).double(),
                          torch.tensor([-7.0, 0.0]).double(), atol=1e-9)  # fmt: skip
    assert torch.allclose(level_db(at(high_shelf(number(300.0), gain, q, RATE), 0.0, nyquist)).double(),
                          torch.tensor([0.0, -7.0]).double(), atol=1e-9)  # fmt: skip
    assert math.isclose(float(level_db(at(peak(number(300.0), gain, q, RATE), 300.0))), -7.0, abs_tol=1e-9)
    assert math.isclose(float(at(high_pass(number(300.0), q, RATE), 300.0).abs()), 0.9, abs_tol=1e-9)


@every_design
def test_gradients_agree_with_finite_differences(name: str) -> None:
    design, _ = DESIGNS[name]
    arguments = [
        torch.tensor(values, dtype=torch.float64, requires_grad=True)
        for values in ([50.0, 1000.0, 15e3], [-12.0, 0.0, 9.0], [0.3, 1.0, 8.0])
    ]
    assert torch.autograd.gradcheck(lambda *a: design(*a, RATE), arguments, atol=1e-7)


@every_design
@pytest.mark.parametrize("sample_rate", [8000, 44_100])
def test_frequencies_beyond_the_band_are_clamped(name: str, sample_rate: int) -> None:
    """A session made at 96 kHz must not become unstable at 8."""
    design, _ = DESIGNS[name]
    beyond = design(number(30_000.0), number(6.0), number(1.0), sample_rate)
    assert torch.equal(beyond, design(number(HIGHEST * sample_rate), number(6.0), number(1.0), sample_rate))
    assert float(beyond[4].abs()) < 1.0


def test_blend_goes_from_dry_to_filtered() -> None:
    filtered = high_pass(number(300.0), number(0.7), RATE)
    dry = blend(filtered, number(0.0))
    assert dry[0] == 1.0
    assert torch.equal(dry[1:3], dry[3:])
    assert torch.allclose(blend(filtered, number(1.0)), filtered, atol=1e-15)
    half = frequency_response(blend(filtered, number(0.5))[None], FREQUENCIES, RATE)
    expected = 0.5 + 0.5 * frequency_response(filtered[None], FREQUENCIES, RATE)
    assert torch.allclose(half, expected, rtol=1e-9)


@pytest.mark.parametrize(("frequency_hz", "q"), [(40.0, 8.0), (200.0, 0.5), (40.0, 0.3)])
def test_a_resonance_has_fallen_by_60_db_when_it_is_said_to(frequency_hz: float, q: float) -> None:
    a1, a2 = low_pass(number(frequency_hz), number(q), RATE)[3:].tolist()
    slowest = max(abs(np.roots([1.0, a1, a2])))
    samples = float(ring_seconds(number(frequency_hz), number(q))) * RATE
    assert math.isclose(20.0 * samples * math.log10(slowest), -60.0, rel_tol=0.01)

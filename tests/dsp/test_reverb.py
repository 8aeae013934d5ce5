"""Reverb responses: decay measured as in a room, level, ends, and the formula summed the slow way."""

import math

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from gainstage.dsp.octaves import BANDS_HZ, TILE, octave_filters, octave_noise
from gainstage.dsp.reverb import decaying_noise, num_response_samples, reverb_response

RATE = 44_100
BANDS = len(BANDS_HZ)


def respond(t60_s: Tensor, gain_db: float = 0.0, pre_delay_s: float = 0.0, *, seed: int = 0) -> Tensor:
    rows = t60_s.shape[0]
    return reverb_response(
        t60_s,
        torch.full((rows, BANDS), gain_db, dtype=torch.float64),
        torch.full((rows,), pre_delay_s, dtype=torch.float64),
        seed=seed,
        sample_rate=RATE,
    )


def even(t60_s: float, rows: int = 1) -> Tensor:
    return torch.full((rows, BANDS), t60_s, dtype=torch.float64)


def measured_t60_s(responses: np.ndarray) -> float:
    """Schroeder's backward integration over responses, and a line through −5 … −35 dB (ISO 3382)."""
    energy = np.square(responses).sum(0)
    curve_db = 10.0 * np.log10(np.cumsum(energy[::-1])[::-1] / energy.sum() + 1e-30)
    chosen = (curve_db < -5.0) & (curve_db > -35.0)
    slope, _ = np.polyfit(np.flatnonzero(chosen) / RATE, curve_db[chosen], 1)
    return -60.0 / slope


@pytest.mark.parametrize("t60_s", [0.2, 0.8, 3.0])
def test_the_decay_time_measures_as_set(t60_s: float) -> None:
    response = respond(even(t60_s))[0].double().numpy()
    assert measured_t60_s(response) == pytest.approx(t60_s, rel=0.05)


def test_each_octave_decays_at_its_own_rate() -> None:
    """Low octaves have few independent samples, so the energy is averaged over seeds."""
    t60_s = torch.logspace(math.log10(0.5), math.log10(1.6), BANDS, dtype=torch.float64).flip(0)[None]
    responses = torch.cat([respond(t60_s, seed=seed)[0] for seed in range(12)]).double().numpy()
    filters = octave_filters(RATE).numpy()
    for band in range(BANDS):
        octave = scipy.signal.fftconvolve(responses, filters[band : band + 1], axes=-1)
        assert measured_t60_s(octave) == pytest.approx(float(t60_s[0, band]), rel=0.05)


def test_a_longer_decay_is_longer_and_not_louder() -> None:
    for t60_s in (0.1, 0.5, 2.0, 10.0):
        energy = torch.stack([respond(even(t60_s), seed=s)[0].square().sum(-1) for s in range(3)]).mean()
        assert abs(10.0 * math.log10(float(energy))) < 0.25


def test_a_gain_lifts_its_band_alone() -> None:
    filters = octave_filters(RATE).numpy()
    flat, lifted = (
        decaying_noise(even(0.5), gain_db, seed=2, sample_rate=RATE, channels=2, dtype=torch.float64).numpy()[
            0
        ]
        for gain_db in (torch.zeros(1, BANDS), 6.0 * torch.eye(BANDS)[4:5])
    )
    for band in range(BANDS):
        power = [
            np.square(scipy.signal.fftconvolve(r, filters[band : band + 1], axes=-1)).sum()
            for r in (flat, lifted)
        ]
        expected_db = 6.0 if band == 4 else 0.0
        assert 10.0 * np.log10(power[1] / power[0]) == pytest.approx(expected_db, abs=0.5)


def test_it_is_its_formula_across_tiles() -> None:
    t60_s = torch.linspace(1.7, 0.4, BANDS, dtype=torch.float64)[None]
    gain_db = torch.linspace(-6.0, 6.0, BANDS, dtype=torch.float64)[None]
    response = decaying_noise(t60_s, gain_db, seed=8, sample_rate=RATE, channels=2, dtype=torch.float64)
    taps = response.shape[-1]
    tiles = range(-(-taps // TILE))
    noise = torch.cat(
        [octave_noise(i, seed=8, sample_rate=RATE, device=t60_s.device, dtype=torch.float64) for i in tiles],
        -1,
    )[..., :taps]
    alpha = math.log(1000.0) / (t60_s[0] * RATE)
    level = 10.0 ** (gain_db[0] / 20.0) * torch.sqrt(1.0 - torch.exp(-2.0 * alpha))
    envelope = level[:, None] * torch.exp(-alpha[:, None] * torch.arange(taps))
    expected = (envelope[:, None] * noise).sum(0)
    kept = int(0.95 * 1.7 * RATE)  # the fade begins
    torch.testing.assert_close(response[0, :, :kept], expected[:, :kept], atol=1e-12, rtol=0.0)


def test_a_row_ends_in_exact_zeros_at_its_own_end_whatever_its_neighbours() -> None:
    gain_db, pre_delay_s = torch.zeros(2, BANDS), torch.tensor([0.0101, 0.003])
    t60_s = torch.tensor([[0.2], [0.9]]).expand(2, BANDS).double()
    both = reverb_response(t60_s, gain_db, pre_delay_s, seed=1, sample_rate=RATE)
    alone = reverb_response(t60_s[:1], gain_db[:1], pre_delay_s[:1], seed=1, sample_rate=RATE)
    taps = alone.shape[-1]
    assert both.shape[-1] > taps
    assert torch.equal(both[0, :, :taps], alone[0])
    assert both[0, :, taps:].abs().max() == 0.0
    end = math.ceil((0.2 + 0.0101) * RATE) + 8
    assert alone[0, :, end:].abs().max() == 0.0
    assert alone[0, :, end - 400 : end - 100].abs().max() > 0.0


def test_the_pre_delay_shifts_the_response() -> None:
    early = respond(even(0.3))
    late = respond(even(0.3), pre_delay_s=441 / RATE)
    assert late[..., : 441 - 8].abs().max() == 0.0
    torch.testing.assert_close(late[..., 441 : 441 + early.shape[-1]], early, atol=1e-6, rtol=0.0)


def test_channels_and_seeds_are_decorrelated() -> None:
    one, other = respond(even(1.0), seed=1)[0], respond(even(1.0), seed=2)[0]
    for a, b in ((one[0], one[1]), (one[0], other[0]), (one[0], other[1])):
        assert abs(float(torch.dot(a, b) / (a.norm() * b.norm()))) < 0.05


def test_one_channel_is_the_left_one() -> None:
    settings = {"seed": 3, "sample_rate": RATE, "dtype": torch.float32}
    mono = decaying_noise(even(0.3), torch.zeros(1, BANDS), channels=1, **settings)
    stereo = decaying_noise(even(0.3), torch.zeros(1, BANDS), channels=2, **settings)
    assert torch.equal(mono, stereo[:, :1])


def test_what_was_asked_before_changes_no_bit() -> None:
    respond(even(2.0))
    after_longer = respond(even(0.3))
    octave_noise.cache_clear()
    assert torch.equal(respond(even(0.3)), after_longer)


def test_gradients_are_exact() -> None:
    """At a low rate, so that finite differences see every tap of a whole response."""
    t60_s = (0.12 - 0.003 * torch.arange(2 * BANDS).reshape(2, BANDS)).double().requires_grad_()
    gain_db = torch.linspace(-6.0, 6.0, 2 * BANDS).reshape(2, BANDS).double().requires_grad_()
    pre_delay_s = torch.tensor([0.0031, 0.0102], dtype=torch.float64, requires_grad=True)

    weights = torch.randn(400, 3, dtype=torch.float64)

    def response(*settings: Tensor) -> Tensor:
        made = reverb_response(*settings, seed=0, sample_rate=2000, dtype=torch.float64)
        return made @ weights[: made.shape[-1]]  # few outputs, each of which hears every tap

    assert torch.autograd.gradcheck(response, (t60_s, gain_db, pre_delay_s), eps=1e-7, atol=1e-5)


@pytest.mark.parametrize("sample_rate", [8000, 44_100, 48_000, 192_000])
def test_the_number_of_taps_is_never_more_than_foretold(sample_rate: int) -> None:
    for t60_s, pre_delay_s in ((0.1, 0.0), (0.123, 0.2), (0.377, 0.0333)):
        response = reverb_response(
            even(t60_s), torch.zeros(1, BANDS), torch.tensor([pre_delay_s]), seed=0, sample_rate=sample_rate
        )
        foretold = num_response_samples(t60_s, pre_delay_s, sample_rate=sample_rate)
        assert foretold - 70 < response.shape[-1] <= foretold

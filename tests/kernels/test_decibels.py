import numba
import numpy as np

from gainstage.kernels.decibels import amplitude, level
from gainstage.kernels.simd import WIDTH, Doubles, load, store


@numba.njit
def _levels(power: Doubles, out: Doubles) -> None:
    for i in range(0, power.size, WIDTH):
        store(out, i, level(load(power, i)))


@numba.njit
def _amplitudes(level_db: Doubles, out: Doubles) -> None:
    for i in range(0, level_db.size, WIDTH):
        store(out, i, amplitude(load(level_db, i)))


def test_level_is_the_logarithm_to_the_last_bits() -> None:
    power = np.concatenate([np.geomspace(1e-20, 1e20, 4000), np.linspace(0.5, 2.0, 4000)])
    out = np.empty_like(power)
    _levels(power, out)
    assert np.allclose(out, 10.0 * np.log10(power), rtol=4e-16, atol=2e-15)
    _levels(np.ones(WIDTH), out)
    assert (out[:WIDTH] == 0.0).all()


def test_amplitude_is_the_exponential_to_the_last_bits_and_1_at_0_db() -> None:
    level_db = np.linspace(-400.0, 60.0, 8000)
    out = np.empty_like(level_db)
    _amplitudes(level_db, out)
    assert np.allclose(out, 10.0 ** (np.longdouble(level_db) / 20.0), rtol=2e-14, atol=0.0)
    small = np.linspace(-3.0, 3.0, 8000)
    _amplitudes(small, out)
    assert np.allclose(out, 10.0 ** (np.longdouble(small) / 20.0), rtol=5e-16, atol=0.0)
    _amplitudes(np.zeros(WIDTH), out)
    assert (out[:WIDTH] == 1.0).all()


def test_what_is_not_finite_stays_visible() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, -np.nan] * 2)
    for function in (_levels, _amplitudes):
        out = np.zeros(WIDTH)
        function(odd, out)
        assert np.isnan(out).all()

"""Levels and gains of eight numbers at once, to the last bits of a double, in plain arithmetic.

There is no vector logarithm to call without a maths library of one vendor or the other, so here are the two
series, long enough that what is left out is below rounding.
"""

import math

from gainstage.kernels.compile import kernel
from gainstage.kernels.simd import Lanes, power_of_two, split

_LOG = 10.0 / math.log(10.0)  # dB of power per neper
_OCTAVE = 10.0 * math.log10(2.0)
_L = tuple(2.0 * _LOG / (2 * j + 1) for j in range(10))
_BITS = math.log2(10.0) / 20.0  # octaves of amplitude per dB
_E = tuple(math.log(2.0) ** j / math.factorial(j) for j in range(13))
_MAGIC = 1.5 * 2.0**52  # adding it rounds to a whole number


@kernel
def level(power: Lanes) -> Lanes:
    """10·log10 of positive normal numbers; NaN for what is not finite.

    With power = m·2^e and t = (m − 1)/(m + 1), |t| ≤ .172: ln m = 2·(t + t³/3 + t⁵/5 + …).
    """
    m, e = split(power)
    t = (m - 1.0) / (m + 1.0)
    z = t * t
    low = _L[0] + z * (_L[1] + z * (_L[2] + z * (_L[3] + z * _L[4])))
    z2 = z * z
    high = _L[5] + z * (_L[6] + z * (_L[7] + z * (_L[8] + z * _L[9])))
    return e * _OCTAVE + t * (low + (z2 * z2 * z) * high) + (power - power)


@kernel
def amplitude(level_db: Lanes) -> Lanes:
    """10^(dB/20), exactly 1 at 0 dB, for levels within ±6000 dB.

    With dB·log2(10)/20 = k + r, k whole and |r| ≤ ½: 2^k · Σ (r·ln 2)^j / j!.
    """
    octaves = level_db * _BITS
    shifted = octaves + _MAGIC
    r = octaves - (shifted - _MAGIC)
    low = _E[1] + r * (_E[2] + r * (_E[3] + r * (_E[4] + r * (_E[5] + r * _E[6]))))
    r2 = r * r
    high = _E[7] + r * (_E[8] + r * (_E[9] + r * (_E[10] + r * (_E[11] + r * _E[12]))))
    return (1.0 + r * (low + (r2 * r2 * r2) * high)) * power_of_two(shifted)

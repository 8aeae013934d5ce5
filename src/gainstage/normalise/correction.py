"""What is done to the stems of a song, and the linear part of it: equaliser, balance, width.

References:
    FxNorm, see `gainstage.normalise.chain`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from scipy.signal import savgol_filter
from torch import Tensor

from gainstage.dsp.gain_staging import TARGET_LUFS
from gainstage.dsp.linear_phase import zero_phase_taps
from gainstage.normalise.dynamics import Dynamics
from gainstage.normalise.measure import BANDS_HZ, WIDTH_EDGES_HZ, StemSounds, balance_gains, balanced
from gainstage.normalise.statistics import ClassSound

_SMOOTHED_BANDS, _ORDER = 9, 2  # of the Savitzky-Golay filter: an octave and a half
_HEARD_DB, _SURE_DB = -50.0, -30.0  # bands further below the loudest are noise: nothing is boosted there
_WIDEST_DB = 12.0
_WIDTH_TAPS = 1001
_MONO_DB = -39.0  # width in every octave
_EQ_SPREAD_DB, _WIDTH_SPREAD_DB = 4.0, 3.0  # of what people do to stems


@dataclass(frozen=True)
class Settings:
    """How far stems are brought to their class.

    Where stems of a class differ by nature as much as by treatment, the mean of the class takes nature away
    too. `likely` goes only as far as treatment probably went: with σ the spread of the class and τ that of
    treatments, the best guess of the dry stem moves by τ²/(σ² + τ²) of the way. It comes nearer to the dry
    stems; `mean` makes stems more alike, which is what a network wants that must not care who treated them.

    Args:
        towards: `mean` of the class, as published, or what is `likely`; of equaliser and width.
        most_eq_db: the equaliser boosts and cuts no more than this.
        num_taps: of the equaliser at 44.1 kHz, odd; 1001 as published. More of them reach lower and ring
            before attacks.
        expand: also restore dynamics by upward expansion; as published, stems are only ever compressed.
    """

    towards: Literal["mean", "likely"] = "mean"
    most_eq_db: float = 18.0
    num_taps: int = 1001
    expand: bool = True

    def __post_init__(self) -> None:
        if self.towards not in ("mean", "likely"):
            raise ValueError(f"towards is '{self.towards}'; stems are brought towards 'mean' or 'likely'")
        if self.most_eq_db < 0.0:
            raise ValueError(f"most_eq_db is {self.most_eq_db}; a limit of 0 dB or more is wanted")
        if self.num_taps < 3 or self.num_taps % 2 == 0:
            raise ValueError(f"num_taps is {self.num_taps}; an odd number from 3 up is wanted")


@dataclass(frozen=True)
class Correction:
    """What is done to the stems of a song.

    Args:
        gain: before everything: to −23 LUFS; 0 dB for silence.
        eq_db: of the equaliser, at `BANDS_HZ`.
        eq_taps: of the equaliser.
        dynamics: compressors and expanders.
        balance: gains of left and right.
        is_mono: which are one signal, be it panned; they become mono.
        width_db: gain of the side against the middle, in octaves.
        mid_taps, side_taps: filters that do it, the power of both together kept.
        level: after everything: to the loudness of the class.
        classes: the class that each stem was judged by.

    Shape: gain, is_mono and level (rows,), eq_db (rows, bands), taps (rows, taps), balance (rows, 2),
        width_db (rows, octaves).
    """

    gain: Tensor
    eq_db: Tensor
    eq_taps: Tensor
    dynamics: Dynamics
    balance: Tensor
    is_mono: Tensor
    width_db: Tensor
    mid_taps: Tensor
    side_taps: Tensor
    level: Tensor
    classes: tuple[str, ...]


def linear_correction(
    heard: StemSounds, classes: Sequence[ClassSound], names: tuple[str, ...], settings: Settings, rate: int
) -> Correction:
    """All of the correction that is a filter or a gain."""
    eq_db = _eq_db(heard, classes, settings)
    num_taps = round(settings.num_taps * rate / 44100 / 2) * 2 + 1
    sides = _side_gains_db(heard, classes, settings)
    mid, side = balanced(heard)
    mid = mid + 1e-20
    # g_m²·M + g_m²·g²·S = M + S
    mid_db = 10.0 * torch.log10((mid + side) / (mid + 10.0 ** (sides / 10.0) * side))
    octaves_hz = torch.tensor([88.4 * 2.0**i for i in range(len(WIDTH_EDGES_HZ) - 1)])
    make = {"num_taps": round(_WIDTH_TAPS * rate / 44100 / 2) * 2 + 1, "sample_rate": rate}
    rows = torch.zeros(len(names), dtype=torch.float64)
    balance = balance_gains(heard.imbalance_db)
    # a file whose channels only differ in level is a mono track that was panned
    is_mono = ~heard.is_stereo | (heard.width_db < _MONO_DB).all(-1)
    side_taps = zero_phase_taps(mid_db + sides, octaves_hz, **make)
    return Correction(
        gain=gain_of(TARGET_LUFS - heard.loudness_lufs),
        eq_db=eq_db,
        eq_taps=zero_phase_taps(eq_db, torch.from_numpy(BANDS_HZ), num_taps=num_taps, sample_rate=rate),
        dynamics=Dynamics(rows, rows, rows + 10.0, rows + 100.0),
        balance=torch.stack(balance, -1).float(),
        is_mono=is_mono,
        width_db=sides,
        mid_taps=zero_phase_taps(mid_db, octaves_hz, **make),
        side_taps=torch.where(is_mono[:, None], 0.0, side_taps),
        level=torch.ones(len(names)),
        classes=names,
    )


def _eq_db(heard: StemSounds, classes: Sequence[ClassSound], settings: Settings) -> Tensor:
    """The smoothed difference of the spectra; boosts only where there is more than noise."""
    wanted = torch.tensor([[band.mean for band in c.spectrum_db] for c in classes]).double()
    missing = torch.from_numpy(savgol_filter(wanted - heard.spectrum_db, _SMOOTHED_BANDS, _ORDER, axis=-1))
    below = heard.spectrum_db - heard.spectrum_db.amax(-1, keepdim=True)
    sure = ((below - _HEARD_DB) / (_SURE_DB - _HEARD_DB)).clamp(0.0, 1.0)
    moved = torch.where(missing > 0.0, missing * sure, missing).clamp(
        -settings.most_eq_db, settings.most_eq_db
    )
    share = _share(
        torch.tensor([[band.std for band in c.spectrum_db] for c in classes]), _EQ_SPREAD_DB, settings
    )
    return torch.where(heard.loudness_lufs.isnan()[:, None], 0.0, share * moved)


def _side_gains_db(heard: StemSounds, classes: Sequence[ClassSound], settings: Settings) -> Tensor:
    """Gain of the side against the middle; 0 for mono stems, and classes without stereo stems."""
    octaves = len(WIDTH_EDGES_HZ) - 1
    wanted = torch.tensor(
        [[o.mean for o in c.width_db] or [float("nan")] * octaves for c in classes]
    ).double()
    spread = torch.tensor([[o.std for o in c.width_db] or [0.0] * octaves for c in classes])
    moved = (wanted - heard.width_db).clamp(-_WIDEST_DB, _WIDEST_DB)
    moved = moved * _share(spread, _WIDTH_SPREAD_DB, settings)
    return torch.where(heard.is_stereo[:, None], moved, 0.0).nan_to_num(0.0)


def _share(spread_db: Tensor, treatment_db: float, settings: Settings) -> Tensor:
    """How much of the way to the mean of its class a stem goes."""
    if settings.towards == "mean":
        return torch.ones_like(spread_db).double()
    return treatment_db**2 / (spread_db.double().square() + treatment_db**2)


def gain_of(gain_db: Tensor) -> Tensor:
    """As a factor; 1 where there is none. Shape: (rows,), float32."""
    return (10.0 ** (gain_db.nan_to_num(0.0) / 20.0)).float()

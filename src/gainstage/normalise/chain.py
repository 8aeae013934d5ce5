"""Effect normalisation of the stems of a song: equaliser, dynamics, panning, loudness, each to its class.

The order is that of FxNorm. Stems are heard as they are, then equalised for their attacks, then with all
candidates for their dynamics at once, then at the end of the chain for their loudness: four passes, all block
by block, and a fifth gives the result. All stems of a song go through as the rows of one tensor.

References:
    M. A. Martínez-Ramírez, W.-H. Liao, G. Fabbro, S. Uhlich, C. Nagashima, Y. Mitsufuji, "Automatic music
    mixing with deep learning and out-of-domain data", ISMIR 2022, section 3.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from gainstage.dsp.linear_phase import filtered
from gainstage.normalise.correction import Correction, Settings, gain_of, linear_correction
from gainstage.normalise.dynamics import find_dynamics, with_dynamics
from gainstage.normalise.measure import StemMeter, StemSounds
from gainstage.normalise.punch import PunchMeter
from gainstage.normalise.statistics import ClassSound, EffectStatistics

Source = Callable[[], Iterable[Tensor]]
"""Plays the stems of a song from the front, as often as it is called: blocks (rows, 2, samples)."""


def normalise(
    stems: Tensor,
    roles: Sequence[str],
    statistics: EffectStatistics,
    *,
    sample_rate: int,
    settings: Settings | None = None,
) -> Tensor:
    """Normalise the stems of a song that is in memory.

    Args:
        stems: whole stems; a mono stem holds its signal twice and stays mono.
        roles: what each plays.
        statistics: of the classes.
        sample_rate: in Hz.
        settings: how far.

    Shape: (stems, 2, samples) → (stems, 2, samples)

    Raises:
        ValueError: there is no such role.
    """
    rate, block = sample_rate, 1 << 16
    correction = find_correction(
        lambda: torch.split(stems, block, -1), roles, statistics, sample_rate=rate, settings=settings
    )
    return torch.cat(list(normalised_blocks(torch.split(stems, block, -1), correction, sample_rate=rate)), -1)


def find_correction(
    source: Source,
    roles: Sequence[str],
    statistics: EffectStatistics,
    *,
    sample_rate: int,
    settings: Settings | None = None,
) -> Correction:
    """What brings the stems of a song to the average of their classes. Four passes over them.

    Args:
        source: plays the stems.
        roles: what each plays.
        statistics: of the classes.
        sample_rate: in Hz.
        settings: how far.

    Raises:
        ValueError: there is no such role.
    """
    settings, names = settings or Settings(), tuple(statistics.name_of(role) for role in roles)
    classes = [statistics.classes[name] for name in names]
    heard = _heard(source(), len(roles), sample_rate)
    correction = linear_correction(heard, classes, names, settings, sample_rate)
    punch = PunchMeter(sample_rate=sample_rate)
    for block in _equalised(source(), correction):
        punch.update(block)
    punch_db, level_db = punch.result()
    dynamics = find_dynamics(
        _equalised(source(), correction),
        punch_db,
        level_db,
        _wanted_punch_db(punch_db, classes, settings),
        roles,
        sample_rate=sample_rate,
    )
    correction = replace(correction, dynamics=dynamics)
    reached = _heard(
        normalised_blocks(source(), correction, sample_rate=sample_rate), len(roles), sample_rate
    )
    wanted = torch.tensor([c.loudness_lufs.mean for c in classes]).double()
    return replace(correction, level=gain_of(wanted - reached.loudness_lufs))


def normalised_blocks(
    blocks: Iterable[Tensor], correction: Correction, *, sample_rate: int
) -> Iterator[Tensor]:
    """Stems with their correction, in time and as long as they are.

    Shape: blocks (rows, 2, samples); the blocks that come out have other lengths.
    """
    even = with_dynamics(_equalised(blocks, correction), correction.dynamics, sample_rate=sample_rate)
    middles_and_sides = (_mid_side(block * correction.balance[..., None]) for block in even)
    taps = torch.stack([correction.mid_taps, correction.side_taps], 1).flatten(0, 1)
    for both in filtered((block.flatten(0, 1)[:, None] for block in middles_and_sides), taps):
        yield _mid_side(both.unflatten(0, (-1, 2))[:, :, 0]) * (2.0 * correction.level[:, None, None])


def _heard(blocks: Iterable[Tensor], rows: int, sample_rate: int) -> StemSounds:
    meter = StemMeter(rows, sample_rate=sample_rate)
    for block in blocks:
        meter.update(block)
    return meter.result()


def _equalised(blocks: Iterable[Tensor], correction: Correction) -> Iterator[Tensor]:
    return filtered((block * correction.gain[:, None, None] for block in blocks), correction.eq_taps)


def _mid_side(block: Tensor) -> Tensor:
    """Left and right to half their sum and difference; twice that leads back. Shape: (rows, 2, samples)."""
    return torch.stack([block[:, 0] + block[:, 1], block[:, 0] - block[:, 1]], 1) / 2.0


def _wanted_punch_db(punch_db: Tensor, classes: Sequence[ClassSound], settings: Settings) -> Tensor:
    """The nearest punch within the spread of the class; where only compressing is allowed, none above it."""
    mean = torch.tensor([c.punch_db.mean for c in classes]).double()
    std = torch.tensor([c.punch_db.std for c in classes]).double()
    lowest = mean - std if settings.expand else torch.full_like(mean, -torch.inf)
    return torch.minimum(torch.maximum(punch_db, lowest), mean + std)

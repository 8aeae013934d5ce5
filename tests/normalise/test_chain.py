"""Treated stems come back to their class, step by step; what was not treated stays."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gainstage.dsp.linear_phase import filtered, zero_phase_taps
from gainstage.normalise import Settings, find_correction, normalise, normalised_blocks
from tests.normalise.stems import ENVELOPE, RATE, heard, pulses, statistics

STATISTICS = statistics()
HZ = torch.tensor([100.0, 1000.0, 8000.0])


def _louder(stem: Tensor) -> Tensor:
    return stem * 10.0 ** (15.0 / 20.0)


def _darker(stem: Tensor) -> Tensor:
    taps = zero_phase_taps(torch.tensor([[6.0, 0.0, -9.0]]), HZ, num_taps=1001, sample_rate=RATE)
    return next(iter(torch.cat(list(filtered([stem[None]], taps)), -1)))


def _squashed(stem: Tensor) -> Tensor:
    """Each burst's fall halved in dB."""
    return stem * ENVELOPE.repeat(stem.shape[-1] // len(ENVELOPE)) ** -0.5


def _left(stem: Tensor) -> Tensor:
    return stem * torch.tensor([[1.0], [0.4]])


def _wide(stem: Tensor) -> Tensor:
    mid, side = (stem[0] + stem[1]) / 2, 3.0 * (stem[0] - stem[1]) / 2
    return torch.stack([mid + side, mid - side])


@pytest.mark.parametrize(
    ("treat", "feature", "least_before", "most_after"),
    [
        (_louder, "loudness_lufs", 14.0, 0.1),
        (_darker, "spectrum_db", 3.0, 0.8),
        (_squashed, "punch_db", 2.0, 1.0),
        (_left, "imbalance_db", 7.0, 0.2),
        (_wide, "width_db", 9.0, 0.8),
    ],
)
def test_a_treatment_is_taken_off(
    treat: Callable[[Tensor], Tensor], feature: str, least_before: float, most_after: float
) -> None:
    """The stem is none that the statistics know."""
    dry = pulses(1, channels=2)
    wet = treat(dry)
    done = normalise(torch.stack([dry, wet]), ["snare", "snare"], STATISTICS, sample_rate=RATE)
    before, after = (getattr(heard(pair), feature) for pair in (torch.stack([dry, wet]), done))
    assert float((before[1] - before[0]).abs().median()) > least_before
    assert float((after[1] - after[0]).abs().median()) < most_after


def test_likely_goes_less_far_than_mean() -> None:
    wet = _darker(pulses(1, channels=2))[None]
    find = [
        find_correction(
            lambda: [wet], ["snare"], STATISTICS, sample_rate=RATE, settings=Settings(towards=towards)
        ).eq_db
        for towards in ("mean", "likely")
    ]
    assert 0.2 < float(find[1].abs().mean() / find[0].abs().mean()) < 0.99


def test_as_published_it_only_compresses() -> None:
    wet = _squashed(pulses(1, channels=2))[None]
    for expand, wanted in ((True, -1), (False, 0)):
        found = find_correction(
            lambda: [wet], ["snare"], STATISTICS, sample_rate=RATE, settings=Settings(expand=expand)
        )
        assert int(found.dynamics.slope.sign()) == wanted


def test_a_panned_mono_track_becomes_mono() -> None:
    stems = torch.stack([_left(pulses(1)), pulses(2), pulses(3, channels=2)])
    roles = ["snare"] * 3
    found = find_correction(lambda: [stems], roles, STATISTICS, sample_rate=RATE)
    assert found.is_mono.tolist() == [True, True, False]
    done = torch.cat(list(normalised_blocks([stems], found, sample_rate=RATE)), -1)
    assert [torch.equal(row[0], row[1]) for row in done] == [True, True, False]


def test_blocks_and_company_change_nothing() -> None:
    stems = torch.stack([_left(pulses(1)), _darker(pulses(3, channels=2))])
    roles = ["snare", "pad"]
    whole = normalise(stems, roles, STATISTICS, sample_rate=RATE)
    found = find_correction(lambda: torch.split(stems, 10_001, -1), roles, STATISTICS, sample_rate=RATE)
    cut = torch.cat(list(normalised_blocks(torch.split(stems, 777, -1), found, sample_rate=RATE)), -1)
    alone = normalise(stems[1:], roles[1:], STATISTICS, sample_rate=RATE)
    assert cut.shape == whole.shape == stems.shape
    assert float((cut - whole).abs().max()) < 1e-4
    assert float((alone[0] - whole[1]).abs().max()) < 1e-4


def test_silence_stays_silence() -> None:
    stems = torch.stack([torch.zeros(2, 4 * RATE), pulses(1)])
    done = normalise(stems, ["kick", "snare"], STATISTICS, sample_rate=RATE)
    assert not done[0].any()
    assert bool(done.isfinite().all())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"towards": "far"}, "towards is 'far'"),
        ({"most_eq_db": -1.0}, "most_eq_db is -1.0"),
        ({"num_taps": 1000}, "num_taps is 1000; an odd number"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Settings(**wrong)  # type: ignore[arg-type]

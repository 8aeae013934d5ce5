"""Moments: they add up over passages, rests and padding play no part, each number is what it is called."""

from dataclasses import astuple

import pytest
import torch
from torch import Tensor

from gainstage.models.moments import Moments, RunningNorm, SpectralMoments, activity, level_of
from tests.models.scene import spectra

BANDS = 24
GATHER = SpectralMoments(BANDS)


def gather(heard: Tensor) -> Moments:
    found: Moments = GATHER(heard, torch.full((len(heard),), heard.shape[-1]))
    return found


def mean_of(norm: RunningNorm) -> Tensor:
    return norm.get_buffer("mean")


def square_of(norm: RunningNorm) -> Tensor:
    return norm.get_buffer("square")


def flat(level: float, frames: int, *, peak: float = 0.0, side: float = 0.0) -> Tensor:
    """The same level in all bands, of which there are 24, 13.8 dB above a single one."""
    heard = torch.zeros(1, 3, BANDS + 2, frames)
    heard[:, 0, :BANDS], heard[:, 0, BANDS], heard[:, 1, :BANDS] = level, peak, side
    heard[:, 0, -1] = 1.5  # 1 kHz
    return heard


def test_passages_add_up_to_the_whole() -> None:
    heard = spectra(3, 30)
    heard[..., [11, 20]] = heard[..., [10, 19]]  # nothing rises where a passage begins
    parts = [gather(part) for part in (heard[..., :11], heard[..., 11:20], heard[..., 20:])]
    left, right = (parts[0] + parts[1]) + parts[2], parts[0] + (parts[1] + parts[2])
    for a, b in zip(astuple(left), astuple(right), strict=True):
        assert torch.allclose(a, b, rtol=1e-5)
    assert (GATHER.describe(left) - GATHER.describe(gather(heard))).abs().max() < 1e-4  # small spreads: roots
    assert (GATHER.describe(left) - GATHER.describe(right)).abs().max() < 1e-4
    assert (GATHER.describe(parts[0]) - GATHER.describe(gather(heard))).abs().max() > 0.05


@pytest.mark.parametrize("frames", [1, 2, 7, 8])
def test_padding_plays_no_part(frames: int) -> None:
    heard, length = spectra(3, frames), torch.full((3,), frames)
    padded = torch.nn.functional.pad(heard, (0, 5))
    alone, beside = GATHER.describe(GATHER(heard, length)), GATHER.describe(GATHER(padded, length))
    assert (alone - beside).abs().max() < 1e-5


def test_a_level_is_that_of_all_bands_of_mid_and_side() -> None:
    heard = torch.zeros(1, 3, BANDS + 2, 1)
    heard[0, 0, 3], heard[0, 1, 7] = 1.5, 1.5  # −20 dB each: −17 dB together
    heard[0, :, BANDS:], heard[0, 2] = 5.0, 5.0  # neither peak nor brightness nor the third plane
    assert 40 * float(level_of(heard)) - 80 == pytest.approx(-20 + 3.01, abs=0.01)
    assert float(level_of(torch.zeros(1, 3, BANDS + 2, 1))) == 0


def test_a_track_plays_from_46_to_40_db_below_full_scale() -> None:
    found = activity((torch.tensor([-80.0, -46.1, -43.0, -39.9, 0.0]) + 80) / 40)
    assert torch.allclose(found, torch.tensor([0, 0, 0.5, 1, 1]), atol=1e-5)


def test_rests_count_only_in_the_share_of_time() -> None:
    playing = spectra(2, 12).clamp(min=0.8)
    resting = 0.2 * spectra(2, 8, seed=1)
    resting[..., 0] = 0  # what plays begins with a rise wherever it is put
    both = gather(playing) + gather(resting)
    a, b = GATHER.describe(gather(playing)), GATHER.describe(both)
    assert torch.allclose(a[:, 7], torch.ones(2))
    assert torch.allclose(b[:, 7], torch.full((2,), 0.6))
    assert (torch.cat([a[:, :7], a[:, 8:]], 1) - torch.cat([b[:, :7], b[:, 8:]], 1)).abs().max() < 1e-5


def test_numbers_are_what_they_are_called() -> None:
    loud, soft = flat(1.5, 1, peak=2.0), flat(1.2, 1, peak=1.3)
    few = GATHER.describe(gather(torch.cat([soft, loud, soft, loud], dim=-1)))[0]
    above = 13.8 / 40  # 24 bands
    assert float(few[0]) == pytest.approx(1.35 + above, abs=1e-3)  # level
    assert float(few[1]) == pytest.approx(0.15, abs=1e-3)  # its spread
    assert float(few[2]) == pytest.approx(1.65 - 1.35 - above, abs=1e-3)  # crest
    assert float(few[3]) == pytest.approx(4 * 0.3 * 2 / 4, abs=1e-3)  # mean jump: two of four frames
    assert float(few[4]) == pytest.approx(0.5)  # strokes: frames that jump by more than 6 dB
    assert float(few[5]) == pytest.approx(-2.0, abs=1e-3)  # brightness in octaves around 4 kHz
    assert float(few[7]) == 1.0
    assert float(few[9]) == pytest.approx(2.0 - 1.35 - above, abs=1e-3)  # crest over all
    assert torch.allclose(few[10:13], torch.tensor([1.5 + above, 2.0, 0.3]), atol=1e-3)  # largest ones
    assert [bool(GATHER.describe(gather(flat(1.5, 2, side=s)))[0, 8]) for s in (0.0, 0.5)] == [False, True]


def test_silence_is_described_in_finite_numbers() -> None:
    found = GATHER.describe(gather(torch.zeros(2, 3, BANDS + 2, 5)))
    assert found.shape == (2, GATHER.width)
    assert torch.isfinite(found).all()
    assert found[0, 7] == 0


def test_a_description_has_a_finite_gradient() -> None:
    heard = torch.cat([spectra(3), torch.zeros(1, 3, BANDS + 2, 12)]).requires_grad_()
    GATHER.describe(gather(heard)).sum().backward()
    assert heard.grad is not None
    assert torch.isfinite(heard.grad).all()


def test_a_running_norm_finds_mean_and_spread() -> None:
    norm = RunningNorm(3, momentum=0.01)
    draw = torch.Generator().manual_seed(0)
    centre, spread = torch.tensor([5.0, -2.0, 0.1]), torch.tensor([0.5, 3.0, 1.0])
    for _ in range(600):
        norm(centre + spread * torch.randn(50, 3, generator=draw))
    rows = centre + spread * torch.randn(4000, 3, generator=draw)
    found = norm.eval()(rows)
    assert found.mean(0).abs().max() < 0.1
    assert (found.std(0) - 1).abs().max() < 0.1
    assert (found - (rows - mean_of(norm)) / (square_of(norm) - mean_of(norm) ** 2).sqrt()).abs().max() < 1e-4
    norm.train()
    assert (norm(rows) - found).abs().max() < 0.1  # training sees what evaluation sees


def test_one_row_is_enough_for_a_running_norm_and_the_first_counts_fully() -> None:
    norm = RunningNorm(2)
    assert torch.isfinite(norm(torch.tensor([[3.0, -1.0]]))).all()
    assert torch.allclose(mean_of(norm), torch.tensor([3.0, -1.0]))
    norm(torch.tensor([[5.0, 1.0]]))
    assert torch.allclose(mean_of(norm), torch.tensor([4.0, 0.0]))  # the plain mean while few were seen
    assert norm(torch.zeros(0, 2)).shape == (0, 2)
    assert torch.isfinite(mean_of(norm)).all()


def test_a_running_norm_is_kept_by_its_state() -> None:
    norm, other = RunningNorm(2), RunningNorm(2)
    for i in range(5):
        norm(torch.randn(8, 2) + i)
    other.load_state_dict(norm.state_dict())
    rows = torch.randn(4, 2)
    assert torch.equal(norm(rows), other(rows))  # in training: the number of batches seen counts too
    before = mean_of(norm.eval()).clone()
    norm(rows)
    assert torch.equal(mean_of(norm), before)
    assert norm(torch.full((1, 2), 1e9)).max() == 6.0

"""Changed spectra are those of changed audio, as the front end hears it."""

import pytest
import torch

from gainstage.data.heard import louder, swapped, together
from gainstage.models.log_mel import FrontSettings, LogMel

FRONT = LogMel(FrontSettings())


def _tracks(count: int) -> torch.Tensor:
    tracks = torch.randn(count, 2, 65_536) * 0.05
    tracks[..., 40_000:] = 0.0
    tracks[0, 1] = tracks[0, 0]  # mono
    return tracks


@pytest.mark.parametrize("gain_db", [-9.0, 6.0])
def test_louder(gain_db: float) -> None:
    audio = _tracks(2)
    found = torch.stack([louder(row, gain_db) for row in FRONT(audio)])
    torch.testing.assert_close(found, FRONT(audio * 10.0 ** (gain_db / 20.0)), atol=2e-3, rtol=0.0)
    assert not found[..., -5:].any()  # silence is no louder


def test_swapped() -> None:
    audio = _tracks(2)
    found = torch.stack([swapped(row) for row in FRONT(audio)])
    torch.testing.assert_close(found, FRONT(audio.flip(1)), atol=1e-4, rtol=0.0)


def test_a_sum_of_unlike_tracks_within_a_decibel_or_two() -> None:
    audio, gains_db = _tracks(3), (0.0, -6.0, -12.0)
    factors = 10.0 ** (torch.tensor(gains_db) / 20.0)
    wanted = FRONT((audio * factors[:, None, None]).sum(0, keepdim=True))[0]
    found = together(FRONT(audio).half(), gains_db).float()
    error_db = 40.0 * (found - wanted)[:2, :-2, :19].abs().mean()
    assert float(error_db) < 1.5
    alone = 40.0 * (FRONT(audio)[0] - wanted)[:2, :-2, :19].abs().mean()
    assert float(alone) > 2.0 * float(error_db)


def test_a_sum_of_one_is_itself() -> None:
    spectra = FRONT(_tracks(2))
    torch.testing.assert_close(together(spectra[1:], (0.0,)), spectra[1], atol=1e-4, rtol=0.0)

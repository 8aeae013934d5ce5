"""Drawn rooms: the dry stem stays under its reverb, drums stay dry, and a seed says all."""

import pytest
import torch

from gainstage.normalise import Rooms, with_rooms
from tests.normalise.stems import RATE, pulses

ROLES = ["lead_vocal", "kick", "piano"]
ALWAYS = Rooms(chance=1.0)


def _in_rooms(
    stems: torch.Tensor, *, seed: int = 1, rooms: Rooms = ALWAYS, block: int = 1 << 20
) -> torch.Tensor:
    blocks = torch.split(stems, block, -1)
    return torch.cat(list(with_rooms(blocks, ROLES, seed=seed, sample_rate=RATE, rooms=rooms)), -1)


def test_voices_and_others_get_rooms_and_drums_none() -> None:
    stems = torch.stack([pulses(i) for i in range(3)])
    wet = _in_rooms(stems)
    added = (wet - stems).square().mean((1, 2)) / stems.square().mean((1, 2))
    assert float(added[1]) == 0.0
    level_db = 10.0 * torch.log10(added[[0, 2]])
    assert bool(((level_db > -45.0) & (level_db < -6.0)).all())  # below the range: shelves take some


def test_a_room_rings_on_and_is_silent_before() -> None:
    stems = torch.zeros(3, 2, 2 * RATE)
    stems[:, :, RATE // 2] = 1.0
    wet = _in_rooms(stems, rooms=Rooms(chance=1.0, pre_delay_ms=(20.0, 20.0), decay_s=(0.5, 0.5)))
    quiet, ringing, over = ((0, 22_050), (23_000, 40_000), (60_000, 88_200))
    assert float(wet[0, :, quiet[0] : quiet[1]].abs().max()) < 1e-7
    assert float(wet[0, :, ringing[0] : ringing[1]].abs().max()) > 1e-4
    assert float(wet[0, :, over[0] : over[1]].abs().max()) < 1e-5


def test_blocks_change_nothing_and_seeds_do() -> None:
    stems = torch.stack([pulses(i) for i in range(3)])
    whole = _in_rooms(stems)
    torch.testing.assert_close(_in_rooms(stems, block=10_007), whole, atol=1e-5, rtol=0.0)
    assert not torch.allclose(_in_rooms(stems, seed=2), whole, atol=1e-3)
    assert torch.equal(_in_rooms(stems, rooms=Rooms(chance=0.0)), stems)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"chance": 1.5}, "chance is 1.5"),
        ({"decay_s": (2.0, 1.0)}, "decay_s is a range, lowest first"),
        ({"decay_s": (0.01, 1.0)}, "decays lie between 0.1 and 9 s"),
    ],
)
def test_rooms_that_cannot_be_are_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Rooms(**wrong)  # type: ignore[arg-type]

"""The mixer: order and padding of tracks, locks in place, both ends of the song's tracks, gradients."""

import pytest
import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.console.spec import named
from gainstage.models.controller import Controller
from gainstage.models.encoder import Encoder
from gainstage.models.mixer import Mixer

RATE = 44100


@pytest.fixture(scope="module")
def mixer() -> Mixer:
    torch.manual_seed(0)
    console = Console(named("default"))
    encoder = Encoder(sample_rate=RATE, channels=(8, 8, 16, 16), width=32)
    mixer = Mixer(encoder, Controller(console.layout, width=32, hidden=64), console)
    for head in mixer.controller.heads.values():  # so that what is heard shows in the outputs
        torch.nn.init.normal_(head[-1].weight, std=0.5)
    return mixer.eval()


def song(tracks: int, samples: int = 30_000) -> tuple[Tensor, Tensor, Conditions]:
    draw = torch.Generator().manual_seed(1)
    audio = (
        torch.randn(1, tracks, 2, samples, generator=draw) * torch.linspace(0.01, 0.1, tracks)[:, None, None]
    )
    roles = torch.randint(0, 20, (1, tracks), generator=draw)
    return audio, torch.ones(1, tracks, dtype=torch.bool), conditions(roles)


def conditions(roles: Tensor, **locks: dict[str, Tensor]) -> Conditions:
    return Conditions(roles, torch.tensor([-1]), torch.tensor([-20.0]), **locks)


def test_permuting_tracks_permutes_their_settings(mixer: Mixer) -> None:
    audio, mask, given = song(4)
    order = torch.tensor([2, 0, 3, 1])
    a = mixer.decide(audio, mask, given).units
    b = mixer.decide(audio[:, order], mask, conditions(given.roles[:, order])).units
    assert (a["tracks"][:, order] - b["tracks"]).abs().max() < 1e-5
    for section in ("returns", "master"):
        assert (a[section] - b[section]).abs().max() < 1e-5
    assert a["tracks"].std(1).max() > 0.01  # the tracks differ, so the order could have shown


def test_padding_changes_nothing(mixer: Mixer) -> None:
    audio, mask, given = song(3)
    padded = torch.cat([audio, torch.full((1, 2, 2, audio.shape[-1]), float("nan"))], 1)
    wide = torch.cat([mask, torch.zeros(1, 2, dtype=torch.bool)], 1)
    more = conditions(torch.nn.functional.pad(given.roles, (0, 2)))
    a, b = mixer.decide(audio, mask, given).units, mixer.decide(padded, wide, more).units
    assert (a["tracks"] - b["tracks"][:, :3]).abs().max() < 1e-5
    assert (a["master"] - b["master"]).abs().max() < 1e-5


def test_locked_values_stand_and_the_rest_is_told(mixer: Mixer) -> None:
    audio, mask, given = song(3)
    free = mixer.decide(audio, mask, given).units["tracks"]
    locked = torch.zeros_like(free, dtype=torch.bool)
    locked[0, 1, 5] = True
    held = conditions(
        given.roles, locked={"tracks": locked}, locked_units={"tracks": torch.full_like(free, 0.123)}
    )
    units = mixer.decide(audio, mask, held).units["tracks"]
    assert units[0, 1, 5].item() == pytest.approx(0.123)
    assert (units[0, 0] - free[0, 0]).abs().max() > 0


@pytest.mark.parametrize("tracks", [1, 40])
def test_any_number_of_tracks_is_mixed(mixer: Mixer, tracks: int) -> None:
    audio, mask, given = song(tracks, samples=9_000)
    mix = mixer(audio, mask, mask, given, sample_rate=RATE).mix
    assert mix.shape == (1, 2, 9_000)
    assert torch.isfinite(mix).all()


def test_an_untrained_mixer_begins_at_the_starts() -> None:
    console = Console(named("default"))
    encoder = Encoder(sample_rate=RATE, channels=(8, 8, 16, 16), width=32)
    fresh = Mixer(encoder, Controller(console.layout, width=32, hidden=64), console).eval()
    audio, mask, given = song(2)
    units = fresh.decide(audio, mask, given).units
    for section, layout in console.layout.items():
        if layout.driven:
            start = layout.to_unit(layout.starts()).float()
            assert (units[section] - start).abs().max() < 0.15


def test_gradient_flows_from_the_mix_into_the_network(mixer: Mixer) -> None:
    audio, mask, given = song(2, samples=12_000)
    mixer.zero_grad()
    mixer(audio, mask, mask, given, sample_rate=RATE).mix.square().mean().backward()
    for name, weight in mixer.named_parameters():
        if "think.own" in name or name.startswith("encoder"):
            assert weight.grad is not None, name
            assert torch.isfinite(weight.grad).all(), name
    assert sum(float(w.grad.abs().sum()) for w in mixer.encoder.parameters() if w.grad is not None) > 0

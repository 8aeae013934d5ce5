"""The mixer as a whole: what it renders is what it set, padding plays no part, gradients arrive."""

import pytest
import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.models.mixer import Mixer
from tests.models.scene import RATE, conditions, fresh_mixer, last_layers, lively_mixer

SAMPLES = 6000


@pytest.fixture(scope="module")
def mixer() -> Mixer:
    return lively_mixer()


def song(tracks: int, samples: int = SAMPLES) -> tuple[Tensor, Tensor, Tensor, Conditions]:
    """Noise at −30 … −20 dB, every second track mono."""
    draw = torch.Generator().manual_seed(1)
    level = torch.linspace(0.03, 0.1, tracks)[:, None, None]
    audio = torch.randn(1, tracks, 2, samples, generator=draw) * level
    is_stereo = (torch.arange(tracks) % 2 == 1)[None]
    audio[~is_stereo] = audio[~is_stereo][:, :1]
    roles = torch.randint(0, 20, (1, tracks), generator=draw)
    return audio, torch.ones(1, tracks, dtype=torch.bool), is_stereo, conditions(roles)


@pytest.mark.parametrize("tracks", [1, 3, 40])
def test_what_is_rendered_is_what_was_heard_and_set(mixer: Mixer, tracks: int) -> None:
    audio, mask, is_stereo, given = song(tracks, 3000)
    with torch.no_grad():
        mix = mixer(audio, mask, is_stereo, given, sample_rate=RATE).mix
        heard = mixer.front(audio[0])
        embeddings = mixer.listen(heard, torch.full((tracks,), heard.shape[-1]))[None]
        settings = mixer.set(embeddings, mask, given).parameters
        by_hand = mixer.console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).mix
    assert mix.shape == (1, 2, 3000)
    assert torch.isfinite(mix).all()
    assert (mix - by_hand).abs().max() < 1e-5 * by_hand.abs().max()
    assert (mix - audio.sum(1)).abs().max() > 1e-3  # it did something


def test_settings_are_those_of_the_units_and_neutral_beside_them(mixer: Mixer) -> None:
    decided = mixer.set(
        torch.randn(1, 3, mixer.encoder.width), torch.ones(1, 3, dtype=torch.bool), song(3)[3]
    )
    neutral = mixer.console.neutral(batch=1, tracks=3)
    for section, layout in mixer.console.layout.items():
        values = decided.parameters.values[section].detach()
        fixed = [i for i in range(layout.width) if i not in layout.driven]
        assert torch.equal(values[..., fixed], neutral.values[section][..., fixed])
        assert torch.allclose(layout.to_unit(values).float(), decided.units[section].detach(), atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_padding_is_not_listened_to(training: bool) -> None:
    mixers = [lively_mixer(), lively_mixer()]
    audio, mask, is_stereo, given = song(3)
    padded = torch.cat([audio, torch.full((1, 2, 2, SAMPLES), float("nan"))], dim=1)
    wide = [torch.nn.functional.pad(part, (0, 2)) for part in (mask, is_stereo)]
    more = conditions(torch.nn.functional.pad(given.roles, (0, 2)))
    for mixer in mixers:
        mixer.encoder.train(training)
    alone = mixers[0](audio, mask, is_stereo, given, sample_rate=RATE).mix
    beside = mixers[1](padded, *wide, more, sample_rate=RATE).mix
    error = (alone - beside).square().mean() / alone.square().mean()
    # in training the spread of three rows divides what rounding left
    assert 10 * torch.log10(error + 1e-30) < (-60 if training else -100)
    one, other = (mixer.encoder.norm.get_buffer("mean") for mixer in mixers)
    assert torch.allclose(one, other, atol=1e-5)
    beside.square().mean().backward()
    for name, weight in mixers[1].named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_the_gradient_of_a_mix_reaches_encoder_and_every_section() -> None:
    mixer = fresh_mixer()
    for last in last_layers(mixer.controller).values():
        torch.nn.init.normal_(last.weight, std=0.1)
    audio, mask, is_stereo, given = song(3, 12_000)
    mixer(4.0 * audio, mask, is_stereo, given, sample_rate=RATE).mix.square().mean().backward()
    for section, last in last_layers(mixer.controller).items():
        assert last.bias.grad is not None
        assert torch.isfinite(last.bias.grad).all()
        reached = int((last.bias.grad != 0).sum())
        assert reached == len(last.bias), (section, reached)
    for name, weight in mixer.encoder.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name

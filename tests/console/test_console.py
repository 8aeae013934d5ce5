"""The console: neutral is the sum; order, padding, batch and call length change nothing."""

import pytest
import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters
from gainstage.console.spec import ConsoleSpec, named

RATE = 44100


@pytest.fixture(scope="module")
def console() -> Console:
    return Console(named("basic"))


def noise(*shape: int) -> Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def songs(batch: int, tracks: int, samples: int) -> tuple[Tensor, Tensor]:
    """Tracks of which the odd ones are mono."""
    audio = noise(batch, tracks, 2, samples)
    is_stereo = (torch.arange(tracks) % 2 == 0).expand(batch, -1)
    audio[:, 1::2, 1] = audio[:, 1::2, 0]
    return audio, is_stereo


def moved(console: Console, batch: int, tracks: int, seed: int = 0) -> Parameters:
    """Settings drawn around the starts: nothing is neutral, nothing extreme."""
    settings = console.neutral(batch=batch, tracks=tracks)
    generator = torch.Generator().manual_seed(seed)
    values = {}
    for section, layout in console.layout.items():
        units = layout.to_unit(layout.starts()).expand(*settings.values[section].shape[:2], -1)
        drawn = (units + 0.3 * (torch.rand(units.shape, generator=generator) - 0.5)).clamp(0.01, 0.99)
        values[section] = layout.to_physical(drawn, settings.values[section])
    for band in (
        "63",
        "125",
        "250",
        "500",
        "1000",
        "2000",
        "4000",
        "8000",
    ):  # short rooms keep this test quick
        values["returns"][..., console.layout["returns"].index("reverb", f"t60_{band}hz_s")] = 0.2
    values["returns"][..., console.layout["returns"].index("reverb", "mix")] = 1.0
    return Parameters(values, settings.bypass, settings.mute, settings.groups)


def level_db(error: Tensor, of: Tensor) -> float:
    return float(10 * torch.log10(error.double().square().sum() / of.double().square().sum() + 1e-30))


def test_neutral_is_the_plain_sum(console: Console) -> None:
    audio, is_stereo = songs(2, 5, 4096)
    mix = console.render(audio, console.neutral(batch=2, tracks=5), sample_rate=RATE, is_stereo=is_stereo).mix
    assert level_db(mix - audio.sum(1), audio.sum(1)) < -130


def test_bypassed_is_the_plain_sum_whatever_is_set(console: Console) -> None:
    audio, is_stereo = songs(1, 4, 2048)
    settings = moved(console, 1, 4)
    off = {section: torch.ones_like(b) for section, b in settings.bypass.items()}
    values = dict(settings.values)
    send = console.layout["tracks"].index("send_reverb", "level_db")
    values["tracks"] = values["tracks"].clone()
    values["tracks"][..., send] = -60.0
    bypassed = Parameters(values, off, settings.mute, settings.groups)
    mix = console.render(audio, bypassed, sample_rate=RATE, is_stereo=is_stereo).mix
    assert level_db(mix - audio.sum(1), audio.sum(1)) < -130


def test_a_bypassed_row_is_as_if_alone(console: Console) -> None:
    audio, is_stereo = songs(1, 3, 2048)
    settings = moved(console, 1, 3)
    strips = list(console.strips["tracks"])
    settings.bypass["tracks"][0, 1, strips.index("equaliser")] = True
    settings.bypass["tracks"][0, 1, strips.index("pan")] = True
    out = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).tracks
    for i in range(3):
        one = Parameters(
            {**settings.values, "tracks": settings.values["tracks"][:, i : i + 1]},
            {**settings.bypass, "tracks": settings.bypass["tracks"][:, i : i + 1]},
            {**settings.mute, "tracks": settings.mute["tracks"][:, i : i + 1]},
            settings.groups[:, i : i + 1],
        )
        alone = console.render(
            audio[:, i : i + 1], one, sample_rate=RATE, is_stereo=is_stereo[:, i : i + 1]
        ).tracks
        assert level_db(out[:, i] - alone[:, 0], alone) < -120


def test_a_return_that_one_item_bypasses_also_runs_in_double_precision(console: Console) -> None:
    audio, is_stereo = songs(2, 2, 500)
    settings = moved(console, 2, 2)
    settings.bypass["returns"][1] = True
    single = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).mix
    double = console.render(audio.double(), settings, sample_rate=RATE, is_stereo=is_stereo).mix
    assert level_db(single - double, double) < -120


def test_order_of_tracks_changes_nothing(console: Console) -> None:
    audio, is_stereo = songs(1, 5, 3000)
    settings = moved(console, 1, 5)
    order = torch.tensor([3, 0, 4, 1, 2])
    turned = Parameters(
        {**settings.values, "tracks": settings.values["tracks"][:, order]},
        {**settings.bypass, "tracks": settings.bypass["tracks"][:, order]},
        {**settings.mute, "tracks": settings.mute["tracks"][:, order]},
        settings.groups[:, order],
    )
    a = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).mix
    b = console.render(audio[:, order], turned, sample_rate=RATE, is_stereo=is_stereo[:, order]).mix
    assert level_db(a - b, a) < -120


def test_padding_is_never_read(console: Console) -> None:
    audio, is_stereo = songs(1, 3, 2000)
    settings = moved(console, 1, 3)
    padded = torch.cat([audio, torch.full((1, 2, 2, 2000), float("nan"))], dim=1)
    wide = moved(console, 1, 5)
    values = {
        **settings.values,
        "tracks": torch.cat([settings.values["tracks"], wide.values["tracks"][:, 3:]], 1),
    }
    more = Parameters(values, wide.bypass, wide.mute, wide.groups)
    mask = torch.tensor([[True] * 3 + [False] * 2])
    both = torch.cat([is_stereo, torch.ones(1, 2, dtype=torch.bool)], 1)
    a = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).mix
    b = console.render(padded, more, sample_rate=RATE, is_stereo=both, mask=mask).mix
    assert torch.isfinite(b).all()
    assert level_db(a - b, a) < -120


def test_an_item_alone_is_the_item_in_a_batch(console: Console) -> None:
    audio, is_stereo = songs(3, 2, 2000)
    settings = moved(console, 3, 2)
    whole = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).mix
    for i in range(3):
        one = Parameters(
            {k: v[i : i + 1] for k, v in settings.values.items()},
            {k: v[i : i + 1] for k, v in settings.bypass.items()},
            {k: v[i : i + 1] for k, v in settings.mute.items()},
            settings.groups[i : i + 1],
        )
        alone = console.render(audio[i : i + 1], one, sample_rate=RATE, is_stereo=is_stereo[i : i + 1]).mix
        assert level_db(whole[i] - alone[0], alone) < -120


@pytest.mark.parametrize("automated", [False, True])
def test_calls_of_any_length_are_the_whole(console: Console, automated: bool) -> None:
    samples = 9001
    audio, is_stereo = songs(1, 3, samples)
    settings = moved(console, 1, 3)
    if automated:
        times = torch.tensor([0.0, 0.05, 0.11, 0.2])
        curves = {
            ("tracks", "fader.gain_db"): Curve(times, torch.tensor([[[0, -60, -6, 3.0]] * 3])),
            ("tracks", "equaliser.peak_2_frequency_hz"): Curve(
                times, torch.tensor([[[300, 900, 2000, 400.0]] * 3])
            ),
            ("tracks", "send_reverb.level_db"): Curve(times, torch.tensor([[[-60, -10, -20, 0.0]] * 3])),
            ("master", "compressor.threshold_db"): Curve(times, torch.tensor([[[-10, -30, -20, -40.0]]])),
        }
        settings = Parameters(settings.values, settings.bypass, settings.mute, settings.groups, curves)
    whole = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).mix
    parts, state, start = [], None, 0
    for length in [1, 63, 64, 65, 700, 2048, 5, 4000, samples]:
        block = audio[..., start : start + length]
        done = console.render(
            block, settings, sample_rate=RATE, is_stereo=is_stereo, state=state, start_sample=start
        )
        state, start = done.state, start + block.shape[-1]
        parts.append(done.mix)
    assert level_db(torch.cat(parts, -1) - whole, whole) < -120


def test_flat_curves_render_like_their_numbers(console: Console) -> None:
    audio, is_stereo = songs(1, 2, 3000)
    settings = moved(console, 1, 2)
    curves = {}
    for section, layout in console.layout.items():
        for i, column in enumerate(layout.columns):
            if column.parameter.kind == "continuous":
                knots = settings.values[section][..., i, None].expand(-1, -1, 2)
                curves[section, column.path] = Curve(torch.tensor([0.0, 1.0]), knots)
    flat = Parameters(settings.values, settings.bypass, settings.mute, settings.groups, curves)
    a = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo).mix
    b = console.render(audio, flat, sample_rate=RATE, is_stereo=is_stereo).mix
    assert level_db(a - b, a) < -120


def test_a_muted_track_is_silent_and_leaves_the_sends(console: Console) -> None:
    audio, is_stereo = songs(1, 2, 2000)
    settings = moved(console, 1, 2)
    settings.mute["tracks"][0, 0] = True
    done = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo)
    assert done.tracks[0, 0].abs().max() == 0
    only = audio.clone()
    only[:, 0] = 0
    other = console.render(only, settings, sample_rate=RATE, is_stereo=is_stereo)
    assert level_db(done.mix - other.mix, other.mix) < -120


def test_groups_carry_their_tracks() -> None:
    console = Console(
        ConsoleSpec(tracks=["fader"], groups=["fader"], group_names=["drums", "bass"], master=["fader"])
    )
    audio = noise(1, 3, 2, 500)
    settings = console.neutral(batch=1, tracks=3)
    settings.values["groups"][0, 0] = -60.0  # the drums' fader at its lower end
    settings.groups[0] = torch.tensor([0, 1, -1])
    done = console.render(audio, settings, sample_rate=RATE)
    assert done.groups[0, 0].abs().max() == 0
    assert torch.allclose(done.mix, audio[:, 1:].sum(1), atol=1e-7)


def test_gradient_reaches_every_driven_parameter(console: Console) -> None:
    audio, is_stereo = songs(1, 3, 8000)
    settings = moved(console, 1, 3)
    values = {section: value.clone().requires_grad_() for section, value in settings.values.items()}
    live = Parameters(values, settings.bypass, settings.mute, settings.groups)
    mix = console.render(audio, live, sample_rate=RATE, is_stereo=is_stereo).mix
    (
        mix.double() * torch.linspace(-1, 2, mix.numel(), dtype=torch.float64).reshape(mix.shape)
    ).sum().backward()
    for section, layout in console.layout.items():
        if not layout.driven:
            continue
        grad = values[section].grad
        assert grad is not None
        assert torch.isfinite(grad).all()
        dead = [layout.columns[i].path for i in layout.driven if (grad[..., i] == 0).any()]
        assert dead == []


def test_starts_that_disagree_are_refused(console: Console) -> None:
    audio, _ = songs(2, 1, 100)
    with pytest.raises(ValueError, match="modulo 64"):
        console.render(audio, moved(console, 2, 1), sample_rate=RATE, start_sample=torch.tensor([0, 10]))


def test_a_song_of_no_length_and_a_console_of_no_tracks(console: Console) -> None:
    assert console.render(noise(1, 2, 2, 0), moved(console, 1, 2), sample_rate=RATE).mix.shape == (1, 2, 0)
    assert console.render(noise(1, 0, 2, 100), moved(console, 1, 0), sample_rate=RATE).mix.abs().max() == 0


def test_a_return_that_nothing_feeds_has_no_tail(console: Console) -> None:
    settings = moved(console, 1, 2)
    sends = settings.values["tracks"][..., console.layout["tracks"].index("send_reverb", "level_db")]
    sends[...] = -60.0
    dry = console.tail_seconds(settings)
    sends[0, 1] = -20.0
    assert console.tail_seconds(settings) > dry + 0.19
    sends[...] = -60.0
    fade = Curve(torch.tensor([0.0, 1.0]), torch.tensor([[[-60.0, 0.0], [-60.0, -60.0]]]))
    moving = Parameters(
        settings.values,
        settings.bypass,
        settings.mute,
        settings.groups,
        {("tracks", "send_reverb.level_db"): fade},
    )
    assert console.tail_seconds(moving) > dry + 0.19

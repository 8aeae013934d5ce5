"""How signals run beside their gains: solo, polarity, delays, pre-fader sends, keys, mutes that move."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from gainstage.console.console import Console, Rendered
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters, Routing
from gainstage.console.spec import ConsoleSpec

RATE = 44_100
SAMPLES = 4000
ON, OFF = True, False


def console(**changes: Any) -> Console:
    parts: dict[str, Any] = {
        "tracks": ["compressor", "fader", "pan"],
        "groups": ["compressor", "fader"],
        "returns": ["fader"],
        "master": ["compressor"],
        "group_names": ["drums", "rest"],
        "return_names": ["room"],
    }
    return Console(ConsoleSpec.model_validate(parts | changes))


def noise(tracks: int, samples: int = SAMPLES) -> Tensor:
    return 0.1 * torch.randn(1, tracks, 2, samples, dtype=torch.float64)


def settings(desk: Console, tracks: int, groups: list[int] | None = None, **routing: Any) -> Parameters:
    parameters = desk.neutral(batch=1, tracks=tracks)
    if groups is not None:
        parameters = replace(parameters, groups=torch.tensor([groups]))
    return replace(parameters, routing=Routing(**routing))


def put(parameters: Parameters, desk: Console, place: str, strip: int, value: float) -> None:
    section, processor, name = place.split(".")
    parameters.values[section][0, strip, desk.layout[section].index(processor, name)] = value


def render(desk: Console, audio: Tensor, parameters: Parameters) -> Rendered:
    return desk.render(audio, parameters, sample_rate=RATE)


def flags(*values: bool) -> Tensor:
    return torch.tensor([values])


def test_polarity_and_delay_act_at_the_input() -> None:
    desk, audio = console(), noise(3)
    routing = {
        "inverted": {"tracks": flags(OFF, ON, OFF)},
        "delay_samples": {"tracks": torch.tensor([[0, 0, 100]])},
    }
    mix = render(desk, audio, settings(desk, 3, **routing)).mix
    expected = audio[:, 0] - audio[:, 1]
    expected[..., 100:] += audio[:, 2, :, :-100]
    assert torch.allclose(mix, expected, atol=1e-12)


def test_a_delay_at_the_input_is_not_taken_for_the_processor() -> None:
    desk = Console(ConsoleSpec(tracks=["delay"]))
    audio = noise(1)
    late = settings(desk, 1, delay_samples={"tracks": torch.tensor([[5]])})
    assert torch.equal(render(desk, audio, late).mix[..., 5:], audio[0, :, :, :-5])


def test_a_pre_fader_send_is_fed_by_a_track_that_is_down_and_panned() -> None:
    desk, audio = console(), noise(2)
    parameters = settings(desk, 2, pre_fader={("tracks", "send_room"): flags(ON, OFF)})
    for track in range(2):
        put(parameters, desk, "tracks.send_room.level_db", track, 0.0)
        put(parameters, desk, "tracks.fader.gain_db", track, -60.0)
        put(parameters, desk, "tracks.pan.position", track, 1.0)
    done = render(desk, audio, parameters)
    assert torch.allclose(done.returns[:, 0], audio[:, 0], atol=1e-12)
    assert torch.allclose(done.mix, audio[:, 0], atol=1e-12)


def test_a_pre_fader_send_waits_for_what_is_late_behind_the_fader() -> None:
    late = {"name": "compressor", "settings": {"look_ahead_ms": 2.0}}
    desk, audio = console(tracks=["fader", late]), noise(1)
    parameters = settings(desk, 1, pre_fader={("tracks", "send_room"): flags(ON)})
    put(parameters, desk, "tracks.send_room.level_db", 0, 0.0)
    mix = desk.mix_in_time(audio, parameters, sample_rate=RATE)
    assert torch.allclose(mix, 2.0 * audio[:, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("solo", "in_mix", "in_room"),
    [
        ({}, (0, 1, 2), (0, 1, 2)),
        ({"tracks": flags(ON, OFF, OFF)}, (0,), (0,)),
        ({"tracks": flags(OFF, OFF, ON)}, (2,), (2,)),
        ({"groups": flags(ON, OFF)}, (0, 1), (0, 1)),
        ({"returns": flags(ON)}, (), (0, 1, 2)),
        ({"tracks": flags(ON, OFF, OFF), "returns": flags(ON)}, (0,), (0, 1, 2)),
    ],
    ids=["none", "grouped track", "free track", "group", "return", "track and return"],
)
def test_solo(solo: Mapping[str, Tensor], in_mix: tuple[int, ...], in_room: tuple[int, ...]) -> None:
    """Tracks 0 and 1 are the drums, 2 runs straight to the master; all feed the room."""
    desk, audio = console(), noise(3)
    parameters = settings(desk, 3, [0, 0, -1], solo=solo)
    for track in range(3):
        put(parameters, desk, "tracks.send_room.level_db", track, 0.0)
    done = render(desk, audio, parameters)
    room = audio[:, list(in_room)].sum(1)
    assert torch.allclose(done.returns[:, 0], room, atol=1e-12)
    assert torch.allclose(done.mix, audio[:, list(in_mix)].sum(1) + room, atol=1e-12)


def test_a_soloed_return_hears_the_sends_of_groups() -> None:
    desk, audio = console(), noise(2)
    parameters = settings(desk, 2, [0, -1], solo={"returns": flags(ON)})
    put(parameters, desk, "groups.send_room.level_db", 0, 0.0)
    assert torch.allclose(render(desk, audio, parameters).mix, audio[:, 0], atol=1e-12)


def squash(parameters: Parameters, desk: Console, section: str, strip: int) -> None:
    for name, value in {"threshold_db": -50.0, "ratio": 20.0, "attack_ms": 0.1}.items():
        put(parameters, desk, f"{section}.compressor.{name}", strip, value)


def ducked_db(done: Tensor, dry: Tensor) -> float:
    return float(20.0 * torch.log10(done[..., 1000:].norm() / dry[..., 1000:].norm()))


def kick_and_bass() -> Tensor:
    audio = noise(3)
    audio[:, 1:] *= 1e-3  # far below the threshold
    return audio


@pytest.mark.parametrize("how", ["track", "muted track", "soloed away", "group", "group with fader down"])
def test_a_kick_ducks_the_bass(how: str) -> None:
    desk, audio = console(), kick_and_bass()
    source = {"tracks": torch.zeros(1, 3, 3)} if "track" in how or "solo" in how else {}
    if source:
        source["tracks"][0, 1, 0] = 1.0
    else:
        source = {"groups": torch.zeros(1, 3, 2)}
        source["groups"][0, 1, 0] = 1.0
    solo = {"tracks": flags(OFF, ON, OFF)} if how == "soloed away" else {}
    parameters = settings(desk, 3, [0, 1, -1], keys={("tracks", "compressor"): source}, solo=solo)
    parameters.mute["tracks"][0, 0] = how == "muted track"
    if how == "group with fader down":
        put(parameters, desk, "tracks.fader.gain_db", 0, -60.0)
    for strip in (1, 2):
        squash(parameters, desk, "tracks", strip)
    tracks = render(desk, audio, parameters).strips["tracks"].unmuted().signals()
    ducked = ducked_db(tracks[:, 1], audio[:, 1])
    assert ducked > -0.1 if how == "group with fader down" else ducked < -10.0
    assert ducked_db(tracks[:, 2], audio[:, 2]) > -0.1  # it has no key and listens to itself
    if how != "group with fader down":
        assert torch.allclose(tracks[:, 0], audio[:, 0])


@pytest.mark.parametrize("section", ["groups", "master"])
def test_buses_may_be_keyed_by_tracks(section: str) -> None:
    desk, audio = console(), kick_and_bass()
    audio[:, 0] *= 10.0
    strips = desk.num_strips(section, 3)
    weights = torch.zeros(1, strips, 3)
    weights[0, -1, 0] = 1.0
    parameters = settings(desk, 3, [-1, 1, 1], keys={(section, "compressor"): {"tracks": weights}})
    parameters.mute["tracks"][0, 0] = True
    for strip in range(strips):
        squash(parameters, desk, section, strip)
    assert ducked_db(render(desk, audio, parameters).mix, audio[:, 1:].sum(1)) < -10.0


def test_a_key_from_a_later_stage_is_refused_by_name() -> None:
    desk = console()
    keys = {("groups", "compressor"): {"returns": torch.ones(1, 2, 1)}}
    with pytest.raises(ValueError, match=r"groups\.compressor cannot be keyed by returns"):
        render(desk, noise(1), settings(desk, 1, keys=keys))


def test_a_mute_can_be_automated() -> None:
    desk, audio = console(), noise(2)
    knots = torch.tensor([[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]])
    mutes = Curve(torch.tensor([0.0, 630 / RATE, 1910 / RATE]), knots)
    parameters = replace(settings(desk, 2), curves={("tracks", "mute"): mutes})
    tracks = render(desk, audio, parameters).tracks
    gain = tracks[0, 0, 0] / audio[0, 0, 0]
    assert torch.allclose(gain[:576], torch.ones(1).double())
    assert float(gain[640:1856].abs().max()) == 0.0
    assert torch.allclose(gain[1920:], torch.ones(1).double())
    assert torch.allclose(tracks[:, 1], audio[:, 1])


def test_calls_of_any_length_are_the_whole() -> None:
    desk, audio = console(), noise(3)
    weights = torch.zeros(1, 3, 3)
    weights[0, 1, 0] = 1.0
    parameters = settings(
        desk,
        3,
        [0, 1, -1],
        keys={("tracks", "compressor"): {"tracks": weights}},
        inverted={"tracks": flags(ON, OFF, OFF)},
        delay_samples={"tracks": torch.tensor([[7, 0, 130]])},
        pre_fader={("tracks", "send_room"): flags(ON, OFF, ON)},
    )
    for track in range(3):
        put(parameters, desk, "tracks.send_room.level_db", track, -6.0)
        squash(parameters, desk, "tracks", track)
    curves = {
        ("tracks", "fader.gain_db"): Curve(torch.tensor([0.0, 0.05]), torch.tensor([[[0.0, -30.0]] * 3])),
        ("tracks", "send_room.level_db"): Curve(
            torch.tensor([0.0, 0.05]), torch.tensor([[[-60.0, 0.0]] * 3])
        ),
        ("tracks", "mute"): Curve(torch.tensor([0.0, 0.03]), torch.tensor([[[0.0, 1.0]] * 3])),
    }
    parameters = replace(parameters, curves=curves)
    whole, parts, state, start = render(desk, audio, parameters).mix, [], None, 0
    for length in (1, 63, 130, 64, 700, SAMPLES):
        block = audio[..., start : start + length]
        done = desk.render(block, parameters, sample_rate=RATE, state=state, start_sample=start)
        state, start = done.state, start + block.shape[-1]
        parts.append(done.mix)
    assert torch.allclose(torch.cat(parts, -1), whole, atol=1e-9)


LOOKING = {"name": "compressor", "settings": {"look_ahead_ms": 5.0}}
LATE = round(0.005 * RATE)


@pytest.mark.parametrize("section", ["tracks", "groups", "returns", "master"])
def test_what_runs_around_a_late_strip_waits(section: str) -> None:
    """A click in four tracks, through all paths: all arrive together, as late as the console says."""
    desk = console(**{section: [LOOKING, "fader"]})
    audio = torch.zeros(1, 4, 2, SAMPLES, dtype=torch.float64)
    audio[..., 100] = 1.0
    parameters = settings(desk, 4, [0, 1, -1, -1])
    put(parameters, desk, "tracks.send_room.level_db", 2, 0.0)
    put(parameters, desk, "groups.send_room.level_db", 0, 0.0)
    late = desk.latency_samples(parameters, sample_rate=RATE)
    assert late == LATE
    for _ in ("all strips look ahead", "one does"):
        mix = render(desk, audio, parameters).mix
        assert torch.nonzero(mix[0, 0]).flatten().tolist() == [100 + late]
        assert torch.allclose(mix[0, :, 100 + late], torch.tensor(6.0).double())
        parameters.bypass[section][0, 1:, 0] = True
    assert torch.allclose(
        desk.mix_in_time(audio, parameters, sample_rate=RATE), mix.roll(-late, -1), atol=1e-12
    )
    parameters.bypass[section][..., 0] = True
    assert desk.latency_samples(parameters, sample_rate=RATE) == 0


def test_a_late_console_reads_its_curves_late() -> None:
    """A fader behind a look-ahead moves where the song is, not where the clock is."""
    desk = console(tracks=[LOOKING, "fader"])
    audio = torch.ones(1, 1, 2, SAMPLES, dtype=torch.float64)
    curve = Curve(torch.tensor([0.0, SAMPLES / RATE]).double(), torch.tensor([[[0.0, -12.0]]]).double())
    late = replace(settings(desk, 1), curves={("tracks", "fader.gain_db"): curve})
    prompt = replace(late, bypass={s: b.clone() for s, b in late.bypass.items()})
    prompt.bypass["tracks"][..., 0] = True
    wanted = desk.mix_in_time(audio, prompt, sample_rate=RATE)
    assert torch.allclose(desk.mix_in_time(audio, late, sample_rate=RATE), wanted, atol=1e-4)

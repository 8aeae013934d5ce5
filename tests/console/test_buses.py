"""Buses cost nothing unless they are used, and that must not be heard."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gainstage.console.console import Console, Rendered
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters, Routing
from gainstage.console.spec import ConsoleSpec
from gainstage.console.stream import Stream

RATE = 44_100
LOOKING = {"name": "compressor", "settings": {"look_ahead_ms": 2.0}}
DESK = Console(
    ConsoleSpec.model_validate(
        {
            "tracks": ["compressor", "fader", "pan"],
            "groups": ["equaliser", "trim", "fader"],
            "returns": ["delay", "fader"],
            "master": ["equaliser"],
            "group_names": ["drums", "rest", "empty"],
            "return_names": ["echo", "room"],
        }
    )
)
GROUPS = torch.tensor([[0, 0, 1, -1], [1, 0, -1, 1]])


def noise(samples: int = 3000) -> Tensor:
    return 0.1 * torch.randn(2, 4, 2, samples, dtype=torch.float64)


def put(parameters: Parameters, desk: Console, place: str, strip: int, value: float) -> None:
    section, processor, name = place.split(".")
    parameters.values[section][:, strip, desk.layout[section].index(processor, name)] = value


def settings(**routing: object) -> Parameters:
    parameters = replace(DESK.neutral(batch=2, tracks=4), groups=GROUPS, routing=Routing(**routing))  # type: ignore[arg-type]
    parameters.bypass["groups"][..., 0] = True
    put(parameters, DESK, "groups.fader.gain_db", 0, -5.0)
    put(parameters, DESK, "groups.trim.gain_db", 1, 3.0)
    put(parameters, DESK, "groups.send_room.level_db", 0, -2.0)
    put(parameters, DESK, "tracks.send_room.level_db", 3, -8.0)
    put(parameters, DESK, "tracks.pan.position", 1, 0.4)
    put(parameters, DESK, "returns.delay.time_ms", 1, 21.0)
    return parameters


def mixed_for_themselves(audio: Tensor, parameters: Parameters) -> Rendered:
    """A meter hears every processor, so every group that is fed is mixed."""
    return DESK.render(audio, parameters, sample_rate=RATE, meter=lambda *_: None)


@pytest.mark.parametrize(
    "routing",
    [
        {},
        {"inverted": {"groups": torch.tensor([[True, False, False]] * 2)}},
        {"pre_fader": {("groups", "send_room"): torch.tensor([[True, False, False]] * 2)}},
        {"solo": {"groups": torch.tensor([[True, False, False]] * 2)}},
        {"solo": {"tracks": torch.tensor([[False, True, False, False]] * 2)}},
        {"solo": {"returns": torch.tensor([[False, True]] * 2)}},
        {"keys": {("tracks", "compressor"): {"groups": torch.ones(2, 4, 3).double()}}},
    ],
    ids=["plain", "polarity", "pre-fader", "solo group", "solo track", "solo return", "keyed track"],
)
def test_a_group_that_only_multiplies_sounds_as_if_it_were_mixed(routing: dict[str, object]) -> None:
    audio, parameters = noise(), settings(**routing)
    parameters.mute["groups"][1, 1] = True
    put(parameters, DESK, "tracks.compressor.threshold_db", 2, -40.0)
    put(parameters, DESK, "tracks.compressor.ratio", 2, 4.0)
    quick = DESK.render(audio, parameters, sample_rate=RATE)
    whole = mixed_for_themselves(audio, parameters)
    assert quick.carried is not None
    assert whole.carried is None
    assert torch.allclose(quick.mix, whole.mix, atol=1e-12)
    assert torch.allclose(quick.groups, whole.groups, atol=1e-12)
    assert torch.allclose(quick.returns, whole.returns, atol=1e-12)
    assert float(whole.groups.abs().max()) > 0.1


def test_the_gain_of_a_group_that_is_not_mixed_has_its_gradient() -> None:
    audio, found = noise(), []
    for meter in (None, lambda *_: None):
        parameters = settings()
        leaf = parameters.values["groups"].clone().requires_grad_()
        values = {**parameters.values, "groups": leaf}
        mix = DESK.render(audio, replace(parameters, values=values), sample_rate=RATE, meter=meter).mix
        found.append(torch.autograd.grad(mix.square().sum(), leaf)[0])
    assert torch.allclose(found[0], found[1], rtol=1e-9)
    assert float(found[0].abs().max()) > 0.0


@pytest.mark.parametrize("what", ["curve", "mute curve", "filter"])
def test_a_group_that_does_more_is_mixed(what: str) -> None:
    parameters, times = settings(), torch.tensor([0.0, 0.05]).double()
    moving = torch.tensor([[[0.0, -20.0], [0.0, 0.0], [0.0, 0.0]]] * 2).double()
    if what == "filter":
        parameters.bypass["groups"][:, 0, 0] = False
    else:
        path = "mute" if what == "mute curve" else "fader.gain_db"
        curve = Curve(times, moving.ne(0.0).double() if path == "mute" else moving)
        parameters = replace(parameters, curves={("groups", path): curve})
    audio = noise()
    quick, whole = DESK.render(audio, parameters, sample_rate=RATE), mixed_for_themselves(audio, parameters)
    assert torch.allclose(quick.mix, whole.mix, atol=1e-12)
    assert torch.allclose(quick.groups, whole.groups, atol=1e-12)


def test_a_return_that_is_fed_later_rings_on_and_others_join() -> None:
    """Sends are opened and closed while it plays; a desk on which all returns are fed all the time says what
    must be heard."""
    audio = noise(9000)[:1]
    opened = [(2000, 0, -6.0), (4000, 1, -9.0), (5000, 0, -60.0)]

    def play(hiss_db: float) -> Tensor:
        parameters = DESK.neutral(batch=1, tracks=5)
        for name in ("echo", "room"):
            put(parameters, DESK, f"tracks.send_{name}.level_db", 4, hiss_db)
        for i in range(2):
            put(parameters, DESK, "returns.delay.mix", i, 1.0)
            put(parameters, DESK, "returns.delay.time_ms", i, 25.0 + 7.0 * i)
            put(parameters, DESK, "returns.delay.feedback", i, 0.5)
        stream, start, parts = Stream(DESK, parameters, sample_rate=RATE), 0, []
        silent = torch.cat([audio[0], torch.zeros_like(audio[0, :1])])
        for at, bus, level in [*opened, (9000, 0, 0.0)]:
            parts.append(stream.process(silent[..., start:at]))
            stream.move("tracks", 0, f"send_{['echo', 'room'][bus]}.level_db", level)
            start = at
        return torch.cat(parts, -1)

    assert torch.allclose(play(-60.0), play(0.0), atol=1e-12)


def test_what_looks_ahead_may_be_switched_while_it_plays() -> None:
    """The mix stays in time: a send to a return that is not late, beside groups that are."""
    spec = {
        "tracks": ["fader"],
        "groups": [LOOKING, "fader"],
        "returns": ["fader"],
        "group_names": ["all"],
        "return_names": ["room"],
    }
    desk = Console(ConsoleSpec.model_validate(spec))
    parameters = replace(desk.neutral(batch=1, tracks=1), groups=torch.tensor([[0]]))
    put(parameters, desk, "tracks.send_room.level_db", 0, 0.0)
    audio = noise(7000)[0, :1]
    late = desk.latency_samples(parameters, sample_rate=RATE)
    stream = Stream(desk, parameters, sample_rate=RATE)
    first = stream.process(audio[..., :1500])
    stream.bypass("groups", 0, "compressor", True)
    middle = stream.process(audio[..., 1500:4500])
    stream.bypass("groups", 0, "compressor", False)
    last = stream.process(audio[..., 4500:])
    mix = torch.cat([first, middle, last], -1)
    assert stream.latency_samples == late > 0
    assert torch.allclose(mix[..., late:], 2.0 * audio[0, :, :-late], atol=1e-12)

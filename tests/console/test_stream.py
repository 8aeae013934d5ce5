"""The playing console: blocks of any length, moves that glide, whatever the blocks."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.console.stream import Stream
from gainstage.kernels.grid import GRID

RATE = 44_100
TRACKS = 3
STEREO = torch.tensor([False, True, False])
LOOKING = {"name": "compressor", "settings": {"look_ahead_ms": 3.0}}


@pytest.fixture(scope="module", params=["prompt", "late"])
def desk(request: pytest.FixtureRequest) -> Console:
    parts = {
        "tracks": ["trim", "equaliser", LOOKING if request.param == "late" else "compressor", "fader", "pan"],
        "returns": ["delay", "fader"],
        "master": ["equaliser"],
        "return_names": ["echo"],
    }
    return Console(ConsoleSpec.model_validate(parts))


def noise(samples: int) -> Tensor:
    generator = torch.Generator().manual_seed(6)
    audio = 0.2 * torch.randn(TRACKS, 2, samples, generator=generator, dtype=torch.float64)
    return torch.where(STEREO[:, None, None], audio, audio[:, :1])


def settings(desk: Console) -> Parameters:
    parameters = desk.neutral(batch=1, tracks=TRACKS)
    layout = desk.layout["tracks"]
    values = parameters.values["tracks"]
    for strip in range(TRACKS):
        values[0, strip, layout.index("compressor", "threshold_db")] = -30.0
        values[0, strip, layout.index("compressor", "ratio")] = 3.0
        values[0, strip, layout.index("equaliser", "peak_2_gain_db")] = 6.0
        values[0, strip, layout.index("send_echo", "level_db")] = -10.0
    return parameters


def blocks(samples: int, seed: int) -> Iterator[int]:
    generator = torch.Generator().manual_seed(seed)
    left = samples
    while left > 0:
        length = min(int(torch.randint(1, 400, (), generator=generator)), left)
        left -= length
        yield length


def play(stream: Stream, audio: Tensor, seed: int) -> Tensor:
    parts, start = [], 0
    for length in blocks(audio.shape[-1], seed):
        parts.append(stream.process(audio[..., start : start + length]))
        start += length
    return torch.cat(parts, -1)


def start(desk: Console, parameters: Parameters) -> Stream:
    return Stream(desk, parameters, sample_rate=RATE, is_stereo=STEREO)


def test_plays_what_is_rendered(desk: Console) -> None:
    times = torch.tensor([0.0, 0.04, 0.09]).double()
    gains = torch.tensor([[[0.0, -20.0, 3.0], [0.0, 0.0, -60.0], [-3.0, -3.0, -3.0]]]).double()
    parameters = replace(settings(desk), curves={("tracks", "fader.gain_db"): Curve(times, gains)})
    audio = noise(5000)
    whole = desk.render(audio[None], parameters, sample_rate=RATE, is_stereo=STEREO[None]).mix[0]
    for seed in range(3):
        assert torch.allclose(play(start(desk, parameters), audio, seed), whole, atol=1e-7)


def moved(desk: Console, audio: Tensor, seed: int) -> Tensor:
    """Moves at fixed samples, blocks of any length between them."""
    times, fades = torch.tensor([0.0, 0.05]).double(), torch.tensor([[[0.0, -12.0]] * TRACKS]).double()
    stream = start(
        desk, replace(settings(desk), curves={("tracks", "pan.position"): Curve(times, fades / 12)})
    )
    parts = [play(stream, audio[..., :777], seed)]
    stream.move("tracks", 0, "fader.gain_db", -12.0)
    stream.move("tracks", 1, "equaliser.peak_2_frequency_hz", 2000.0, glide_ms=50.0)
    stream.move("tracks", 2, "pan.position", 0.8)
    parts.append(play(stream, audio[..., 777:1100], seed + 1))
    stream.move("tracks", 0, "fader.gain_db", 3.0)  # turned back before it has arrived
    stream.mute("tracks", 1, True)
    stream.move("master", 0, "equaliser.high_shelf_gain_db", -9.0)
    stream.move("tracks", 2, "send_echo.level_db", -60.0)
    parts.append(play(stream, audio[..., 1100:4000], seed + 2))
    stream.mute("tracks", 1, False)
    stream.bypass("tracks", 0, "equaliser", True)
    parts.append(play(stream, audio[..., 4000:4300], seed + 3))
    stream.move("returns", 0, "delay.time_ms", 31.0)  # waits for the end of the fade
    stream.solo("tracks", 0, True)
    stream.move("tracks", 0, "fader.gain_db", -1.0)
    parts.append(play(stream, audio[..., 4300:6000], seed + 4))
    stream.solo("tracks", 0, False)
    stream.bypass("tracks", 0, "equaliser", False)
    parts.append(play(stream, audio[..., 6000:], seed + 5))
    return torch.cat(parts, -1)


def test_moves_sound_the_same_in_blocks_of_any_length(desk: Console) -> None:
    audio = noise(7000)
    first = moved(desk, audio, 0)
    assert torch.isfinite(first).all()
    for seed in (10, 20):
        assert torch.allclose(moved(desk, audio, seed), first, atol=1e-7)


def test_a_fader_glides_on_its_own_scale_and_arrives() -> None:
    desk = Console(ConsoleSpec.model_validate({"tracks": ["fader"]}))
    stream = Stream(desk, desk.neutral(batch=1, tracks=1), sample_rate=RATE)
    ones = torch.ones(1, 2, 4000, dtype=torch.float64)
    before = stream.process(ones[..., :100])
    stream.move("tracks", 0, "fader.gain_db", -20.0)
    gain_db = 20.0 * torch.log10(torch.cat([before, stream.process(ones)], -1)[0])
    points = gain_db[::GRID]
    length = round(0.02 * RATE / GRID)
    assert torch.allclose(points[:3], torch.zeros(3).double())  # until the next point of the grid, 128
    expected = torch.linspace(0.0, -20.0, length + 1, dtype=torch.float64)
    assert torch.allclose(points[2 : 3 + length], expected, atol=1e-6)
    assert torch.allclose(gain_db[(2 + length) * GRID :], torch.tensor(-20.0).double(), atol=1e-6)
    assert float(gain_db.diff().abs().max()) < 0.05


HALL = Console(
    ConsoleSpec.model_validate(
        {"tracks": ["equaliser", "fader"], "returns": ["reverb"], "return_names": ["hall"],
         "fixed": {"returns.reverb.mix": 1.0}}
    )
)  # fmt: skip


@pytest.mark.parametrize("change", ["decay", "bypass", "solo"])
def test_what_cannot_glide_is_faded(change: str) -> None:
    """A low tone has no steps of its own: behind a change there are none either, and it is another tone."""
    settings = HALL.neutral(batch=1, tracks=2)
    settings.values["tracks"][0, :, HALL.layout["tracks"].index("send_hall", "level_db")] = -6.0
    settings.values["tracks"][0, 0, HALL.layout["tracks"].index("equaliser", "low_shelf_gain_db")] = 12.0
    time = torch.arange(30_000, dtype=torch.float64) / RATE
    tone = (0.2 * torch.sin(2 * torch.pi * 100.0 * time)).expand(2, 2, -1)
    stream = Stream(HALL, settings, sample_rate=RATE)
    before = stream.process(tone[..., :15_000])
    reference = Stream(HALL, settings, sample_rate=RATE)
    reference.process(tone[..., :15_000])
    if change == "decay":
        stream.move("returns", 0, "reverb.t60_125hz_s", 0.2)
    elif change == "bypass":
        stream.bypass("tracks", 0, "equaliser", True)
    else:
        stream.solo("tracks", 1, True)
    after = stream.process(tone[..., 15_000:])
    bends = torch.cat([before[..., -200:], after], -1).diff(n=2, dim=-1).abs()
    assert float(bends.max()) < 1e-3
    difference = (after - reference.process(tone[..., 15_000:])).abs().amax(0)
    assert float(difference[2000:].max()) > 10 * 1e-3  # switched at once, it would be a step


def test_a_session_plays_as_it_is_rendered_and_other_consoles_refuse_it() -> None:
    track = TrackSettings(
        name="Kick",
        file="kick.wav",
        role="kick",
        channels=1,
        processors={"fader": ProcessorSettings(curves={"gain_db": [(0.0, 0.0), (0.05, -20.0)]})},
    )
    session = Session(
        name="s", sample_rate=RATE, num_samples=5000, console=HALL.spec, tracks=[track],
        returns=[StripSettings(name="hall")],
    )  # fmt: skip
    audio = noise(5000)[:1, :1].expand(1, 2, -1)
    parameters = session_parameters(session, HALL)
    whole = HALL.render(audio[None], parameters, sample_rate=RATE, is_stereo=torch.tensor([[False]])).mix[0]
    assert torch.allclose(play(HALL.stream(session), audio, 3), whole, atol=1e-9)
    with pytest.raises(ValueError, match="is of another console"):
        Console(ConsoleSpec(tracks=["fader"])).stream(session)


def test_memory_of_moves_does_not_grow(desk: Console) -> None:
    stream = start(desk, settings(desk))
    for i in range(8):
        stream.move("tracks", 0, "fader.gain_db", -float(i))
        stream.mute("tracks", 1, i % 2 == 0)
        stream.process(noise(3000))
    assert stream._curves() == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tracks", 0, "fader.gain_db", 40.0), "40 lies outside -60 … 12 dB"),
        (("tracks", 9, "fader.gain_db", 0.0), "tracks has 3 strips; there is no number 9"),
        (("tracks", 0, "fader.volume", 0.0), "tracks has no parameter 'fader.volume'"),
    ],
)
def test_wrong_moves_are_refused(desk: Console, arguments: tuple[str, int, str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        start(desk, settings(desk)).move(*arguments)

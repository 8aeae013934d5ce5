"""Curves on their way back into a session: nothing moves by it, and nothing is lost."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters
from gainstage.console.ride import Ride, session_knots
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_curves import breakpoints, with_curves
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.processors.fader import Fader
from tests.console.random_sessions import CONSOLE, document

RATE = 44_100
GAIN = Fader.table[0]


def at_all_times(session: Session) -> dict[str, Tensor]:
    """Every value and mute of a session on a grid of its time."""
    parameters = session_parameters(session, CONSOLE)
    times = torch.linspace(0, 0.3, 301, dtype=torch.float64)[None] + 1e-5
    found = {}
    for section in SECTIONS:
        values = parameters.values[section][..., None].expand(-1, -1, -1, times.shape[1]).clone()
        for i, column in enumerate(CONSOLE.layout[section].columns):
            if curve := parameters.curves.get((section, column.path)):
                values[:, :, i] = curve.at(times, column.parameter)
        mutes = parameters.curves.get((section, "mute"))
        found[section] = values
        found[f"{section} mute"] = (
            mutes.held(times) if mutes else parameters.mute[section][..., None].expand(-1, -1, times.shape[1])
        ).double()
    return found


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_inverse_for_curves(seed: int) -> None:
    session = Session.from_json(json.dumps(document(Random(seed))))
    back = with_curves(session, session_parameters(session, CONSOLE))
    before, after = at_all_times(session), at_all_times(back)
    for name in before:
        assert torch.allclose(before[name], after[name], rtol=1e-9, atol=1e-9), name
    again = with_curves(back, session_parameters(back, CONSOLE))
    assert again == back
    for (_, _, old), (_, _, new) in zip(session.strips(), back.strips(), strict=True):
        for name, part in old.processors.items():
            assert new.processors[name].values == part.values
            assert new.processors[name].locked == part.locked
            moving = {p for p, knots in part.curves.items() if len({v for _, v in knots}) > 1}
            assert moving <= set(new.processors[name].curves) <= set(part.curves)


def test_knots_that_do_nothing_are_left_out() -> None:
    def kept(*values: float) -> list[tuple[float, float]]:
        times = torch.arange(len(values), dtype=torch.float64)
        return breakpoints(Curve(times, torch.tensor([[values]], dtype=torch.float64)), 0, GAIN)

    assert kept(1, 1, 2, 3, 3, 3) == [(1, 1), (2, 2), (3, 3)]
    assert kept(0, 2, 2, 2, 0) == [(0, 0), (1, 2), (3, 2), (4, 0)]
    assert kept(5, 5, 5) == [(0, 5)]
    assert kept(99, -99) == [(0, GAIN.high), (1, GAIN.low)]
    with pytest.raises(ValueError, match="not finite"):
        kept(0.0, float("nan"))


SPEC = ConsoleSpec.model_validate({"tracks": ["fader"], "returns": ["fader"], "return_names": ["room"]})


def song(**changes: object) -> Session:
    tracks = [
        TrackSettings(name=name, file=f"{name}.wav", role="other", channels=1) for name in ("Band", "Lead")
    ]
    room = StripSettings(name="room")
    session = Session(
        name="s", sample_rate=RATE, num_samples=RATE, console=SPEC, tracks=tracks, returns=[room]
    )
    return session.model_copy(update=changes)


def test_a_step_between_equal_values_is_one_knot() -> None:
    curve = Curve(torch.tensor([0.0, 1.0, 1.0, 2.0]), torch.tensor([[[-6.0, 0.0, 0.0, -3.0]]]))
    assert breakpoints(curve, 0, Fader.table[0]) == [(0.0, -6.0), (1.0, 0.0), (2.0, -3.0)]


def test_knots_follow_the_tempo_of_the_session() -> None:
    assert session_knots(song(), every_s=0.5).tolist() == [0, 0.5, 1]
    assert session_knots(song(tempo_bpm=240.0), beats=1).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert session_knots(song(tempo_bpm=240.0)).tolist() == [0, 1]


def settings(session: Session) -> Parameters:
    return session_parameters(session, Console(session.console))


def test_a_send_that_was_shut_is_opened_by_its_ride() -> None:
    off = ProcessorSettings(bypass=True, values={"level_db": -3.0})
    tracks = [track.model_copy(update={"processors": {"send_room": off}}) for track in song().tracks]
    session = song(tracks=tracks)
    values = torch.tensor([[[-60.0, -60.0], [-20.0, -10.0]]], dtype=torch.float64)
    curve = Curve(torch.tensor([0.0, 1.0]), values)
    ridden = replace(settings(session), curves={("tracks", "send_room.level_db"): curve})
    back = with_curves(session, ridden)
    assert back.tracks[0] == session.tracks[0]
    assert settings(back).curves["tracks", "send_room.level_db"].values.tolist() == values.tolist()


def test_curves_of_other_tracks_are_refused() -> None:
    curve = Curve(torch.zeros(1), torch.zeros(1, 3, 1))
    ridden = replace(settings(song()), curves={("tracks", "fader.gain_db"): curve})
    with pytest.raises(ValueError, match=r"tracks\.fader\.gain_db: the curve has 3 strips, the session 2"):
        with_curves(song(), ridden)


def test_a_ride_that_was_found_goes_into_the_session_and_sounds_the_same(tmp_path: Path) -> None:
    length = RATE // 4
    session, console = song(tempo_bpm=960.0, num_samples=length), Console(SPEC)
    neutral = settings(session)
    torch.manual_seed(3)
    tracks = 0.1 * torch.randn(1, 2, 2, length, dtype=torch.float64)
    times = session_knots(session, beats=1)
    offsets = torch.zeros(1, 2, len(times), dtype=torch.float64, requires_grad=True)
    rise = torch.linspace(0.3, 1.0, length, dtype=torch.float64)
    target = tracks[:, 0] + rise * tracks[:, 1]
    column = console.layout["tracks"].index("fader", "gain_db")

    def ridden() -> Parameters:
        curve = Ride(times, offsets).curve(neutral.values["tracks"][..., column], GAIN)
        return replace(neutral, curves={("tracks", "fader.gain_db"): curve})

    def rendered(parameters: Parameters) -> Tensor:
        return console.render(tracks, parameters, sample_rate=RATE).mix

    optimiser = torch.optim.Adam([offsets], lr=1.0)
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        loss = (rendered(ridden()) - target).square().mean()
        loss.backward()
        losses.append(float(loss.detach()))
        optimiser.step()
    assert losses[-1] < 0.5 * losses[0]
    found = ridden()
    with_curves(session, found).save(tmp_path / "session.json")
    loaded = Session.load(tmp_path / "session.json")
    assert len(loaded.tracks[1].processors["fader"].curves["gain_db"]) == len(times)
    before, after = rendered(found).detach(), rendered(settings(loaded))
    assert float((after - before).abs().max()) < 1e-6 * float(before.abs().max())

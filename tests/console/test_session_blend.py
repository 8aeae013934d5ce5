"""A session between two: on each parameter's scale, continuous at both ends, refused where it has none."""

import copy
import json
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from torch import Tensor

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.session import Session
from gainstage.console.session_blend import interpolate, neutral_of
from gainstage.console.session_diff import differences
from tests.console.random_sessions import RATE, Document, document, load


def render(session: Session) -> Tensor:
    console = Console(session.console)
    generator = torch.Generator().manual_seed(1)
    tracks = 0.1 * torch.randn(1, len(session.tracks), 2, 6000, generator=generator, dtype=torch.float64)
    parameters = session_parameters(session, console)
    return console.mix_in_time(tracks, parameters, sample_rate=RATE)


def pair(random: Random) -> tuple[Session, Session]:
    """Two sessions of one song, without a limiter, which is neutral below 0 dBFS only."""
    made = []
    for _ in range(2):
        one = document(random)
        one["master"]["processors"].pop("limiter", None)
        made.append(load(one))
    return made[0], made[1]


@profile(max_examples=8, phases=(Phase.generate,), deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32))
def test_it_begins_at_one_session_and_ends_at_the_other(seed: int) -> None:
    a, b = pair(Random(seed))
    assert interpolate(a, b, 0.0) is a
    assert interpolate(a, b, 1.0) is b
    for near, amount in ((a, 1e-7), (b, 1.0 - 1e-7)):
        wanted, got = render(near), render(interpolate(a, b, amount))
        assert (got - wanted).norm() <= 1e-4 * wanted.norm() + 1e-9


@profile(max_examples=15, phases=(Phase.generate,), deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32), st.floats(0.01, 0.99))
def test_what_comes_out_is_a_session_again(seed: int, amount: float) -> None:
    a, b = pair(Random(seed))
    half = interpolate(a, b, amount)
    assert Session.from_json(half.to_json()).to_json() == half.to_json()
    assert render(half).isfinite().all()
    assert differences(interpolate(a, a, amount), a) == []


def plain() -> Document:
    bare = document(Random(0))
    for track in bare["tracks"]:
        track |= {"processors": {}, "mute_curve": [], "pre_fader_sends": [], "mute": False, "solo": False}
        track |= {"inverted": False, "delay_samples": 0}
    for bus in (*bare["groups"], *bare["returns"], bare["master"]):
        bus |= {"processors": {}, "mute_curve": [], "mute": False, "inverted": False, "pre_fader_sends": []}
    return bare


def of(processors: Document, **switches: Any) -> Session:
    made = plain()
    made["tracks"][0] |= {"processors": processors} | switches
    return load(made)


def half(a: Document, b: Document, amount: float = 0.5) -> Document:
    made = interpolate(of(a), of(b), amount)
    return json.loads(made.to_json())["tracks"][0]["processors"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("a", "b", "middle"),
    [
        ({"fader": {"gain_db": -12.0}}, {"fader": {"gain_db": -2.0}}, {"gain_db": -7.0}),
        ({}, {"fader": {"gain_db": -10.0}}, {"gain_db": -5.0}),
        ({"fader": {"gain_db": -60.0}}, {"fader": {"gain_db": -2.0}}, {"gain_db": -8.0206}),
        ({"send_echo": {"level_db": -20.0}}, {}, {"level_db": -26.0206}),
        (
            {"high_pass": {"frequency_hz": 50.0}},
            {"high_pass": {"frequency_hz": 200.0}},
            {"frequency_hz": 100.0},
        ),
        ({"compressor": {"ratio": 2.0}}, {"compressor": {"ratio": 4.0}}, {"ratio": 8 / 3}),
        ({"compressor": {"attack_ms": 1.0}}, {"compressor": {"attack_ms": 100.0}}, {"attack_ms": 10.0}),
        ({"pan": {"position": -1.0}}, {"pan": {"position": 0.5}}, {"position": -0.25}),
    ],
)
def test_numbers_go_on_their_own_scale(a: Document, b: Document, middle: dict[str, float]) -> None:
    first, second = ({name: {"values": values} for name, values in side.items()} for side in (a, b))
    (found,) = half(first, second).values()
    assert found["values"] == pytest.approx(middle, rel=1e-5)


def test_a_fader_half_way_lies_half_way_in_decibels() -> None:
    sides = [{"fader": {"values": {"gain_db": gain}}} for gain in (-20.0, -4.0)]
    alone = {"solo": True}
    levels = [
        20 * torch.log10(render(interpolate(of(sides[0], **alone), of(sides[1], **alone), x)).norm())
        for x in (0.0, 0.25, 0.5, 1.0)
    ]
    steps = [float(level - levels[0]) for level in levels]
    assert steps == pytest.approx([0.0, 4.0, 8.0, 16.0], abs=1e-6)


def test_a_processor_that_is_off_on_one_side_comes_in_from_neutral() -> None:
    values = {"threshold_db": -20.0, "ratio": 4.0, "attack_ms": 3.0}
    off = {"compressor": {"bypass": True, "values": {"threshold_db": -50.0}}}
    on = {"compressor": {"values": values, "locked": ["ratio"]}}
    for found in (half(off, on)["compressor"], half(on, off)["compressor"]):
        assert not found["bypass"]
        assert found["locked"] == ["ratio"]
        assert found["values"]["threshold_db"] == pytest.approx(-10.0)
        assert 1 - 1 / found["values"]["ratio"] == pytest.approx(0.375)
        assert found["values"]["attack_ms"] == 3.0
    high_pass = {"high_pass": {"values": {"frequency_hz": 90.0, "amount": 1.0}}}
    found = half({"high_pass": {"bypass": True}}, high_pass, 0.25)["high_pass"]["values"]
    assert (found["frequency_hz"], found["amount"]) == (90.0, 0.25)
    send = {"send_echo": {"values": {"level_db": -20.0}}}
    off_send = {"send_echo": {"bypass": True, "values": {"level_db": -6.0}}}
    assert half(off_send, send)["send_echo"]["values"]["level_db"] == pytest.approx(-26.0206)


def test_what_the_console_keeps_off_comes_in_too() -> None:
    with_limiter = plain()
    with_limiter["master"]["processors"] = {"limiter": {"values": {"ceiling_db": -3.0}}}
    found = interpolate(load(plain()), load(with_limiter), 0.5).master.processors["limiter"]
    assert (found.bypass, found.values["ceiling_db"]) == (False, -1.5)


def test_curves_meet_at_the_knots_of_both() -> None:
    """A number stands still, and a step stays a step."""
    step = {"fader": {"curves": {"gain_db": [[0.0, -12.0], [1.0, -12.0], [1.0, 0.0]]}}}
    line = {"fader": {"curves": {"gain_db": [[0.5, 0.0], [1.5, -8.0]]}}}
    found = half(step, line)["fader"]["curves"]["gain_db"]
    assert found == [[0.0, -6.0], [0.5, -6.0], [1.0, -8.0], [1.0, -2.0], [1.5, -4.0]]
    number = {"fader": {"values": {"gain_db": -2.0}}}
    assert half(number, line)["fader"]["curves"]["gain_db"] == [[0.5, -1.0], [1.5, -5.0]]


def test_opposite_steps_leave_one_breakpoint_where_they_meet() -> None:
    """Two alike at one time are no session."""
    up, down = (
        {"fader": {"curves": {"gain_db": [[0.0, a], [1.0, a], [1.0, b]]}}} for a, b in ((-6, 0), (0, -6))
    )
    assert half(up, down)["fader"]["curves"]["gain_db"] == [[0.0, -3.0], [1.0, -3.0]]


def test_switches_turn_in_the_middle() -> None:
    first, second = plain(), plain()
    second["tracks"][0] |= {"mute": True, "inverted": True, "group": None, "delay_samples": 10}
    first["tracks"][0] |= {"group": "drums"}
    key = [{"section": "tracks", "strip": "Track 1"}]
    second["tracks"][2]["processors"] = {"gate": {"key": key}}
    for amount, later in ((0.49, False), (0.5, True)):
        made = interpolate(load(first), load(second), amount)
        track = made.tracks[0]
        assert (track.mute, track.inverted, track.group is None) == (later, later, later)
        assert track.delay_samples == 5
        assert bool(made.tracks[2].processors["gate"].key) is later


def test_half_way_from_neutral() -> None:
    session = load(document(Random(5)))
    neutral = neutral_of(session)
    tracks = [t.model_copy(update={"processors": {}}) for t in neutral.tracks]
    assert tracks == list(neutral.tracks)
    made = of({"fader": {"values": {"gain_db": -12.0}}, "pan": {"values": {"position": 1.0}}})
    found = interpolate(neutral_of(made), made, 0.5).tracks[0].processors
    assert (found["fader"].values["gain_db"], found["pan"].values["position"]) == (-6.0, 0.5)


def test_order_and_names_of_tracks_play_no_part() -> None:
    a, other = document(Random(6)), document(Random(7))
    turned = copy.deepcopy(other)
    turned["tracks"].reverse()
    for amount in (0.3, 0.7):
        straight = interpolate(load(a), load(other), amount)
        found = interpolate(load(a), load(turned), amount)
        by_file = {t.file: t for t in found.tracks}
        assert [by_file[t.file] for t in straight.tracks] == straight.tracks


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda d: d.update(sample_rate=48000), "different sample rates, 44100 and 48000 Hz"),
        (lambda d: d["tracks"].pop(), "only the first session has the track 'Track 2'"),
        (
            lambda d: d["tracks"].append(d["tracks"][0] | {"file": "x", "name": "X", "content_hash": "x"}),
            "only the second session has the track 'X'",
        ),
        (lambda d: d["tracks"][0].update(content_hash="x"), r"different recordings of '0\.wav'"),
        (lambda d: d["console"].update(bypassed=[]), r"different consoles \(console: master\.limiter is on"),
        (
            lambda d: [d["console"]["group_names"].append("x"), d["groups"].append({"name": "x"})],
            "different buses: group_names",
        ),
    ],
)
def test_sessions_that_do_not_fit_together_are_refused(edit: Any, sentence: str) -> None:
    other = plain()
    edit(other)
    with pytest.raises(ValueError, match=sentence):
        interpolate(load(plain()), load(other), 0.5)


@pytest.mark.parametrize("amount", [-0.1, 1.5, float("nan")])
def test_the_amount_lies_between_0_and_1(amount: float) -> None:
    with pytest.raises(ValueError, match="amount is"):
        interpolate(load(plain()), load(plain()), amount)

"""Sessions: canonical text, ranges from the tables, and faults that are named with their place."""

import contextlib
import json
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from gainstage.console.compile import session_parameters, strip_settings
from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import ConsoleSpec, named


def make(**changes: object) -> Session:
    track = TrackSettings(
        name="Kick",
        file="kick.wav",
        role="kick",
        channels=1,
        processors={
            "fader": ProcessorSettings(
                values={"gain_db": -3.5}, curves={"gain_db": [(0.0, -3.5), (2.0, 0.1)]}
            ),
            "compressor": ProcessorSettings(values={"ratio": 3.0}, locked=["ratio"], bypass=True),
            "send_reverb": ProcessorSettings(values={"level_db": -20.0}),
        },
    )
    values = {
        "name": "song",
        "sample_rate": 44100,
        "num_samples": 44100,
        "console": named("basic"),
        "tracks": [track],
        "returns": [StripSettings(name="reverb")],
    }
    return Session(**(values | changes))  # type: ignore[arg-type]


def document(**changes: object) -> dict[str, object]:
    return json.loads(make().to_json()) | changes  # type: ignore[no-any-return]


def test_comes_back_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    make().save(path)
    first = path.read_bytes()
    Session.load(path).save(path)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["session.json"]


def test_the_order_in_which_settings_were_given_does_not_show() -> None:
    def turned(value: object) -> object:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    text = make().to_json()
    assert Session.from_json(json.dumps(turned(json.loads(text)))).to_json() == text


def test_a_hand_edited_file_is_stable_from_the_second_writing() -> None:
    edited = json.dumps(document(tempo_bpm=120), indent=8)
    once = Session.from_json(edited).to_json()
    assert Session.from_json(once).to_json() == once


def test_values_reach_the_console_and_come_back() -> None:
    session = make()
    console = Console(session.console)
    settings = session_parameters(session, console)
    layout = console.layout["tracks"]
    assert settings.values["tracks"][0, 0, layout.index("compressor", "ratio")] == 3.0
    assert settings.values["tracks"][0, 0, layout.index("send_reverb", "level_db")] == -20.0
    assert settings.bypass["tracks"][0, 0, list(console.strips["tracks"]).index("compressor")]
    curve = settings.curves["tracks", "fader.gain_db"]
    assert curve.times_s.tolist() == [0, 2]
    assert curve.values[0, 0].tolist() == [-3.5, 0.1]
    back = strip_settings(settings, console, "tracks", 0)
    assert back["compressor"].values["ratio"] == 3.0
    assert back["compressor"].bypass


def test_curves_of_several_strips_share_their_times() -> None:
    def strip(points: list[tuple[float, float]]) -> TrackSettings:
        fader = ProcessorSettings(values={"gain_db": -1.0}, curves={"gain_db": points} if points else {})
        return TrackSettings(name="t", file="t.wav", role="other", channels=1, processors={"fader": fader})

    step = [(0.0, 0.0), (1.0, 0.0), (1.0, -12.0)]
    session = make(tracks=[strip(step), strip([(0.5, -6.0), (1.5, 0.0)]), strip([])])
    console = Console(session.console)
    curve = session_parameters(session, console).curves["tracks", "fader.gain_db"]
    row = console.strips["tracks"]["fader"].table[0]
    at = curve.at(torch.tensor([[0.0, 0.999, 1.0, 1.25, 2.0]], dtype=torch.float64), row)[0]
    assert at[0].tolist() == pytest.approx([0, 0, -12, -12, -12])
    assert at[1].tolist() == pytest.approx([-6, -3.006, -3, -1.5, 0])
    assert at[2].tolist() == [-1.0] * 5


def band(**kick: object) -> dict[str, object]:
    """A document of two tracks and a group on a console with all routing."""
    spec = ConsoleSpec.model_validate(
        {
            "tracks": ["compressor", "fader", "pan"],
            "groups": ["compressor"],
            "returns": ["fader"],
            "group_names": ["drums"],
            "return_names": ["room"],
        }
    )
    tracks = [
        TrackSettings(name="Kick", file="kick.wav", role="kick", channels=1, group="drums"),
        TrackSettings(name="Bass", file="bass.wav", role="bass", channels=1),
    ]
    buses = {"groups": [StripSettings(name="drums")], "returns": [StripSettings(name="room")]}
    made = json.loads(make(console=spec, tracks=tracks, **buses).to_json())
    made["tracks"][0] |= kick
    return made  # type: ignore[no-any-return]


def test_routing_reaches_the_console() -> None:
    document = band(
        solo=True,
        inverted=True,
        delay_samples=30,
        pre_fader_sends=["room"],
        mute_curve=[[1.5, True], [2, False]],
    )
    keys = [{"section": "tracks", "strip": "Kick", "gain_db": -20}, {"section": "groups", "strip": "drums"}]
    document["tracks"][1]["processors"] = {"compressor": {"key": keys}}  # type: ignore[index]
    session = Session.from_json(json.dumps(document))
    assert Session.from_json(session.to_json()).to_json() == session.to_json()
    parameters = session_parameters(session, Console(session.console))
    routing = parameters.routing
    assert {k: v.tolist() for k, v in routing.solo.items()} == {"tracks": [[True, False]]}
    assert {k: v.tolist() for k, v in routing.inverted.items()} == {"tracks": [[True, False]]}
    assert {k: v.tolist() for k, v in routing.delay_samples.items()} == {"tracks": [[30, 0]]}
    assert {k: v.tolist() for k, v in routing.pre_fader.items()} == {("tracks", "send_room"): [[True, False]]}
    (place, sources), *others = routing.keys.items()
    assert place == ("tracks", "compressor")
    assert others == []
    assert torch.allclose(sources["tracks"], torch.tensor([[[0.0, 0.0], [0.1, 0.0]]]).double())
    assert sources["groups"].tolist() == [[[0.0], [1.0]]]
    curve = parameters.curves["tracks", "mute"]
    assert curve.times_s.tolist() == [0, 1.5, 2]
    assert curve.values.tolist() == [[[0, 1, 0], [0, 0, 0]]]


def test_before_its_first_switch_a_strip_is_muted_as_it_says() -> None:
    session = Session.from_json(json.dumps(band(mute=True, mute_curve=[[1.0, False]])))
    parameters = session_parameters(session, Console(session.console))
    assert not parameters.mute["tracks"].any()
    assert parameters.curves["tracks", "mute"].values.tolist() == [[[1, 0], [0, 0]]]


def test_what_is_not_routed_costs_nothing() -> None:
    session = Session.from_json(json.dumps(band()))
    routing = session_parameters(session, Console(session.console)).routing
    assert not any((routing.solo, routing.inverted, routing.delay_samples, routing.pre_fader, routing.keys))


def key(section: str, strip: str) -> dict[str, object]:
    return {"processors": {"compressor": {"key": [{"section": section, "strip": strip}]}}}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (key("returns", "room"), r"tracks\[0\] 'Kick'\.compressor\.key\[0\]: 'room' is one of the returns"),
        (
            key("tracks", "Snare"),
            r"compressor\.key\[0\]: none of the tracks is called 'Snare'; there is Kick, Bass",
        ),
        (key("master", "master"), "section"),
        ({"processors": {"fader": {"key": [{"section": "tracks", "strip": "Bass"}]}}}, "takes no key"),
        ({"pre_fader_sends": ["hall"]}, "no send to 'hall'; there is room"),
        ({"mute_curve": [[2, True], [1, False]]}, "mute_curve: the switches must be in order of time"),
        ({"delay_samples": -1}, "delay_samples"),
    ],
)
def test_wrong_routing_names_the_place(change: dict[str, object], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        Session.from_json(json.dumps(band(**change)))


def test_the_master_cannot_be_soloed() -> None:
    with pytest.raises(ValueError, match=r" master\.solo: the master cannot be soloed"):
        make(master=StripSettings(name="master", solo=True))


def test_a_session_of_version_1_is_read_and_written_as_version_2() -> None:
    """What version 1 knew, as it was written then."""
    new = {"key", "mute_curve", "solo", "inverted", "pre_fader_sends", "delay_samples"}

    def old(value: object) -> object:
        if isinstance(value, dict):
            return {name: old(part) for name, part in value.items() if name not in new}
        return [old(part) for part in value] if isinstance(value, list) else value

    first = json.dumps(old(document()) | {"version": 1})  # type: ignore[operator]
    assert "mute_curve" not in first
    assert Session.from_json(first).to_json() == make().to_json()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"format": "other"}, "'format' must be"),
        ({"version": 99}, "newer than this program"),
        ({"sample_rate": "fast"}, "sample_rate"),
        ({"extra": 1}, "extra"),
        ({"returns": []}, "returns: the console has"),
    ],
)
def test_a_wrong_document_names_the_place(change: dict[str, object], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        Session.from_json(json.dumps(document(**change)))


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (
            {"fader": {"values": {"gain_db": 40}}},
            r"tracks\[0\] 'Kick'\.fader\.gain_db: 40 lies outside -60 … 12 dB",
        ),
        ({"fader": {"values": {"gian_db": 0}}}, r"fader: there is no parameter 'gian_db'"),
        ({"phaser": {}}, "there is no processor 'phaser'"),
        ({"fader": {"values": {"gain_db": float("nan")}}}, "gain_db"),
        ({"fader": {"curves": {"gain_db": [[2, 0], [1, 0]]}}}, "order of time"),
        ({"fader": {"curves": {"gain_db": [[0, 99]]}}}, "99 lies outside"),
        ({"fader": {"curves": {"gain_db": []}}}, "curves"),
        ({"fader": {"locked": ["volume"]}}, "there is no parameter 'volume'"),
    ],
)
def test_a_wrong_strip_names_the_place(part: dict[str, object], place: str) -> None:
    wrong = document()
    wrong["tracks"][0]["processors"] = part  # type: ignore[index]
    with pytest.raises(ValueError, match=place):
        Session.from_json(json.dumps(wrong))


def test_a_static_parameter_takes_no_curve() -> None:
    with pytest.raises(ValueError, match="takes no curve"):
        make(
            returns=[
                StripSettings(
                    name="reverb",
                    processors={"reverb": ProcessorSettings(curves={"pre_delay_ms": [(0.0, 1.0)]})},
                )
            ]
        )


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"format": "gainstage-session"}']
)
def test_what_is_no_session_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.json"):
        Session.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.json cannot be read"):
        Session.load(tmp_path / "nowhere.json")


@profile(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_never_crashes(at: int, byte: int) -> None:
    text = bytearray(make().to_json().encode())
    text[at % len(text)] = byte
    with contextlib.suppress(ValueError):  # the one way to refuse
        Session.from_json(text.decode("utf-8", errors="replace"))

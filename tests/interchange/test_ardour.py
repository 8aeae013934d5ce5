"""Ardour itself renders exported sessions, against our render; and saves them, against what comes back."""

from pathlib import Path
from typing import Any

import pytest
import soundfile

from gainstage.console.session import Session
from gainstage.interchange.ardour.read import read_session
from gainstage.mixing.export import Exported, export_mix
from gainstage.mixing.mix import mix
from gainstage.mixing.render import render_file
from gainstage.mixing.songs import write_mixed_songs
from tests.interchange import ardour_tool, scene

pytestmark = pytest.mark.slow


def nulls(session: Path, stems: Path, out: Path, *targets: str) -> dict[str, float]:
    """Target → null of Ardour's render with ours, in dB."""
    export_mix(session, stems, out / "export", targets=targets)
    render_file(session, stems, out / "mix.wav")
    wanted, rate = soundfile.read(out / "mix.wav", dtype="float64")
    return {
        target: ardour_tool.null_db(
            ardour_tool.render(out / "export" / target, out / f"{target}.wav", rate), wanted
        )
        for target in targets
    }


def calm(made: scene.Document) -> scene.Document:
    """Without what stock plug-ins do otherwise: dynamics."""
    for strip in (*made["tracks"], *made["groups"], made["master"]):
        for name in ("compressor", "gate"):
            strip.get("processors", {}).pop(name, None)
    return made


def test_a_built_in_song_is_the_same_in_ardour(tmp_path: Path) -> None:
    (song,) = write_mixed_songs(1, 6.0, tmp_path / "songs", seed=3)
    assert nulls(song / "session.json", song / "stems", tmp_path, "ardour")["ardour"] <= -120.0


def test_a_real_song_is_the_same_in_ardour(shared_data: Path, tmp_path: Path) -> None:
    stems = shared_data / "medleydb-raw-excerpts" / "MusicDelta_Disco" / "stems"
    mix(stems, tmp_path / "mix", report=False)
    session = tmp_path / "mix" / "session.json"
    assert nulls(session, stems, tmp_path, "ardour")["ardour"] <= -120.0


@pytest.mark.parametrize("rate", [44100, 48000])
def test_groups_returns_sends_gates_and_pans_are_the_same(tmp_path: Path, rate: int) -> None:
    session, stems = scene.write(tmp_path, scene.document(rate), rate)
    assert nulls(session, stems, tmp_path, "ardour")["ardour"] <= -120.0


def test_switches_are_the_same(tmp_path: Path) -> None:
    made = scene.document()
    tracks = made["tracks"]
    tracks[0]["mute"], tracks[1]["inverted"], tracks[2]["delay_samples"] = True, True, 1234
    tracks[3]["processors"]["fader"]["values"]["gain_db"] = 10.0
    tracks[3]["processors"]["send_echo"] = {"values": {"level_db": -6.0}}
    tracks[3]["pre_fader_sends"] = ["echo", "room"]
    session, stems = scene.write(tmp_path, made)
    assert nulls(session, stems, tmp_path, "ardour")["ardour"] <= -120.0


def test_what_lua_cannot_do_comes_as_audio(tmp_path: Path) -> None:
    made = scene.document()
    key = [{"section": "tracks", "strip": "kick"}]
    made["tracks"][3]["processors"]["compressor"]["key"] = key
    made["tracks"][2]["processors"]["saturation"] = {"values": {"drive_db": 6.0, "mix": 0.5}}
    made["groups"][1]["processors"] = {
        "compressor": {"values": {"ratio": 4.0, "threshold_db": -30.0}, "key": key}
    }
    session, stems = scene.write(tmp_path, made)
    assert nulls(session, stems, tmp_path, "ardour")["ardour"] <= -120.0


def test_a_limited_master_comes_as_audio(tmp_path: Path) -> None:
    made = scene.document()
    made["master"]["processors"]["limiter"] = {"values": {"ceiling_db": -12.0}}
    session, stems = scene.write(tmp_path, made)
    assert nulls(session, stems, tmp_path, "ardour")["ardour"] <= -120.0


def test_automation_is_as_near_as_ardour_lets_it(tmp_path: Path) -> None:
    made = scene.document()
    processors = [track["processors"] for track in made["tracks"]]
    processors[0]["fader"]["curves"] = {"gain_db": [[0.2, -30.0], [1.0, 0.0], [1.5, -6.0]]}
    processors[1]["send_room"]["curves"] = {"level_db": [[0.2, -40.0], [1.5, 0.0]]}
    processors[2]["send_echo"]["curves"] = {"level_db": [[0.2, -40.0], [1.5, 0.0]]}
    processors[2]["equaliser"]["curves"] = {
        "peak_3_frequency_hz": [[0.2, 1000.0], [1.5, 6000.0]],
        "peak_3_gain_db": [[0.2, 12.0], [1.5, -12.0]],
    }
    processors[3]["pan"]["curves"] = {"position": [[0.1, -0.8], [1.8, 0.8]]}
    session, stems = scene.write(tmp_path, made)
    assert nulls(session, stems, tmp_path, "ardour")["ardour"] <= -55.0


def test_stock_equalisers_pans_and_sends_are_nearly_the_same(tmp_path: Path) -> None:
    made = calm(scene.document())
    made["tracks"][2]["processors"].pop("width")  # the pad: balanced by Ardour's panner
    made["tracks"][3]["processors"]["fader"]["curves"] = {"gain_db": [[0.3, -6.0], [1.6, 0.0]]}
    made["tracks"][3]["processors"]["send_echo"] = {"values": {"level_db": -6.0}}
    made["tracks"][3]["pre_fader_sends"] = ["echo", "room"]
    made["returns"][1]["processors"] = {"delay": {"values": {"mix": 0.0}}}  # a return that stays live
    session, stems = scene.write(tmp_path, made)
    assert nulls(session, stems, tmp_path, "ardour-native")["ardour-native"] <= -55.0


def round_trip(tmp_path: Path, made: scene.Document, target: str, edits: str = "") -> tuple[Any, Session]:
    session, stems = scene.write(tmp_path, made)
    done: Exported = export_mix(session, stems, tmp_path / "out", targets=[target])
    ardour_tool.save(done.folders[target], edits)
    return read_session(ardour_tool.session_file(done.folders[target])), Session.load(session)


@pytest.mark.parametrize("target", ["ardour", "ardour-native"])
def test_what_ardour_saves_unmoved_comes_back_as_it_was(tmp_path: Path, target: str) -> None:
    made = scene.document()
    tracks = made["tracks"]
    tracks[0]["processors"]["fader"]["curves"] = {"gain_db": [[0.2, -30.0], [1.0, 0.0], [1.5, -6.0]]}
    tracks[2]["processors"]["equaliser"]["curves"] = {"peak_3_gain_db": [[0.2, 12.0], [1.5, -12.0]]}
    tracks[2]["mute_curve"], tracks[1]["inverted"], tracks[3]["mute"] = (
        [[0.5, True], [1.2, False]],
        True,
        True,
    )
    found, before = round_trip(tmp_path, made, target)
    assert (found.changes, found.left) == ((), ())
    assert found.session.to_json() == before.to_json()


def test_what_is_moved_in_ardour_comes_back(tmp_path: Path) -> None:
    edits = """
route("kick"):gain_control():set_value(0.5, alone)
assert(ARDOUR.LuaAPI.set_processor_param(route("voice"):nth_plugin(0), 22, -40.0))
assert(ARDOUR.LuaAPI.set_processor_param(route("pad"):nth_plugin(1), 0, 0.5))
"""
    found, before = round_trip(tmp_path, scene.document(), "ardour", edits)
    tracks = found.session.tracks
    assert tracks[0].processors["fader"].values["gain_db"] == pytest.approx(-6.0206, abs=1e-3)
    assert tracks[3].processors["compressor"].values["threshold_db"] == -40.0
    assert tracks[2].processors["pan"].values["position"] == 0.5
    assert len(found.changes) == 3
    assert tracks[1] == before.tracks[1]

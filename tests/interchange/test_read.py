"""Sessions from Ardour: what was moved comes back, what was not stays, and what is wrong is said."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from gainstage.console.session import Session
from gainstage.interchange.ardour.read import Imported, read_session
from gainstage.mixing.export import export_mix
from tests.interchange import scene
from tests.interchange.ardour_tool import session_file

Edit = Callable[[Element], None]


def made() -> scene.Document:
    document = scene.document()
    document["tracks"][0]["processors"]["fader"]["curves"] = {"gain_db": [[0.2, -30.0], [1.0, 0.0]]}
    document["tracks"][2]["processors"].pop("width")
    return document


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("exported")
    session, stems = scene.write(root, made())
    export_mix(session, stems, root / "out", targets=["ardour", "ardour-native"])
    return root


def edited(exported: Path, tmp_path: Path, target: str, *edits: Edit) -> Imported:
    tree = ElementTree.parse(session_file(exported / "out" / target))
    for edit in edits:
        edit(tree.getroot())
    tree.write(tmp_path / "edited.ardour")
    return read_session(tmp_path / "edited.ardour")


def route(root: Element, name: str) -> Element:
    return next(r for r in root.iterfind("Routes/Route") if r.get("name") == name)


def control(name: str, control_name: str, value: float, *, inside: str = "") -> Edit:
    def edit(root: Element) -> None:
        parents = [p for p in route(root, name).iterfind("Processor") if p.get("type") == inside]
        parent = parents[0] if parents else route(root, name)
        found = next(c for c in parent.iter("Controllable") if c.get("name") == control_name)
        found.set("value", str(value))

    return edit


def port(name: str, plugin: str, key: str, value: float) -> Edit:
    def edit(root: Element) -> None:
        for found in route(root, name).iterfind(f"Processor/{plugin}/Port"):
            if key in (found.get("id"), found.get("symbol")):
                found.set("value", str(value))
                return
        raise AssertionError(key)

    return edit


@pytest.mark.parametrize("target", ["ardour", "ardour-native"])
def test_nothing_moved_is_nothing_changed(exported: Path, tmp_path: Path, target: str) -> None:
    found = edited(exported, tmp_path, target)
    assert (found.changes, found.left) == ((), ())
    assert found.session.to_json() == (exported / "session.json").read_text()


def test_faders_mutes_sends_and_lua_parameters_come_back(exported: Path, tmp_path: Path) -> None:
    found = edited(
        exported,
        tmp_path,
        "ardour",
        control("hat", "gaincontrol", 0.5, inside="amp"),
        control("pad", "mute", 1.0),
        control("pad", "gaincontrol", 0.0, inside="intsend"),
        port("voice", "luaproc", "22", -40.0),
    )
    tracks = found.session.tracks
    assert tracks[1].processors["fader"].values["gain_db"] == pytest.approx(-6.0206, abs=1e-4)
    assert tracks[2].mute
    assert tracks[2].processors["send_echo"].values["level_db"] == -60.0
    assert tracks[3].processors["compressor"].values["threshold_db"] == -40.0
    assert len(found.changes) == 4
    assert "voice: compressor threshold -28.0 → -40.0 dB" in found.changes


def test_stock_equalisers_compressors_and_pans_come_back(exported: Path, tmp_path: Path) -> None:
    found = edited(
        exported,
        tmp_path,
        "ardour-native",
        port("kick", "lv2", "g_0", 10.0 ** (-3.0 / 20.0)),
        port("kick", "lv2", "f_1", 900.0),
        port("kick", "lv2", "thr", -35.0),
        control("pad", "pan-azimuth", 0.75),
        control("voice", "pan-azimuth", 0.5),
    )
    kick, _, pad, voice = found.session.tracks
    assert kick.processors["equaliser"].values["low_shelf_gain_db"] == pytest.approx(-3.0)
    assert kick.processors["equaliser"].values["peak_2_frequency_hz"] == 900.0
    assert kick.processors["compressor"].values["threshold_db"] == -35.0
    assert pad.processors["pan"].values["position"] == 0.5
    assert voice.processors["pan"].values["position"] == pytest.approx(0.0, abs=1e-9)
    assert len(found.changes) == 5


def test_a_curve_that_was_drawn_anew_comes_back_with_few_points(exported: Path, tmp_path: Path) -> None:
    def draw(root: Element) -> None:
        amp = next(p for p in route(root, "kick").iterfind("Processor") if p.get("type") == "amp")
        events = amp.find("Automation/AutomationList/events")
        assert events is not None
        second = 282_240_000
        levels = [(i / 20, 10.0 ** ((-12.0 + 6.0 * i / 20) / 20.0)) for i in range(21)]
        events.text = "".join(f"a{round(at * second)} {level}\n" for at, level in levels)

    found = edited(exported, tmp_path, "ardour", draw)
    curve = found.session.tracks[0].processors["fader"].curves["gain_db"]
    assert len(curve) == 2
    assert curve[0][1] == pytest.approx(-12.0, abs=1e-6)
    assert curve[-1][1] == pytest.approx(-6.0, abs=1e-6)


def test_what_is_gone_new_or_foreign_is_said(exported: Path, tmp_path: Path) -> None:
    def change(root: Element) -> None:
        routes = root.find("Routes")
        assert routes is not None
        routes.remove(route(root, "hat"))
        new = ElementTree.SubElement(routes, "Route", {"id": "99999", "name": "Shaker"})
        ElementTree.SubElement(new, "PresentationInfo", {"flags": "AudioTrack"})
        plugin = {"type": "lv2", "name": "Some Reverb", "unique-id": "urn:some"}
        ElementTree.SubElement(route(root, "pad"), "Processor", plugin)

    found = edited(exported, tmp_path, "ardour", change)
    assert found.session.tracks[1].mute
    assert found.changes == ("hat: is gone in Ardour; it is muted here",)
    assert any("Shaker" in sentence for sentence in found.left)
    assert any("Some Reverb" in sentence for sentence in found.left)


def test_a_script_that_was_switched_off_is_bypassed(exported: Path, tmp_path: Path) -> None:
    def switch_off(root: Element) -> None:
        script = next(p for p in route(root, "voice").iterfind("Processor") if p.get("type") == "luaproc")
        script.set("active", "0")

    found = edited(exported, tmp_path, "ardour", switch_off)
    assert found.session.tracks[3].processors["compressor"].bypass
    assert not found.session.tracks[3].processors["pan"].bypass


def test_what_is_no_session_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ardour"
    for text, words in (
        ("not xml", "not XML"),
        ("<Other/>", "begins with <Other>"),
        ("<Session/>", "was not written by gainstage"),
        (
            '<Session><Extra><Gainstage flavour="ardour"><Session>{}</Session></Gainstage></Extra></Session>',
            "read",
        ),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=words):
            read_session(path)
    with pytest.raises(ValueError, match="cannot be read"):
        read_session(tmp_path / "none.ardour")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="holds 0 Ardour sessions"):
        read_session(tmp_path / "folder")


def test_the_session_survives_the_trip(exported: Path) -> None:
    assert (
        Session.load(exported / "session.json") == read_session(session_file(exported / "out/ardour")).session
    )

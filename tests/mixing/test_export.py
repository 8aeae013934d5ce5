"""`export_mix`: every target written whole, every item accounted for, and one sentence for what cannot be."""

import json
import zipfile
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import numpy as np
import pytest
import rpp
import soundfile

from gainstage.console.session import Session
from gainstage.interchange.ardour.read import read_session
from gainstage.interchange.export_report import Verdict
from gainstage.mixing.export import REPORT, Exported, export_mix, target_names
from gainstage.mixing.render import render_file
from tests.console import random_sessions
from tests.interchange import scene
from tests.interchange.ardour_tool import session_file

LENGTH = round(scene.SECONDS * 44100) + 44100 // 4


def everything() -> scene.Document:
    """What a session can hold: curves, keys, switches, what some targets lack."""
    made = scene.document()
    tracks = made["tracks"]
    tracks[0]["processors"]["fader"]["curves"] = {"gain_db": [[0.2, -30.0], [1.0, 0.0]]}
    tracks[1]["inverted"], tracks[1]["mute_curve"] = True, [[0.5, True], [1.0, False]]
    tracks[2]["processors"]["pan"]["curves"] = {"position": [[0.2, -1.0], [1.0, 1.0]]}
    tracks[2]["delay_samples"] = 100
    tracks[3]["processors"]["compressor"]["key"] = [{"section": "tracks", "strip": "kick"}]
    tracks[3]["pre_fader_sends"] = ["room"]
    tracks[0]["processors"]["saturation"] = {"values": {"drive_db": 6.0, "mix": 0.3}}
    made["tempo_bpm"] = 97.0
    return made


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Exported, Path]:
    root = tmp_path_factory.mktemp("export")
    session, stems = scene.write(root, everything())
    return export_mix(session, stems, root / "out"), root


def tracks_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.wav"))


def test_the_report_accounts_for_every_item_in_every_target(exported: tuple[Exported, Path]) -> None:
    done, root = exported
    assert list(done.folders) == list(target_names())
    document = json.loads((root / "out" / REPORT).read_text())
    assert len(document["items"]) == len(done.report.items)
    wanted = {(item.strip, item.what) for item in done.report.items if item.target == "files"}
    wanted |= {("kick", "fader"), ("hat", "send to room"), ("master", "compressor")}
    for target in target_names():
        found = {(item.strip, item.what) for item in done.report.items if item.target == target}
        assert not wanted - found, target
    verdicts = {(i.target, i.strip, i.what): i.verdict for i in done.report.items}
    assert verdicts["ardour", "voice", "compressor"] is Verdict.FROZEN
    assert verdicts["ardour", "pad", "equaliser"] is Verdict.EXACT
    assert verdicts["ardour-native", "group drums", "compressor"] is Verdict.APPROXIMATE
    assert verdicts["eq-text", "hat", "fader"] is Verdict.DROPPED


def test_files_are_of_one_length_and_add_up(exported: tuple[Exported, Path]) -> None:
    done, root = exported
    files = done.folders["files"]
    render_file(root / "session.json", root / "stems", root / "again.wav")
    assert (files / "mix.wav").read_bytes() == (root / "again.wav").read_bytes()
    audio = [p for p in tracks_of(files) if p.parent.name != "responses"]
    assert {soundfile.info(path).frames for path in audio} == {LENGTH}
    assert {soundfile.info(path).subtype for path in audio} == {"FLOAT"}
    assert [p.stem for p in tracks_of(files / "dry")] == ["1 kick", "2 hat", "3 pad", "4 voice"]
    assert Session.load(files / "session.json") == Session.load(root / "session.json")
    assert {p.stem for p in tracks_of(files / "responses")} == {"1 room reverb", "2 echo delay"}
    # what a group gives is what its members give, when it does nothing itself
    voice, _ = soundfile.read(files / "wet" / "4 voice.wav")
    rest, _ = soundfile.read(files / "groups" / "2 rest.wav")
    assert np.abs(voice - rest).max() < 1e-5


def test_the_sheet_says_what_moves(exported: tuple[Exported, Path]) -> None:
    text = (exported[0].folders["files"] / "mix.md").read_text()
    for words in ("The fader moves between", "Mute on at", "polarity is turned", "100 samples later"):
        assert words in text
    assert "nan" not in text.lower().split()


@pytest.mark.parametrize("target", ["reaper", "reaper-native"])
def test_reaper_projects_parse(exported: tuple[Exported, Path], target: str) -> None:
    (path,) = exported[0].folders[target].glob("*.rpp")
    project = rpp.loads(path.read_text())
    tracks = project.findall("./TRACK")
    names = [track.find("./NAME")[1] for track in tracks]
    assert names[:7] == ["kick", "hat", "pad", "voice", "drums", "rest", "room"]
    files = [source.find("./FILE")[1] for source in project.findall(".//SOURCE")]
    assert files
    assert all((path.parent / file).is_file() for file in files)
    effects = [effect.attrib[0] for effect in project.findall(".//JS")]
    assert all((path.parent / "Effects" / effect).is_file() for effect in effects)
    assert bool(effects) == (target == "reaper")
    assert project.findall(".//VOLENV2")


def test_the_dawproject_is_consistent(exported: tuple[Exported, Path]) -> None:
    (path,) = exported[0].folders["dawproject"].glob("*.dawproject")
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("project.xml"))
        inside = set(archive.namelist())
    identities = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(set(identities)) == len(identities)
    for e in root.iter():
        for reference in ("track", "destination", "parameter"):
            assert e.get(reference) is None or e.get(reference) in identities
    assert {e.get("path") for e in root.iter("File")} == {n for n in inside if n.startswith("audio/")}
    order = [child.tag for child in root]
    assert order == ["Application", "Transport", "Structure", "Arrangement", "Scenes"]
    assert {band.get("type") for band in root.iter("Band")} >= {"highShelf", "highPass"}
    assert root.find("Transport/Tempo").get("value") == "97"


def test_small_targets_hold_their_bands(exported: tuple[Exported, Path]) -> None:
    text = (exported[0].folders["eq-text"] / "pad.txt").read_text().splitlines()
    assert text == [
        "Filter 1: ON PK Fc 2500 Hz Gain 3 dB Q 1",
        "Filter 2: ON HSC Fc 8000 Hz Gain -5 dB Q 0.7",
    ]
    presets = exported[0].folders["lv2"] / "gainstage.lv2"
    assert "para_equalizer_x16_stereo" in (presets / "manifest.ttl").read_text()


ODD = ["K\"ick & <b>'", "A/B\\C: ]==] [[x]]", "Ünïcode 歌 🎤", "", "..", "master", "Master", "x" * 300]


def test_odd_names_reach_every_target(tmp_path: Path) -> None:
    made = scene.document()
    for track, name in zip(made["tracks"], ODD[:4], strict=True):
        track["name"] = name
    for name in ODD[4:]:
        made["tracks"].append({**made["tracks"][0], "name": name, "group": None})
    made["name"] = 'So"ng / & <x>'
    session, stems = scene.write(tmp_path, made)
    done = export_mix(session, stems, tmp_path / "out")
    for target in ("ardour", "ardour-native"):
        (path,) = done.folders[target].glob("*/*.ardour")
        root = ElementTree.parse(path).getroot()
        names = [route.get("name", "") for route in root.iterfind("Routes/Route")]
        assert len(set(names)) == len(names) == len(made["tracks"]) + 5
        sources = {source.get("name", "") for source in root.iterfind("Sources/Source")}
        audio = path.parent / "interchange" / path.parent.name / "audiofiles"
        assert all((audio / source).is_file() for source in sources)
    (project,) = done.folders["reaper"].glob("*.rpp")
    assert len(rpp.loads(project.read_text()).findall("./TRACK")) == len(made["tracks"]) + 4
    assert len(tracks_of(done.folders["files"] / "dry")) == len(made["tracks"])


def test_sixty_tracks(tmp_path: Path) -> None:
    made = scene.document()
    made["tracks"] = [{**made["tracks"][i % 4], "name": f"{i}", "group": None} for i in range(60)]
    session, stems = scene.write(tmp_path, made)
    done = export_mix(session, stems, tmp_path / "out", targets=["ardour", "reaper", "dawproject"])
    (path,) = done.folders["ardour"].glob("*/*.ardour")
    assert len(ElementTree.parse(path).getroot().findall("Routes/Route")) == 65


@pytest.mark.parametrize("seed", range(4))
def test_any_session_is_exported_and_comes_back_as_it_was(tmp_path: Path, seed: int) -> None:
    made = random_sessions.document(Random(seed)) | {"num_samples": 3000}
    session = random_sessions.load(made)
    (tmp_path / "stems").mkdir()
    noise = np.random.default_rng(seed)
    for track in session.tracks:
        audio = 0.1 * noise.standard_normal((3000, track.channels))
        soundfile.write(tmp_path / "stems" / track.file, audio, session.sample_rate)
    session.save(tmp_path / "session.json")
    done = export_mix(tmp_path / "session.json", tmp_path / "stems", tmp_path / "out")
    for target in ("ardour", "ardour-native"):
        found = read_session(session_file(done.folders[target]))
        assert (found.changes, found.left) == ((), ())
        assert found.session.to_json() == session.to_json()


def test_bad_input_is_refused_in_a_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    session, stems = scene.write(tmp_path, scene.document())
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="no target 'cubase'; there are files, ardour"):
        export_mix(session, stems, out, targets=["cubase"])
    (stems / "pad.wav").rename(stems / "gone.wav")
    with pytest.raises(ValueError, match=r"the stem 'pad\.wav' is not in"):
        export_mix(session, stems, out)
    (stems / "gone.wav").rename(stems / "pad.wav")
    soloed = scene.document()
    soloed["returns"][0]["solo"] = True
    scene.load(soloed).save(tmp_path / "soloed.json")
    with pytest.raises(ValueError, match="the return 'room' is soloed"):
        export_mix(tmp_path / "soloed.json", stems, out)
    empty = scene.document()
    empty["num_samples"] = empty["tail_samples"] = 0
    scene.load(empty).save(tmp_path / "empty.json")
    with pytest.raises(ValueError, match="no length"):
        export_mix(tmp_path / "empty.json", stems, out)
    assert not out.exists()
    (out / "eq-text").mkdir(parents=True)
    (out / "eq-text" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="eq-text is there already"):
        export_mix(session, stems, out, targets=["files", "eq-text"])
    assert [p.name for p in out.iterdir()] == ["eq-text"]
    export_mix(session, stems, out, targets=["lv2"])
    assert (out / "eq-text" / "mine.txt").read_text() == "mine"


def test_a_soloed_track_mutes_the_others(tmp_path: Path) -> None:
    made = scene.document()
    made["tracks"][0]["solo"] = True
    session, stems = scene.write(tmp_path, made)
    done = export_mix(session, stems, tmp_path / "out", targets=["reaper-native"])
    muted = {item.strip for item in done.report.items if item.what == "mute"}
    assert muted == {"hat", "pad", "voice", "group rest"}

"""`gainstage session`: what it prints, what it writes, and one sentence for what is wrong."""

import json
from pathlib import Path

import pytest

from gainstage.console.session import Session
from gainstage.console.session_blend import neutral_of
from gainstage.processors.compressor import Compressor
from gainstage.processors.limiter import Limiter
from tests.cli.command import Command
from tests.console.random_sessions import Document, load
from tests.console.test_session_blend import plain
from tests.mixing.conftest import kick, write_stem


def write(path: Path, made: Document) -> Path:
    load(made).save(path)
    return path


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return write(tmp_path / "before.json", plain())


@pytest.fixture
def after(tmp_path: Path) -> Path:
    made = plain()
    made["provenance"] = {"engineer": "me"}
    made["tracks"][0]["processors"] = {"fader": {"values": {"gain_db": -12.0}}}
    return write(tmp_path / "after.json", made)


def test_diff(gainstage: Command, before: Path, after: Path) -> None:
    assert gainstage("session", "diff", before, before) == (0, "no differences\n", "")
    sentence = "Track 0: fader 0.0 → -12.0 dB"
    assert gainstage("session", "diff", before, after) == (0, f"{sentence}\n", "")
    _, said, _ = gainstage("session", "diff", before, after, "--all")
    assert said == f"provenance: engineer none → me\n{sentence}\n"
    _, said, _ = gainstage("session", "diff", before, after, "--json")
    assert json.loads(said) == [
        {
            "place": "tracks 'Track 0' · fader · gain_db",
            "before": 0.0,
            "after": -12.0,
            "unit": "dB",
            "sentence": sentence,
        }
    ]


def test_interpolate(gainstage: Command, before: Path, after: Path, tmp_path: Path) -> None:
    out = tmp_path / "half.json"
    for first in (before, "neutral"):
        assert gainstage("session", "interpolate", first, after, "--amount", "0.5", "--out", out)[0] == 0
        assert Session.load(out).tracks[0].processors["fader"].values == {"gain_db": -6.0}
    assert gainstage("session", "interpolate", "neutral", after, "--amount", "0", "--out", out)[0] == 0
    assert Session.load(out) == neutral_of(Session.load(after))
    made = plain()
    made["sample_rate"] = 48000
    other = write(tmp_path / "other.json", made)
    code, _, told = gainstage("session", "interpolate", before, other, "--amount", "0.5", "--out", out)
    assert (code, told) == (1, "gainstage: the sessions have different sample rates, 44100 and 48000 Hz\n")


def test_validate(gainstage: Command, before: Path, tmp_path: Path) -> None:
    assert gainstage("session", "validate", before) == (0, f"{before}: 0 errors, 0 warnings\n", "")
    made = plain()
    made["tracks"] = made["tracks"][:1]
    made["tracks"][0] |= {"solo": True, "file": "Kick.wav"}
    path = write(tmp_path / "solo.json", made)
    write_stem(tmp_path / "stems" / "Other.wav", kick(0.5))
    code, said, _ = gainstage("session", "validate", path, "--stems", tmp_path / "stems")
    assert code == 1
    assert said.splitlines() == [
        f"error: Track 0: the stem 'Kick.wav' is not in {tmp_path / 'stems'}",
        "warning: only Track 0 will be heard: solo was left on",
        "warning: Other.wav is no track of the session: it is left out",
        f"{path}: 1 errors, 2 warnings",
    ]
    path.write_text(path.read_text().replace('"solo": true', '"sola": true'))
    code, said, told = gainstage("session", "validate", path)
    assert (code, said) == (1, "")
    said = "tracks[0] 'Track 0': there is no 'sola' here; did you mean 'solo'?"
    assert told == f"gainstage: {path}: {said}\n"


def test_show_tells_routing_and_what_moves(
    gainstage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    made = plain()
    made["tracks"][0] |= {
        "solo": True,
        "inverted": True,
        "delay_samples": 30,
        "group": "drums",
        "mute_curve": [[10, True], [20, False]],
        "pre_fader_sends": ["echo"],
        "processors": {
            "compressor": {"key": [{"section": "groups", "strip": "vocals", "gain_db": -3}]},
            "fader": {"curves": {"gain_db": [[0, -12], [42, -3]]}, "locked": ["gain_db"]},
        },
    }
    code, said, _ = gainstage("session", "show", write(tmp_path / "s.json", made))
    assert code == 0
    for words in (
        "solo",
        "polarity turned",
        "delay 30 samples",
        "→ drums",
        "mute on at 0:10, off at 0:20",
        "pre-fader",
        "listens to the group vocals (-3.0 dB)",
        "gain moves between -12.0 and -3.0 dB from 0:00 to 0:42 locked",
    ):
        assert words in said


def test_schema(gainstage: Command, before: Path, tmp_path: Path) -> None:
    code, said, _ = gainstage("session", "schema", before)
    assert code == 0
    assert (
        json.loads(said)["$defs"]["tracks.fader"]["properties"]["values"]["properties"]["gain_db"]["maximum"]
        == 12
    )
    out = tmp_path / "schema.json"
    assert gainstage("session", "schema", "--out", out) == (0, f"{out}\n", "")
    assert "groups.width" in json.loads(out.read_text())["$defs"]
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    code, _, told = gainstage("session", "schema", "defualt")
    assert (code, told.count("\n")) == (1, 1)


def test_show_tells_the_song_and_how_the_console_is_built(
    gainstage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    made = plain()
    for track in made["tracks"]:
        track["processors"] = {"saturation": {"bypass": True}}
    _, said, _ = gainstage("session", "show", write(tmp_path / "s.json", made))
    assert not any(word in said for word in ("latency", "tempo", " with "))
    made |= {
        "tempo_bpm": 92.5,
        "sections": [{"name": "verse", "start_s": 0}, {"name": "chorus", "start_s": 62}],
    }
    made["console"]["tracks"][3]["settings"] = {"look_ahead_ms": 5, "detector": "rms", "link": False}
    made["console"]["master"][2]["settings"] = {"look_ahead_ms": 4.0}
    made["master"]["processors"]["limiter"] = {}
    _, said, _ = gainstage("session", "show", write(tmp_path / "s.json", made))
    rate = made["sample_rate"]
    late = Compressor(look_ahead_ms=5).latency_samples(rate) + Limiter(look_ahead_ms=4).latency_samples(rate)
    for words in (
        "tempo 92.5 BPM\n",
        "verse from 0:00, chorus from 1:02\n",
        "tracks: compressor with detector rms, look ahead 5 ms, link off\n",
        f"latency {late} samples ({1000 * late / rate:.1f} ms)",
    ):
        assert words in said

"""A session that a person has edited: its locks stand, the rest is decided anew, or half of it."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session
from gainstage.console.spec import named
from gainstage.mixing.hear import hear_folder
from gainstage.mixing.held import Held
from gainstage.mixing.mix import Mixed, mix
from tests.mixing.conftest import kick, noise, pad, write_stem


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("held")
    for name, audio in {"Kick": kick(3.0), "Pad": pad(3.0), "HiHat": noise(3.0)}.items():
        write_stem(root / "stems" / f"{name}.wav", audio)
    mix(root / "stems", root / "first", report=False)
    return root


def read(path: Path) -> np.ndarray:
    """Two channels. Shape (samples, 2)."""
    audio, _ = soundfile.read(path, always_2d=True)
    return np.broadcast_to(audio, (len(audio), 2))


def edited(song: Path, name: str = "edited.json") -> Path:
    """The pad's fader held at −20 dB, the kick's compressor held with a curve on its threshold."""
    session = Session.load(song / "first" / "session.json")
    tracks = []
    for track in session.tracks:
        processors = dict(track.processors)
        if track.name == "Pad":
            processors["fader"] = processors["fader"].model_copy(
                update={"values": {"gain_db": -20.0}, "locked": ["gain_db"]}
            )
        if track.name == "Kick":
            processors["compressor"] = processors["compressor"].model_copy(
                update={"curves": {"threshold_db": [(0.0, -30.0), (2.0, -10.0)]}, "locked": ["threshold_db"]}
            )
        tracks.append(track.model_copy(update={"processors": processors}))
    changed = session.model_copy(update={"tracks": tracks})
    changed.save(song / name)
    return song / name


def by_name(session: Session) -> dict[str, dict[str, dict[str, float]]]:
    return {t.name: {n: dict(p.values) for n, p in t.processors.items()} for t in session.tracks}


def test_what_is_locked_stands_and_stays_locked(song: Path, tmp_path: Path) -> None:
    done = mix(song / "stems", tmp_path, session=edited(song), keep_locks=True, report=False)
    first, again = by_name(Session.load(song / "first" / "session.json")), by_name(done.session)
    assert again["Pad"]["fader"]["gain_db"] == -20.0
    assert again["Pad"]["equaliser"] == first["Pad"]["equaliser"]
    assert again["HiHat"] == first["HiHat"]
    strips = {t.name: t.processors for t in done.session.tracks}
    assert strips["Pad"]["fader"].locked == ["gain_db"]
    assert strips["Kick"]["compressor"].curves == {"threshold_db": [(0.0, -30.0), (2.0, -10.0)]}
    assert "held as they were: fader gain_db" in (tmp_path / "mix.md").read_text()


def change(song: Path, path: Path, **tracks: dict[str, object]) -> Path:
    """The first session with some of its tracks' documents updated; processors one by one."""
    document = json.loads((song / "first" / "session.json").read_text())
    for track in document["tracks"]:
        for key, value in tracks.get(track["name"], {}).items():
            if key == "processors":
                track["processors"] |= value  # type: ignore[operator]
            else:
                track[key] = value
    path.write_text(json.dumps(document))
    return path


def kept(song: Path, session: Path, out: Path, **options: object) -> Mixed:
    return mix(song / "stems", out, session=session, keep_locks=True, report=False, **options)  # type: ignore[arg-type]


def test_what_no_engineer_decides_stands_without_a_lock(song: Path, tmp_path: Path) -> None:
    key = {"compressor": {"key": [{"section": "tracks", "strip": "Kick", "gain_db": -3.0}]}}
    path = change(
        song,
        tmp_path / "edited.json",
        Pad={"processors": key, "group": "drums", "inverted": True, "pre_fader_sends": ["reverb"]},
        HiHat={"name": "Tick", "mute_curve": [[1.0, True]], "delay_samples": 40},
        Kick={"solo": True},
    )
    done = kept(song, path, tmp_path / "out")
    tracks = {t.name: t for t in done.session.tracks}
    assert tracks["Pad"].processors["compressor"].key[0].strip == "Kick"
    assert "threshold_db" in tracks["Pad"].processors["compressor"].values
    assert (tracks["Pad"].group, tracks["Pad"].inverted) == ("drums", True)
    assert tracks["Pad"].pre_fader_sends == ["reverb"]
    assert (tracks["Tick"].mute_curve, tracks["Tick"].delay_samples) == ([(1.0, True)], 40)
    assert tracks["Kick"].solo
    told = (tmp_path / "out" / "mix.md").read_text()
    assert "held as they were: key of compressor, polarity, pre-fader sends" in told


def test_a_lock_without_a_value_holds_the_default_and_no_curve(song: Path, tmp_path: Path) -> None:
    locked = {"fader": {"locked": ["gain_db"]}, "saturation": {"values": {"mix": 0.4}, "locked": ["mix"]}}
    done = kept(song, change(song, tmp_path / "edited.json", Pad={"processors": locked}), tmp_path / "out")
    pad_now = {t.name: t for t in done.session.tracks}["Pad"].processors
    assert pad_now["fader"].values["gain_db"] == 0.0
    assert (pad_now["saturation"].values["mix"], pad_now["saturation"].bypass) == (0.4, False)


def test_a_key_follows_its_track_to_another_name_or_is_said_to_be_gone(song: Path, tmp_path: Path) -> None:
    keys = {"compressor": {"key": [{"section": "tracks", "strip": name} for name in ("Kick", "HiHat")]}}
    path = change(song, tmp_path / "edited.json", Pad={"processors": keys})
    for old, new in {"Kick": "Bass drum", "Pad": "Pad"}.items():
        (tmp_path / "stems").mkdir(exist_ok=True)
        (tmp_path / "stems" / f"{new}.wav").write_bytes((song / "stems" / f"{old}.wav").read_bytes())
    done = mix(tmp_path / "stems", tmp_path / "out", session=path, keep_locks=True, report=False)
    pad_now = {t.name: t for t in done.session.tracks}["Pad"].processors["compressor"]
    assert [source.strip for source in pad_now.key] == ["Bass drum"]
    told = " ".join(done.result.warnings)
    assert "Pad: its compressor listened to HiHat, which is not there any more" in told


def test_another_console_says_what_it_has_no_place_for(song: Path, tmp_path: Path) -> None:
    curve = {"pan": {"curves": {"position": [[0.0, -1.0], [2.0, 1.0]]}}}
    path = change(
        song,
        tmp_path / "edited.json",
        Pad={"processors": {"saturation": {"values": {"mix": 0.4}, "locked": ["mix"]}}},
        Kick={"pre_fader_sends": ["delay"], "processors": curve},
    )
    done = kept(song, path, tmp_path / "out", console=named("basic"))
    told = " ".join(done.result.warnings)
    assert "Pad: this console has no saturation there, so what is held of it is lost" in told
    assert "Kick: this console has no return delay" in told
    assert "Kick: the automation of its pan is not locked, so it was decided anew" in told


def test_a_network_is_told_the_mean_of_a_curve(song: Path, tmp_path: Path) -> None:
    curve = {"fader": {"curves": {"gain_db": [[0.0, -20.0], [3.0, -10.0]]}, "locked": ["gain_db"]}}
    session = Session.load(change(song, tmp_path / "edited.json", Pad={"processors": curve}))
    console = Console(session.console)
    held = Held.of(session, hear_folder(song / "stems"))
    order = [i for i, strip in enumerate(held.tracks) if strip and strip.name == "Pad"]
    locked, units = held.units(console, order)
    row = console.layout["tracks"].columns[console.layout["tracks"].index("fader", "gain_db")].parameter
    place = [console.layout["tracks"].columns[i].path for i in console.layout["tracks"].driven]
    i = place.index("fader.gain_db")
    assert bool(locked["tracks"][0, 0, i])
    assert float(row.from_unit(units["tracks"][0, 0, i])) == pytest.approx(-15.0, abs=0.01)


def test_a_network_is_told_and_adapts(song: Path, tiny_run: Path, tmp_path: Path) -> None:
    plain = mix(song / "stems", tmp_path / "plain", checkpoint=tiny_run, report=False).session
    path = tmp_path / "by_network.json"
    tracks = list(plain.tracks)
    place = [t.name for t in tracks].index("Pad")
    down = ProcessorSettings(values={"gain_db": -30.0}, locked=["gain_db"])
    tracks[place] = tracks[place].model_copy(
        update={"processors": tracks[place].processors | {"fader": down}}
    )
    plain.model_copy(update={"tracks": tracks}).save(path)
    done = mix(
        song / "stems", tmp_path / "held", checkpoint=tiny_run, session=path, keep_locks=True, report=False
    ).session
    before, after = by_name(plain), by_name(done)
    assert after["Pad"]["fader"]["gain_db"] == -30.0
    assert after["Kick"]["equaliser"] != before["Kick"]["equaliser"]  # it heard of the lock


@pytest.mark.parametrize("given", [False, True], ids=["from the sum", "from a session"])
def test_an_amount_lies_between(song: Path, tmp_path: Path, given: bool) -> None:
    session = edited(song) if given else None
    half = mix(song / "stems", tmp_path, session=session, amount=0.5, report=False).session
    start = -20.0 if given else 0.0
    full = by_name(Session.load(song / "first" / "session.json"))["Pad"]["fader"]["gain_db"]
    assert by_name(half)["Pad"]["fader"]["gain_db"] == pytest.approx(0.5 * (start + full))


def test_no_amount_is_the_plain_sum(song: Path, tmp_path: Path) -> None:
    done = mix(song / "stems", tmp_path, amount=0.0, report=False)
    stems = [read(path) for path in sorted((song / "stems").glob("*.wav"))]
    gain = 10.0 ** (done.delivery.output_gain_db / 20.0)
    assert np.allclose(read(tmp_path / "mix.wav")[: len(stems[0])], gain * sum(stems), atol=1e-6)


def test_a_session_of_other_stems_is_refused(song: Path, tmp_path: Path) -> None:
    write_stem(tmp_path / "other" / "Flute.wav", noise(2.0, seed=4))
    with pytest.raises(ValueError, match="is a session of other stems: none of its tracks"):
        mix(tmp_path / "other", tmp_path / "out", session=edited(song), keep_locks=True, report=False)
    assert not (tmp_path / "out" / "mix.wav").exists()


def test_a_stem_more_and_a_stem_less_are_said(song: Path, tmp_path: Path) -> None:
    for name in ("Kick.wav", "Pad.wav"):
        (tmp_path / "stems").mkdir(exist_ok=True)
        (tmp_path / "stems" / f"my {name}").write_bytes((song / "stems" / name).read_bytes())
    write_stem(tmp_path / "stems" / "Flute.wav", noise(3.0, seed=4))
    done = mix(tmp_path / "stems", tmp_path / "out", session=edited(song), keep_locks=True, report=False)
    assert by_name(done.session)["my Pad"]["fader"]["gain_db"] == -20.0  # found by what it sounds like
    told = " ".join(done.result.warnings)
    assert "Flute.wav is not in the session" in told
    assert "the session's track 'HiHat' is not among the stems" in told


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"keep_locks": True}, "locks are kept from a session"),
        ({"session": "x"}, "say what the session is for"),
    ],
)
def test_what_makes_no_sense_is_refused(
    song: Path, tmp_path: Path, given: dict[str, object], message: str
) -> None:
    if "session" in given:
        given = {"session": edited(song)}
    with pytest.raises(ValueError, match=message):
        mix(song / "stems", tmp_path / "out", report=False, **given)  # type: ignore[arg-type]

"""A session that a person has edited: its locks stand, the rest is decided anew, or half of it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.console.console import Console
from gainstage.console.session import KeySource, ProcessorSettings, Session, TrackSettings
from gainstage.console.spec import ConsoleSpec, named
from gainstage.mixing.engineers import decide
from gainstage.mixing.hear import hear_folder
from gainstage.mixing.held import Held, Kept
from gainstage.mixing.mix import mix
from gainstage.mixing.sessions import session_from_decision
from tests.mixing.conftest import RATE, kick, noise, pad, write_stem


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


def put(
    session: Session, section: str, name: str, processor: str | None = None, /, **update: object
) -> Session:
    """The session with something of a strip, or of one of its processors, changed."""
    strips = []
    for strip in session.strips_of(section):
        if strip.name == name and processor is None:
            strip = strip.model_copy(update=update)
        elif strip.name == name:
            part = strip.processors.get(processor, ProcessorSettings()).model_copy(update=update)
            strip = strip.model_copy(update={"processors": strip.processors | {processor: part}})
        strips.append(strip)
    changed = session.model_copy(update={section: strips[0] if section == "master" else strips})
    return Session.from_json(changed.to_json())


def keep(song: Path, edited: Session, console: ConsoleSpec | None = None) -> tuple[Held, Kept]:
    """What the rules decide for the song with what is held put into it."""
    heard = hear_folder(song / "stems")
    held = Held.of(edited, heard)
    heard = held.with_roles(heard)
    decision = decide("rules", heard, style=None)
    decided = session_from_decision(heard, decision, console or edited.console)
    return held, held.put_into(decided, decision)


def track(session: Session, name: str) -> TrackSettings:
    return next(track for track in session.tracks if track.name == name)


@pytest.fixture(scope="module")
def first(song: Path) -> Session:
    return Session.load(song / "first" / "session.json")


def told(held: Held, section: str, strip: int, path: str) -> tuple[bool, float]:
    """Whether a network on the default console is told that a parameter is held, and at what in its unit."""
    console = Console(named("default"))
    locked, units = held.units(console, range(len(held.tracks)))
    layout = console.layout[section]
    place = layout.driven.index(layout.index(*path.split(".")))
    value = layout.columns[layout.driven[place]].parameter.from_unit(units[section][0, strip, place])
    return bool(locked[section][0, strip, place]), float(value)


def test_a_lock_without_a_value_is_the_console_s_default_there_for_all(song: Path, first: Session) -> None:
    there = first.console.model_copy(update={"fixed": {**first.console.fixed, "tracks.fader.gain_db": -7.0}})
    edited = first.model_copy(update={"console": there})
    edited = put(edited, "tracks", "Pad", "fader", values={}, locked=["gain_db"])
    held, kept = keep(song, edited, named("default"))
    assert track(kept.session, "Pad").processors["fader"].values == {"gain_db": -7.0}
    place = [t.name for t in first.tracks].index("Pad")
    assert told(held, "tracks", place, "fader.gain_db") == (True, pytest.approx(-7.0))
    assert told(held, "tracks", place, "pan.position")[0] is False


def test_a_lock_without_a_curve_ends_the_curve_that_was_decided(song: Path, first: Session) -> None:
    edited = put(first, "tracks", "Pad", "fader", values={"gain_db": -9.0}, locked=["gain_db"])
    heard = hear_folder(song / "stems")
    decision = decide("rules", heard, style=None)
    decided = session_from_decision(heard, decision, first.console)
    decided = put(decided, "tracks", "Pad", "fader", curves={"gain_db": [(0.0, 0.0), (1.0, -6.0)]})
    decided = put(decided, "tracks", "Kick", "fader", curves={"gain_db": [(0.0, 0.0), (1.0, -6.0)]})
    kept = Held.of(edited, heard).put_into(decided, decision).session
    assert track(kept, "Pad").processors["fader"].curves == {}
    assert track(kept, "Kick").processors["fader"].curves == {"gain_db": [(0.0, 0.0), (1.0, -6.0)]}


def test_a_network_is_told_the_mean_of_what_moves_on_its_own_scale(song: Path, first: Session) -> None:
    """Ten times the frequency for half of the song is √10 times on average; behind the end nothing counts."""
    seconds = first.num_samples / first.sample_rate
    curve = [(0.0, 200.0), (seconds / 2, 200.0), (seconds / 2, 2000.0), (2 * seconds, 2000.0)]
    edited = put(first, "master", "master", "equaliser", curves={"peak_2_frequency_hz": curve})
    edited = put(edited, "master", "master", "equaliser", locked=["peak_2_frequency_hz"])
    held, kept = keep(song, edited)
    expected = pytest.approx(200.0 * 10**0.5, rel=1e-6)
    assert told(held, "master", 0, "equaliser.peak_2_frequency_hz") == (True, expected)
    assert kept.session.master.processors["equaliser"].curves == {"peak_2_frequency_hz": curve}


def test_what_is_locked_and_off_is_told_as_what_is_heard_of_it(song: Path, first: Session) -> None:
    loud = {"peak_2_gain_db": 9.0}
    edited = put(first, "tracks", "Pad", "equaliser", values=loud, locked=["peak_2_gain_db"], bypass=True)
    edited = put(edited, "tracks", "Pad", "send_reverb", locked=["level_db"], bypass=True)
    held, kept = keep(song, edited)
    place = [t.name for t in first.tracks].index("Pad")
    assert told(held, "tracks", place, "equaliser.peak_2_gain_db") == (True, pytest.approx(0.0, abs=1e-9))
    assert told(held, "tracks", place, "equaliser.peak_3_gain_db") == (True, pytest.approx(0.0, abs=1e-9))
    assert told(held, "tracks", place, "send_reverb.level_db") == (True, pytest.approx(-60.0))
    part = track(kept.session, "Pad").processors["equaliser"]
    assert (part.bypass, part.values["peak_2_gain_db"]) == (True, 9.0)


def by_hand(session: Session) -> Session:
    """All that only a person sets, and no lock anywhere."""
    session = put(session, "tracks", "Kick", None, name="BD", mute_curve=[(1.0, True), (2.0, False)])
    session = put(session, "tracks", "HiHat", None, mute=True, inverted=True, role="percussion")
    changes = {"solo": True, "delay_samples": 441, "group": None, "pre_fader_sends": ["delay"]}
    session = put(session, "tracks", "Pad", None, **changes)
    kick_key = KeySource(section="tracks", strip="BD", gain_db=3.0)
    session = put(session, "tracks", "Pad", "compressor", key=[kick_key])
    session = put(session, "tracks", "Pad", "saturation", values={"mix": 0.3})
    session = put(session, "tracks", "Pad", "send_delay", values={"level_db": -12.0})
    session = put(session, "groups", "drums", None, mute=True)
    session = put(session, "groups", "drums", "compressor", values={"ratio": 3.0, "threshold_db": -20.0})
    session = put(session, "groups", "vocals", "fader", bypass=True)
    session = put(session, "groups", "bass", "width")  # switched on, and not yet turned
    session = put(session, "returns", "delay", None, inverted=True)
    session = put(session, "returns", "delay", "delay", values={"feedback": 0.4})
    return session.model_copy(update={"tempo_bpm": 120.0, "name": "My song"})


def test_what_only_a_person_sets_stands_without_a_lock(song: Path, first: Session, tmp_path: Path) -> None:
    by_hand(first).save(song / "by_hand.json")
    done = mix(
        song / "stems", tmp_path, style=5, session=song / "by_hand.json", keep_locks=True, report=False
    )
    bd, hat, pad_ = (track(done.session, name) for name in ("BD", "HiHat", "Pad"))
    assert bd.mute_curve == [(1.0, True), (2.0, False)]
    assert (hat.mute, hat.inverted, hat.role, hat.group) == (True, True, "percussion", "drums")
    assert (pad_.solo, pad_.delay_samples, pad_.group, pad_.pre_fader_sends) == (True, 441, None, ["delay"])
    assert pad_.processors["compressor"].key == [KeySource(section="tracks", strip="BD", gain_db=3.0)]
    assert pad_.processors["saturation"].values == {"mix": 0.3}
    assert pad_.processors["send_delay"].values == {"level_db": -12.0}
    groups = {bus.name: bus for bus in done.session.groups}
    assert groups["drums"].mute
    assert groups["drums"].processors["compressor"].values == {"ratio": 3.0, "threshold_db": -20.0}
    assert groups["vocals"].processors["fader"].bypass
    assert not groups["bass"].processors["width"].bypass
    returns = {bus.name: bus for bus in done.session.returns}
    assert returns["delay"].inverted
    assert returns["delay"].processors["delay"].values == {"feedback": 0.4}
    assert (done.session.tempo_bpm, done.session.name) == (120.0, "My song")
    assert by_name(done.session)["Pad"]["equaliser"] != by_name(first)["Pad"]["equaliser"]  # decided anew
    text = (tmp_path / "mix.md").read_text().replace("\\", "")
    words = (
        "solo, delay of 441 samples, pre-fader send to delay, compressor listens to BD (3.0 dB), saturation"
    )
    assert words in text
    assert "held as they were: muted, polarity" in text
    assert done.result.warnings == ()


def test_a_role_that_is_given_now_goes_before_the_session_s(song: Path, first: Session) -> None:
    edited = put(first, "tracks", "HiHat", None, role="percussion")
    heard = hear_folder(song / "stems", roles={"HiHat": "cymbal"})
    roles = {t.name: t.role for t in Held.of(edited, heard).with_roles(heard).song.tracks}
    assert roles == {"HiHat": "cymbal", "Kick": "kick", "Pad": "pad"}
    wrong = put(first, "tracks", "HiHat", None, role="persussion")
    with pytest.raises(ValueError, match="track 'HiHat': 'persussion' is no role; did you mean 'percussion'"):
        Held.of(wrong, heard)


def test_automation_that_is_not_locked_is_decided_anew_and_said(song: Path, first: Session) -> None:
    edited = put(first, "tracks", "Pad", "fader", curves={"gain_db": [(0.0, 0.0), (1.0, -6.0)]})
    _, kept = keep(song, edited)
    assert track(kept.session, "Pad").processors["fader"].curves == {}
    assert kept.warnings == ("Pad: the automation of fader gain is not locked, so it was decided anew",)


def test_what_another_console_has_no_place_for_is_said(song: Path, first: Session, tmp_path: Path) -> None:
    edited = put(by_hand(first), "tracks", "Pad", "saturation", locked=["mix", "drive_db"])
    edited = put(edited, "tracks", "Pad", None, group="vocals")
    edited = put(edited, "tracks", "Pad", "pan", values={"position": 0.5}, locked=["position"])
    edited.save(song / "for_another.json")
    done = mix(
        song / "stems",
        tmp_path,
        session=song / "for_another.json",
        keep_locks=True,
        console=named("fader_pan"),
        report=False,
    )
    assert set(done.result.warnings) == {
        "Pad: this console has no group 'vocals' to send it to",
        "Pad: this console has no saturation, so what was held of it is left out (saturation mix, saturation "
        "drive_db)",
        "Pad: this console has no compressor, so what was held of it is left out (listens to BD (3.0 dB))",
        "Pad: this console has no send to delay, so what was held of it is left out (send to delay)",
        "Pad: this console sends nothing to 'delay' here, so its pre-fader send is left out",
        "this console has no group 'drums', so what was held on it is left out (muted, compressor)",
        "this console has no group 'vocals', so what was held on it is left out (fader off)",
        "this console has no group 'bass', so what was held on it is left out (width)",
        "this console has no return 'delay', so what was held on it is left out (polarity, delay)",
    }
    pad_ = track(done.session, "Pad")
    assert pad_.processors["pan"].values["position"] == 0.5
    assert (pad_.solo, pad_.delay_samples) == (True, 441)


def test_a_key_that_is_not_among_the_stems_is_said(song: Path, first: Session, tmp_path: Path) -> None:
    key = KeySource(section="tracks", strip="HiHat")
    edited = put(first, "tracks", "Pad", "compressor", key=[key])
    for name in ("Kick.wav", "Pad.wav"):
        (tmp_path / "stems").mkdir(exist_ok=True)
        (tmp_path / "stems" / name).write_bytes((song / "stems" / name).read_bytes())
    _, kept = keep(tmp_path, edited)
    assert track(kept.session, "Pad").processors["compressor"].key == []
    assert kept.warnings == (
        "Pad: the compressor listened to the track 'HiHat', which is not here, and no longer does",
    )


def test_a_new_stem_of_a_name_that_is_taken_goes_by_its_file(
    song: Path, first: Session, tmp_path: Path
) -> None:
    edited = put(first, "tracks", "Kick", None, name="Flute")
    edited = put(edited, "tracks", "Pad", "compressor", key=[KeySource(section="tracks", strip="Flute")])
    for name in ("Kick.wav", "Pad.wav", "HiHat.wav"):
        (tmp_path / "stems").mkdir(exist_ok=True)
        (tmp_path / "stems" / name).write_bytes((song / "stems" / name).read_bytes())
    write_stem(tmp_path / "stems" / "Flute.wav", noise(3.0, seed=4))
    _, kept = keep(tmp_path, edited)
    assert {t.file: t.name for t in kept.session.tracks} == {
        "Flute.wav": "Flute.wav",
        "HiHat.wav": "HiHat",
        "Kick.wav": "Flute",
        "Pad.wav": "Pad",
    }
    assert kept.warnings == ()


def test_locks_on_what_no_network_drives_stand(
    song: Path, first: Session, tiny_run: Path, tmp_path: Path
) -> None:
    """On the network's own console, too; only the gain that makes the loudness asked for cannot be locked."""
    network = mix(song / "stems", tmp_path / "plain", checkpoint=tiny_run, report=False).session
    edited = put(network, "tracks", "Pad", "trim", values={"gain_db": 11.0}, locked=["gain_db"])
    edited = put(edited, "tracks", "Pad", "compressor", values={"makeup_db": 2.0})
    edited = put(edited, "master", "master", "output_gain", locked=["gain_db"])
    edited.save(tmp_path / "edited.json")
    done = mix(
        song / "stems",
        tmp_path / "held",
        checkpoint=tiny_run,
        session=tmp_path / "edited.json",
        keep_locks=True,
        report=False,
    )
    processors = track(done.session, "Pad").processors
    assert (processors["trim"].values["gain_db"], processors["trim"].locked) == (11.0, ["gain_db"])
    assert processors["compressor"].values["makeup_db"] == 2.0
    assert done.result.warnings == (
        "master: the lock on output gain gain does not hold, since the loudness asked for sets it",
    )
    assert done.delivery.loudness_lufs == pytest.approx(-20, abs=0.1)
    _, kept = keep(song, put(first, "tracks", "Pad", "saturation", values={"mix": 0.5}, locked=["mix"]))
    assert track(kept.session, "Pad").processors["saturation"].values == {"mix": 0.5}


def test_a_locked_release_of_the_limiter_stands_when_it_is_switched_on(
    song: Path, first: Session, tmp_path: Path
) -> None:
    release = {"values": {"release_ms": 30.0, "ceiling_db": -4.0}, "locked": ["release_ms", "ceiling_db"]}
    put(first, "master", "master", "limiter", **release).save(tmp_path / "edited.json")
    arguments = {"session": tmp_path / "edited.json", "keep_locks": True, "report": False}
    loud = mix(song / "stems", tmp_path / "loud", loudness_lufs=-9, **arguments)  # type: ignore[arg-type]
    limiter = loud.session.master.processors["limiter"]
    assert (limiter.bypass, limiter.values["release_ms"], limiter.locked) == (False, 30.0, ["release_ms"])
    assert limiter.values["ceiling_db"] == pytest.approx(-1.1, abs=0.05)
    assert "the lock on limiter ceiling does not hold" in " ".join(loud.result.warnings)
    soft = mix(song / "stems", tmp_path / "soft", loudness_lufs=-40, **arguments)  # type: ignore[arg-type]
    assert soft.session.master.processors["limiter"].bypass


def test_the_tail_is_that_of_what_is_held(song: Path, first: Session, tmp_path: Path) -> None:
    echo = {"values": {"feedback": 0.5, "time_ms": 500.0}}
    edited = put(first, "returns", "delay", "delay", **echo)
    put(edited, "tracks", "Pad", "send_delay", values={"level_db": -6.0}).save(tmp_path / "edited.json")
    done = mix(song / "stems", tmp_path, session=tmp_path / "edited.json", keep_locks=True, report=False)
    assert done.session.tail_samples > first.tail_samples + 2 * RATE


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
    assert by_name(done.session)["Pad"]["fader"]["gain_db"] == -20.0  # found by what it sounds like
    assert {track.name: track.file for track in done.session.tracks}["Pad"] == "my Pad.wav"
    told = " ".join(done.result.warnings)
    assert "Flute.wav is not in the session" in told
    assert "the session's track 'HiHat' is not among the stems" in told


def test_an_amount_of_a_decision_with_locks_keeps_the_locks(song: Path, tmp_path: Path) -> None:
    done = mix(
        song / "stems", tmp_path, session=edited(song), style=5, keep_locks=True, amount=0.5, report=False
    )
    strips = {t.name: t.processors for t in done.session.tracks}
    assert strips["Pad"]["fader"].values["gain_db"] == -20.0
    assert strips["Pad"]["fader"].locked == ["gain_db"]
    assert strips["Kick"]["compressor"].curves == {"threshold_db": [(0.0, -30.0), (2.0, -10.0)]}
    full = mix(song / "stems", tmp_path / "full", style=5, report=False).session
    values = [
        by_name(s)["HiHat"]["fader"]["gain_db"] for s in (Session.load(edited(song)), done.session, full)
    ]
    assert values[1] == pytest.approx(0.5 * (values[0] + values[2]))


@pytest.mark.parametrize("keep_locks", [False, True])
def test_an_amount_from_a_session_of_other_tracks_says_how_to_go_on(
    song: Path, tmp_path: Path, keep_locks: bool
) -> None:
    for name in ("Kick.wav", "Pad.wav"):
        (tmp_path / "stems").mkdir(exist_ok=True)
        (tmp_path / "stems" / name).write_bytes((song / "stems" / name).read_bytes())
    given = {"session": edited(song), "amount": 0.5, "keep_locks": keep_locks, "report": False}
    with pytest.raises(ValueError, match="'HiHat' is not among the stems; give exactly its stems, or all of"):
        mix(tmp_path / "stems", tmp_path / "out", **given)  # type: ignore[arg-type]
    (tmp_path / "stems" / "HiHat.wav").write_bytes((song / "stems" / "HiHat.wav").read_bytes())
    write_stem(tmp_path / "stems" / "Flute.wav", noise(3.0, seed=4))
    with pytest.raises(ValueError, match="'Flute' is not in the session; give exactly its stems"):
        mix(tmp_path / "stems", tmp_path / "out", **given)  # type: ignore[arg-type]
    (tmp_path / "stems" / "Flute.wav").unlink()
    with pytest.raises(
        ValueError, match=r"there is no way from 'held.*' to this mix: the sessions have different"
    ):
        mix(tmp_path / "stems", tmp_path / "out", console=named("fader_pan"), **given)  # type: ignore[arg-type]


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

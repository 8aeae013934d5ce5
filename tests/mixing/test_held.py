"""A session that a person has edited: its locks stand, the rest is decided anew, or half of it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.console.session import ProcessorSettings, Session
from gainstage.mixing.mix import mix
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

"""A session as audio: in time and whole, whatever the console's latency."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gainstage.console.session import Session, TrackSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.mixing.hear import hear_folder
from gainstage.mixing.mix import mix
from gainstage.mixing.render import BLOCK, render_blocks, render_file, render_stream
from tests.mixing.conftest import RATE, kick, noise, pad, write_stem


@pytest.mark.parametrize("num_samples", [BLOCK - 100, 2 * BLOCK + 1], ids=["ends in the latency", "longer"])
def test_a_late_console_renders_in_time(tmp_path: Path, num_samples: int) -> None:
    """At rest a compressor that looks ahead gives its input, so the mix is the stem to the bit."""
    late = {"name": "compressor", "settings": {"look_ahead_ms": 15.0}}
    audio = noise(num_samples / RATE)[:, :num_samples]
    write_stem(tmp_path / "stems" / "hat.wav", audio)
    spec = ConsoleSpec.model_validate({"tracks": [late], "master": [late]})
    track = TrackSettings(name="hat", file="hat.wav", role="hat", channels=1)
    session = Session(name="late", sample_rate=RATE, num_samples=num_samples, console=spec, tracks=[track])
    session.save(tmp_path / "session.json")
    render_file(tmp_path / "session.json", tmp_path / "stems", tmp_path / "mix.wav")
    mixed, _ = soundfile.read(tmp_path / "mix.wav", dtype="float32")
    stem, _ = soundfile.read(tmp_path / "stems" / "hat.wav", dtype="float32")
    assert mixed.shape == (num_samples, 2)
    assert (mixed == stem[:, None]).all()
    tracks = [block.tracks for block in render_blocks(session, tmp_path / "stems")]
    assert torch.equal(torch.cat(tracks, -1)[0, 0], torch.from_numpy(stem))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session of one stem of 1.5 s, and its hash, in tmp_path."""
    write_stem(tmp_path / "stems" / "hat.wav", noise(1.5))
    heard = hear_folder(tmp_path / "stems")
    track = TrackSettings(
        name="hat", file="hat.wav", role="hat", channels=1, content_hash=heard.tracks[0].content_hash
    )
    made = Session(
        name="s", sample_rate=RATE, num_samples=heard.num_samples, console=ConsoleSpec(), tracks=[track]
    )
    made.save(tmp_path / "session.json")
    return made


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("change", ["none", "container", "other", "longer", "shorter", "resampled"])
def test_another_recording_under_the_same_name_is_said(tmp_path: Path, change: str) -> None:
    stem = tmp_path / "stems" / "hat.wav"
    audio, _ = soundfile.read(stem, dtype="float32", always_2d=True)
    if change == "container":
        soundfile.write(stem, np.repeat(audio, 2, 1), RATE, subtype="FLOAT")  # stereo with equal channels
    elif change == "other":
        write_stem(stem, noise(1.5, seed=1))
    elif change == "longer":
        write_stem(stem, np.concatenate([audio.T, audio.T[:, :50]], 1))
    elif change == "shorter":
        write_stem(stem, audio.T[:, :-1])
    elif change == "resampled":
        write_stem(stem, audio.T, 48000)
    told = render_file(tmp_path / "session.json", tmp_path / "stems", tmp_path / "mix.wav")
    same = change in ("none", "container")
    assert told == ([] if same else ["hat: 'hat.wav' holds another recording than the one that was mixed"])


def test_other_stems_under_the_same_names_are_said_and_others_are_not(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "out", engineer="sum", report=False)
    session = tmp_path / "out" / "session.json"
    audio, rate = soundfile.read(stems / "HiHat.wav", always_2d=True)
    soundfile.write(
        stems / "HiHat.wav", np.repeat(audio, 2, axis=1), rate, subtype="PCM_24"
    )  # the same sound
    assert render_file(session, stems, tmp_path / "again.wav") == []
    write_stem(stems / "Kick.wav", np.concatenate([kick(3.0), kick(1.0)], axis=1))  # the same, and then more
    write_stem(stems / "Pad.flac", 0.999 * pad(3.0, 48000), 48000)
    write_stem(stems / "Flute.wav", noise(1.0))
    assert render_file(session, stems, tmp_path / "again.wav") == [
        "Kick: 'Kick.wav' holds another recording than the one that was mixed",
        "Pad: 'Pad.flac' holds another recording than the one that was mixed",
        f"Flute.wav is in {stems} but not in the session: left out",
    ]
    shorter = Session.load(session).model_copy(update={"num_samples": RATE})
    shorter.save(session)
    assert len(render_file(session, stems, tmp_path / "again.wav")) == 3  # what is not played counts, too


def test_every_missing_stem_is_counted(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "out", engineer="sum", report=False)
    for name in ("Kick.wav", "Pad.flac"):
        (stems / name).unlink()
    with pytest.raises(ValueError, match=r"and 1 more of 3 tracks\); give the folder of the stems"):
        render_file(tmp_path / "out" / "session.json", stems, tmp_path / "again.wav")


def test_a_stream_gets_the_bytes_of_the_file(tmp_path: Path) -> None:
    write_stem(tmp_path / "stems" / "hat.wav", noise(0.5))
    track = TrackSettings(name="hat", file="hat.wav", role="hat", channels=1)
    session = Session(name="s", sample_rate=RATE, num_samples=20_000, console=ConsoleSpec(), tracks=[track])
    session.save(tmp_path / "session.json")
    render_file(tmp_path / "session.json", tmp_path / "stems", tmp_path / "mix.wav")
    stream = io.BytesIO()
    assert render_stream(tmp_path / "session.json", tmp_path / "stems", stream) == []
    assert stream.getvalue() == (tmp_path / "mix.wav").read_bytes()
    nothing = io.BytesIO()
    with pytest.raises(ValueError, match="is not in"):
        render_stream(tmp_path / "session.json", tmp_path, nothing)
    assert nothing.getvalue() == b""

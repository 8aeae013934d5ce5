"""Stems that are not those of the session are found before a render."""

from pathlib import Path

import pytest
import soundfile

from gainstage.console.session import Session
from gainstage.mixing.check_stems import check_stems
from gainstage.mixing.mix import mix
from tests.mixing.conftest import kick, noise, pad, write_stem


@pytest.fixture
def session(stems: Path, tmp_path: Path) -> Session:
    return mix(stems, tmp_path / "out", engineer="sum", report=False).session


def sentences(session: Session, stems: Path) -> list[tuple[bool, str]]:
    return [(finding.is_error, finding.sentence) for finding in check_stems(session, stems)]


def test_the_stems_of_the_session(session: Session, stems: Path) -> None:
    assert sentences(session, stems) == [
        (False, "Pad: 'Pad.flac' has 48000 Hz and is resampled to 44100"),
    ]


def test_other_stems(session: Session, stems: Path) -> None:
    (stems / "HiHat.wav").unlink()
    write_stem(stems / "Kick.wav", kick(2.0))
    write_stem(stems / "Pad.flac", pad(3.0, 48000)[:1], 48000)
    write_stem(stems / "Extra.wav", noise(1.0))
    assert sorted(sentences(session, stems)) == [
        (False, "Extra.wav is no track of the session: it is left out"),
        (False, "Kick: 'Kick.wav' holds another recording than the one that was mixed"),
        (True, f"HiHat: the stem 'HiHat.wav' is not in {stems}"),
        (True, "Pad: 'Pad.flac' is mono, the session expects a stereo file"),
    ]


def test_another_length_and_what_cannot_be_read(session: Session, stems: Path) -> None:
    write_stem(stems / "Kick.wav", kick(4.0))
    found = [text for is_error, text in sentences(session, stems) if not is_error]
    assert found[-1] == "the longest stem has 4.00 s, the session 3.00 s: the rest is cut off"
    (stems / "Kick.wav").write_bytes(b"no audio")
    assert any(is_error and "Kick" in text for is_error, text in sentences(session, stems))
    soundfile.write(stems / "Kick.wav", kick(1.0).T, 44100, subtype="PCM_24")
    assert not any(is_error for is_error, _ in sentences(session, stems))


def test_a_folder_that_is_none_and_a_file_outside_it(session: Session, stems: Path) -> None:
    ((is_error, sentence),) = sentences(session, stems / "nowhere")
    assert is_error
    assert "is not a folder" in sentence
    track = session.tracks[0].model_copy(update={"file": "../secret.wav"})
    found = sentences(session.model_copy(update={"tracks": [track]}), stems)
    assert (True, f"{track.name}: '../secret.wav' lies outside the folder of the stems") in found

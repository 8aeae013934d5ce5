"""`mix --normalise`: the mix is one of the normalised stems, which stay beside it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.mixing.mix import mix
from gainstage.mixing.render import render_file
from tests.normalise.stems import statistics


def test_the_session_renders_from_the_stems_that_it_was_made_for(stems: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):  # into a folder that holds a mix already, too
        mixed = mix(stems, out, normalise=statistics(), report=False)
    assert mixed.session.name == "song"
    assert sorted(path.name for path in (out / "normalised").glob("*.wav")) == [
        "HiHat.wav",
        "Kick.wav",
        "Pad.wav",
    ]
    render_file(out / "session.json", out / "normalised", tmp_path / "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == (out / "mix.wav").read_bytes()
    assert {track.name: track.role for track in mixed.session.tracks} == {
        "HiHat": "hat",
        "Kick": "kick",
        "Pad": "pad",
    }


def test_panned_and_louder_stems_give_the_same_mix(stems: Path, tmp_path: Path) -> None:
    """What was done to a stem that normalisation knows is not heard any more."""
    treated = tmp_path / "treated" / "stems"
    treated.mkdir(parents=True)
    for path in stems.iterdir():
        audio, rate = soundfile.read(path, always_2d=True)
        if path.stem == "HiHat":
            audio = audio * np.array([[0.2, 0.1]])
        soundfile.write(treated / path.name, audio, rate, subtype="PCM_24")
    one = mix(stems, tmp_path / "one", normalise=statistics(), report=False)
    other = mix(treated, tmp_path / "other", normalise=statistics(), report=False)
    settings = [
        {track.name: track.processors["fader"].values["gain_db"] for track in done.session.tracks}
        for done in (one, other)
    ]
    assert settings[0] == pytest.approx(settings[1], abs=0.1)
    audio = [soundfile.read(tmp_path / name / "mix.wav")[0] for name in ("one", "other")]
    error = np.mean((audio[0] - audio[1]) ** 2) / np.mean(audio[0] ** 2)
    assert 10.0 * np.log10(error) < -40.0


def test_statistics_that_are_none_are_refused(stems: Path, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("{}")
    with pytest.raises(ValueError, match="holds no statistics of effects"):
        mix(stems, tmp_path / "out", normalise=tmp_path / "none.json")
    assert not (tmp_path / "out").exists()

"""`mix`: files, loudness, the same bits again, and what names and order may not change."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gainstage.console.session import Session
from gainstage.dsp.loudness import integrated_loudness
from gainstage.dsp.true_peak import true_peak_db
from gainstage.mixing.mix import mix
from gainstage.mixing.render import render_file
from tests.mixing.conftest import RATE, kick, write_stem


def read(path: Path) -> torch.Tensor:
    return torch.from_numpy(soundfile.read(path, dtype="float32", always_2d=True)[0].T.copy())


def test_writes_a_mix_its_session_and_what_was_done(stems: Path, tmp_path: Path) -> None:
    done = mix(stems, tmp_path / "out", loudness_lufs=-24)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "mix.md",
        "mix.wav",
        "report.html",
        "session.json",
    ]
    info = soundfile.info(tmp_path / "out" / "mix.wav")
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 2, "FLOAT")
    audio = read(tmp_path / "out" / "mix.wav")
    assert float(integrated_loudness(audio, sample_rate=RATE)) == pytest.approx(-24, abs=0.1)
    assert float(true_peak_db(audio, sample_rate=RATE)) <= -1
    session = Session.load(tmp_path / "out" / "session.json")
    assert session.num_samples == 3 * RATE
    assert audio.shape[1] == session.num_samples + session.tail_samples
    assert {track.name: track.role for track in session.tracks} == {
        "Kick": "kick",
        "Pad": "pad",
        "HiHat": "hat",
    }
    text = (tmp_path / "out" / "mix.md").read_text()
    assert all(name in text for name in ("Kick", "Pad", "HiHat", "High-pass", "Compressor"))
    assert done.result.mix.integrated_lufs == pytest.approx(-24, abs=0.1)


def test_rendering_the_session_gives_the_same_bits(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "out", report=False)
    again = tmp_path / "again.wav"
    assert render_file(tmp_path / "out" / "session.json", stems, again) == []
    assert again.read_bytes() == (tmp_path / "out" / "mix.wav").read_bytes()


def test_provenance_never_influences_a_render(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "out", report=False)
    document = json.loads((tmp_path / "out" / "session.json").read_text())
    document["provenance"] = {"engineer": "somebody else"}
    (tmp_path / "other.json").write_text(json.dumps(document))
    render_file(tmp_path / "other.json", stems, tmp_path / "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "out" / "mix.wav").read_bytes()


def test_names_and_order_of_files_change_nothing(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "a", report=False)
    other = tmp_path / "renamed"
    other.mkdir()
    roles = {}
    for i, name in enumerate(["HiHat.wav", "Kick.wav", "Pad.flac"]):
        new = f"{9 - i} track{Path(name).suffix}"
        shutil.copy(stems / name, other / new)
        roles[Path(new).stem] = {"HiHat.wav": "hat", "Kick.wav": "kick", "Pad.flac": "pad"}[name]
    mix(other, tmp_path / "b", roles=roles, report=False)
    a, b = read(tmp_path / "a" / "mix.wav"), read(tmp_path / "b" / "mix.wav")
    error = 10 * torch.log10((a - b).double().square().sum() / a.double().square().sum() + 1e-30)
    assert error < -120


def test_the_level_of_a_stem_changes_its_trim_and_nothing_else(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "a", report=False)
    write_stem(stems / "Kick.wav", 0.25 * kick(3.0))
    mix(stems, tmp_path / "b", report=False)
    a, b = (Session.load(tmp_path / x / "session.json") for x in "ab")
    for before, after in zip(a.tracks, b.tracks, strict=True):
        for name, settings in before.processors.items():
            moved = 20 * np.log10(4) if (before.name, name) == ("Kick", "trim") else 0.0
            for parameter, value in settings.values.items():
                assert after.processors[name].values[parameter] == pytest.approx(value + moved, abs=0.05)


def test_the_sum_is_the_sum(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "out", engineer="sum", report=False)
    audio = read(tmp_path / "out" / "mix.wav")
    assert audio.shape[1] == 3 * RATE  # no reverb, no tail
    gain = 10 ** (
        Session.load(tmp_path / "out" / "session.json").master.processors["output_gain"].values["gain_db"]
        / 20
    )
    parts = read(stems / "Kick.wav").expand(2, -1) + torch.nn.functional.pad(
        read(stems / "HiHat.wav").expand(2, -1), (0, RATE // 2)
    )
    rest = audio / gain - parts  # what is left is the pad, resampled
    pad = read(stems / "Pad.flac")
    assert float(rest.square().mean()) == pytest.approx(float(pad.square().mean()), rel=1e-3)


def test_peaks_are_kept_below_the_ceiling(stems: Path, tmp_path: Path) -> None:
    done = mix(stems, tmp_path / "out", loudness_lufs=-6, report=False)
    assert done.delivery.true_peak_dbtp == pytest.approx(-1.1, abs=0.02)
    assert "instead of the -6 LUFS asked for" in done.delivery.sentence
    peak = float(true_peak_db(read(tmp_path / "out" / "mix.wav"), sample_rate=RATE))
    assert peak == pytest.approx(-1.1, abs=0.02)
    assert peak <= -1


def test_a_style_seed_changes_the_taste_and_none_is_stable(stems: Path, tmp_path: Path) -> None:
    for name, style in (("none", None), ("again", None), ("one", 1)):
        mix(stems, tmp_path / name, style=style, report=False)
    read_bytes = {name: (tmp_path / name / "session.json").read_bytes() for name in ("none", "again", "one")}
    assert read_bytes["none"] == read_bytes["again"]
    assert read_bytes["none"] != read_bytes["one"]


def test_a_tempo_is_kept_in_the_session(stems: Path, tmp_path: Path) -> None:
    made = mix(stems, tmp_path / "a", engineer="sum", report=False, tempo_bpm=96)
    assert made.session.tempo_bpm == 96.0
    assert Session.load(tmp_path / "a" / "session.json").tempo_bpm == 96.0
    edited = tmp_path / "a" / "session.json"
    again = mix(stems, tmp_path / "b", engineer="sum", report=False, session=edited, amount=0.5)
    assert again.session.tempo_bpm == 96.0
    with pytest.raises(ValueError, match="a tempo of 0 lies outside 1 … 1000 beats a minute"):
        mix(stems, tmp_path / "c", tempo_bpm=0)


def test_no_tail_ends_with_the_song(stems: Path, tmp_path: Path) -> None:
    with_tail = mix(stems, tmp_path / "a", report=False).session
    without = mix(stems, tmp_path / "b", tail=False, report=False).session
    assert with_tail.tail_samples > 0.2 * RATE
    assert without.tail_samples == 0
    tail = read(tmp_path / "a" / "mix.wav")[:, with_tail.num_samples :]
    song = read(tmp_path / "a" / "mix.wav")[:, : with_tail.num_samples]
    assert 0 < tail.abs().max() < song.abs().max()
    assert tail[:, -1000:].abs().max() < 1e-3 * song.abs().max()

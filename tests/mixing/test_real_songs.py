"""Every real song at hand is mixed without error, at its loudness, under its ceiling."""

import csv
from pathlib import Path

import pytest
import soundfile
import torch

from gainstage.dsp.loudness import integrated_loudness
from gainstage.mixing.mix import mix
from gainstage.mixing.render import render_file
from gainstage.roles import group_of


@pytest.mark.slow
def test_every_real_song_is_mixed(shared_data: Path, tmp_path: Path) -> None:
    with (shared_data / "SONGS.csv").open() as table:
        songs = [row["song"] for row in csv.DictReader(table)]
    assert len(songs) >= 16
    for song in songs:
        out = tmp_path / song
        out.parent.mkdir(exist_ok=True)
        done = mix(shared_data / song / "stems", out, report=song.startswith("kira"))
        assert done.delivery.true_peak_dbtp <= -0.99, song
        audio, rate = soundfile.read(out / "mix.wav", dtype="float32")
        assert torch.isfinite(torch.from_numpy(audio)).all(), song
        loudness = float(integrated_loudness(torch.from_numpy(audio.T.copy()), sample_rate=rate))
        assert loudness == pytest.approx(done.delivery.loudness_lufs, abs=0.1), song
        assert len(done.session.tracks) == len(list((shared_data / song / "stems").iterdir())), song


@pytest.mark.slow
def test_a_real_song_renders_again_to_the_same_bits(shared_data: Path, tmp_path: Path) -> None:
    stems = shared_data / "lmms-demos" / "CapDan-ReggaeTry" / "stems"
    mix(stems, tmp_path / "out", report=False)
    render_file(tmp_path / "out" / "session.json", stems, tmp_path / "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "out" / "mix.wav").read_bytes()


def test_a_real_song_lets_its_vocal_lead(shared_data: Path, tmp_path: Path) -> None:
    done = mix(
        shared_data / "medleydb-raw-excerpts" / "MusicDelta_Disco" / "stems", tmp_path / "out", report=False
    )
    after = {track.strip.name: track.loudness_after_lufs for track in done.result.tracks}
    groups = {track.strip.name: group_of(track.role) for track in done.result.tracks}
    vocals = [after[name] for name, group in groups.items() if group == "vocals"]
    assert vocals
    assert max(vocals) > sum(after.values()) / len(after)

"""Bad input: one clear sentence and nothing written, or a warning and the mix that a person would want."""

import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from gainstage.cli.main import cli, main
from gainstage.mixing.mix import mix
from gainstage.mixing.render import render_file
from tests.mixing.conftest import RATE, kick, noise, pad, write_stem


def nothing_left(out: Path) -> bool:
    return not out.exists() or not any(out.iterdir())


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("empty", "no audio"),
        ("missing", "not a folder|no folder|does not exist"),
        ("not audio", r"Lead\.wav"),
        ("silent", "silent"),
        ("nan", "NaN"),
        ("surround", "channels"),
    ],
)
def test_is_refused_in_one_sentence(case: str, sentence: str, tmp_path: Path) -> None:
    stems, out = tmp_path / "stems", tmp_path / "out"
    if case != "missing":
        stems.mkdir()
    if case == "not audio":
        (stems / "Lead.wav").write_bytes(b"this is no audio at all" * 10)
    if case == "silent":
        write_stem(stems / "Lead.wav", np.zeros((1, RATE)))
    if case == "nan":
        audio = kick(1.0)
        audio[0, 500] = np.nan
        soundfile.write(stems / "Lead.wav", audio.T, RATE, subtype="FLOAT")
    if case == "surround":
        soundfile.write(stems / "Lead.wav", np.zeros((RATE, 6)), RATE)
    with pytest.raises(ValueError, match=sentence) as caught:
        mix(stems, out, report=False)
    assert "\n" not in str(caught.value)
    assert nothing_left(out)


def test_the_command_says_the_sentence_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["gainstage", "mix", str(tmp_path), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("gainstage: ")
    assert printed.err.count("\n") == 1


def test_one_stem_is_mixed(tmp_path: Path) -> None:
    write_stem(tmp_path / "stems" / "Kick.wav", kick(1.0))
    assert len(mix(tmp_path / "stems", tmp_path / "out", report=False).session.tracks) == 1


def test_forty_stems_are_mixed(tmp_path: Path) -> None:
    for i in range(40):
        write_stem(tmp_path / "stems" / f"Perc {i}.wav", noise(1.0, seed=i))
    assert len(mix(tmp_path / "stems", tmp_path / "out", report=False).session.tracks) == 40


def test_a_short_stem_beside_a_long_one_and_far_rates(tmp_path: Path) -> None:
    stems = tmp_path / "stems"
    write_stem(stems / "Snare.wav", noise(0.1))
    write_stem(stems / "Kick.wav", kick(1.0))
    write_stem(stems / "Pad.wav", pad(4.0, 8000), 8000)
    write_stem(stems / "HiHat.wav", noise(1.0, 192000), 192000)
    done = mix(stems, tmp_path / "out", report=False)
    assert done.session.num_samples == 4 * done.session.sample_rate == 4 * RATE
    audio, _ = soundfile.read(tmp_path / "out" / "mix.wav")
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() > 0.01


def test_full_scale_direct_current_is_mixed_and_said(tmp_path: Path) -> None:
    stems = tmp_path / "stems"
    write_stem(stems / "Kick.wav", kick(2.0))
    write_stem(stems / "Keys.wav", np.full((1, 2 * RATE), 0.999))
    done = mix(stems, tmp_path / "out", report=False)
    assert any("Keys" in sentence for sentence in done.result.warnings)
    audio, _ = soundfile.read(tmp_path / "out" / "mix.wav")
    assert np.isfinite(audio).all()
    assert done.delivery.true_peak_dbtp <= -1


def test_shorter_than_a_loudness_block_is_brought_to_its_peak(tmp_path: Path) -> None:
    write_stem(tmp_path / "stems" / "Snare.wav", noise(0.2))
    done = mix(tmp_path / "stems", tmp_path / "out", tail=False, report=False)
    assert "Shorter than 400 ms" in done.delivery.sentence
    assert done.delivery.true_peak_dbtp == pytest.approx(-1, abs=0.02)


def test_a_folder_that_cannot_be_written_is_named(stems: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(ValueError, match="file"):
            mix(stems, out, report=False)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_leaves_the_old_mix(stems: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mix(stems, out, report=False)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))  # no file may grow past 200 kB
    try:
        with pytest.raises(OSError, match=r"out: the disk is full"):
            mix(stems, out, loudness_lufs=-30, report=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


@pytest.mark.parametrize("during", ["hearing", "measuring", "rendering"])
def test_an_interruption_leaves_nothing(stems: Path, tmp_path: Path, during: str) -> None:
    def interrupt(doing: str, done: int, total: int) -> None:
        del done, total
        if doing == during:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mix(stems, tmp_path / "out", report=False, progress=interrupt)
    assert nothing_left(tmp_path / "out")


def test_what_a_killed_process_left_is_removed(stems: Path, tmp_path: Path) -> None:
    left = tmp_path / "out" / ".gainstage-partial-999999999"
    left.mkdir(parents=True)
    (left / "mix.wav").write_bytes(b"half")
    mix(stems, tmp_path / "out", report=False)
    assert not left.exists()


def test_a_session_for_other_stems_is_refused(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "out", report=False)
    (stems / "Pad.flac").rename(stems / "Organ.flac")
    with pytest.raises(ValueError, match=r"the stem 'Pad\.flac' is not in"):
        render_file(tmp_path / "out" / "session.json", stems, tmp_path / "again.wav")
    assert not (tmp_path / "again.wav").exists()
    write_stem(stems / "Pad.flac", pad(3.0)[:1])
    with pytest.raises(ValueError, match="is mono, the session expects a stereo file"):
        render_file(tmp_path / "out" / "session.json", stems, tmp_path / "again.wav")


def test_a_session_cannot_reach_outside_its_stems(stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "out", report=False)
    text = (tmp_path / "out" / "session.json").read_text().replace("Kick.wav", "../../secret.wav")
    (tmp_path / "out" / "session.json").write_text(text)
    with pytest.raises(ValueError, match="lies outside the folder"):
        render_file(tmp_path / "out" / "session.json", stems, tmp_path / "again.wav")


def test_wrong_arguments_are_explained() -> None:
    run = CliRunner().invoke(cli, ["mix", "stems", "--out", "x", "--style", "bold"])
    assert run.exit_code == 2
    assert "'bold' is neither a whole number nor 'none'" in run.output

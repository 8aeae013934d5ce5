"""Folders of stems as people have them: what is a stem, what is heard of it, what is refused and why."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.data import audio_file
from gainstage.data.audio_file import AudioFileError, AudioReader
from gainstage.data.folder import audio_files, scan_folder
from gainstage.data.roles_file import read_roles

RATE = 44_100


def _tone(num_samples: int = RATE, channels: int = 1, seed: int = 0) -> NDArray[np.float64]:
    """Bursts of noise: an envelope of its own, which lossy codecs keep."""
    random = np.random.default_rng(seed)
    gate = np.repeat(random.random(-(-num_samples // 2205)), 2205)[:num_samples]
    return random.standard_normal((channels, num_samples)) * gate * 0.1


def _save(path: Path, audio: NDArray[np.float64], rate: int = RATE, subtype: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio.T, rate, subtype=subtype)
    return path


def _names(folder: Path) -> list[str]:
    return [track.name for track in scan_folder(folder).song.tracks]


class _Recorder:
    def __init__(self, channels: int, sample_rate: int) -> None:
        self.channels, self.sample_rate = channels, sample_rate
        self.blocks: list[Tensor] = []

    def hear(self, block: Tensor) -> None:
        self.blocks.append(block)


# What is a stem


def test_a_folder_of_files_is_a_song(tmp_path: Path) -> None:
    for name in ("10_bass.wav", "2_Kick In.FLAC", "LV dbl 2.ogg", "._kick.wav", ".hidden.wav", "notes.txt"):
        if name.endswith(("txt", "._kick.wav")):
            (tmp_path / name).write_bytes(b"no audio")
        else:
            _save(tmp_path / name, _tone())
    (tmp_path / "folder.wav").mkdir()
    scan = scan_folder(tmp_path)
    assert [(t.name, t.file, t.role) for t in scan.song.tracks] == [
        ("2_Kick In", "2_Kick In.FLAC", "kick"),
        ("10_bass", "10_bass.wav", "bass"),
        ("LV dbl 2", "LV dbl 2.ogg", "backing_vocal"),
    ]
    assert (scan.song.name, scan.song.sample_rate, scan.song.mix) == (tmp_path.name, RATE, None)
    assert scan.heard == {"2_Kick In": None, "10_bass": None, "LV dbl 2": None}


def test_a_subfolder_of_stems_with_the_mix_beside_it(tmp_path: Path) -> None:
    _save(tmp_path / "Song" / "Stems" / "kick.wav", _tone())
    _save(tmp_path / "Song" / "mix.flac", _tone(seed=1))
    scan = scan_folder(tmp_path / "Song")
    assert [track.file for track in scan.song.tracks] == ["Stems/kick.wav"]
    assert scan.song.mix is not None
    assert scan.song.mix.file == "mix.flac"
    assert scan.warnings == ()
    assert scan_folder(tmp_path / "Song" / "Stems").song.name == "Song"
    assert audio_files(tmp_path / "Song") == [tmp_path / "Song" / "Stems" / "kick.wav"]


@pytest.mark.parametrize(
    "name", ["mix.wav", "Mixture.wav", "MASTER.wav", "Full Mix 2.wav", "Artist_Song_MIX.wav"]
)
def test_a_mix_among_the_stems_is_no_stem(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "Artist_Song"
    _save(folder / "kick.wav", _tone())
    _save(folder / name, _tone(seed=1))
    scan = scan_folder(folder)
    assert [track.name for track in scan.song.tracks] == ["kick"]
    assert scan.song.mix is not None
    assert scan.warnings == (f"{name} is taken for the song's mix, not for a stem",)
    named = scan_folder(folder, roles={Path(name).stem: "other"})
    assert len(named.song.tracks) == 2


def test_a_mix_alone_is_a_stem_and_a_drum_mix_always(tmp_path: Path) -> None:
    _save(tmp_path / "a" / "mix.wav", _tone())
    assert _names(tmp_path / "a") == ["mix"]
    _save(tmp_path / "b" / "drum mix.wav", _tone())
    _save(tmp_path / "b" / "bass.wav", _tone(seed=1))
    assert _names(tmp_path / "b") == ["bass", "drum mix"]


def test_a_mix_that_cannot_be_read_is_only_a_warning(tmp_path: Path) -> None:
    _save(tmp_path / "stems" / "kick.wav", _tone())
    (tmp_path / "mix.wav").write_bytes(b"no audio at all")
    scan = scan_folder(tmp_path)
    assert scan.song.mix is None
    assert "the song's own mix is left out" in scan.warnings[0]


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    _save(tmp_path / "kick.wav", _tone())
    _save(tmp_path / "stems" / "snare.wav", _tone())
    (tmp_path / "vox.m4a").write_bytes(b"1")
    warnings = scan_folder(tmp_path).warnings
    assert warnings[0].startswith("vox.m4a is left out: files of this kind are not read; convert it")
    assert warnings[1].startswith("the subfolder stems is left out, because")


def test_names_of_any_kind(tmp_path: Path) -> None:
    names = [
        "caf\u00e9 Voix.wav",
        "cafe\u0301 Voix.wav",
        "two\nlines.wav",
        "ギター🎸.wav",
        "a" * 200 + ".wav",
        "dots.in.name.wav",
    ]
    for seed, name in enumerate(names):
        _save(tmp_path / name, _tone(seed=seed))
    tracks = scan_folder(tmp_path).song.tracks
    assert len({track.name for track in tracks}) == len(names)
    assert {"café Voix", "café Voix (2)", "two lines", "ギター🎸", "dots.in.name"} < {
        track.name for track in tracks
    }
    assert sorted(track.file for track in tracks) == sorted(names)


def test_a_name_that_is_no_unicode_is_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "kick.wav", _tone())
    try:
        os.rename(path, os.fsencode(tmp_path) + b"/k\xffck.wav")
    except OSError:
        return  # this file system takes no such name, so no such file can come
    with pytest.raises(AudioFileError, match=r"'k\\udcffck\.wav' is not valid Unicode; rename it"):
        scan_folder(tmp_path)


# One name in two formats


def test_one_stem_in_two_formats_is_taken_once(tmp_path: Path) -> None:
    for name in ("kick.flac", "kick.wav", "KICK.mp3", "kick.ogg"):
        _save(tmp_path / name, _tone(3 * RATE))
    scan = scan_folder(tmp_path)
    assert [track.file for track in scan.song.tracks] == ["kick.wav"]
    assert scan.warnings == tuple(
        f"{name} is left out: it sounds like kick.wav" for name in ("kick.flac", "kick.ogg", "KICK.mp3")
    )


def test_two_stems_of_one_name_that_differ_are_both_kept(tmp_path: Path) -> None:
    _save(tmp_path / "gtr.wav", _tone(3 * RATE, seed=1))
    _save(tmp_path / "gtr.flac", _tone(3 * RATE, seed=2))
    _save(tmp_path / "bass.wav", _tone(RATE))
    _save(tmp_path / "bass.flac", _tone(2 * RATE))
    _save(tmp_path / "pad.wav", _tone(RATE))
    _save(tmp_path / "pad.flac", _tone(RATE) * 0.5)
    scan = scan_folder(tmp_path)
    assert [track.name for track in scan.song.tracks] == [
        *("bass.flac", "bass.wav", "gtr.flac", "gtr.wav", "pad.flac", "pad.wav")
    ]
    assert "gtr.wav, gtr.flac share a name but sound different; all of them are kept" in scan.warnings


def test_the_same_audio_under_two_names_is_kept_and_said(tmp_path: Path) -> None:
    audio = np.round(_tone() * 2**15) / 2**15
    _save(tmp_path / "gtr L.wav", audio)
    _save(tmp_path / "gtr R.flac", audio)
    scan = scan_folder(tmp_path)
    assert len(scan.song.tracks) == 2
    assert scan.warnings == ("gtr L, gtr R hold the same audio; all of them are kept",)


# Rates, channels, content


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([48_000, 48_000, 44_100], 48_000),
        ([48_000, 44_100], 48_000),
        ([8_000, 8_000, 44_100], 44_100),
        ([192_000], 192_000),
        ([22_050], 44_100),
    ],
)
def test_the_console_takes_the_most_frequent_rate(tmp_path: Path, rates: list[int], expected: int) -> None:
    for number, rate in enumerate(rates):
        _save(tmp_path / f"{number}.wav", _tone(rate, seed=number), rate)
    scan = scan_folder(tmp_path, listen=_Recorder)
    assert scan.song.sample_rate == expected
    assert {recorder.sample_rate for recorder in scan.heard.values()} == {expected}
    for recorder in scan.heard.values():
        assert sum(block.shape[1] for block in recorder.blocks) == expected
    others = [rate for rate in rates if rate != expected]
    assert len([w for w in scan.warnings if f"to {expected} Hz" in w]) == len(set(others))


@pytest.mark.parametrize("rate", [RATE, 48_000])
@pytest.mark.parametrize("first_difference", [0, 50_000, 88_199])
def test_listeners_hear_what_a_reader_reads(tmp_path: Path, rate: int, first_difference: int) -> None:
    stereo = np.repeat(_tone(2 * RATE), 2, axis=0)
    stereo[1, first_difference:] *= 0.5
    _save(tmp_path / "a.wav", stereo, rate, "FLOAT")
    _save(tmp_path / "b.wav", np.repeat(_tone(2 * RATE), 2, axis=0), subtype="FLOAT")
    _save(tmp_path / "c.wav", _tone(100), subtype="FLOAT")
    scan = scan_folder(tmp_path, listen=_Recorder)
    assert [track.channels for track in scan.song.tracks] == [2, 1, 1]
    for track in scan.song.tracks:
        recorder = scan.heard[track.name]
        assert recorder.channels == track.channels
        with AudioReader(
            tmp_path / track.file, sample_rate=scan.song.sample_rate, channels=track.channels
        ) as reader:
            expected = torch.from_numpy(reader.read(10**6))
        assert torch.equal(torch.cat(recorder.blocks, 1), expected)


def test_content_is_known_again_whatever_its_name_and_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = np.round(_tone(100_000, 2) * 2**15) / 2**15
    mono = audio[:1]
    _save(tmp_path / "a.wav", audio, subtype="PCM_16")
    _save(tmp_path / "b.flac", audio, subtype="PCM_24")
    _save(tmp_path / "c.wav", np.where(audio == 0, -0.0, audio), subtype="FLOAT")
    _save(tmp_path / "d.wav", mono)
    _save(tmp_path / "e.wav", np.repeat(mono, 2, axis=0))
    _save(tmp_path / "f.wav", audio[::-1])
    _save(tmp_path / "g.wav", audio[:, :-1])
    _save(tmp_path / "h.wav", audio, 48_000)
    _save(tmp_path / "i.wav", audio.T.reshape(1, -1))
    a, b, c, d, e, f, g, h, i = [track.content_hash for track in scan_folder(tmp_path).song.tracks]
    assert a == b == c
    assert d == e
    assert len({a, d, f, g, h, i}) == 6
    monkeypatch.setattr(audio_file, "CHUNK", 777)
    assert scan_folder(tmp_path).song.tracks[0].content_hash == a


def test_peaks_and_lengths_are_those_of_the_file(tmp_path: Path) -> None:
    audio = _tone(96_001, 2)
    audio[1, 90_000] = -3.5
    _save(tmp_path / "a.wav", audio, 96_000, "FLOAT")
    track = scan_folder(tmp_path).song.tracks[0]
    assert (track.sample_rate, track.num_samples, track.peak_amplitude) == (96_000, 96_001, 3.5)


def test_progress_is_told(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        _save(tmp_path / name, _tone(100))
    told: list[tuple[str, int, int]] = []
    scan_folder(tmp_path, progress=lambda doing, done, total: told.append((doing, done, total)))
    assert told == [("hearing", 0, 2), ("hearing", 1, 2), ("hearing", 2, 2)]


# Warnings


def test_stems_that_a_mix_can_do_with_are_kept_and_said(tmp_path: Path) -> None:
    _save(tmp_path / "bass.wav", _tone(20 * RATE))
    _save(tmp_path / "hit.wav", _tone(RATE // 10))
    _save(tmp_path / "none.wav", np.zeros((1, 0)))
    _save(tmp_path / "silent.wav", np.zeros((2, RATE)))
    _save(tmp_path / "dc.wav", _tone() * 0.001 + 1.0, subtype="FLOAT")
    cut = _save(tmp_path / "cut.wav", _tone(), subtype="PCM_16")
    cut.write_bytes(cut.read_bytes()[:-RATE])
    scan = scan_folder(tmp_path)
    assert len(scan.song.tracks) == 6
    assert set(scan.warnings) == {
        "cut.wav is cut short or damaged: 0.5 s of 1.0 s are there and used",
        "dc.wav has a constant offset of 1.00 of full scale; a high-pass removes it",
        "hit lasts 0.1 s of 20.0 s; it plays once, at the beginning",
        "none.wav has no samples; it is kept as a silent track",
        "silent.wav is silent from beginning to end; it is kept as a silent track",
    }


def test_forty_good_stems_say_nothing(tmp_path: Path) -> None:
    for number in range(40):
        _save(tmp_path / f"{number + 1}.wav", _tone(100, seed=number))
    scan = scan_folder(tmp_path)
    assert [track.name for track in scan.song.tracks] == [str(number + 1) for number in range(40)]
    assert scan.warnings == ()


# Refusals


def test_folders_without_audio_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"no does not exist; give the folder that holds the stems"):
        scan_folder(tmp_path / "no")
    with pytest.raises(AudioFileError, match=r"has no audio files \(wav, flac, ogg, mp3 and aiff are read\)"):
        scan_folder(tmp_path)
    path = _save(tmp_path / "Drums" / "kick.wav", _tone())
    with pytest.raises(AudioFileError, match=r"kick\.wav is a file; give the folder"):
        scan_folder(path)
    with pytest.raises(AudioFileError, match=r"has no audio files itself; give one of its subfolders: Drums"):
        scan_folder(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(AudioFileError, match=r"loop cannot be opened: Too many levels"):
        scan_folder(tmp_path / "loop")


def test_a_stem_that_cannot_be_read_is_refused_with_the_way_out(tmp_path: Path) -> None:
    _save(tmp_path / "bass.wav", _tone())
    (tmp_path / "kick.wav").write_bytes(b"")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing.wav")
    with pytest.raises(AudioFileError) as refusal:
        scan_folder(tmp_path)
    sentence = str(refusal.value)
    assert "gone.wav cannot be opened: No such file or directory, or take it out of the folder" in sentence
    assert sentence.endswith("to mix without it; neither can be read: kick.wav, loop.wav")


def test_a_stem_with_samples_that_are_not_finite_is_refused(tmp_path: Path) -> None:
    _save(tmp_path / "a.wav", np.full((1, 100), np.nan), subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"a\.wav: sample 0 \(0\.000 s, channel 1\) is NaN"):
        scan_folder(tmp_path)


def test_nothing_but_silence_is_refused(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        _save(tmp_path / name, np.zeros((2, 1000)))
    with pytest.raises(AudioFileError, match=r"every stem in .* is silent; there is nothing to mix"):
        scan_folder(tmp_path)


# Roles


def test_roles_that_are_given_replace_those_guessed(tmp_path: Path) -> None:
    for name in ("Audio 1.wav", "Caf\u00e9.wav", "kick.wav", "gtr.wav", "gtr.flac"):
        _save(tmp_path / name, _tone(3000, seed=len(name)))
    roles = {"Audio 1": "snare", "cafe\u0301": "piano", "kick.wav": "tom", "gtr": "guitar_acoustic"}
    found = {t.file: (t.role, t.role_confidence) for t in scan_folder(tmp_path, roles=roles).song.tracks}
    assert found == {
        "Audio 1.wav": ("snare", 1.0),
        "Caf\u00e9.wav": ("piano", 1.0),
        "kick.wav": ("tom", 1.0),
        "gtr.wav": ("guitar_acoustic", 1.0),
        "gtr.flac": ("guitar_acoustic", 1.0),
    }


def test_roles_and_stems_that_do_not_exist_are_named_with_the_nearest(tmp_path: Path) -> None:
    _save(tmp_path / "Audio 1.wav", _tone(100))
    with pytest.raises(ValueError, match=r"'lead vox' is no role; did you mean 'lead_vocal'\?"):
        scan_folder(tmp_path, roles={"Audio 1": "lead vox"})
    with pytest.raises(
        ValueError, match=r"for 'Audio 11', but there is no such stem; did you mean 'Audio 1'\?"
    ):
        scan_folder(tmp_path, roles={"Audio 11": "kick"})


def test_names_that_differ_in_case_alone_are_told_apart(tmp_path: Path) -> None:
    _save(tmp_path / "Audio.wav", _tone(seed=1))
    _save(tmp_path / "audio.wav", _tone(seed=2))
    tracks = scan_folder(tmp_path, roles={"audio": "kick"}).song.tracks
    assert [(track.name, track.role) for track in tracks] == [("Audio", "other"), ("audio", "kick")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("kick: [a, b]", r"line 1: one role a stem is wanted"),
        ("- kick", r": a list of roles is wanted"),
        ("a: kick\nb: snair", r"line 2: 'snair' is no role; did you mean 'snare'\?"),
        ("a: kick\na: snare", r"line 2: 'a' was there before"),
        ("a: kick\n\tb: snare", r"line 2: not YAML"),
    ],
)
def test_faults_in_a_file_of_roles_are_named_by_line(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "roles.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"roles\.yaml.*{sentence}"):
        read_roles(tmp_path / "roles.yaml")


def test_names_that_yaml_would_take_for_something_else_stay_names(tmp_path: Path) -> None:
    (tmp_path / "roles.yaml").write_text("01: kick\non: snare\nnull: hat\n1.10: tom\n", encoding="utf-8")
    assert read_roles(tmp_path / "roles.yaml") == {"01": "kick", "on": "snare", "null": "hat", "1.10": "tom"}
    (tmp_path / "empty.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert read_roles(tmp_path / "empty.yaml") == {}


# Real songs


@pytest.mark.parametrize("which", ["mus*/*", pytest.param("*/*", marks=pytest.mark.slow)])
def test_real_songs_are_read_without_a_warning(shared_data: Path, which: str) -> None:
    songs = sorted(path.parent for path in shared_data.glob(f"{which}/stems"))
    assert len(songs) == (2 if which == "mus*/*" else 16)
    for folder in songs:
        scan = scan_folder(folder)
        assert scan.warnings == (), folder
        assert len(scan.song.tracks) == len(list((folder / "stems").iterdir()))
        assert (scan.song.mix is not None) == (folder / "mix.flac").is_file()

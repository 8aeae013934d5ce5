"""Audio files in and out: every format, any cut, any start, and every kind of damage in one sentence."""

import os
import resource
import stat
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gainstage.data.audio_file import AudioFileError, AudioReader, WavWriter, native_blocks, probe, write_wav
from gainstage.data.wav_file import wav_header

RATE = 44_100


def _noise(channels: int = 2, num_samples: int = 100_000) -> NDArray[np.float32]:
    return (np.random.default_rng(3).standard_normal((channels, num_samples)) * 0.1).astype(np.float32)


def _save(path: Path, audio: NDArray[np.floating], rate: int = RATE, subtype: str | None = None) -> Path:
    soundfile.write(path, audio.T, rate, subtype=subtype)
    return path


def _read_all(path: Path, block: int = 10_000, **options: int) -> NDArray[np.float32]:
    with AudioReader(path, **options) as reader:
        return np.concatenate([np.zeros((reader.channels, 0), np.float32), *reader.blocks(block)], axis=1)


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_U8", 2**-6),
        ("a.WAV", "PCM_16", 2**-14),
        ("a.wav", "PCM_24", 2**-22),
        ("a.wav", "FLOAT", 0.0),
        ("a.wav", "DOUBLE", 0.0),
        ("a.flac", "PCM_24", 2**-22),
        ("a.AIFF", "PCM_16", 2**-14),
        ("a.aif", "PCM_24", 2**-22),
        ("a.ogg", "VORBIS", 0.02),
        ("a.mp3", None, 0.02),
    ],
)
def test_every_format_is_read(tmp_path: Path, name: str, subtype: str | None, tolerance: float) -> None:
    audio = np.stack([np.sin(np.arange(100_000) / 20), np.cos(np.arange(100_000) / 30)]) * 0.5
    path = _save(tmp_path / name.replace(".aif", ".aiff"), audio, subtype=subtype).rename(tmp_path / name)
    info = probe(path)
    assert (info.channels, info.sample_rate, info.num_samples, info.promised_samples) == (
        2,
        RATE,
        100_000,
        100_000,
    )
    read = _read_all(path)
    assert read.dtype == np.float32
    assert read.shape == audio.shape
    assert np.abs(read - audio)[:, 1000:-1000].max() <= tolerance + 1e-7  # lossy codecs smear the edges


@pytest.mark.parametrize("rate", [RATE, 48_000, 8_000, 192_000])
def test_how_a_pass_is_cut_changes_no_bit(tmp_path: Path, rate: int) -> None:
    path = _save(tmp_path / "a.wav", _noise(), rate, "FLOAT")
    whole = _read_all(path, 10**7, sample_rate=RATE)
    lengths = np.random.default_rng(0).integers(1, 30_000, 100)
    with AudioReader(path, sample_rate=RATE) as reader:
        assert reader.num_samples == whole.shape[1]
        cut = np.concatenate([reader.read(int(n)) for n in lengths], axis=1)
        cut = np.concatenate([cut, *reader.blocks(12_345)], axis=1)
    assert np.array_equal(whole, cut)


@pytest.mark.parametrize("start", [1, 4_321, 60_000, 91_874, 91_875, 200_000])
@pytest.mark.parametrize("rate", [RATE, 48_000, 48_001])
def test_a_pass_may_start_anywhere(tmp_path: Path, rate: int, start: int) -> None:
    path = _save(tmp_path / "a.wav", _noise(), rate, "FLOAT")
    whole = _read_all(path, sample_rate=RATE)
    with AudioReader(path, sample_rate=RATE) as reader:
        reader.read(500)
        reader.seek(start)
        part = np.concatenate([np.zeros((2, 0)), *reader.blocks(7_000)], axis=1)
    assert part.shape == whole[:, start:].shape
    assert np.abs(part - whole[:, start:]).max(initial=0.0) < 1e-7  # −120 dB below noise at .1


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.flac", "a.aiff"])
def test_blocks_join_without_a_seam(tmp_path: Path, name: str) -> None:
    """An MP3 that is read in blocks through SoundFile.read has garbage behind every seam."""
    path = _save(tmp_path / name, _noise(2, 300_000))
    at_once, _ = soundfile.read(path, dtype="float32")
    assert np.array_equal(_read_all(path, 777), at_once.T)
    for start in (40_000, 100_001, 250_000):
        with AudioReader(path) as reader:
            reader.seek(start)
            assert np.array_equal(reader.read(5_000), at_once.T[:, start : start + 5_000])


def test_a_read_is_the_callers_own(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", _noise(), subtype="FLOAT")
    with AudioReader(path) as reader:
        reader.read(10)[:] = 9.0
        following = reader.read(10)
        following[:] = 9.0
        assert reader.read(1).shape == (2, 1)
        reader.seek(10)
        assert np.array_equal(reader.read(10), _noise()[:, 10:20])


def test_equal_channels_read_as_mono_and_different_ones_do_not(tmp_path: Path) -> None:
    left = _noise(1)
    dual = _save(tmp_path / "dual.wav", np.repeat(left, 2, axis=0), subtype="FLOAT")
    assert np.array_equal(_read_all(dual, channels=1), left)
    stereo = _save(tmp_path / "stereo.wav", _noise(2), subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"stereo\.wav cannot be read as mono: its two channels differ"):
        _read_all(stereo, channels=1)
    mono = _save(tmp_path / "mono.wav", left)
    with pytest.raises(AudioFileError, match=r"mono\.wav has 1 channel\(s\), 2 were asked for"):
        AudioReader(mono, channels=2)


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    def peak_bytes(seconds: int) -> int:
        path = _save(tmp_path / f"{seconds}.wav", np.zeros((2, seconds * 48_000), np.float32), 48_000)
        tracemalloc.start()
        with AudioReader(path, sample_rate=RATE) as reader:
            for _ in reader.blocks(1 << 16):
                pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(1)
    assert peak_bytes(40) < 1.2 * peak_bytes(4)


# Damage


@pytest.mark.parametrize("kind", ["NaN", "infinite"])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_that_are_not_finite_are_named(tmp_path: Path, kind: str, subtype: str) -> None:
    audio = _noise(2, 88_200).astype(np.float64)
    audio[1, 66_150] = np.nan if kind == "NaN" else (1e300 if subtype == "DOUBLE" else np.inf)
    audio[0, 70_000:] = np.nan
    path = _save(tmp_path / "vox.wav", audio, subtype=subtype)
    with pytest.raises(AudioFileError, match=rf"vox\.wav: sample 66150 \(1\.500 s, channel 2\) is {kind}"):
        _read_all(path)
    with AudioReader(path) as reader:
        reader.seek(60_000)
        with pytest.raises(AudioFileError, match=r"sample 66150 \(1\.500 s"):
            reader.read(10_000)


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.flac", "a.mp3"])
def test_a_file_that_was_cut_short_gives_what_is_there(tmp_path: Path, name: str) -> None:
    whole = _read_all(_save(tmp_path / name, _noise()))
    cut = tmp_path / f"cut_{name}"
    cut.write_bytes((tmp_path / name).read_bytes()[: (tmp_path / name).stat().st_size // 2])
    info = probe(cut)
    there = np.concatenate(list(native_blocks(info)), axis=1)
    assert info.promised_samples == 100_000
    assert 20_000 < there.shape[1] < 55_000
    compared = there.shape[1] - 2_000  # the last MP3 frames lean on what is missing
    assert np.array_equal(there[:, :compared], whole[:, :compared])


def test_a_header_with_other_chunks_in_it_is_understood(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", _noise(1, 500), subtype="PCM_16")
    data = path.read_bytes()
    odd = b"note" + struct.pack("<I", 5) + b"five!\0"  # chunks of odd length are padded
    path.write_bytes(
        data[:4] + struct.pack("<I", len(data) + len(odd) - 8) + data[8:36] + odd + data[36:-400]
    )
    assert (probe(path).num_samples, probe(path).promised_samples) == (300, 500)


def test_a_wav_that_was_streamed_and_never_learnt_its_length_is_whole(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", _noise(1, 500), subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert probe(path).promised_samples == probe(path).num_samples == 500


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.wav", b"", r"a\.wav is empty \(0 bytes\); export it again"),
        (
            "a.wav",
            b"this is no audio" * 99,
            r"a\.wav is not audio that can be read \(format not recognised\)",
        ),
        ("a.mp3", b"this is no audio" * 99, r"a\.mp3 is not audio that can be read"),
        ("a.flac", b"fLaC" + bytes(500), r"a\.flac is not audio that can be read"),
        ("a.ogg", b"OggS" + bytes(500), r"a\.ogg is not audio that can be read"),
        ("a.wav", b"RIFF\xff\xff\xff\x7fWAVE", r"a\.wav is not audio that can be read"),
    ],
)
def test_what_is_not_audio_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioFileError, match=sentence):
        probe(tmp_path / name)


def test_a_flac_without_one_whole_frame_is_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.flac", _noise())
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(AudioFileError, match=r"a\.flac is damaged at 0\.0 s"):
        _read_all(path)


def test_more_than_two_channels_are_refused_with_the_cure(tmp_path: Path) -> None:
    path = _save(tmp_path / "surround.wav", _noise(6, 100))
    with pytest.raises(
        AudioFileError, match=r"surround\.wav has 6 channels; split it into mono or stereo files"
    ):
        probe(path)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"no\.wav cannot be opened: No such file"):
        probe(tmp_path / "no.wav")
    with pytest.raises(AudioFileError, match="cannot be opened: Is a directory"):
        probe(tmp_path)
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    with pytest.raises(
        AudioFileError, match=r"loop\.wav cannot be opened: Too many levels of symbolic links"
    ):
        probe(tmp_path / "loop.wav")
    path = _save(tmp_path / "locked.wav", _noise(1, 10))
    with (
        _locked(path),
        pytest.raises(AudioFileError, match=r"locked\.wav cannot be opened: Permission denied"),
    ):
        probe(path)


def test_a_reader_of_nothing_gives_nothing(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.wav", np.zeros((1, 0)))
    assert _read_all(path, sample_rate=48_000).shape == (1, 0)
    with (
        AudioReader(path) as reader,
        pytest.raises(ValueError, match="from sample -1: there is none before 0"),
    ):
        reader.seek(-1)


# Writing


def test_what_is_written_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    audio = _noise() * 40  # far over full scale
    write_wav(tmp_path / "a.wav", audio, sample_rate=48_000)
    assert np.array_equal(_read_all(tmp_path / "a.wav"), audio)
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (48_000, 2, 100_000, "FLOAT")
    assert probe(tmp_path / "a.wav").promised_samples == 100_000
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.wav").stat().st_mode) == 0o666 & ~mask


def test_blocks_of_any_length_and_type_give_the_same_bytes(tmp_path: Path) -> None:
    audio = _noise()
    write_wav(tmp_path / "whole.wav", audio.astype(np.float64), sample_rate=RATE)
    with WavWriter(tmp_path / "cut.wav", sample_rate=RATE, channels=2) as writer:
        for part in np.split(audio, [1, 1, 40_000], axis=1):
            writer.write(part)
    assert (tmp_path / "whole.wav").read_bytes() == (tmp_path / "cut.wav").read_bytes()


def test_a_file_is_whole_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the last bytes written after the renaming, a full disk would leave half a mix under its name."""
    sizes: list[int] = []
    rename = Path.replace

    def noting(self: Path, target: Path) -> Path:
        sizes.append(soundfile.info(self).frames)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", noting)
    write_wav(tmp_path / "a.wav", _noise(1, 100), sample_rate=RATE)
    write_wav(tmp_path / "b.wav", _noise(1, 0), sample_rate=RATE)
    assert sizes == [100, 0]


def test_a_file_past_4_gib_becomes_rf64(tmp_path: Path) -> None:
    num_samples = 600_000_000  # 4.8 GB of stereo: sparse, so it takes no room
    header = wav_header(num_samples, sample_rate=RATE, channels=2)
    assert len(header) == len(wav_header(1, sample_rate=RATE, channels=2))
    path = tmp_path / "long.wav"
    path.write_bytes(header)
    os.truncate(path, len(header) + num_samples * 8)
    info = probe(path)
    assert (info.num_samples, info.promised_samples, info.channels) == (num_samples, num_samples, 2)
    with AudioReader(path) as reader:
        reader.seek(num_samples - 10)
        assert reader.read(100).shape == (2, 10)
    os.truncate(path, len(header) + num_samples * 4)
    assert probe(path).promised_samples == num_samples
    assert struct.unpack("<4sI", header[:8]) == (b"RF64", 0xFFFFFFFF)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError, GeneratorExit])
def test_a_writer_that_is_interrupted_leaves_what_was_there(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    path = tmp_path / "mix.wav"
    path.write_bytes(b"the old mix")

    def interrupted() -> None:
        with WavWriter(path, sample_rate=RATE, channels=1) as writer:
            writer.write(np.ones((1, 100_000)))
            assert path.read_bytes() == b"the old mix"
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert [p.name for p in tmp_path.iterdir()] == ["mix.wav"]
    assert path.read_bytes() == b"the old mix"


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        _files_no_larger_than(100_000),
        pytest.raises(AudioFileError, match=r"mix\.wav cannot be written: File too large"),
    ):
        write_wav(tmp_path / "mix.wav", _noise(), sample_rate=RATE)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_at_the_very_end_is_noticed(tmp_path: Path) -> None:
    """What a buffer still holds is written on closing, where an error is easily lost."""
    with (
        _files_no_larger_than(1_000),
        pytest.raises(AudioFileError, match=r"mix\.wav cannot be written"),
    ):
        write_wav(tmp_path / "mix.wav", _noise(1, 500), sample_rate=RATE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_or_locked_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"mix\.wav cannot be written: No such file or directory"):
        write_wav(tmp_path / "no" / "mix.wav", _noise(), sample_rate=RATE)
    with (
        _locked(tmp_path),
        pytest.raises(AudioFileError, match=r"mix\.wav cannot be written: Permission denied"),
    ):
        write_wav(tmp_path / "mix.wav", _noise(), sample_rate=RATE)


def test_blocks_of_another_shape_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"2 channel\(s\) is wanted, got an array of shape \(1, 5\)"),
        WavWriter(tmp_path / "a.wav", sample_rate=RATE, channels=2) as writer,
    ):
        writer.write(np.zeros((1, 5)))
    assert list(tmp_path.iterdir()) == []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """A path that may not be opened. Root may open everything, so be somebody else meanwhile."""
    path.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        path.chmod(0o700)


@contextmanager
def _files_no_larger_than(num_bytes: int) -> Iterator[None]:
    """The nearest thing to a full disk that a test can make: writing past the limit fails with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

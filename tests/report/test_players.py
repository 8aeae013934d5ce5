"""Players: levels matched, excerpts where the page has no room, its size kept, broken files said."""

import base64
import io
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.report import encoding
from gainstage.report.blocks import Voice
from gainstage.report.measured import Audio, Clip
from gainstage.report.players import PAGE_BYTES, Take, TakeSet, make_players
from tests.report.made_up import tone, write_wav


def decoded(voice: Voice) -> tuple[np.ndarray, int]:
    """The audio of a voice, (samples, channels), and its rate."""
    head, _, body = voice.address.partition(",")
    assert head == f"data:{encoding.codec().media_type};base64"
    return soundfile.read(io.BytesIO(base64.b64decode(body)), always_2d=True)


def one(clip: Clip, *, loudness_lufs: float | None = None, page_bytes: int = PAGE_BYTES) -> tuple[Voice, str]:
    (players,) = make_players([TakeSet("t", (Take("a", clip, loudness_lufs),))], page_bytes=page_bytes)
    (voice,) = players.voices
    return voice, players.note


def loudest_s(audio: np.ndarray, rate: int) -> float:
    return float(np.abs(audio[:, 0]).argmax()) / rate


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_is_played_at_its_pitch_and_length(sample_rate: int, channels: int) -> None:
    times_s = np.arange(sample_rate) / sample_rate
    samples = 0.5 * np.sin(2 * np.pi * 440 * times_s + 0.3 * np.arange(channels)[:, None])
    audio, rate = decoded(one(Clip(Audio(samples, sample_rate)))[0])
    assert rate in (44_100, 48_000)
    assert audio.shape[1] == channels
    assert abs(len(audio) / rate - 1.0) < 0.08  # MP3 is padded to whole frames
    peak_hz = np.abs(np.fft.rfft(audio[:, 0])).argmax() * rate / len(audio)
    assert peak_hz == pytest.approx(440, abs=3)


@pytest.mark.parametrize("codec", [encoding.VORBIS, encoding.FLAC])
def test_a_build_without_mp3_gets_another_codec(
    codec: encoding.Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {codec.file_format: "", "WAV": ""}
    monkeypatch.setattr(soundfile, "available_formats", lambda: known)
    encoding.codec.cache_clear()
    try:
        assert encoding.codec() is codec
        noise = np.random.default_rng(0).standard_normal((2, 44_100 * 5)).astype(np.float32) * 0.2
        voice, note = one(Clip(Audio(noise, 44_100)))
        audio, _ = decoded(voice)
        assert codec.name in note
        assert len(audio) >= noise.shape[1]
        assert len(voice.address) * 3 / 4 / 5 <= codec.bytes_per_s[1]  # noise is the hardest to encode
    finally:
        encoding.codec.cache_clear()


def test_two_equal_channels_are_sent_as_one() -> None:
    mono, dual = tone(1, channels=1), Audio(np.tile(tone(1, channels=1).samples, (2, 1)), 44_100)
    assert one(Clip(dual))[0].address == one(Clip(mono))[0].address


def test_takes_are_brought_to_one_loudness_and_keep_their_own_by_volume() -> None:
    quiet, loud = (
        Take(n, Clip(tone(2, level=v)), lufs) for n, v, lufs in (("q", 0.05, -32.0), ("l", 0.5, -12.0))
    )
    (players,) = make_players([TakeSet("t", (quiet, loud))])
    peaks = [float(np.abs(decoded(voice)[0]).max()) for voice in players.voices]
    assert peaks[0] == pytest.approx(peaks[1], rel=0.05)
    assert [voice.detail for voice in players.voices] == ["+14.0 dB", "-6.0 dB"]
    assert "-18.0 LUFS" in players.note
    own = [peak * voice.volume for peak, voice in zip(peaks, players.voices, strict=True)]
    assert own[1] / own[0] == pytest.approx(10.0, rel=0.06)
    assert max(voice.volume for voice in players.voices) == 1.0


def test_matching_stays_below_the_ceiling_for_all() -> None:
    """A take of high peaks and low loudness turns all of them down, rather than clip."""
    spiky, dense = (Take(n, Clip(tone(1, level=0.9)), lufs) for n, lufs in (("s", -25.0), ("d", -10.0)))
    (players,) = make_players([TakeSet("t", (spiky, dense))])
    audio = [decoded(voice)[0] for voice in players.voices]
    assert np.abs(audio[0]).max() == pytest.approx(10 ** (-1 / 20), rel=0.07)
    assert np.abs(audio[1]).max() == pytest.approx(10 ** (-16 / 20), rel=0.07)


def test_audio_over_full_scale_of_unknown_loudness_is_turned_down_and_says_so() -> None:
    voice, note = one(Clip(tone(1, level=4.0)))
    assert np.abs(decoded(voice)[0]).max() < 1.0
    assert voice.detail == "-13.0 dB"
    assert "LUFS" not in note
    assert one(Clip(tone(1, level=0.1)))[0].detail == "0.0 dB"


def test_a_long_file_is_cut_around_its_loudest_part(tmp_path: Path) -> None:
    audio = Audio(np.tile(tone(1, level=0.1).samples, 60), 44_100)
    audio.samples[:, 44_100 * 40 : 44_100 * 41] *= 8
    path = write_wav(tmp_path / "long.wav", audio)
    voice, note = one(Clip(path), page_bytes=200_000)
    heard, rate = decoded(voice)
    assert 5.0 <= len(heard) / rate <= 45.0
    assert len(voice.address) <= 200_000
    assert "Excerpt 0:3" in note
    assert loudest_s(heard, rate) == pytest.approx(len(heard) / rate / 2, abs=2.0)
    assert np.abs(heard[:40]).max() < 0.02  # faded in


def test_a_focus_decides_without_a_search(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", tone(60))
    assert "Excerpt 0:00" in one(Clip(path, focus_s=2.0), page_bytes=200_000)[1]
    assert "– 1:00" in one(Clip(path, focus_s=59.0), page_bytes=200_000)[1]


def test_takes_of_a_set_play_the_same_moment_wherever_it_lies_in_their_files(tmp_path: Path) -> None:
    """The dry take is a part of a long file, the wet one a short file of that part."""
    long = tone(30, level=0.1)
    long.samples[:, 44_100 * 22 : 44_100 * 22 + 2000] = 0.7
    cut = Audio(long.samples[:, 44_100 * 20 : 44_100 * 25], 44_100)
    dry, wet = write_wav(tmp_path / "dry.wav", long), write_wav(tmp_path / "wet.wav", cut)
    takes = (Take("dry", Clip(dry, 20.0, 25.0)), Take("wet", Clip(wet)))
    (players,) = make_players([TakeSet("t", takes)])
    moments = [loudest_s(*decoded(voice)) for voice in players.voices]
    assert moments[0] == pytest.approx(moments[1], abs=0.005)
    assert moments[0] == pytest.approx(2.0, abs=0.08)
    assert "Excerpt 0:20 – 0:25" in players.note


@pytest.mark.parametrize("count", [1, 4, 60])
def test_all_players_together_stay_within_the_page(count: int, tmp_path: Path) -> None:
    limit = 700_000
    song = write_wav(tmp_path / "song.wav", tone(40))
    track = write_wav(tmp_path / "track.wav", tone(12, channels=1))
    sets = [TakeSet("song", (Take("mix", Clip(song)), Take("sum", Clip(song))), is_song=True)]
    sets += [TakeSet(f"{k}", (Take("dry", Clip(track, focus_s=6.0)),)) for k in range(count)]
    players = make_players(sets, page_bytes=limit)
    assert sum(len(v.address) for p in players for v in p.voices) <= limit
    mix, total = players[0].voices[0], sum(bool(p.voices[0].address) for p in players[1:])
    assert len(decoded(mix)[0]) > 5 * 44_100
    assert total == (count if count < 60 else total) > 0
    for left_out in players[1 + total :]:
        assert "no room" in left_out.voices[0].detail


def test_short_songs_are_not_cut() -> None:
    sets = [
        TakeSet("song", (Take("mix", Clip(tone(3))),), is_song=True),
        TakeSet("t", (Take("a", Clip(tone(3))),)),
    ]
    for players in make_players(sets):
        assert "Excerpt" not in players.note
        assert len(decoded(players.voices[0])[0]) >= 3 * 44_100


def test_what_cannot_be_played_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no audio at all")
    takes = (
        Take("good", Clip(tone(1))),
        Take("missing", Clip(tmp_path / "none.wav")),
        Take("text", Clip(tmp_path / "text.wav")),
        Take("silent", Clip(tone(1)), -math.inf),
        Take("zeros", Clip(Audio(np.zeros((2, 4410)), 44_100))),
        Take("empty", Clip(Audio(np.zeros((1, 0)), 44_100))),
        Take("beyond", Clip(tone(1), start_s=5.0)),
    )
    (players,) = make_players([TakeSet("t", takes)])
    details = {voice.label: voice.detail for voice in players.voices if not voice.address}
    assert list(details) == ["missing", "text", "silent", "zeros", "empty", "beyond"]
    assert "none.wav" in details["missing"]
    assert "silent" in details["silent"]
    assert "silent" in details["zeros"]
    assert details["empty"] == details["beyond"] == "holds no audio"
    assert not players.has_choice


def test_a_set_of_nothing_but_broken_files_is_said_too(tmp_path: Path) -> None:
    (players,) = make_players([TakeSet("t", (Take("a", Clip(tmp_path / "none.wav")),))])
    assert "cannot be opened" in players.voices[0].detail
    assert make_players([]) == []
    assert make_players([TakeSet("t", ())])[0].voices == ()


def test_samples_that_are_no_numbers_do_not_spoil_a_player() -> None:
    audio = tone(1)
    audio.samples[:, 100:120] = np.nan
    audio.samples[:, 200] = np.inf
    heard, _ = decoded(one(Clip(audio))[0])
    assert np.abs(heard).max() == pytest.approx(0.3, abs=0.05)


def test_audio_of_three_channels_is_refused_with_a_sentence() -> None:
    voice, _ = one(Clip(Audio(np.zeros((3, 100)), 44_100)))
    assert "1 or 2 channels" in voice.detail

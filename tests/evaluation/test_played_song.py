"""Songs as systems get them: moved alike for all, in the order of content, with a target that fits."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gainstage.console.console import Console
from gainstage.console.session import Session
from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song
from gainstage.data.wav_file import write_wav
from gainstage.engineer.settings import decision_parameters
from gainstage.evaluation.played_song import MOVED_DB, moved_db, play
from gainstage.evaluation.rendering import render
from tests.data.songs import noise, save
from tests.engineer.scene import RATE
from tests.evaluation.songs import SPEC, stems, write_song, write_stems


def test_tracks_are_moved_by_their_gains_and_heard_after_the_move(two_songs: tuple[Song, ...]) -> None:
    played = play(two_songs[0], spec=SPEC, seed=5)
    recorded = dict(stems(1).values())
    assert played.audio.shape == (4, 2, round(3 * RATE))
    for row, track, gain_db, heard in zip(
        played.audio, played.tracks, played.moved_db, played.heard, strict=True
    ):
        wanted = 10 ** (gain_db / 20) * recorded[track.role]
        assert torch.allclose(row[: len(wanted)], wanted, atol=1e-5)
        assert abs(gain_db) <= MOVED_DB
        peak_db = 20 * float(torch.log10(wanted.abs().max()))
        assert heard.features.peak_dbfs == pytest.approx(peak_db, abs=0.01)
        assert (heard.role, heard.content_hash) == (track.role, track.content_hash)
    assert played.is_stereo.tolist() == [track.role == "pad" for track in played.tracks]
    mono = played.audio[~played.is_stereo]
    assert torch.equal(mono[:, 0], mono[:, 1])


def test_moves_are_uniform_and_depend_on_seed_song_and_content_alone(two_songs: tuple[Song, ...]) -> None:
    song, track = two_songs[0], two_songs[0].tracks[0]
    draws = np.array([moved_db(seed, song, track) for seed in range(400)])
    assert np.abs(draws).max() <= MOVED_DB
    assert abs(draws.mean()) < 1.2
    assert draws.std() == pytest.approx(MOVED_DB / np.sqrt(3), rel=0.1)
    again = track.model_copy(update={"name": "x", "file": "y", "role": "other"})
    assert moved_db(7, song, again) == moved_db(7, song, track)
    assert moved_db(7, song, song.tracks[1]) != moved_db(7, song, track)
    assert moved_db(7, song.model_copy(update={"name": "z"}), track) != moved_db(7, song, track)


def test_names_and_order_of_tracks_play_no_part(two_songs: tuple[Song, ...], tmp_path: Path) -> None:
    renamed = write_song(tmp_path / "again", 1, names={"kick": "z", "bass": "b", "pad": "a", "voice": "y"})
    one = play(two_songs[0], spec=SPEC, seed=0)
    other = play(renamed.model_copy(update={"tracks": renamed.tracks[::-1]}), spec=SPEC, seed=0)
    assert torch.equal(one.audio, other.audio)
    assert torch.equal(one.target, other.target)
    assert [t.role for t in one.tracks] == [t.role for t in other.tracks]
    assert one.truth is not None
    assert other.truth is not None
    assert one.truth.tracks == other.truth.tracks


def test_a_mix_on_disk_is_the_target_at_the_console_rate(tmp_path: Path) -> None:
    write_stems(tmp_path, 1)
    mono = torch.sin(torch.arange(3 * 48_000) * 0.01)[None]
    write_wav(tmp_path / "mix.wav", mono.numpy(), sample_rate=48_000)
    song = scan_folder(tmp_path).song
    played = play(song, spec=SPEC, seed=0)
    assert played.target.shape == (2, 3 * RATE)
    assert torch.equal(played.target[0], played.target[1])
    assert played.truth is None


def test_a_part_of_a_song_is_that_of_tracks_and_mix_alike(tmp_path: Path) -> None:
    write_stems(tmp_path / "paired", 1)
    mix = noise(3 * RATE, 2, seed=5)
    save(tmp_path / "paired" / "mix.wav", mix)
    rendered = write_song(tmp_path / "rendered", 2)
    for song, start in ((scan_folder(tmp_path / "paired").song, RATE), (rendered, 0)):
        whole, part = (play(song, spec=SPEC, seed=0, seconds=seconds) for seconds in (None, 1.0))
        assert part.audio.shape == (4, 2, RATE)
        assert torch.equal(part.audio, whole.audio[..., start : start + RATE])
        assert part.target.shape == (2, RATE)
        assert torch.allclose(part.target, whole.target[:, start : start + RATE], atol=1e-5)
        assert torch.equal(play(song, spec=SPEC, seed=0, seconds=99.0).target, whole.target)


def test_truth_is_told_only_where_a_decision_can_say_it(tmp_path: Path) -> None:
    song = write_song(tmp_path / "song")
    path = tmp_path / "song" / "session.json"
    assert play(song, spec=SPEC, seed=0).truth is not None
    other = SPEC.model_copy(update={"master": SPEC.master[:-1]})
    assert play(song, spec=other, seed=0).truth is None
    session = Session.load(path)
    threshold = [(0.0, -20.0), (1.0, -10.0)]
    moved = session.master.processors["compressor"].model_copy(update={"curves": {"threshold_db": threshold}})
    processors = {**session.master.processors, "compressor": moved}
    master = session.master.model_copy(update={"processors": processors})
    session.model_copy(update={"master": master}).save(path)
    assert play(song, spec=SPEC, seed=0).truth is None


def test_songs_that_cannot_be_played_say_why(two_songs: tuple[Song, ...], tmp_path: Path) -> None:
    song = two_songs[0]
    no_mix = song.model_copy(update={"session": ""})
    with pytest.raises(ValueError, match="neither a mix nor a session"):
        play(no_mix, spec=SPEC, seed=0)
    gone = song.model_copy(update={"folder": str(tmp_path)})
    with pytest.raises(ValueError, match=r"cannot be opened: No such file"):
        play(gone, spec=SPEC, seed=0)
    with pytest.raises(ValueError, match=r"session\.json has settings for"):
        play(song.model_copy(update={"tracks": song.tracks[1:]}), spec=SPEC, seed=0)
    long = [track.model_copy(update={"num_samples": 10**9}) for track in song.tracks]
    with pytest.raises(ValueError, match="GiB, more than 4; evaluate a part"):
        play(song.model_copy(update={"tracks": tuple(long)}), spec=SPEC, seed=0)


def test_a_muted_track_is_muted_in_the_truth_and_a_bypassed_trim_undone(tmp_path: Path) -> None:
    song = write_song(tmp_path / "song")
    path = tmp_path / "song" / "session.json"
    session = Session.load(path)
    trim = session.tracks[1].processors["trim"].model_copy(update={"bypass": True})
    changed = [
        session.tracks[0].model_copy(update={"mute": True}),
        session.tracks[1].model_copy(update={"processors": session.tracks[1].processors | {"trim": trim}}),
        *session.tracks[2:],
    ]
    session.model_copy(update={"tracks": changed}).save(path)
    played = play(song, spec=SPEC, seed=0)
    assert played.truth is not None
    console = Console(SPEC)
    mix = render(
        played.audio,
        decision_parameters(played.truth, console),
        console,
        is_stereo=played.is_stereo,
        sample_rate=RATE,
    )
    assert (mix - played.target).abs().max() < 1e-5
    assert played.target.abs().max() > 1e-2

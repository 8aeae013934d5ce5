"""Songs as folders: readable, resumable, whole or not there."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gainstage.data.audio_error import AudioFileError
from gainstage.data.roles_file import read_roles
from gainstage.data.synthetic import Song, library, play_song, write_song, write_songs
from gainstage.roles import guess

SECONDS = 4.0


@pytest.fixture(scope="module")
def song() -> Song:
    return play_song(11, seconds=SECONDS)


@pytest.fixture(scope="module")
def folder(song: Song, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("songs") / "one"
    write_song(song, folder)
    return folder


def test_the_stems_are_the_tracks_to_the_bit_and_in_order(song: Song, folder: Path) -> None:
    files = sorted((folder / "stems").iterdir())
    assert [file.name for file in files] == [
        f"{number:02d}_{track.name.replace(' ', '_')}.wav"
        for number, track in enumerate(song.tracks, start=1)
    ]
    for file, track in zip(files, song.tracks, strict=True):
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
        assert rate == song.sample_rate
        np.testing.assert_array_equal(samples.T, track.audio)


def test_song_json_says_what_the_song_is(song: Song, folder: Path) -> None:
    about = json.loads((folder / "song.json").read_text(encoding="utf-8"))
    assert (about["seed"], about["genre"], about["key"]) == (song.seed, song.genre, song.key)
    assert about["tempo_bpm"] == pytest.approx(song.tempo_bpm, abs=1e-3)
    assert [row["name"] for row in about["sections"]] == [name for name, _ in song.sections]
    assert [row["role"] for row in about["tracks"]] == [track.role for track in song.tracks]
    assert [row["channels"] for row in about["tracks"]] == [len(track.audio) for track in song.tracks]
    assert all((folder / row["file"]).is_file() for row in about["tracks"])


def test_roles_yaml_is_a_file_of_roles(song: Song, folder: Path) -> None:
    roles = read_roles(folder / "roles.yaml")
    assert list(roles.values()) == [track.role for track in song.tracks]
    assert set(roles) == {file.stem for file in (folder / "stems").iterdir()}


def test_most_roles_can_be_guessed_from_the_names() -> None:
    from gainstage.data.synthetic.casting import SEATS

    seats = {(seat.name, seat.role) for seats in SEATS.values() for seat in seats} | {("Drum Room", "drums")}
    right = [guess(f"07_{name.replace(' ', '_')}").role == role for name, role in sorted(seats)]
    assert np.mean(right) > 0.8


def test_nothing_else_is_written_and_nothing_is_left_beside(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["roles.yaml", "song.json", "stems"]
    assert [path.name for path in folder.parent.iterdir()] == ["one"]


def test_a_folder_that_exists_is_not_overwritten(song: Song, folder: Path) -> None:
    before = (folder / "song.json").stat().st_mtime_ns
    with pytest.raises(FileExistsError, match="choose a new name"):
        write_song(song, folder)
    assert (folder / "song.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError, MemoryError])
def test_what_fails_half_way_leaves_nothing(
    song: Song, tmp_path: Path, fault: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def write_two(path: Path, *_: object, **__: object) -> None:
        written.append(path)
        if len(written) == 3:
            raise fault
        path.write_bytes(b"half")

    monkeypatch.setattr(library, "write_wav", write_two)
    with pytest.raises(fault):
        write_song(song, tmp_path / "song")
    assert len(written) == 3
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_replaced(song: Song, tmp_path: Path) -> None:
    left = tmp_path / ".song.part" / "stems"
    left.mkdir(parents=True)
    (left / "99_Ghost.wav").write_bytes(b"half")
    write_song(song, tmp_path / "song")
    assert [path.name for path in tmp_path.iterdir()] == ["song"]
    assert len(list((tmp_path / "song" / "stems").iterdir())) == len(song.tracks)


def test_finish_adds_to_the_folder_before_it_has_its_name(song: Song, tmp_path: Path) -> None:
    def finish(given: Song, folder: Path) -> None:
        assert given is song
        assert (folder / "song.json").is_file()
        assert not (tmp_path / "song").exists()
        (folder / "session.json").write_text("{}")

    write_song(song, tmp_path / "song", finish=finish)
    assert (tmp_path / "song" / "session.json").is_file()


def test_a_folder_that_cannot_be_made_is_named(song: Song, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((OSError, AudioFileError), match="file"):
        write_song(song, tmp_path / "file" / "song")


def test_songs_are_made_from_successive_seeds_and_named_by_number_and_genre(tmp_path: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    folders = write_songs(
        2, SECONDS, tmp_path / "new" / "out", 20, progress=lambda *s: steps.append((*s[:2], s[2].name))
    )
    assert steps == [(1, 2, folders[0].name), (2, 2, folders[1].name)]
    for number, folder in enumerate(folders):
        about = json.loads((folder / "song.json").read_text(encoding="utf-8"))
        assert about["seed"] == 20 + number
        assert folder.name == f"{number:02d}_{about['genre']}_{about['name'].replace(' ', '-')}"
    kick, _ = soundfile.read(folders[1] / "stems" / "01_Kick.wav", dtype="float32", always_2d=True)
    np.testing.assert_array_equal(kick.T, play_song(21, seconds=SECONDS).tracks[0].audio)


def test_songs_that_are_there_are_kept_and_missing_ones_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[int] = []

    def play(seed: int, **rest: float) -> Song:
        played.append(seed)
        return play_song(seed, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "play_song", play)
    first = write_songs(1, SECONDS, tmp_path, genre="hip-hop")
    again = write_songs(2, SECONDS, tmp_path, genre="hip-hop")
    assert again[0] == first[0]
    assert played == [0, 1]


def test_another_song_in_the_place_of_ours_is_said_and_not_touched(tmp_path: Path) -> None:
    folder = write_songs(1, SECONDS, tmp_path, genre="rock")[0]
    with pytest.raises(ValueError, match="does not hold the whole song of seed 0 with 5 s"):
        write_songs(1, 5.0, tmp_path, genre="rock")
    (folder / "stems" / "01_Kick.wav").unlink()
    with pytest.raises(ValueError, match="choose an empty folder"):
        write_songs(1, SECONDS, tmp_path, genre="rock")


def test_no_songs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one song"):
        write_songs(0, SECONDS, tmp_path)

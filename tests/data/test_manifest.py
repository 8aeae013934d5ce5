"""The manifest: canonical lines, and faults that are named by file, line and field."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from gainstage.data.manifest import AudioRef, Song, Track, manifest_line, read_manifest, write_manifest

AUDIO = {
    "channels": 2,
    "sample_rate": 48_000,
    "num_samples": 96_000,
    "peak_amplitude": 0.1,
    "content_hash": "ab",
}


def _song(name: str = "Chœur") -> Song:
    tracks = (
        Track(name="kick", file="kick.wav", role="kick", role_confidence=0.95, **AUDIO),
        Track(name="vox", file="sub/voix.flac", role="lead_vocal", bleed=True, wetness="dry", **AUDIO),
    )
    mix = AudioRef(file="mix.wav", loudness_lufs=-14.1, **AUDIO)
    return Song(name=name, folder="songs/1", sample_rate=44_100, tracks=tracks, mix=mix, split="train")


def test_what_is_written_is_read_back_and_written_again_byte_for_byte(tmp_path: Path) -> None:
    songs = [_song("b"), _song("a"), _song("ü\n")]
    write_manifest(tmp_path / "m.jsonl", songs)
    assert read_manifest(tmp_path / "m.jsonl") == [songs[1], songs[0], songs[2]]
    write_manifest(tmp_path / "again.jsonl", read_manifest(tmp_path / "m.jsonl"))
    assert (tmp_path / "m.jsonl").read_bytes() == (tmp_path / "again.jsonl").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.jsonl", "m.jsonl"]


def test_a_line_is_sorted_json_that_keeps_its_letters() -> None:
    line = manifest_line(_song())
    assert list(json.loads(line)) == sorted(json.loads(line))
    assert '"name":"Chœur"' in line
    assert "\n" not in manifest_line(_song("two\nlines"))


def test_rows_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        _song().tracks[0].role = "snare"  # type: ignore[misc]


def test_lengths_and_places() -> None:
    song = _song()
    assert song.seconds == 2.0
    assert song.path_of(song.tracks[1], root=Path("/set")) == Path("/set/songs/1/sub/voix.flac")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tracks": []}, r"tracks: Tuple should have at least 1 item"),
        ({"sample_rate": 0}, r"sample_rate: Input should be greater than 0"),
        ({"tempo": 120}, r"tempo: Extra inputs are not permitted"),
        ({"split": "dev"}, r"split: Input should be 'train', 'validation' or 'test'"),
        (
            ("role", "gutar_electric"),
            r"tracks\[1\]\.role: 'gutar_electric' is no role; did you mean 'guitar_electric'\?",
        ),
        (("channels", 6), r"tracks\[1\]\.channels: Input should be 1 or 2"),
        (("wetness", "moist"), r"tracks\[1\]\.wetness"),
        (("role_confidence", 2), r"tracks\[1\]\.role_confidence"),
        (("name", "kick"), r"two tracks are called 'kick'; rename one"),
    ],
)
def test_a_fault_is_named_by_file_line_and_field(
    tmp_path: Path, change: dict[str, object] | tuple[str, object], sentence: str
) -> None:
    row = json.loads(manifest_line(_song()))
    if isinstance(change, tuple):
        row["tracks"][1][change[0]] = change[1]
    else:
        row |= change
    path = tmp_path / "m.jsonl"
    path.write_text(f"{manifest_line(_song('first'))}\n\n{json.dumps(row)}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"m\.jsonl, line 3: {sentence}"):
        read_manifest(path)


def test_broken_lines_and_songs_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"name": "half', encoding="utf-8")
    with pytest.raises(ValueError, match=r"m\.jsonl, line 1: Invalid JSON"):
        read_manifest(path)
    path.write_text(f"{manifest_line(_song())}\n" * 2, encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 2: the song 'Chœur' was there before"):
        read_manifest(path)
    path.unlink()
    with pytest.raises(ValueError, match="two songs are called 'Chœur'"):
        write_manifest(path, [_song(), _song()])
    assert list(tmp_path.iterdir()) == []

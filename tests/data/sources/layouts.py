"""The layouts of the field's sets, for real but small, from a built-in song."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from shutil import which

import numpy as np
import yaml
from numpy.typing import NDArray

from gainstage.data.synthetic import play_song
from gainstage.roles import MUSDB_CLASS
from tests.conftest import skip_or_fail
from tests.data.songs import RATE, save

Audio = NDArray[np.float64]
SECONDS = 2
MEDLEYDB = {"AlexanderRoss_GoodbyeBolero": "no", "Someone_Else": "yes"}
"""Folder of a song → whether its tracks bleed."""

MUSDB_STREAMS = ("mixture", "drums", "bass", "other", "vocals")


@cache
def tracks(number: int = 0) -> dict[str, Audio]:
    """Dry tracks by role, two seconds of them, another song for another number; all stereo."""
    song = play_song(11 + number % 3, seconds=4.0)
    roles: dict[str, Audio] = {}
    gain = 0.5 ** (1 + number // 3)
    for track in song.tracks:
        audio = np.broadcast_to(track.audio.astype(np.float64), (2, track.audio.shape[1]))
        roles.setdefault(track.role, gain * audio[:, RATE : (1 + SECONDS) * RATE])
    return roles


@cache
def stems(number: int = 0) -> dict[str, Audio]:
    """Wet stems of MUSDB's classes."""
    sums = {name: np.zeros((2, SECONDS * RATE)) for name in MUSDB_STREAMS[1:]}
    for role, audio in tracks(number).items():
        width = np.array([[1.0], [0.8]])
        sums[MUSDB_CLASS[role]] += 0.2 * width * audio
    for place, audio in enumerate(sums.values()):  # a class that the song does not play hums
        if not audio.any():
            audio += 0.01 * np.sin(0.05 * (place + 1 + number) * np.arange(audio.shape[1]))
    return sums


def mixture(number: int = 0) -> Audio:
    return np.sum(list(stems(number).values()), axis=0)


def musdb_hq(root: Path) -> None:
    songs = ("train/A Band - Song", "train/ANiMAL - Rockshow", "test/Zeno - Signs")
    for number, place in enumerate(songs):
        for name, audio in stems(number).items():
            save(root / place / f"{name}.wav", audio)
        save(root / place / "mixture.wav", mixture(number))


def musdb18(root: Path) -> None:
    """AAC streams in one MP4 in the set's order, by ffmpeg."""
    if not (which("ffmpeg") and which("ffprobe")):
        skip_or_fail("stem.mp4 files need ffmpeg")
    for number, place in enumerate(
        ("train/A Band - Song", "train/Meaxic - Take A Step", "test/Zeno - Signs")
    ):
        parts = {"mixture": mixture(number), **stems(number)}
        wavs = [save(root / "wav" / f"{name}.wav", parts[name]) for name in MUSDB_STREAMS]
        target = root / f"{place}.stem.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        inputs = [word for wav in wavs for word in ("-i", str(wav))]
        maps = [word for i in range(len(wavs)) for word in ("-map", f"{i}:a")]
        command = ["ffmpeg", "-v", "error", *inputs, *maps, "-c:a", "aac", "-b:a", "256k", str(target)]
        subprocess.run(command, check=True)
        for wav in wavs:
            wav.unlink()
    (root / "wav").rmdir()


def medleydb(root: Path, songs: Mapping[str, str] = MEDLEYDB) -> None:
    """Songs in Audio, the first with its metadata beside it and the others in a folder of metadata."""
    for number, (name, bleed) in enumerate(songs.items()):
        folder, gain = root / "Audio" / name, 1.0 / (1 + number)
        kick, bass = tracks(number)["kick"][:1], tracks(number)["bass"][:1]
        wet = {1: 0.5 * np.vstack([kick, kick]), 2: 0.4 * np.vstack([bass, 0.9 * bass])}
        for stem, audio in ((1, kick), (2, bass)):
            save(folder / f"{name}_RAW" / f"{name}_RAW_{stem:02d}_01.wav", gain * audio)
            save(folder / f"{name}_STEMS" / f"{name}_STEM_{stem:02d}.wav", gain * wet[stem])
        save(folder / f"{name}_MIX.wav", gain * (wet[1] + wet[2]))
        place = folder if number == 0 else root / "Metadata"
        place.mkdir(exist_ok=True)
        (place / f"{name}_METADATA.yaml").write_text(medleydb_yaml(name, bleed), encoding="utf-8")


def medleydb_yaml(name: str, bleed: str) -> str:
    """As the set has it: `yes` and `no` without quotation marks in some files, with them in others."""
    artist, title = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part) for part in name.split("_"))
    said = bleed if bleed == "no" else f"'{bleed}'"
    rows = "".join(
        f"  S{stem:02d}:\n    component: ''\n    filename: {name}_STEM_{stem:02d}.wav\n"
        f"    instrument: {instrument}\n    raw:\n      R01:\n"
        f"        filename: {name}_RAW_{stem:02d}_01.wav\n"
        f"        instrument: {instrument}\n"
        for stem, instrument in ((1, "kick drum"), (2, "electric bass"))
    )
    return (
        f"album: ''\nartist: {artist}\ncomposer: ''\nexcerpt: 'no'\ngenre: Singer/Songwriter\n"
        f"has_bleed: {said}\ninstrumental: 'no'\nmix_filename: {name}_MIX.wav\norigin: ''\nproducer: ''\n"
        f"raw_dir: {name}_RAW\nstem_dir: {name}_STEMS\nstems:\n{rows}"
        f"title: {title}\nversion: 1.2\nwebsite: ''\n"
    )


def moisesdb(root: Path) -> None:
    folder = root / "moisesdb_v0.1" / "0a1b-uuid"
    rows = {
        "drums": [("d1", "kick drum", "no", "kick")],
        "bass": [("b1", "bass guitar", "no", "bass")],
        "guitar": [
            ("g1", "distorted electric guitar", "yes", "bass"),
            ("g2", "distorted electric guitar", "no", "kick"),
        ],
    }
    found = []
    for number, (stem, of) in enumerate(rows.items(), start=1):
        for track_id, _, _, role in of:
            save(
                folder / stem / f"{track_id}.wav",
                tracks()[role] / number,
                48_000 if track_id == "b1" else RATE,
            )
        listed = [
            {"id": i, "extension": "wav", "trackType": kind, "has_bleed": bleed} for i, kind, bleed, _ in of
        ]
        found.append({"id": stem, "stemName": stem, "tracks": listed})
    # g2 must not be the same audio as the kick
    save(folder / "guitar" / "g2.wav", np.flip(tracks()["kick"], axis=1))
    data = {"song": "A Title", "artist": "An Artist", "genre": "rock", "stems": found}
    (folder / "data.json").write_text(json.dumps(data))


def enst_drums(root: Path) -> None:
    for drummer in (1, 2):
        audio = root / f"drummer_{drummer}" / "audio"
        for take in ("001_hits_snare.wav", "036_phrase_rock.wav"):
            gain = drummer * (1.5 if take.startswith("001") else 1.0)
            for place, (microphone, role) in enumerate(
                (
                    ("kick", "kick"),
                    ("snare", "bass"),
                    ("hi-hat", "kick"),
                    ("overhead_L", "bass"),
                    ("tom_1", "kick"),
                )
            ):
                signal = np.roll(tracks()[role][:1], 100 * place, axis=1) * (0.1 + 0.05 * place) * gain
                save(audio / microphone / take, signal)
            for mix in ("wet_mix", "dry_mix"):
                save(audio / mix / take, 0.3 * gain * tracks()["kick"] + 0.2 * gain * tracks()["bass"])
            save(audio / "accompaniment" / take, 0.1 * gain * tracks()["bass"])


def dsd100(root: Path) -> None:
    for number, (subset, name) in enumerate((("Dev", "051 - A Band - Song"), ("Test", "001 - Zeno - Signs"))):
        for stem, audio in stems(number).items():
            save(root / "Sources" / subset / name / f"{stem}.wav", audio)
        save(root / "Mixtures" / subset / name / "mixture.wav", mixture(number))


def slakh2100(root: Path) -> None:
    for number, subset in enumerate(("train", "validation", "test")):
        folder = root / subset / f"Track{number + 1:05d}"
        rows = {
            "S00": {
                "audio_rendered": True,
                "inst_class": "Bass",
                "is_drum": False,
                "midi_program_name": "Fretless Bass",
            },
            "S01": {
                "audio_rendered": True,
                "inst_class": "Drums",
                "is_drum": True,
                "midi_program_name": "Drums",
            },
            "S02": {
                "audio_rendered": True,
                "inst_class": "Synth Pad",
                "is_drum": False,
                "midi_program_name": "Pad 2",
            },
            "S03": {
                "audio_rendered": False,
                "inst_class": "Reed",
                "is_drum": False,
                "midi_program_name": "Oboe",
            },
        }
        parts = {"S00": "bass", "S01": "kick"}
        for stem, role in parts.items():
            save(folder / "stems" / f"{stem}.flac", 0.5 * tracks(number)[role][:1])
        save(folder / "stems" / "S02.flac", 0.2 * tracks(number)["bass"][:1, ::-1])
        (folder / "MIDI").mkdir()
        save(folder / "mix.flac", 0.2 * (tracks(number)["bass"] + tracks(number)["kick"])[:1])
        (folder / "metadata.yaml").write_text(yaml.safe_dump({"UUID": "x", "stems": rows}))


def cambridge_mt(root: Path) -> None:
    """Files of different lengths, and a mix in which the tracks begin 441 samples later."""
    folder = root / "AlexanderRoss_GoodbyeBolero_Full"
    parts = {"01_Kick": "kick", "02_BassDI": "bass", "03_HiHat": "hat", "04_LeadVox": "lead_vocal"}
    mix = np.zeros((2, SECONDS * RATE))
    for name, role in parts.items():
        audio = tracks()[role][:1, : RATE + 7 if role == "bass" else None]
        save(folder / f"{name}.wav", audio)
        mix[:, : audio.shape[1]] += 0.2 * audio
    save(folder / "AlexanderRoss_GoodbyeBolero_Full_Preview.wav", np.pad(mix, ((0, 0), (441, 0))))


def built_in(root: Path) -> None:
    from gainstage.mixing.dataset import write_dataset

    write_dataset(3, 4.0, root, arrangements=1, validation=1, test=1, jobs=1)


def folders(root: Path) -> None:
    for number, name in enumerate(("A Band - Song", "live/Zeno_Signs")):
        for role in ("kick", "bass"):
            save(root / name / "stems" / f"{role.title()}.flac", 0.5 * tracks(number)[role])
        save(root / name / "mix.flac", 0.2 * (tracks(number)["kick"] + tracks(number)["bass"]))


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "built_in": built_in,
    "cambridge_mt": cambridge_mt,
    "dsd100": dsd100,
    "enst_drums": enst_drums,
    "folders": folders,
    "medleydb": medleydb,
    "medleydb_stems": medleydb,
    "moisesdb": moisesdb,
    "musdb18": musdb18,
    "musdb18_hq": musdb_hq,
    "slakh2100": slakh2100,
}

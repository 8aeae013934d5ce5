"""Small songs on disk: bands of noise as stems, and the rules engineer's session as their truth."""

from pathlib import Path

import torch
from torch import Tensor

from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import named
from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song
from gainstage.data.wav_file import write_wav
from gainstage.engineer.decision import StripDecision
from gainstage.engineer.hear import hear
from gainstage.engineer.rules import RulesEngineer
from tests.engineer.scene import RATE, band, beats, track

SPEC = named("basic")
SECONDS = 3.0


def stems(seed: int) -> dict[str, tuple[str, Tensor]]:
    """Stem → role and audio: kick, bass, a stereo pad and a voice."""
    noise = {i: band(*edges, seed=10 * seed + i, seconds=SECONDS) for i, edges in enumerate(_EDGES_HZ)}
    return {
        "kick": ("kick", beats(noise[0])),
        "bass": ("bass", beats(noise[1], 4.0, 200.0)),
        "pad": ("pad", torch.cat([noise[2], 0.7 * noise[3]])),
        "voice": ("lead_vocal", beats(noise[4], 1.0, 500.0)),
    }


_EDGES_HZ = ((40, 120), (50, 400), (200, 4000), (200, 4000), (150, 7000))


def write_stems(folder: Path, seed: int, *, names: dict[str, str] | None = None) -> dict[str, str]:
    """Write the stems; returns name → role. `names` renames them."""
    (folder / "stems").mkdir(parents=True)
    roles = {}
    for stem, (role, audio) in stems(seed).items():
        name = (names or {}).get(stem, stem)
        write_wav(folder / "stems" / f"{name}.wav", audio.numpy(), sample_rate=RATE)
        roles[name] = role
    return roles


def write_song(folder: Path, seed: int = 1, *, names: dict[str, str] | None = None) -> Song:
    """A song with a session and no mix."""
    roles = write_stems(folder, seed, names=names)
    song = scan_folder(folder, roles=roles).song
    write_session(folder, song)
    return song.model_copy(update={"session": "session.json", "name": f"song {seed}"})


def write_session(folder: Path, song: Song, *, style: int = 3) -> None:
    """The rules engineer's settings, in a taste of its own."""
    read = {t.name: _audio(folder, t.file) for t in song.tracks}
    decision = RulesEngineer(style).decide(hear([track(t.role, read[t.name]) for t in song.tracks]))
    Session(
        name=song.name,
        sample_rate=song.sample_rate,
        num_samples=round(SECONDS * RATE),
        console=SPEC,
        tracks=[
            TrackSettings(
                name=row.name,
                file=Path(row.file).name,
                role=row.role,
                channels=row.channels,
                content_hash=row.content_hash,
                processors=_processors(strip),
            )
            for row, strip in zip(song.tracks, decision.tracks, strict=True)
        ],
        returns=[StripSettings(name="reverb", processors=_processors(decision.returns["reverb"]))],
        master=StripSettings(name="master", processors=_processors(decision.master)),
    ).save(folder / "session.json")


def _processors(strip: StripDecision) -> dict[str, ProcessorSettings]:
    names = dict.fromkeys((*strip.values, *strip.bypass))
    return {
        name: ProcessorSettings(bypass=name in strip.bypass, values=dict(strip.values.get(name, {})))
        for name in names
    }


def _audio(folder: Path, file: str) -> Tensor:
    from gainstage.data.audio_file import AudioReader

    with AudioReader(folder / file) as reader:
        return torch.from_numpy(reader.read(reader.num_samples))

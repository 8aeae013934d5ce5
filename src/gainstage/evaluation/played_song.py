"""A song in memory, as every system under test gets it: tracks moved in level, what is heard, the target."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.session import Session
from gainstage.console.spec import ConsoleSpec
from gainstage.data.audio_file import AudioReader
from gainstage.data.manifest import AudioRef, Song, Track
from gainstage.data.truth import match_tracks
from gainstage.dsp.features import FeatureMeter
from gainstage.engineer.decision import MixDecision
from gainstage.engineer.hearing import HeardTrack
from gainstage.evaluation.rendering import render
from gainstage.evaluation.truth import truth_of

MOVED_DB = 12.0
_MOST_BYTES = 4 << 30


@dataclass(frozen=True, eq=False)
class PlayedSong:
    """A song as a system gets it.

    Tracks stand in the order of their content, so that neither names nor the order of files play a part, and
    each has been moved by a gain of up to ±12 dB: who does not stage gains finds faders at random.

    Args:
        song: its manifest row, whose tracks stand in another order.
        tracks: their rows, in the order of `audio`.
        audio: the tracks after the move; mono tracks hold their signal twice.
        is_stereo: which of them are stereo.
        moved_db: the gains.
        heard: what engineers may know of each track, measured after the move.
        target: the mix to come near to.
        truth: the decision behind the target, trims undoing the move; None where it is not known, or not one
            of this console.

    Shape: audio (tracks, 2, samples), is_stereo (tracks,), target (2, samples of the target).
    """

    song: Song
    tracks: tuple[Track, ...]
    audio: Tensor
    is_stereo: Tensor
    moved_db: tuple[float, ...]
    heard: tuple[HeardTrack, ...]
    target: Tensor
    truth: MixDecision | None

    @property
    def sample_rate(self) -> int:
        """The console's rate in Hz."""
        return self.song.sample_rate


def by_content(song: Song) -> tuple[Track, ...]:
    """The tracks of a song in the order of their content; names decide between equal ones only."""
    return tuple(sorted(song.tracks, key=lambda track: (track.content_hash, track.role, track.name)))


def moved_db(seed: int, song: Song, track: Track) -> float:
    """The gain by which a track is moved: uniform in ±12 dB, a pure function of seed, song and content."""
    key = f"{seed} {song.name} {track.content_hash}".encode()
    draw = np.random.default_rng(int.from_bytes(hashlib.blake2b(key, digest_size=16).digest()))
    return float(draw.uniform(-MOVED_DB, MOVED_DB))


def play(
    song: Song, *, spec: ConsoleSpec, seed: int, seconds: float | None = None, root: Path = Path()
) -> PlayedSong:
    """Load a song, move its tracks and listen to them.

    Args:
        song: with a mix, or with a session to render one from.
        spec: the console of the systems under test.
        seed: of the gains.
        seconds: only so much of the song: from its middle, or, where the mix is rendered from a session, from
            its beginning. None = all of it.
        root: the folder of the manifest.

    Raises:
        ValueError: it cannot be evaluated; one sentence says why.
    """
    tracks = by_content(song)
    passage = _passage(song, seconds)
    recorded = _stems(song, tracks, passage, root)
    is_stereo = torch.tensor([track.channels == 2 for track in tracks])
    session = _session(song, tracks, root)
    target = _target(song, session, recorded, is_stereo, passage, root)
    gains_db = tuple(moved_db(seed, song, track) for track in tracks)
    gains = 10.0 ** (torch.tensor(gains_db) / 20.0)
    audio = recorded.mul_(gains[:, None, None])  # in place: a song of many tracks is large
    heard = tuple(_hear(song, track, rows) for track, rows in zip(tracks, audio, strict=True))
    if all(track.features.is_silent for track in heard):
        raise ValueError("every track is silent; there is nothing to mix")
    truth = truth_of(session, spec, gains_db) if session else None
    return PlayedSong(song, tracks, audio, is_stereo, gains_db, heard, target, truth)


def _session(song: Song, tracks: tuple[Track, ...], root: Path) -> Session | None:
    """The session behind the mix, its tracks in the order of `tracks`."""
    if not song.session:
        return None
    path = root / song.folder / song.session
    session = Session.load(path)
    places = match_tracks(song.model_copy(update={"tracks": tracks}), session, path)
    return session.model_copy(update={"tracks": [session.tracks[place] for place in places]})


def _passage(song: Song, seconds: float | None) -> slice | None:
    """The samples to hear; None = all.

    The middle, where the mix is a file; the beginning, where it is rendered: curves count from there.
    """
    if seconds is None or seconds >= song.seconds:
        return None
    length = round(seconds * song.sample_rate)
    start = (round(song.seconds * song.sample_rate) - length) // 2 if song.mix is not None else 0
    return slice(start, start + length)


def _stems(song: Song, tracks: tuple[Track, ...], passage: slice | None, root: Path) -> Tensor:
    """All tracks at the console's rate, the shorter ones followed by silence."""
    seconds = (passage.stop - passage.start) / song.sample_rate if passage else song.seconds
    needed = len(tracks) * 2 * 4 * seconds * song.sample_rate
    if needed > _MOST_BYTES:
        raise ValueError(
            f"{len(tracks)} tracks of {seconds:.0f} s need {needed / 2**30:.1f} GiB, more than "
            f"{_MOST_BYTES >> 30}; evaluate a part of each song (seconds=60)"
        )
    stems = [_read(song, track, passage, root) for track in tracks]
    length = passage.stop - passage.start if passage else max(stem.shape[1] for stem in stems)
    together = torch.zeros(len(stems), 2, length)
    for row, stem in zip(together, stems, strict=True):
        row[:, : stem.shape[1]] = stem
    return together


def _read(song: Song, audio: AudioRef, passage: slice | None, root: Path) -> Tensor:
    """A file, or a passage of it, at the console's rate. Shape: → (1 or 2, samples)"""
    with AudioReader(
        song.path_of(audio, root=root), sample_rate=song.sample_rate, channels=audio.channels
    ) as reader:
        if passage is None:
            return torch.from_numpy(reader.read(reader.num_samples + 1))
        reader.seek(passage.start)
        return torch.from_numpy(reader.read(passage.stop - passage.start))


def _hear(song: Song, track: Track, rows: Tensor) -> HeardTrack:
    meter = FeatureMeter(track.channels, sample_rate=song.sample_rate)
    meter.update(rows[: track.channels])
    return HeardTrack(track.role, meter.result(), track.content_hash)


def _target(
    song: Song, session: Session | None, stems: Tensor, is_stereo: Tensor, passage: slice | None, root: Path
) -> Tensor:
    """The mix as a file, else as its session renders it from the stems before they were moved."""
    if song.mix is not None:
        return _read(song, song.mix, passage, root).expand(2, -1).contiguous()
    if session is None:
        raise ValueError("it has neither a mix nor a session, so there is nothing to compare with")
    if session.sample_rate != song.sample_rate:
        raise ValueError(f"its session is for {session.sample_rate} Hz, the song for {song.sample_rate}")
    console = Console(session.console)
    settings = session_parameters(session, console)
    return render(stems, settings, console, is_stereo=is_stereo, sample_rate=song.sample_rate)

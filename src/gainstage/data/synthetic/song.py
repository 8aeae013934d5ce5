"""Songs played by code: multitracks for training and tests that need no download."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gainstage.data.synthetic import loops, recording
from gainstage.data.synthetic.casting import MAX_TRACKS, Seat, cast, sections_of
from gainstage.data.synthetic.form import GENRES, MIN_SECONDS, Plan, plan_song
from gainstage.data.synthetic.performance import perform
from gainstage.data.synthetic.recording import Sound
from gainstage.data.synthetic.recurrences import Array
from gainstage.data.synthetic.sound import peak
from gainstage.data.synthetic.streams import happens, stream

_LIVE = {"pop": 0.4, "rock": 0.85, "hip-hop": 0.1, "electronic": 0.0, "orchestral": 0.9}
_ROOM = {"pop": 0.25, "rock": 0.55, "orchestral": 0.1}
_ROOM_MIC = ("Drum Room", "drums")
_KIT = ("kick", "snare", "hat", "tom", "cymbal")
_FIRST = (
    "amber",
    "paper",
    "silver",
    "slow",
    "blue",
    "broken",
    "quiet",
    "neon",
    "hollow",
    "golden",
    "northern",
    "velvet",
)
_SECOND = (
    "river",
    "houses",
    "engine",
    "morning",
    "static",
    "letters",
    "harbour",
    "garden",
    "signal",
    "winter",
    "mirrors",
)


@dataclass(frozen=True, eq=False)
class Track:
    """One dry track as it was recorded.

    Shape: audio (1 or 2, samples), float32, within ±1.
    """

    name: str
    role: str
    audio: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Song:
    """A multitrack song.

    Args:
        name: two words; not unique.
        seed: what it was made from.
        genre: one of `GENRES`.
        tempo_bpm: quarter notes a minute.
        key: as in "A minor".
        swing: share of a pair of notes that the first one takes, .5 straight … .667 triplets.
        sections: names and where they start, in seconds.
        sample_rate: in Hz.
        tracks: 6 to 14 of equal length, at the uneven levels at which they were recorded.
    """

    name: str
    seed: int
    genre: str
    tempo_bpm: float
    key: str
    swing: float
    sections: tuple[tuple[str, float], ...]
    sample_rate: int
    tracks: tuple[Track, ...]

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.tracks[0].audio.shape[1] / self.sample_rate)


def play_song(
    seed: int, *, seconds: float = 20.0, sample_rate: int = 44100, genre: str | None = None
) -> Song:
    """Compose, play and record a song; the same seed gives the same bits in any process and order.

    Genre, tempo, key, form, instruments, their sound, the playing and the recording are all drawn from the
    seed, widely: two basses share a role and little else, so that who mixes them must listen.

    Args:
        seed: any whole number from 0.
        seconds: length, at least 4; short songs are verse and chorus, long ones have intro, bridge and outro.
        sample_rate: in Hz, 16 kHz or more.
        genre: one of `GENRES`; drawn when not given.

    Raises:
        ValueError: an argument outside its range.
    """
    _check(seed, seconds, sample_rate, genre)
    plan = plan_song(seed, seconds=seconds, genre=genre)
    band = stream(seed, "band")
    is_live, has_room = happens(band, _LIVE[plan.genre]), happens(band, _ROOM.get(plan.genre, 0.0))
    seats = cast(plan.genre, band, most=MAX_TRACKS - has_room)
    is_stereo = _choose_stereo(seed, [(seat.name, seat.role) for seat in seats] + [_ROOM_MIC] * has_room)
    played = _rehearse(plan, seats, is_stereo, sample_rate)
    machines = {seat.name for seat in seats if seat.machine}
    tracks = _record(seed, played, is_stereo, machines, sample_rate, is_live=is_live)
    starts = tuple((s.name, s.first_bar * plan.beats_per_bar * 60.0 / plan.tempo_bpm) for s in plan.sections)
    title, key = _title(seed), plan.key.name
    return Song(title, seed, plan.genre, plan.tempo_bpm, key, plan.swing, starts, sample_rate, tracks)


def describe(
    seed: int, *, seconds: float = 20.0, sample_rate: int = 44100, genre: str | None = None
) -> tuple[str, str]:
    """Name and genre of the song that `play_song` would play, without playing it."""
    _check(seed, seconds, sample_rate, genre)
    return _title(seed), plan_song(seed, seconds=seconds, genre=genre).genre


def _check(seed: int, seconds: float, sample_rate: int, genre: str | None) -> None:
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    if not seconds >= MIN_SECONDS:
        raise ValueError(
            f"a song needs at least {MIN_SECONDS:g} seconds for a verse and a chorus, got {seconds}"
        )
    if sample_rate < 16000:
        raise ValueError(f"sample_rate must be at least 16000 Hz for cymbals and voices, got {sample_rate}")
    if genre is not None and genre not in GENRES:
        raise ValueError(f"no genre {genre!r}; choose one of {', '.join(GENRES)}")


def _rehearse(
    plan: Plan, seats: Sequence[Seat], is_stereo: Mapping[str, bool], sample_rate: int
) -> dict[tuple[str, str], Sound]:
    """All parts as they sound in front of the instrument, by (name, role)."""
    played = {
        (seat.name, seat.role): _play(plan, seat, sample_rate, stereo=is_stereo[seat.name]) for seat in seats
    }
    if _ROOM_MIC[0] in is_stereo:
        drums = [audio.mean(axis=0, dtype=np.float64) for (_, role), audio in played.items() if role in _KIT]
        heard = loops.hear_room(np.sum(drums, axis=0), stream(plan.seed, "room"), sample_rate)
        played[_ROOM_MIC] = _finished(heard, stereo=is_stereo[_ROOM_MIC[0]])
    return played


def _play(plan: Plan, seat: Seat, sample_rate: int, *, stereo: bool) -> Sound:
    """One part, written, performed and sounded."""
    part = seat.part or seat.name
    playing = sections_of(seat, plan, stream(plan.seed, part, "entries"))
    written = seat.write(plan, playing, stream(plan.seed, part, "notes"))
    notes = perform(plan, written, stream(plan.seed, seat.name, "hands"), machine=seat.machine)
    num_samples = round(plan.seconds * sample_rate)
    audio = seat.play(notes, stream(plan.seed, seat.name, "sound"), sample_rate, num_samples)
    return _finished(audio, stereo=stereo)


def _finished(audio: Array, *, stereo: bool) -> Sound:
    """Peak 1, in one channel where the file will have one."""
    kept = audio if stereo else audio.mean(axis=0, keepdims=True)
    return (kept / peak(kept)).astype(np.float32)


def _choose_stereo(seed: int, names: Sequence[tuple[str, str]]) -> dict[str, bool]:
    """Draw mono or stereo for each track; every song has some of both."""
    rng = stream(seed, "channels")
    chosen = {name: recording.draws_stereo(role, rng) for name, role in names}
    if all(chosen.values()):
        chosen["Kick" if "Kick" in chosen else names[0][0]] = False
    if not any(chosen.values()):
        chosen[names[-1][0]] = True
    return chosen


def _record(
    seed: int,
    played: dict[tuple[str, str], Sound],
    is_stereo: Mapping[str, bool],
    machines: Container[str],
    sample_rate: int,
    *,
    is_live: bool,
) -> tuple[Track, ...]:
    """Every part through its microphone or cable; in a live room microphones hear the others too."""
    tracks = []
    for name, role in tuple(played):
        rng, machine = stream(seed, name, "recording"), name in machines
        # Where nobody else will hear it, a part is let go once it is recorded: half the memory.
        dry = played[name, role] if is_live else played.pop((name, role))
        audio = recording.colour(dry.astype(np.float64), rng, sample_rate)
        audio /= peak(audio)
        if is_live and not machine:
            others = [(other, sound) for (title, other), sound in played.items() if title != name]
            audio = recording.bleed(audio, role, others, rng, sample_rate)
        audio = recording.place(audio, role, rng, sample_rate, stereo=is_stereo[name])
        audio = recording.add_noise(audio, role, rng, sample_rate, machine=machine)
        tracks.append(Track(name, role, recording.set_level(audio, rng, sample_rate).astype(np.float32)))
    return tuple(tracks)


def _title(seed: int) -> str:
    rng = stream(seed, "title")
    return f"{_FIRST[int(rng.integers(len(_FIRST)))]} {_SECOND[int(rng.integers(len(_SECOND)))]}"

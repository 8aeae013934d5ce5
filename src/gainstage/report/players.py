"""Players: audio inside the page, brought to one loudness, cut to what a page can hold, and saying so."""

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat

from gainstage.report import excerpts, words
from gainstage.report.blocks import Players, Voice
from gainstage.report.encoding import Codec, codec, encode
from gainstage.report.excerpts import Region
from gainstage.report.measured import Clip

PAGE_BYTES = 24_000_000
"""What all players of a page may weigh together, as `data:` addresses."""

SONG_S, EXCERPT_S, LEAST_S = 360.0, 45.0, 5.0
"""The longest song played whole, the longest excerpt of a track, the shortest that is worth hearing."""

LOUDNESS_LUFS = -18.0
"""What takes are brought to, if their peaks allow it."""

_SONGS_SHARE = 0.6
_CEILING_DB = -1.0
_OVERHEAD_BYTES = 4_000  # a file's header and its last, padded frame
_NOTHING = Region(0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Take:
    """One thing to listen to.

    Args:
        label: how a button calls it.
        clip: the audio.
        loudness_lufs: as it is in the file; −inf is silence, None not known (then it stays as it is).
    """

    label: str
    clip: Clip
    loudness_lufs: float | None = None


@dataclass(frozen=True, eq=False)
class TakeSet:
    """Takes of the same thing, to be compared at the same moment and the same loudness.

    Args:
        title: what they are takes of.
        takes: one or more. All clips start at the same moment of the song, wherever that lies in their files.
            The first decides which passage is heard where there is no room for all.
        is_song: played whole if it can be; else an excerpt is enough.
    """

    title: str
    takes: tuple[Take, ...]
    is_song: bool = False


@dataclass(frozen=True, eq=False)
class _Source:
    """A take: all of it, the part that is played and its largest sample; or why it cannot be heard."""

    take: Take
    whole: Region
    channels: int = 1
    part: Region = _NOTHING
    peak: float = 0.0
    problem: str = ""

    @property
    def room_db(self) -> float:
        """How far it can be turned up."""
        return _CEILING_DB - 20 * math.log10(self.peak)


def make_players(sets: Sequence[TakeSet], *, page_bytes: int = PAGE_BYTES) -> list[Players]:
    """Players for all of a page, one a set.

    Songs are played whole up to six minutes, tracks while the page has room for them, else as excerpts of at
    most 45 s around the loudest passage; what was cut or left out stands under the player. Takes of one set
    are brought to the same loudness: −18 LUFS, or what the one with the highest peaks allows. A file that
    cannot be read becomes a sentence instead of a player: a report must not cost a mix.

    Args:
        sets: what to play.
        page_bytes: what all players may weigh together.
    """
    how = codec()
    sources = [[_open(take) for take in takes.takes] for takes in sets]
    seconds = _plan(sources, [takes.is_song for takes in sets], page_bytes, how)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(_make, sets, sources, seconds, repeat(how)))


def _open(take: Take) -> _Source:
    try:
        whole, channels = excerpts.describe(take.clip)
    except (ValueError, OSError) as error:
        return _Source(take, _NOTHING, problem=_cannot(error))
    if whole.seconds <= 0.0:
        return _Source(take, whole, problem="holds no audio")
    if take.loudness_lufs == -math.inf:
        return _Source(take, whole, problem="silent")
    return _Source(take, whole, channels)


def _cannot(error: Exception) -> str:
    return f"cannot be played: {words.printable(str(error))}"


def _plan(sources: list[list[_Source]], is_song: list[bool], page_bytes: int, how: Codec) -> list[float]:
    """How many seconds of each set fit into the page; 0 leaves it out."""
    budget = page_bytes * 3 / 4 - _OVERHEAD_BYTES * sum(len(s) for s in sources)
    per_s = [sum(how.bytes_per_s[s.channels - 1] for s in takes if not s.problem) for takes in sources]
    whole = [max((s.whole.seconds for s in takes), default=0.0) for takes in sources]
    songs = [k for k, song in enumerate(is_song) if song]
    tracks = [k for k, song in enumerate(is_song) if not song]
    seconds = [0.0] * len(sources)
    share = _SONGS_SHARE if tracks else 1.0
    longest = share * budget / max(sum(per_s[k] for k in songs), 1)
    for k in songs:
        seconds[k] = min(whole[k], SONG_S, longest)
    budget -= sum(per_s[k] * seconds[k] for k in songs)
    if sum(per_s[k] * whole[k] for k in tracks) <= budget:
        longest = math.inf
    else:
        longest = min(EXCERPT_S, budget / max(sum(per_s[k] for k in tracks), 1))
    for k in tracks:
        seconds[k] = min(whole[k], max(longest, LEAST_S))
        if per_s[k] * seconds[k] > budget:
            seconds[k] = 0.0
        budget -= per_s[k] * seconds[k]
    return seconds


def _make(takes: TakeSet, sources: list[_Source], seconds: float, how: Codec) -> Players:
    playable = [s for s in sources if not s.problem]
    if not playable or seconds <= 0.0:
        reason = "left out: the page has no room for it"
        return Players(takes.title, tuple(Voice(s.take.label, "", s.problem or reason) for s in sources), "")
    try:
        region = excerpts.excerpt(playable[0].take.clip, playable[0].whole, seconds)
    except ValueError as error:
        return Players(takes.title, tuple(Voice(s.take.label, "", _cannot(error)) for s in sources), "")
    offset_s = region.start_s - playable[0].whole.start_s
    measured = [_with_part(source, offset_s, region) for source in sources]
    target_lufs, gains_db = _match(measured)
    quietest_db = min((g for s, g in zip(measured, gains_db, strict=True) if not s.problem), default=0.0)
    voices = tuple(
        _voice(source, gain_db, quietest_db, how) for source, gain_db in zip(measured, gains_db, strict=True)
    )
    return Players(takes.title, voices, _note(region, target_lufs, how))


def _with_part(source: _Source, offset_s: float, region: Region) -> _Source:
    """A source cut to the same moment as the region, as far as it goes, and its peak there."""
    if source.problem:
        return source
    start_s = min(source.whole.start_s + offset_s, source.whole.end_s)
    part = Region(start_s, min(start_s + region.seconds, source.whole.end_s), region.is_cut)
    try:
        peak, channels = excerpts.survey(source.take.clip, part)
    except ValueError as error:
        return replace(source, problem=_cannot(error))
    problem = "" if peak > 0.0 else "silent here"
    return replace(source, part=part, channels=channels, peak=peak, problem=problem)


def _match(sources: list[_Source]) -> tuple[float | None, list[float]]:
    """Gains in dB that bring takes to one loudness and no peak past the ceiling.

    Returns:
        The loudness reached (None where none is known), and a gain for each source.
    """
    heard = [s for s in sources if not s.problem]
    highest = [s.take.loudness_lufs + s.room_db for s in heard if s.take.loudness_lufs is not None]
    target_lufs = min(LOUDNESS_LUFS, *highest) if highest else None
    return target_lufs, [_gain_db(source, target_lufs) for source in sources]


def _gain_db(source: _Source, target_lufs: float | None) -> float:
    if source.problem:
        return 0.0
    if target_lufs is None or source.take.loudness_lufs is None:
        return min(0.0, source.room_db)
    return target_lufs - source.take.loudness_lufs


def _voice(source: _Source, gain_db: float, quietest_db: float, how: Codec) -> Voice:
    label = source.take.label
    if source.problem:
        return Voice(label, "", source.problem)
    gain, channels = 10 ** (gain_db / 20), source.channels
    blocks, rate = excerpts.playable_blocks(source.take.clip, source.part, gain=gain, channels=channels)
    address = encode(blocks, sample_rate=rate, channels=channels, how=how)
    # The takes' own levels against each other: gains taken back, then all turned down alike to stay below 1.
    return Voice(label, address, words.gain(gain_db), volume=10 ** ((quietest_db - gain_db) / 20))


def _note(region: Region, loudness_lufs: float | None, how: Codec) -> str:
    parts = []
    if region.is_cut:
        parts.append(f"Excerpt {words.position(region.start_s)} – {words.position(region.end_s)}.")
    if loudness_lufs is not None:
        parts.append(f"Played at {words.loudness(loudness_lufs)}.")
    parts.append(f"{how.name}.")
    return " ".join(parts)

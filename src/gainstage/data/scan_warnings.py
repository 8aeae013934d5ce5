"""What a person should know about the stems of a song before a mix is made of them."""

from collections.abc import Sequence

from gainstage.data.audio_file import AudioInfo
from gainstage.data.hearing import Heard, Listener
from gainstage.data.manifest import Track

SILENCE = 2.0**-15
"""A track whose samples all stay below this (one step of 16 bits) is silent."""

_OFFSET = 0.1  # of full scale; less is common and does no harm
_ONE_SHOT = 0.01  # of the song's length


def warn_of_sound(info: AudioInfo, heard: Heard[Listener]) -> list[str]:
    """Warnings about one file: cut short, empty, silent, with direct current."""
    name, rate = info.path.name, info.sample_rate
    warnings = []
    if heard.num_samples < info.promised_samples:
        promised, there = info.promised_samples / rate, heard.num_samples / rate
        warnings.append(
            f"{name} is cut short or damaged: {there:.1f} s of {promised:.1f} s are there and used"
        )
    if heard.num_samples == 0:
        warnings.append(f"{name} has no samples; it is kept as a silent track")
    elif heard.peak_amplitude < SILENCE:
        warnings.append(f"{name} is silent from beginning to end; it is kept as a silent track")
    elif heard.offset > _OFFSET:
        warnings.append(
            f"{name} has a constant offset of {heard.offset:.2f} of full scale; a high-pass removes it"
        )
    return warnings


def warn_of_song(tracks: Sequence[Track], sample_rate: int) -> list[str]:
    """Warnings about the tracks of a song beside one another: rates, lengths, copies."""
    return [*_rates(tracks, sample_rate), *_lengths(tracks), *_copies(tracks)]


def _rates(tracks: Sequence[Track], sample_rate: int) -> list[str]:
    return [
        f"{', '.join(track.name for track in tracks if track.sample_rate == rate)}: "
        f"resampled from {rate} to {sample_rate} Hz"
        for rate in sorted({track.sample_rate for track in tracks} - {sample_rate})
    ]


def _lengths(tracks: Sequence[Track]) -> list[str]:
    longest = max(track.seconds for track in tracks)
    return [
        f"{track.name} lasts {track.seconds:.1f} s of {longest:.1f} s; it plays once, at the beginning"
        for track in tracks
        if 0 < track.seconds < _ONE_SHOT * longest
    ]


def _copies(tracks: Sequence[Track]) -> list[str]:
    by_content: dict[str, list[str]] = {}
    for track in tracks:
        if track.peak_amplitude >= SILENCE:
            by_content.setdefault(track.content_hash, []).append(track.name)
    return [
        f"{', '.join(names)} hold the same audio; all of them are kept"
        for names in by_content.values()
        if len(names) > 1
    ]

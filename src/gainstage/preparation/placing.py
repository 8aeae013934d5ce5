"""Dry tracks brought to where their mix holds them.

The tracks of a session lie right against each other, but the mix that was bounced of them begins elsewhere,
and its clock may be another. So all tracks together are found in the mix first, and share that delay and
drift: what a microphone hears later because it stands further away stays as it is. A track that lies
elsewhere by more than that could be is moved by its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gainstage.data.audio_file import Block
from gainstage.data.sources.listing import Fault, note
from gainstage.data.wav_file import float_samples
from gainstage.dsp.alignment import Alignment, Read, find_alignment
from gainstage.dsp.realign import realigned
from gainstage.preparation.inspection import Inspected, rewritten

_SURE, _VERY_SURE = 0.99, 0.9999
_OWN_SECONDS = 0.02  # further apart than microphones in a room
_LOOK_SECONDS = 0.5  # for a track that lies elsewhere
_SONG_SECONDS = (0.5, 10.0)  # for all tracks together; the nearest place comes first
_AS_ALIKE = 0.9
_STILL_SAMPLES, _STILL_PPM = 1.0, 0.5  # below that nothing is moved


@dataclass(frozen=True)
class Placed:
    """Tracks at their places.

    Args:
        tracks: in the order that was given.
        alignments: how each was moved; None = not at all.
        faults: what a person should know.
    """

    tracks: tuple[Inspected, ...]
    alignments: tuple[Alignment | None, ...]
    faults: tuple[Fault, ...]


def place(
    tracks: Sequence[Inspected], mix: Inspected, files: Sequence[str], mix_file: str, work: Path
) -> Placed:
    """Find tracks in their mix and move them there.

    Args:
        tracks: float files at the mix's rate.
        mix: a float file.
        files: what the tracks are called in sentences.
        mix_file: what the mix is called.
        work: folder for the files that are moved.
    """
    rate, heard = mix.sample_rate, _mono(mix)
    length = max(track.num_samples for track in tracks)
    together = _best(_sum(tracks), heard, length, rate)
    if together.confidence < _SURE:
        cause = "cannot be aligned with its tracks: they are not found in it; nothing was moved"
        return Placed(tuple(tracks), (None,) * len(tracks), (note(mix_file, cause, kind="alignment"),))
    faults: list[Fault] = []
    moved: list[Inspected] = []
    alignments: list[Alignment | None] = []
    for number, (track, file) in enumerate(zip(tracks, files, strict=True)):
        chosen = _chosen(together, track, heard, rate, file, faults)
        if _is_still(chosen, track.num_samples):
            moved.append(track)
            alignments.append(None)
        else:
            moved.append(rewritten(track, _moved(track, chosen), rate, work / f"placed-{number:03d}.wav"))
            alignments.append(chosen)
    return Placed(tuple(moved), tuple(alignments), tuple(faults))


def _best(tracks: Read, mix: Read, length: int, rate: int) -> Alignment:
    """The nearest of the sure places that is as much alike as any: loops fit a bar later as well."""
    found = [
        find_alignment(tracks, mix, num_samples=length, sample_rate=rate, most_seconds=seconds)
        for seconds in _SONG_SECONDS
    ]
    sure = [place for place in found if place.confidence >= _SURE]
    most = max((place.likeness for place in sure), default=0.0)
    return next((place for place in sure if place.likeness >= _AS_ALIKE * most), Alignment())


def _chosen(
    together: Alignment, track: Inspected, mix: Read, rate: int, file: str, faults: list[Fault]
) -> Alignment:
    """The song's alignment, or the track's own where it is not found there but surely elsewhere.

    That it is not found with the others is asked first, for music repeats itself: a loop is found a beat
    later as well.
    """

    def seek(seconds: float) -> Alignment:
        mono, length = _mono(track), track.num_samples
        return find_alignment(
            mono, mix, num_samples=length, sample_rate=rate, most_seconds=seconds, near=together
        )

    own = seek(_OWN_SECONDS)
    if own.confidence < _SURE:
        own = seek(_LOOK_SECONDS)
    if own.confidence < _VERY_SURE:
        return together
    if own.is_inverted:
        faults.append(note(file, "is in the mix with the other polarity", kind="polarity"))
    middle = track.num_samples / 2
    apart = (own.position(middle) - together.position(middle)) / rate
    if abs(apart) <= _OWN_SECONDS:
        return together
    cause = f"lies {1000 * apart:+.1f} ms from the other tracks in the mix; it was moved there"
    faults.append(note(file, cause, kind="alignment"))
    return replace(own, drift_ppm=together.drift_ppm, delay_samples=_through(own, together, middle))


def _through(own: Alignment, together: Alignment, sample: float) -> float:
    """The delay of a line with the song's drift that agrees with the track's own in its middle."""
    return own.position(sample) - replace(together, delay_samples=0.0).position(sample)


def _is_still(alignment: Alignment, num_samples: int) -> bool:
    drift = 1e-6 * abs(alignment.drift_ppm) * num_samples
    return abs(alignment.delay_samples) < _STILL_SAMPLES and (
        drift < _STILL_SAMPLES or abs(alignment.drift_ppm) < _STILL_PPM
    )


def _moved(track: Inspected, alignment: Alignment) -> Iterator[Block]:
    rows = [
        realigned(_channel(track, channel), track.num_samples, alignment) for channel in range(track.channels)
    ]
    for blocks in zip(*rows, strict=True):
        yield np.stack(blocks)


def _channel(track: Inspected, channel: int) -> Read:
    def read(start: int, length: int) -> NDArray[np.floating]:
        samples: NDArray[np.float32] = float_samples(track.path, start, length, channels=track.channels)[
            channel
        ]
        return samples

    return read


def _mono(track: Inspected) -> Read:
    def read(start: int, length: int) -> NDArray[np.floating]:
        rows = float_samples(track.path, start, length, channels=track.channels)
        return np.asarray(rows[0] if len(rows) == 1 else np.float32(0.5) * (rows[0] + rows[1]))

    return read


def _sum(tracks: Sequence[Inspected]) -> Read:
    """All tracks at the same loudness: in a mix they are nearer to that than as they were recorded."""
    gains = [
        10.0 ** (-track.staging_lufs / 20.0) if track.staging_lufs is not None else 0.0 for track in tracks
    ]
    parts = [_mono(track) for track in tracks]

    def read(start: int, length: int) -> NDArray[np.floating]:
        total = np.zeros(length)
        for gain, part in zip(gains, parts, strict=True):
            if gain:
                total += gain * part(start, length)
        return total

    return read

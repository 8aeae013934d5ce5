"""What is wrong, or only odd, with the files of a song: a sentence each, with its kind."""

from collections.abc import Iterator, Mapping, Sequence

from gainstage.data.scan_warnings import SILENCE
from gainstage.data.sources.listing import Fault, note
from gainstage.preparation.inspection import Inspected
from gainstage.preparation.roles import KnownRole

_CUT_SECONDS = 0.05
_OFFSET = 0.01  # of full scale: −40 dBFS
_OPPOSITE = -0.9
_NEARLY_MONO_DB = -60.0
_ONE_SIDED_DB = -60.0
_LENGTH_SECONDS = 0.1


def cut_short(found: Inspected) -> str | None:
    """Why a file is damaged although it can be read; None if it is whole."""
    rate = found.info.sample_rate
    if not found.num_samples:
        return "has no samples"
    missing = (found.info.promised_samples - found.num_samples) / rate
    if missing <= _CUT_SECONDS:
        return None
    promised, there = found.info.promised_samples / rate, found.num_samples / rate
    return f"is cut short or damaged: {there:.1f} s of {promised:.1f} s can be decoded"


def oddities(file: str, found: Inspected) -> Iterator[Fault]:
    """What a person should know of a file that is used all the same."""
    if found.peak_amplitude < SILENCE:
        yield note(file, "is silent from beginning to end", kind="silent")
        return
    if found.clipped:
        places = f"{found.clipped} place{'' if found.clipped == 1 else 's'}"
        yield note(file, f"is clipped in {places}", kind="clipped")
    if found.offset > _OFFSET:
        cause = f"has a constant offset of {found.offset:.3f} of full scale"
        yield note(file, cause, kind="direct current")
    if found.info.channels == 2 and found.channels == 1:
        yield note(file, "holds the same in both channels; kept as mono", kind="mono in stereo")
    elif found.channels == 2 and found.weaker_db < _ONE_SIDED_DB:
        yield note(file, "has one silent channel", kind="mono in stereo")
    elif found.channels == 2 and found.correlation < _OPPOSITE:
        cause = f"has channels of opposite polarity (correlation {found.correlation:.2f})"
        yield note(file, cause, kind="polarity")
    elif found.channels == 2 and found.side_db < _NEARLY_MONO_DB:
        cause = f"is nearly mono (side {found.side_db:.0f} dB under the middle)"
        yield note(file, cause, kind="mono in stereo")


def of_lengths(lengths: Mapping[str, Inspected]) -> Iterator[Fault]:
    """Files that are not as long as most of a song, where the set promises that all are."""
    seconds = {file: found.num_samples / found.sample_rate for file, found in lengths.items()}
    if not seconds:
        return
    usual = sorted(seconds.values())[len(seconds) // 2]
    for file, length in seconds.items():
        if abs(length - usual) > _LENGTH_SECONDS:
            cause = f"lasts {length:.2f} s, most files of the song {usual:.2f} s"
            yield note(file, cause, kind="length")


def copies(tracks: Sequence[tuple[str, Inspected]]) -> dict[str, str]:
    """File → the file of the same song that holds the same audio and comes before it."""
    first: dict[str, str] = {}
    found = {}
    for file, inspected in tracks:
        if inspected.peak_amplitude >= SILENCE:
            earlier = first.setdefault(inspected.content_hash, file)
            if earlier != file:
                found[file] = earlier
    return found


def of_names(roles: Mapping[str, KnownRole]) -> Iterator[Fault]:
    """Files whose names say nothing, and what they sound like."""
    for file, known in roles.items():
        if known.says_nothing:
            sounds = (
                f"sounds like {known.role} ({known.confidence:.0%} sure)"
                if known.confidence
                else "is `other`"
            )
            yield note(file, f"has a name that says nothing; it {sounds}", kind="name")

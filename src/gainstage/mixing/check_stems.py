"""Whether the stems in a folder are those that a session was made of."""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from gainstage.console.session import Session, TrackSettings
from gainstage.console.session_check import Finding
from gainstage.data.audio_error import AudioFileError
from gainstage.data.audio_file import AudioInfo, probe
from gainstage.data.hearing import hear
from gainstage.data.stem_files import audio_files
from gainstage.dsp.resampling import resampled_length
from gainstage.mixing.render import other_recording


def check_stems(session: Session, stems: Path) -> list[Finding]:
    """What a render of a session from a folder would stumble over or do otherwise.

    Every stem is read once, to compare what it holds with what was mixed.

    Args:
        session: the session.
        stems: the folder of its stems.

    Returns:
        Errors, without whose cure it cannot be rendered, and warnings.
    """
    if not stems.is_dir():
        return [
            Finding(True, f"{stems} is not a folder; give the folder of the stems that the session names")
        ]
    found: list[Finding] = []
    lengths = [0]
    for track in session.tracks:
        info = _found(track, stems)
        if isinstance(info, str):
            found.append(Finding(True, f"{track.name}: {info}"))
            continue
        lengths.append(
            resampled_length(info.num_samples, from_rate=info.sample_rate, to_rate=session.sample_rate)
        )
        found += _changed(session, track, info)
    if not any(finding.is_error for finding in found) and max(lengths) != session.num_samples:
        found.append(Finding(False, _of_length(max(lengths), session)))
    known = {track.file for track in session.tracks}
    extra = sorted(name for p in audio_files(stems) if (name := p.relative_to(stems).as_posix()) not in known)
    return found + [Finding(False, f"{name} is no track of the session: it is left out") for name in extra]


def _found(track: TrackSettings, stems: Path) -> AudioInfo | str:
    """The header of a track's stem, or why it cannot be used."""
    path = stems / track.file
    if not path.resolve().is_relative_to(stems.resolve()):
        return f"'{track.file}' lies outside the folder of the stems"
    if not path.is_file():
        return f"the stem '{track.file}' is not in {stems}"
    try:
        info = probe(path)
    except AudioFileError as error:
        return str(error)
    if track.channels > info.channels:
        return f"'{track.file}' is mono, the session expects a stereo file"
    return info


def _changed(session: Session, track: TrackSettings, info: AudioInfo) -> Iterator[Finding]:
    if info.sample_rate != session.sample_rate:
        rates = f"has {info.sample_rate} Hz and is resampled to {session.sample_rate}"
        yield Finding(False, f"{track.name}: '{track.file}' {rates}")
    try:
        heard = hear(info, sample_rate=info.sample_rate, listen=_Deaf)
    except AudioFileError as error:
        yield Finding(True, f"{track.name}: {error}")
        return
    if track.content_hash and heard.content_hash != track.content_hash:
        yield Finding(False, other_recording(track))


def _of_length(samples: int, session: Session) -> str:
    seconds, mixed = samples / session.sample_rate, session.num_samples / session.sample_rate
    ends = "the rest is cut off" if samples > session.num_samples else "silence follows"
    return f"the longest stem has {seconds:.2f} s, the session {mixed:.2f} s: {ends}"


class _Deaf:
    def __init__(self, channels: int, sample_rate: int) -> None:
        del channels, sample_rate

    def hear(self, block: Tensor) -> None:
        del block

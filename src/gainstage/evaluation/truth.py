"""The session behind a mix as a decision that can be held against others."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from gainstage.console.session import Session, StripSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.data.manifest import Track
from gainstage.engineer.decision import MixDecision, StripDecision


def arranged(session: Session, tracks: Sequence[Track]) -> Session:
    """The session with its tracks in another order: found by their content, else by their file.

    Raises:
        ValueError: the session and the song do not have the same tracks.
    """
    left = list(session.tracks)
    found = []
    for track in tracks:
        by_hash = [s for s in left if track.content_hash and s.content_hash == track.content_hash]
        by_file = [s for s in left if PurePosixPath(s.file).name == PurePosixPath(track.file).name]
        both = [s for s in by_hash if s in by_file]
        if not (both or by_hash or by_file):
            raise ValueError(f"its session has no track for '{track.file}'; it belongs to other stems")
        found.append((both or by_hash or by_file)[0])
        left.remove(found[-1])
    if left:
        raise ValueError(f"its session mixes '{left[0].file}', which is no track of the song")
    return session.model_copy(update={"tracks": found})


def truth_of(session: Session, spec: ConsoleSpec, moved_db: Sequence[float]) -> MixDecision | None:
    """The decision that makes the session's mix of the moved tracks: each trim undoes its track's move.

    Args:
        session: its tracks in the order of `moved_db`.
        spec: the console of the systems under test.
        moved_db: what each track was moved by.

    Returns:
        None where no decision can say it: another console, curves or mutes.
    """
    strips = [strip for _, _, strip in session.strips()]
    says_more = any(strip.mute or any(p.curves for p in strip.processors.values()) for strip in strips)
    if session.console != spec or says_more or spec.group_names:
        return None
    tracks = tuple(
        _unmoved(_decision(strip), gain_db) for strip, gain_db in zip(session.tracks, moved_db, strict=True)
    )
    returns = {strip.name: _decision(strip) for strip in session.returns}
    return MixDecision("truth", tracks, returns, _decision(session.master))


def _decision(strip: StripSettings) -> StripDecision:
    values = {name: dict(part.values) for name, part in strip.processors.items() if part.values}
    return StripDecision(values, bypass=tuple(n for n, part in strip.processors.items() if part.bypass))


def _unmoved(strip: StripDecision, moved_db: float) -> StripDecision:
    trimmed_db = 0.0 if "trim" in strip.bypass else strip.values.get("trim", {}).get("gain_db", 0.0)
    values = {**strip.values, "trim": {"gain_db": trimmed_db - moved_db}}
    return StripDecision(values, bypass=tuple(name for name in strip.bypass if name != "trim"))

"""The session behind a mix as a decision that can be held against others."""

from collections.abc import Sequence
from pathlib import Path

from gainstage.console.session import Session, StripSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.data.manifest import Song
from gainstage.engineer.decision import MixDecision, StripDecision

_FADER_OFF_DB = -60.0


def is_known(song: Song, spec: ConsoleSpec, *, root: Path = Path()) -> bool:
    """Whether the settings behind a song's mix are known, as a decision on a console."""
    if not song.session:
        return False
    session = Session.load(root / song.folder / song.session)
    return truth_of(session, spec, [0.0] * len(session.tracks)) is not None


def truth_of(session: Session, spec: ConsoleSpec, moved_db: Sequence[float]) -> MixDecision | None:
    """The decision that makes the session's mix of the moved tracks: each trim undoes its track's move.

    Args:
        session: its tracks in the order of `moved_db`.
        spec: the console of the systems under test.
        moved_db: what each track was moved by.

    Returns:
        None where no decision can say it: another console, groups, curves, or mutes but of tracks.
    """
    strips = [strip for _, _, strip in session.strips()]
    buses = [*session.groups, *session.returns, session.master]
    moves = any(part.curves for strip in strips for part in strip.processors.values())
    if moves or any(strip.mute for strip in buses) or spec.group_names or not _is_same(session.console, spec):
        return None
    tracks = tuple(
        _unmoved(_decision(strip), gain_db) for strip, gain_db in zip(session.tracks, moved_db, strict=True)
    )
    returns = {strip.name: _decision(strip) for strip in session.returns}
    return MixDecision("truth", tracks, returns, _decision(session.master))


def _is_same(one: ConsoleSpec, other: ConsoleSpec) -> bool:
    """Whether settings mean the same on both; what a network drives does not matter."""
    return one.model_dump(exclude={"not_driven"}) == other.model_dump(exclude={"not_driven"})


def _decision(strip: StripSettings) -> StripDecision:
    """A strip's settings; a muted track has its fader off, which silences its sends too."""
    values = {name: dict(part.values) for name, part in strip.processors.items() if part.values}
    bypass = tuple(name for name, part in strip.processors.items() if part.bypass)
    if strip.mute:
        values["fader"] = {"gain_db": _FADER_OFF_DB}
        bypass = tuple(name for name in bypass if name != "fader")
    return StripDecision(values, bypass=bypass)


def _unmoved(strip: StripDecision, moved_db: float) -> StripDecision:
    trimmed_db = 0.0 if "trim" in strip.bypass else strip.values.get("trim", {}).get("gain_db", 0.0)
    values = {**strip.values, "trim": {"gain_db": trimmed_db - moved_db}}
    return StripDecision(values, bypass=tuple(name for name in strip.bypass if name != "trim"))

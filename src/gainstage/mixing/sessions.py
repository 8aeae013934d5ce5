"""Decisions as a session: the document that is rendered, edited and kept."""

from importlib.metadata import version

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.mixing.hear import HeardSong
from gainstage.roles import group_of


def session_from_decision(heard: HeardSong, decision: MixDecision, spec: ConsoleSpec) -> Session:
    """What an engineer decided, as a session of one console; it ends with the last stem.

    Args:
        heard: the song.
        decision: one strip a track, in the song's order.
        spec: the console; what is decided for processors that it does not have is left out.
    """
    console = Console(spec)
    tracks = [
        TrackSettings(
            name=track.name,
            file=track.file,
            role=track.role,
            channels=track.channels,
            content_hash=track.content_hash,
            group=group_of(track.role) if group_of(track.role) in spec.group_names else None,
            processors=_processors(strip, console, "tracks"),
        )
        for track, strip in zip(heard.song.tracks, decision.tracks, strict=True)
    ]
    nothing = StripDecision({})
    return Session(
        name=heard.song.name,
        sample_rate=heard.song.sample_rate,
        num_samples=heard.num_samples,
        console=spec,
        tracks=tracks,
        groups=[
            StripSettings(
                name=name, processors=_processors(decision.groups.get(name, nothing), console, "groups")
            )
            for name in spec.group_names
        ],
        returns=[
            StripSettings(
                name=name, processors=_processors(decision.returns.get(name, nothing), console, "returns")
            )
            for name in spec.return_names
        ],
        master=StripSettings(name="master", processors=_processors(decision.master, console, "master")),
        seeds=dict(decision.seeds),
        provenance={"engineer": decision.engineer, "gainstage": version("gainstage")},
    )


def with_tail(session: Session) -> Session:
    """The session with room for its returns to ring out behind the last stem."""
    console = Console(session.console)
    seconds = console.tail_seconds(session_parameters(session, console))
    return session.model_copy(update={"tail_samples": round(seconds * session.sample_rate)})


def _processors(strip: StripDecision, console: Console, section: str) -> dict[str, ProcessorSettings]:
    known = console.layout[section].processors
    names = [name for name in (*strip.values, *strip.bypass) if name in known]
    return {
        name: ProcessorSettings(bypass=name in strip.bypass, values=dict(strip.values.get(name, {})))
        for name in dict.fromkeys(names)
    }

"""Decisions as a session: the document that is rendered, edited and kept."""

from importlib.metadata import version

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import ConsoleSpec
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.mixing.hear import HeardSong
from gainstage.roles import group_of


def session_from_decision(
    heard: HeardSong, decision: MixDecision, spec: ConsoleSpec, *, tail: bool
) -> Session:
    """What an engineer decided, as a session of one console.

    Args:
        heard: the song.
        decision: one strip a track, in the song's order.
        spec: the console; what is decided for processors that it does not have is left out.
        tail: leave room for returns to ring out.
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
    session = Session(
        name=heard.song.name,
        sample_rate=heard.song.sample_rate,
        num_samples=heard.num_samples,
        console=spec,
        tracks=tracks,
        groups=[StripSettings(name=name) for name in spec.group_names],
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
    if not tail:
        return session
    seconds = console.tail_seconds(session_parameters(session, console))
    return session.model_copy(update={"tail_samples": round(seconds * session.sample_rate)})


def _processors(strip: StripDecision, console: Console, section: str) -> dict[str, ProcessorSettings]:
    known = console.layout[section].processors
    names = [name for name in (*strip.values, *strip.bypass) if name in known]
    return {
        name: ProcessorSettings(bypass=name in strip.bypass, values=dict(strip.values.get(name, {})))
        for name in dict.fromkeys(names)
    }

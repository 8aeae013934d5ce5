"""Decisions as tensors: what the session made of the same decision compiles to."""

import torch

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.spec import ConsoleSpec, named
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.engineer.hear import hear
from gainstage.engineer.rules import RulesEngineer
from gainstage.engineer.settings import decision_parameters
from tests.engineer.scene import small_band


def processors(strip: StripDecision) -> dict[str, ProcessorSettings]:
    names = dict.fromkeys((*strip.values, *strip.bypass))
    return {
        n: ProcessorSettings(bypass=n in strip.bypass, values=dict(strip.values.get(n, {}))) for n in names
    }


def test_a_decision_is_the_session_made_of_it() -> None:
    band = small_band()
    decision = RulesEngineer(1).decide(hear(band))
    strips = (
        StripDecision({"fader": {"gain_db": -3.0}}, bypass=("send_reverb", "pan")),
        *decision.tracks[1:],
    )
    decision = MixDecision("rules", strips, decision.returns, decision.master)
    console = Console(named("basic"))
    tracks = [
        TrackSettings(name=str(i), file=str(i), role=heard.role, channels=1, processors=processors(strip))
        for i, (heard, strip) in enumerate(zip(band, strips, strict=True))
    ]
    session = Session(
        name="band",
        sample_rate=44100,
        num_samples=1,
        console=console.spec,
        tracks=tracks,
        returns=[StripSettings(name="reverb", processors=processors(decision.returns["reverb"]))],
        master=StripSettings(name="master", processors=processors(decision.master)),
    )
    wanted, got = session_parameters(session, console), decision_parameters(decision, console)
    for section in wanted.values:
        assert torch.equal(got.values[section], wanted.values[section])
        assert torch.equal(got.bypass[section], wanted.bypass[section])
        assert torch.equal(got.mute[section], wanted.mute[section])
    assert torch.equal(got.groups, wanted.groups)


def test_tracks_feed_the_group_of_their_role_and_unknown_processors_are_left_out() -> None:
    console = Console(ConsoleSpec(tracks=["fader"], group_names=["vocals", "drums"], groups=["fader"]))
    strips = tuple(
        StripDecision({"fader": {"gain_db": db}, "reverb": {"mix": 1.0}}) for db in (-1.0, -2.0, -3.0)
    )
    decision = MixDecision("test", strips, {}, StripDecision({"output_gain": {"gain_db": 6.0}}))
    got = decision_parameters(decision, console, roles=("kick", "lead_vocal", "bass"))
    assert got.groups.tolist() == [[1, 0, -1]]
    assert got.values["tracks"][0, :, 0].tolist() == [-1.0, -2.0, -3.0]
    assert decision_parameters(decision, console).groups.tolist() == [[-1, -1, -1]]

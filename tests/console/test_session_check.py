"""What looks like an oversight in a session is said; what is in order is not."""

from typing import Any

import pytest

from gainstage.console.session import ProcessorSettings, Session, StripSettings, TrackSettings
from gainstage.console.session_check import check
from gainstage.console.spec import named
from tests.console.random_sessions import Document, load
from tests.console.test_session_blend import plain


def found(edit: Any) -> list[str]:
    made = plain()
    edit(made)
    findings = check(load(made))
    assert not any(finding.is_error for finding in findings)
    return [finding.sentence for finding in findings]


def track(**processors: Any) -> Any:
    return lambda d: d["tracks"][0].update(processors=processors)


def dry_return(d: Document) -> None:
    d["tracks"][0]["processors"] = {"send_echo": {"values": {"level_db": -20.0}}}
    d["returns"][0]["processors"] = {"delay": {"values": {"mix": 0.0}}}


def closed_return(d: Document) -> None:
    d["tracks"][0]["processors"] = {"send_echo": {"curves": {"level_db": [[0, -60], [0.1, -20]]}}}
    d["returns"][0]["processors"] = {"fader": {"values": {"gain_db": -60.0}}}


def muted(d: Document) -> None:
    for part in d["tracks"]:
        part["mute"] = True


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            track(fader={"locked": ["gain_db"]}),
            "Track 0: fader is locked but has no value: 0.00 dB is held",
        ),
        (
            track(fader={"bypass": True, "curves": {"gain_db": [[0, -3]]}}),
            "Track 0: fader is off, so that its automation is not heard",
        ),
        (
            track(gate={"bypass": True, "key": [{"section": "tracks", "strip": "Track 1"}]}),
            "Track 0: gate is off, so that its key does nothing",
        ),
        (
            track(fader={"curves": {"gain_db": [[0, -3], [61, -6]]}}),
            "Track 0: fader moves until 1:01, after the song's end at 0:00.14",
        ),
        (
            lambda d: d["tracks"][0].update(mute_curve=[[5, True]]),
            "Track 0: its mute switches after the song's end at 0:00.14",
        ),
        (lambda d: d["groups"][0].update(solo=True), "only drums will be heard: solo was left on"),
        (muted, "all tracks are muted: the mix is silent"),
        (lambda d: d["master"].update(mute=True), "the master is muted: the mix is silent"),
        (lambda d: d.update(tracks=[]), "the session has no tracks: its mix is silent"),
        (dry_return, "Track 0: send to echo is on, but on the return echo the delay is dry (mix 0)"),
        (closed_return, "Track 0: send to echo is on, but the fader of the return echo is off"),
    ],
)
def test_oversights(edit: Any, sentence: str) -> None:
    assert found(edit) == [sentence]


def test_frequencies_that_the_rate_cannot_hold() -> None:
    def edit(d: Document) -> None:
        d["sample_rate"] = 8000
        d["master"]["processors"] = {"equaliser": {"values": {"high_shelf_frequency_hz": 12000.0}}}

    (sentence,) = found(edit)
    assert sentence == (
        "master: equaliser high shelf frequency 12000 Hz is clamped to 3800 Hz, .475 of the sample rate"
    )


def test_on_a_return_one_effect_is_enough() -> None:
    """The default console has a reverb and a delay on each return, of which one stands off."""
    console = named("default")
    send = {"send_reverb": ProcessorSettings(values={"level_db": -20.0})}
    session = Session(
        name="s",
        sample_rate=44100,
        num_samples=9,
        console=console,
        tracks=[TrackSettings(name="A", file="a", role="other", channels=1, processors=send)],
        groups=[StripSettings(name=name) for name in console.group_names],
        returns=[StripSettings(name=name) for name in console.return_names],
    )
    assert check(session) == []
    off = StripSettings(name="reverb", processors={"reverb": ProcessorSettings(bypass=True)})
    (finding,) = check(session.model_copy(update={"returns": [off, session.returns[1]]}))
    assert finding.sentence == (
        "A: send to reverb is on, but on the return reverb the delay is off and the reverb is off"
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: None,  # noqa: ARG005 - nothing is set
        track(fader={"locked": ["gain_db"], "values": {"gain_db": -1.0}}),
        track(fader={"curves": {"gain_db": [[0, -3], [0.1, -6]]}}),
        track(send_echo={"values": {"level_db": -60.0}}),
        lambda d: d["tracks"][0].update(mute=True),
    ],
)
def test_what_is_in_order_is_passed_over(edit: Any) -> None:
    assert found(edit) == []

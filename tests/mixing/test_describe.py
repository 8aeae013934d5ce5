"""A session in the words of a report: what is on, with its numbers, and nothing that is off."""

import pytest

from gainstage.console.console import Console
from gainstage.console.session import (
    KeySource,
    ProcessorSettings,
    Session,
    StripSettings,
    TrackSettings,
)
from gainstage.console.spec import ConsoleSpec, named
from gainstage.mixing.describe import describe_strip
from gainstage.report.strip_words import steps


def described(section: str, strip: StripSettings) -> dict[str, str]:
    spec = named("default")
    kick = TrackSettings(name="Kick", file="kick.wav", role="kick", channels=1)
    session = Session(
        name="song",
        sample_rate=44100,
        num_samples=0,
        console=spec,
        tracks=[kick],
        groups=[StripSettings(name=name) for name in spec.group_names],
        returns=[StripSettings(name=name) for name in spec.return_names],
    )
    return dict(steps(describe_strip(session, Console(spec), section, strip)))


def test_what_is_off_is_left_out() -> None:
    assert described("tracks", StripSettings(name="x")) == {"Fader": "0.0 dB", "Balance": "C"}
    assert described("returns", StripSettings(name="delay")).keys() == {"Delay", "Fader"}
    assert described("returns", StripSettings(name="reverb")).keys() == {"Reverb", "Fader"}
    assert described("groups", StripSettings(name="drums")) == {"Fader": "0.0 dB"}
    assert described("master", StripSettings(name="master")) == {}


def test_every_processor_is_told_with_its_units() -> None:
    strip = StripSettings(
        name="Bass",
        pre_fader_sends=["delay"],
        processors={
            "low_pass": ProcessorSettings(values={"frequency_hz": 9000, "amount": 1}),
            "gate": ProcessorSettings(values={"threshold_db": -48, "ratio": 4, "range_db": -30}),
            "compressor": ProcessorSettings(
                values={"ratio": 3}, key=[KeySource(section="tracks", strip="Kick")]
            ),
            "saturation": ProcessorSettings(values={"drive_db": 6, "mix": 0.4}),
            "width": ProcessorSettings(values={"width": 1.5}),
            "send_delay": ProcessorSettings(values={"level_db": -12}),
        },
    )
    told = described("tracks", strip)
    assert told["Low-pass"] == "9 kHz, 12 dB/octave, Q 0.71"
    assert told["Gate"] == "threshold -48.0 dB, ratio 4:1, range -30.0 dB, attack 1 ms, release 100 ms"
    assert told["Compressor"].endswith("keyed by Kick")
    assert told["Saturation"] == "drive 6.0 dB, mix 40 %"
    assert told["Width"] == "150 %"
    assert told["Send to delay"] == "-12.0 dB, pre-fader"


def test_a_limiter_is_told_when_delivery_switched_it_on() -> None:
    on = ProcessorSettings(values={"ceiling_db": -1.2})
    told = described("master", StripSettings(name="master", processors={"limiter": on}))
    assert told == {"Limiter": "ceiling -1.2 dB, release 100 ms"}


@pytest.mark.parametrize(
    ("structure", "words"),
    [
        ({}, "peak detector"),
        ({"look_ahead_ms": 5, "link": False}, "peak detector, look-ahead 5 ms, channels unlinked"),
        ({"detector": "rms", "band_low_hz": 5000}, "RMS detector, only from 5 kHz up"),
        ({"band_high_hz": 200, "key_high_pass_hz": 60}, "only up to 200 Hz, hears nothing below 60 Hz"),
        ({"band_low_hz": 200, "band_high_hz": 2000}, "only 200 Hz to 2 kHz"),
    ],
)
def test_a_compressor_is_told_with_how_it_is_built(structure: dict[str, object], words: str) -> None:
    spec = ConsoleSpec.model_validate({"tracks": [{"name": "compressor", "settings": structure}]})
    session = Session(name="song", sample_rate=44100, num_samples=0, console=spec)
    strip = StripSettings(name="x", processors={"compressor": ProcessorSettings(values={"ratio": 3.0})})
    told = dict(steps(describe_strip(session, Console(spec), "tracks", strip)))
    assert told["Compressor"].endswith(words)

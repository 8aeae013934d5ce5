"""Consoles as data: those that ship, those of a file, and what stands off until it is named."""

from pathlib import Path

import pytest
import torch

from gainstage.console.compile import full_strip, session_parameters
from gainstage.console.console import Console
from gainstage.console.session import ProcessorSettings, Session, StripSettings
from gainstage.console.spec import ConsoleSpec, named, named_or_read, shipped
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.engineer.settings import decision_parameters

RATE = 44100


@pytest.mark.parametrize("name", shipped())
def test_a_console_that_ships_is_the_plain_sum_when_neutral(name: str) -> None:
    console = Console(named(name))
    tracks = 0.1 * torch.randn(1, 3, 2, 3000)
    mix = console.mix_in_time(tracks, console.neutral(batch=1, tracks=3), sample_rate=RATE)
    assert torch.equal(mix, tracks.double().sum(1).float())  # rounded once


def test_consoles_drive_what_was_published() -> None:
    def driven(name: str) -> dict[str, int]:
        return {s: len(layout.driven) for s, layout in Console(named(name)).layout.items()}

    assert driven("fader_pan") == {"tracks": 2, "groups": 0, "returns": 0, "master": 0}
    # 27 a track; its master has one more, the output fader; its reverb 12 bands of two numbers, ours 8
    assert driven("diffmst") == {"tracks": 27, "groups": 0, "returns": 16, "master": 25}
    assert driven("mastering")["tracks"] == 0


def test_the_published_console_is_not_late() -> None:
    console = Console(named("diffmst"))
    parameters = console.neutral(batch=1, tracks=2)
    assert console.latency_samples(parameters, sample_rate=RATE) == 0


def spec(**parts: list[str]) -> ConsoleSpec:
    return ConsoleSpec.model_validate(parts)


LIMITED = spec(tracks=["limiter", "fader"], master=["output_gain", "limiter"], bypassed=["*.limiter"])


def session(**processors: ProcessorSettings) -> Session:
    master = StripSettings(name="master", processors=processors)
    return Session(name="s", sample_rate=RATE, num_samples=10, console=LIMITED, master=master)


def test_what_stands_bypassed_is_off_and_driven_by_nobody_until_it_is_named() -> None:
    console = Console(LIMITED)
    assert [column.path for column in console.layout["master"].columns] == [
        "output_gain.gain_db",
        "limiter.ceiling_db",
        "limiter.release_ms",
    ]
    assert [len(layout.driven) for layout in console.layout.values()] == [1, 0, 0, 1]
    neutral = console.neutral(batch=2, tracks=3)
    assert neutral.bypass["tracks"].tolist() == [[[True, False]] * 3] * 2
    assert neutral.bypass["master"].tolist() == [[[False, True]]] * 2
    assert console.latency_samples(neutral, sample_rate=RATE) == 0
    named_ = {"nothing": session(), "on": session(limiter=ProcessorSettings())}
    named_["off"] = session(limiter=ProcessorSettings(bypass=True))
    off = {k: bool(session_parameters(s, console).bypass["master"][0, 0, 1]) for k, s in named_.items()}
    assert off == {"nothing": True, "on": False, "off": True}
    strips = {k: full_strip(console.layout["master"], s.master)["limiter"].bypass for k, s in named_.items()}
    assert strips == off


def test_an_engineer_switches_it_on_by_naming_it() -> None:
    console = Console(LIMITED)
    for values, bypass, off in (
        ({}, (), True),
        ({"limiter": {"ceiling_db": -3.0}}, (), False),
        ({"limiter": {}}, ("limiter",), True),
    ):
        decision = MixDecision("test", (), {}, StripDecision(values, bypass=bypass))
        assert bool(decision_parameters(decision, console).bypass["master"][0, 0, 1]) is off


def test_a_pattern_that_names_no_processor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bypassed: .* no processor 'master\.limiter'; it has"):
        Console(spec(master=["equaliser"], bypassed=["master.limiter"]))


def test_a_console_is_taken_by_name_or_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("tracks: [fader]\n")
    assert named_or_read(str(own)) == spec(tracks=["fader"])
    monkeypatch.chdir(tmp_path)
    own.rename(tmp_path / "default")  # a file of a name that ships does not stand before it
    assert named_or_read("default") == named("default")
    with pytest.raises(ValueError, match=r"no console called 'defualt' ships .* default, .* mastering; give"):
        named_or_read("defualt")
    with pytest.raises(ValueError, match=r"gone\.yaml cannot be read as a console"):
        named_or_read("gone.yaml")

"""The JSON Schema of sessions, by a validator of others: what is valid passes, what is refused does not."""

import json
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gainstage.console.session import Session, StripSettings
from gainstage.console.session_schema import session_schema
from gainstage.console.spec import named, shipped
from tests.console.random_sessions import CONSOLE, SPEC, Document, document
from tests.console.test_session_text import other_part

VALIDATOR = Draft202012Validator(session_schema(SPEC))


def valid(made: Any) -> bool:
    return bool(VALIDATOR.is_valid(made))


@pytest.mark.parametrize("name", shipped())
def test_the_schema_of_a_console_that_ships_is_one_and_takes_its_sessions(name: str) -> None:
    spec = named(name)
    schema = session_schema(spec)
    Draft202012Validator.check_schema(schema)
    made = Session(
        name="song",
        sample_rate=44100,
        num_samples=10,
        console=spec,
        groups=[StripSettings(name=bus) for bus in spec.group_names],
        returns=[StripSettings(name=bus) for bus in spec.return_names],
    )
    Draft202012Validator(schema).validate(json.loads(made.to_json()))
    assert not Draft202012Validator(schema).is_valid({**json.loads(made.to_json()), "sola": 1})


def test_every_random_session_is_valid() -> None:
    for seed in range(40):
        VALIDATOR.validate(document(Random(seed)))


def test_what_reading_accepts_the_schema_accepts_too() -> None:
    """Or the editor would mark as wrong what is right. Changes of the console make it another one."""
    random, accepted, agreed = Random(3), 0, 0
    for seed in range(120):
        text = other_part(random, json.dumps(document(Random(seed % 8), tracks=2)))
        try:
            Session.from_json(text)
            is_session = True
        except ValueError:
            is_session = False
        made = json.loads(text)
        if is_session and Session.from_json(text).console == SPEC:
            assert valid(made), text
            accepted += 1
        agreed += valid(made) == is_session
    assert accepted > 10
    assert agreed > 100


def test_every_parameter_is_checked_by_its_own_range() -> None:
    base = document(Random(1), tracks=2)
    for section in base:  # small, since it is validated a thousand times
        if section in ("tracks", "groups", "returns"):
            base[section] = [{**strip, "processors": {}} for strip in base[section]]
    for section, layout in CONSOLE.layout.items():
        for name, processor in layout.processors.items():
            for row in processor.table:
                for value, fits in ((row.low, True), (row.high, True), (row.low - 1e-3, False),
                                    (row.high + 1e-3, False), ("1", False), (None, False)):  # fmt: skip
                    made = _with(base, section, name, {"values": {row.name: value}})
                    assert valid(made) is fits, (section, name, row.name, value)
                curved = _with(base, section, name, {"curves": {row.name: [[0, row.low], [1, row.high]]}})
                assert valid(curved) is (row.kind == "continuous")
                assert not valid(_with(base, section, name, {"curves": {row.name: [[0, row.high + 1e-3]]}}))


@pytest.mark.parametrize(
    ("section", "processor", "settings"),
    [
        ("tracks", "fader", {"values": {"gian_db": 0}}),
        ("tracks", "fader", {"locked": ["gian_db"]}),
        ("tracks", "fader", {"locked": ["gain_db", "gain_db"]}),
        ("tracks", "fader", {"key": [{"section": "tracks", "strip": "Track 1"}]}),
        ("tracks", "compressor", {"key": [{"section": "returns", "strip": "echo"}]}),
        ("tracks", "compressor", {"curves": {"ratio": [[-1, 2]]}}),
        ("tracks", "compressor", {"curves": {"ratio": [[1, 2, 3]]}}),
        ("tracks", "compressor", {"curves": {"ratio": []}}),
        ("tracks", "phaser", {}),
        ("returns", "send_echo", {}),
    ],
)
def test_wrong_names_and_shapes_are_not_valid(section: str, processor: str, settings: Document) -> None:
    base = document(Random(1))
    assert valid(base)
    assert not valid(_with(base, section, processor, settings))


def test_structural_settings_are_described() -> None:
    part = {"name": "compressor", "settings": {"look_ahead_ms": 5.0, "detector": "rms"}}
    spec = SPEC.model_validate({"tracks": [part], "master": ["fader"]})
    validator = Draft202012Validator(session_schema(spec))
    made = json.loads(Session(name="s", sample_rate=44100, num_samples=1, console=spec).to_json())
    validator.validate(made)
    for wrong in ({"look_ahead_ms": "5"}, {"detector": "mean"}, {"lookahead": 1}):
        made["console"]["tracks"][0]["settings"] = wrong
        assert not validator.is_valid(made)


def test_parameters_tell_their_unit_meaning_and_neutral_value() -> None:
    parts = session_schema(SPEC)["$defs"]
    ratio = parts["tracks.compressor"]["properties"]["values"]["properties"]["threshold_db"]
    assert ratio == {
        "type": "number",
        "minimum": -60.0,
        "maximum": 0.0,
        "default": 0.0,
        "description": "dB: level above which it turns down; -60 … 0 dB",
    }
    mix = parts["returns.delay"]["properties"]["values"]["properties"]["mix"]
    assert mix["default"] == 1.0  # what the console fixes


def _with(base: Document, section: str, processor: str, settings: Document) -> Document:
    """The session with settings of one processor of a section's first strip."""
    strips = base[section] if section != "master" else [base[section]]
    strip = {**strips[0], "processors": {processor: settings}}
    return {**base, section: strip if section == "master" else [strip, *strips[1:]]}

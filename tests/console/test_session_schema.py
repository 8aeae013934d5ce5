"""The schema of sessions: it takes what the reader takes, and refuses wrong names and numbers by itself."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gainstage.console.session import Session
from gainstage.console.session_schema import session_schema
from gainstage.console.spec import named, shipped
from gainstage.processors import Kind
from tests.console.random_sessions import CONSOLE, SPEC, document
from tests.console.session_edits import edited

VALIDATOR = Draft202012Validator(session_schema(SPEC))


@pytest.mark.parametrize("name", shipped())
def test_it_is_a_schema_for_each_console_that_ships(name: str) -> None:
    spec = named(name)
    Draft202012Validator.check_schema(session_schema(spec))
    buses = {"groups": spec.group_names, "returns": spec.return_names}
    plain = Session(
        name="s",
        sample_rate=44100,
        num_samples=0,
        console=spec,
        **{section: [{"name": bus} for bus in names] for section, names in buses.items()},  # type: ignore[arg-type]
    )
    Draft202012Validator(session_schema(spec)).validate(json.loads(plain.to_json()))


@profile(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_it_takes_every_session_that_the_reader_takes(seed: int) -> None:
    random = Random(seed)
    made = document(random, tracks=2)
    VALIDATOR.validate(made)
    text = edited(random, made)
    try:
        Session.from_json(text)
    except ValueError:
        return
    if json.loads(text)["version"] == 2:  # older ones are of an older schema
        VALIDATOR.validate(json.loads(text))


def test_it_refuses_every_number_outside_its_range_and_every_curve_of_what_is_static() -> None:
    frames = session_schema(SPEC)["$defs"]
    checked = 0
    for section, layout in CONSOLE.layout.items():
        for column in layout.columns:
            row, part = column.parameter, {"$ref": f"#/$defs/{section}.{column.processor}"}
            takes = Draft202012Validator(part | {"$defs": frames}).is_valid
            for value in (row.low, row.high):
                assert takes({"values": {row.name: value}})
                assert takes({"curves": {row.name: [[0, value]]}}) is (row.kind is Kind.CONTINUOUS)
            for value in (row.low - 0.001, row.high + 0.001, "1", None, True):
                assert not takes({"values": {row.name: value}})
                assert not takes({"curves": {row.name: [[0, value]]}})
            checked += 1
    assert checked > 50


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.update(tempo=120),
        lambda s: s["conventions"].update(pan="other"),
        lambda s: s["conventions"].pop("pan"),
        lambda s: s.pop("conventions"),
        lambda s: s.update(version=3),
        lambda s: s["returns"].reverse(),
        lambda s: s["returns"].pop(),
        lambda s: s["tracks"][0].update(group="drum"),
        lambda s: s["tracks"][0].update(pre_fader_sends=["hall"]),
        lambda s: s["tracks"][0].update(pre_fader_sends=["echo", "echo"]),
        lambda s: s["tracks"][0]["processors"].update(phaser={}),
        lambda s: s["tracks"][0]["processors"].update(fader={"values": {"gian_db": 0}}),
        lambda s: s["tracks"][0]["processors"].update(fader={"locked": ["volume"]}),
        lambda s: s["tracks"][0]["processors"].update(
            fader={"key": [{"section": "tracks", "strip": "Track 1"}]}
        ),
        lambda s: s["master"].update(solo=True),
    ],
)
def test_it_refuses_unknown_names(edit: Any) -> None:
    made = document(Random(0), tracks=2)
    edit(made)
    assert not VALIDATOR.is_valid(made)


def test_an_editor_is_told_unit_range_and_meaning() -> None:
    values = session_schema(SPEC)["$defs"]["tracks.compressor"]["properties"]["values"]["properties"]
    assert values["threshold_db"]["description"] == "level above which it turns down; -60 … 0 dB"
    mix = session_schema(SPEC)["$defs"]["returns.delay"]["properties"]["values"]["properties"]["mix"]
    assert mix["default"] == 1.0

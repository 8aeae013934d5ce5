"""What changed between two sessions: everything, once, at its place, in words that a person can use."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from gainstage.console.session import Session
from gainstage.console.session_diff import differences
from tests.console.random_sessions import Document, changed, document, load


@profile(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**32))
def test_every_change_is_reported_once_and_names_its_place(seed: int) -> None:
    random = Random(seed)
    before = document(random)
    assert differences(load(before), load(before)) == []
    after, place = changed(random, before)
    (found,) = differences(load(before), load(after))
    assert found.place == place
    assert found.before != found.after
    (back,) = differences(load(after), load(before))
    assert (back.place, back.before, back.after) == (place, found.after, found.before)
    json.dumps([found.before, found.after])  # data that --json can write


def plain() -> Document:
    """A session without any setting."""
    bare = document(Random(0))
    for track in bare["tracks"]:
        track |= {"processors": {}, "mute_curve": [], "pre_fader_sends": [], "mute": False, "solo": False}
        track |= {"inverted": False, "group": None, "delay_samples": 0}
    return bare


def sentences(edit: Any, *, first: Any = None) -> list[str]:
    before, after = plain(), plain()
    for document_, change in ((before, first), (after, edit)):
        if change:
            change(document_["tracks"][0])
    return [found.sentence for found in differences(load(before), load(after))]


def put(**processors: Any) -> Any:
    return lambda track: track["processors"].update(processors)


@pytest.mark.parametrize(
    ("first", "edit", "sentence"),
    [
        (
            put(compressor={"values": {"threshold_db": -18}}),
            put(compressor={"values": {"threshold_db": -21.5}}),
            "Track 0: compressor threshold -18.0 → -21.5 dB",
        ),
        (
            put(fader={"values": {"gain_db": -3}}),
            put(fader={"values": {"gain_db": -3.0004}}),
            "Track 0: fader -3.0000 → -3.0004 dB",
        ),
        (None, put(send_echo={"values": {"level_db": -20}}), "Track 0: send to echo off → -20.0 dB"),
        (put(fader={"values": {"gain_db": -60}}), None, "Track 0: fader off → 0.00 dB"),
        (
            None,
            put(fader={"curves": {"gain_db": [[10, -12], [30, -3], [42, -12]]}}),
            "Track 0: fader now moves between -12.0 and -3.0 dB from 0:10 to 0:42",
        ),
        (
            put(fader={"curves": {"gain_db": [[0, -6]]}, "values": {"gain_db": -6}}),
            put(fader={"values": {"gain_db": -6}}),
            "Track 0: fader moves no longer, it stands at -6.00 dB",
        ),
        (
            put(fader={"curves": {"gain_db": [[0, -6], [2, -3]]}}),
            put(fader={"curves": {"gain_db": [[0, -6], [1, -4], [2, -3]]}}),
            "Track 0: fader now moves between -6.00 and -3.00 dB from 0:00 to 0:02, "
            "by other breakpoints than before",
        ),
        (
            put(gate={}),
            put(gate={"key": [{"section": "tracks", "strip": "Track 1", "gain_db": -6}]}),
            "Track 0: gate listens to itself → Track 1 (-6.0 dB)",
        ),
        (None, put(gate={"locked": ["range_db"]}), "Track 0: gate range is locked"),
        (put(gate={"bypass": True}), put(gate={}), "Track 0: gate switched on"),
        (None, lambda t: t.update(group="drums"), "Track 0: feeds the master → the group drums"),
        (None, lambda t: t.update(delay_samples=30), "Track 0: delay 0 → 30 samples"),
        (None, lambda t: t.update(inverted=True), "Track 0: now turned in polarity"),
        (
            None,
            lambda t: t.update(mute_curve=[[10, True], [72.5, False]]),
            "Track 0: its mute now switches on at 0:10, off at 1:12.50",
        ),
        (
            None,
            lambda t: t.update(pre_fader_sends=["echo"]),
            "Track 0: send to echo now fed before the fader",
        ),
    ],
)
def test_words(first: Any, edit: Any, sentence: str) -> None:
    assert sentences(edit, first=first) == [sentence]


def test_naming_a_neutral_value_is_no_difference() -> None:
    assert sentences(put(fader={"values": {"gain_db": 0}}, gate={}, send_echo={})) == []


def test_renaming_is_followed_wherever_the_name_is_used() -> None:
    """A track by its recording, a bus by its settings; keys, sends and groups go with them."""
    before = document(Random(3))
    before["tracks"][1] |= {"group": "drums", "pre_fader_sends": ["echo"]}
    text = json.dumps(before)
    for old, new in (("Track 1", "Bass"), ("echo", "hall"), ("drums", "kit")):
        text = text.replace(old, new)
    found = differences(load(before), Session.from_json(text))
    assert [(d.place, d.sentence) for d in found] == [
        ("tracks 'Bass' · name", "Bass: this was called Track 1"),
        ("groups 'kit' · name", "kit: this was called drums"),
        ("returns 'hall' · name", "hall: this was called echo"),
    ]


def test_tracks_that_come_go_and_change_places() -> None:
    before = document(Random(4))
    after = json.loads(json.dumps(before))
    after["tracks"][0]["processors"]["compressor"]["key"] = before["tracks"][0]["processors"]["compressor"][
        "key"
    ] = []
    first, second, third = after["tracks"]
    after["tracks"] = [second, first, third | {"name": "New", "file": "new.wav", "content_hash": "new"}]
    found = differences(load(before), load(after))
    assert [d.sentence for d in found] == [
        "Track 2: this track is gone",
        "New: this track is new",
        "the tracks stand in another order",
    ]


def test_consoles() -> None:
    before = plain()
    after = json.loads(json.dumps(before))
    after["console"]["tracks"] = [p for p in after["console"]["tracks"] if p["name"] != "gate"]
    after["console"]["master"][0]["name"] = "low_pass"
    after["master"]["processors"] = before["master"]["processors"] = {}
    after["console"]["fixed"] = {}
    for bus in (*after["returns"], *before["returns"]):
        bus["processors"] = {"delay": {"values": {"mix": 1.0}}}  # said, so what is fixed plays no part
    found = [d.sentence for d in differences(load(before), load(after))]
    assert found == [
        "console: the tracks have no gate any more",
        "console: the master has no equaliser any more",
        "console: the master has a new processor, low pass",
        "console: returns.delay.mix stands at 1 → its default",
    ]


def test_where_a_session_comes_from_is_told_when_asked() -> None:
    before, after = plain(), plain()
    after["provenance"] = {"engineer": "rules"}
    assert differences(load(before), load(after)) == []
    (found,) = differences(load(before), load(after), provenance=True)
    assert found.sentence == "provenance: engineer none → rules"

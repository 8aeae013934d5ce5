"""The text of sessions: what is accepted says what was written, and all else is refused in one sentence."""

import errno
import json
import math
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from gainstage.console.compile import session_parameters
from gainstage.console.console import Console
from gainstage.console.session import CONVENTIONS, MAX_BYTES, Session
from tests.console.random_sessions import Document, document

JARGON = ("Input should", "validation error", "pydantic", "Extra inputs", "Field required", "[type=")
DEFAULTS: dict[str, list[object]] = {
    **{name: [False] for name in ("bypass", "mute", "solo", "inverted")},
    **{name: [[]] for name in ("key", "locked", "mute_curve", "pre_fader_sends", "sections", "tracks")},
    **{name: [[]] for name in ("groups", "returns", "not_driven", "bypassed", "group_names", "return_names")},
    **{name: [{}] for name in ("values", "curves", "processors", "seeds", "provenance", "settings", "fixed")},
    **{name: [0] for name in ("gain_db", "delay_samples", "tail_samples")},
    **{name: [None] for name in ("group", "tempo_bpm")},
    "content_hash": [""],
    "conventions": [CONVENTIONS],
}


DEEP = {"engineer": "Zoë", "deep": [None, {"": [1e-300, 2**63, -0.0, "\u2028"]}]}


@cache
def text(seed: int) -> str:
    made = document(Random(seed), tracks=2) | {"provenance": DEEP}
    return json.dumps(made, indent=1, ensure_ascii=False)


def plain(given: str) -> Any:
    """The document by Python's reader, once more: equal keys are told apart, so that none can be lost."""

    def once(pairs: list[tuple[str, Any]]) -> Document:
        assert len(dict(pairs)) == len(pairs), f"two equal keys were accepted: {pairs}"
        return dict(pairs)

    return json.loads(given, object_pairs_hook=once)


def says(written: Any, given: Any, where: str = "") -> None:
    """All that was given is written, and what is written beside it is a default."""
    if isinstance(given, str) and isinstance(written, dict) and where.startswith("/console"):
        given = {"name": given}  # the short form of a processor
    assert type(written) is type(given) or {type(written), type(given)} == {int, float}, where
    if isinstance(given, dict):
        assert given.keys() <= written.keys(), where
        for key, value in written.items():
            if key in given:
                says(value, given[key], f"{where}/{key}")
            elif where == "" and key == "master":
                says(value, {"name": "master"}, f"{where}/{key}")
            else:
                assert value in (DEFAULTS[key] if where != "/console" else [[], {}]), f"{where}/{key}"
    elif isinstance(given, list):
        assert len(written) == len(given), where
        for i, (one, other) in enumerate(zip(written, given, strict=True)):
            says(one, other, f"{where}/{i}")
    else:
        assert written == given, where


def check(given: str) -> bool:
    """Read a text; whether it was accepted, and then it says what it said and can be rendered."""
    try:
        session = Session.from_json(given)
    except ValueError as error:
        sentence = str(error)
        assert sentence.isprintable(), repr(sentence)
        assert len(sentence) < 1000
        assert not [word for word in JARGON if word in sentence], sentence
        return False
    written = session.to_json()
    says(json.loads(written), plain(given))
    assert Session.from_json(written).to_json() == written
    session_parameters(session, Console(session.console))
    return True


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places of a document but itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, part in items for place in ((*path, key), *nodes(part, (*path, key)))]


def found(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def anything(random: Random, depth: int = 0) -> Any:
    """Any value that JSON has, those of a session's own words among them, and some that it does not have."""
    words = ["", "gain_db", "fader", "drums", "tracks", "\udfff", "a\nb", "kick'\"", "x" * 99]
    numbers = [0, 1, -1, 2, 3.0, 0.5, -0.0, 1e-7, 44100, 2**53 + 1, 2**64, 10**400, 1e300, math.nan, math.inf]
    kind = random.randrange(6 if depth < 3 else 4)
    if kind == 4:
        return [anything(random, depth + 1) for _ in range(random.randrange(4))]
    if kind == 5:
        return {random.choice(words): anything(random, depth + 1) for _ in range(random.randrange(4))}
    return (random.choice(numbers), random.choice(words), random.choice((True, False)), None)[kind]


def other_byte(random: Random, given: str) -> str:
    at, char = random.randrange(len(given)), chr(random.choice((random.randrange(128), 0xE9, 0xFEFF)))
    return given[:at] + random.choice(("", char, char + given[at])) + given[at + 1 :]


def other_part(random: Random, given: str) -> str:
    """One entry renamed, doubled, removed, replaced, or changed places with another."""
    made = json.loads(given)
    place = random.choice(nodes(made))
    parent, last = found(made, place[:-1]), place[-1]
    kind = random.choice(("rename", "double", "remove", "replace", "swap"))
    if kind in ("rename", "double") and isinstance(parent, dict):
        wrong = last[:-1] + random.choice("aeiou_") if kind == "rename" else f"{last}@twice"
        parent[wrong] = parent.pop(last) if kind == "rename" else anything(random)
    elif kind == "double":
        parent.insert(last, parent[last])
    elif kind == "remove":
        del parent[last]
    elif kind == "swap":
        other = random.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        parent[last], parent[other] = parent[other], parent[last]
    else:
        parent[last] = anything(random)
    return json.dumps(made, indent=1).replace("@twice", "")


def mutations(change: Callable[[Random, str], str], seed: int, count: int) -> int:
    random = Random(seed)
    return sum(check(change(random, text(random.randrange(12)))) for _ in range(count))


@profile(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_any_session_comes_back_byte_for_byte(seed: int) -> None:
    assert check(json.dumps(document(Random(seed)) | {"provenance": DEEP}))


@pytest.mark.parametrize("change", [other_byte, other_part])
def test_a_change_is_taken_as_it_stands_or_refused(change: Callable[[Random, str], str]) -> None:
    accepted = mutations(change, seed=1, count=150)
    assert 0 < accepted < 150  # names may change, brackets may not


@pytest.mark.slow
@pytest.mark.parametrize("change", [other_byte, other_part])
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_changes_are_taken_as_they_stand_or_refused(
    change: Callable[[Random, str], str], seed: int
) -> None:
    mutations(change, seed, count=2000)


def edited(old: str, new: str) -> str:
    """The text of a small session with one spot of it changed."""
    made = text(0)
    start = json.dumps({**json.loads(made), "provenance": {"spot": "here"}}, indent=1)
    return start.replace('"spot": "here"', new) if old == "spot" else start.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("spot", '"a": NaN', "provenance.a: NaN is no number"),
        ("spot", '"a": [0, -Infinity]', "provenance.a[1]: -Infinity is no number"),
        ("spot", '"a": 1e999', "provenance.a: '1e999' is too large for a number"),
        ("spot", f'"a": {"9" * 5000}', "provenance.a: an integer of 5000 digits is too long"),
        ("spot", '"a": 18446744073709551616', "provenance.a: an integer may have 64 bits"),
        ("spot", r'"a": "\ud800"', r"provenance.a: '\ud800' holds half a character"),
        ("spot", r'"\udfff": 1', r"provenance: '\udfff' holds half a character"),
        ("spot", f'"a": {"[" * 80}{"]" * 80}', "provenance.a: it is nested deeper than 64 levels"),
        ("spot", f'"a": {"[" * 99999}', "it is nested deeper than 64 levels"),
        ("spot", '"a": 1, "b": 2, "a": 1', "provenance: 'a' stands twice; leave one of them out"),
        ('"sample_rate": 44100', '"sample_rate": "44100"', "sample_rate: must be a whole number, got '441"),
        ('"sample_rate": 44100', '"sample_rate": 44100.5', "sample_rate: must be a whole number, got 44"),
        ('"sample_rate": 44100', '"sample_rate": 1', "sample_rate: 1 lies outside 8000 … 768000"),
        ('"solo": false', '"solo": 0', "groups[0] 'drums'.solo: must be true or false, got 0"),
        ('"solo": false', '"sollo": 0', "groups[0] 'drums': there is no 'sollo'; did you mean 'solo'?"),
        ('"version": 2', '"version": 2.0', "version: must be a whole number from 1 to 2, got 2.0"),
        ('"version": 2', '"version": true', "version: must be a whole number from 1 to 2, got true"),
        ('"version": 2', '"version": 0', "version: must be a whole number from 1 to 2, got 0"),
        ('"version": 2', '"version": 3', "session version 3 is newer than this program's 2: update"),
        ('"version": 2', '"style": 2', "'version' is missing"),
        ('"filters":', '"filter":', "conventions: 'filters' is missing; it is 'second-order sections by"),
        ('"pan": "law', '"pan": "no law', "conventions.pan: 'no law named in the console"),
        ('"conventions": {', '"conventions": {"x": "y", ', "conventions: there is no convention 'x';"),
        ('"start_s": 0.0', '"start_s": 999999', "sections[0] 'verse'.start_s: 999999 lies outside 0 … 86400"),
        ('"start_s": 0.0', '"start_s": 9', "sections[1] 'chorus': starts at "),
        ('"returns.delay.mix": 1.0', '"returns.delay.mix": 1.5', "console.fixed.returns.delay.mix: 1.5 lies"),
        ("{", '{"nam": 1, ', "there is no 'nam'; did you mean 'name'?"),
        ("{", "{\n  oops", "line 2, column 3: this is not JSON (expecting property name enclosed in double"),
    ],
)  # fmt: skip
def test_the_place_is_named(old: str, new: str, sentence: str) -> None:
    given = edited(old, new)
    assert given != edited("", "")
    assert not check(given)
    with pytest.raises(ValueError) as refused:
        Session.from_json(given)
    assert str(refused.value).startswith(sentence)


SETTING = "master.equaliser.curves.low_shelf_gain_db"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"curves": {"low_shelf_gain_db": [[0, 0], [0, 1], [0, 2]]}}, f"{SETTING}: 3 breakpoints at 0 s; a "),
        ({"curves": {"low_shelf_gain_db": [[0, 1], [0, 1]]}}, f"{SETTING}[1]: the same breakpoint stands"),
        ({"curves": {"low_shelf_gain_db": [[1e9, 1]]}}, f"{SETTING}[0][0]: 1000000000 lies outside 0 … 8"),
        ({"curves": {"low_shelf_gain_db": [[0]]}}, f"{SETTING}[0]: must be [seconds, value], got [0]"),
        ({"curves": {"low_shelf_gain_db": []}}, f"{SETTING}: must have 1 or more entries, got 0"),
        ({"locked": ["low_shelf_q"] * 2}, "master.equaliser.locked: 'low_shelf_q' stands twice"),
        ({"values": {"low_shelf_gain_bd": 1}}, "master.equaliser: there is no parameter 'low_shelf_gain_bd'"),
        ({"values": {"low_shelf_q": "1"}}, "master.equaliser.low_shelf_q: must be a number, got '1'"),
        ({"values": {"low_shelf_q": 99}}, "master.equaliser.low_shelf_q: 99 lies outside 0.3 … 8"),
        ({"values": [1, 2]}, "master.equaliser.values: must be an object, got [1, 2]"),
    ],
)  # fmt: skip
def test_a_setting_is_refused_where_it_stands(settings: Document, sentence: str) -> None:
    made = json.loads(text(0))
    made["master"]["processors"] = {"equaliser": settings}
    with pytest.raises(ValueError) as refused:
        Session.from_json(json.dumps(made))
    assert str(refused.value).startswith(sentence)


def test_two_switches_at_one_time_are_refused() -> None:
    made = json.loads(text(0))
    made["master"]["mute_curve"] = [[1, True], [1, False]]
    with pytest.raises(ValueError, match=r"^master\.mute_curve: 2 switches at 1 s; a moment has one$"):
        Session.from_json(json.dumps(made))


@pytest.mark.parametrize("missing", ["conventions", "conventions.pan"])
def test_conventions_that_an_older_version_left_out_are_filled_in(missing: str) -> None:
    made = json.loads(text(0)) | {"version": 1}
    whole, _, part = missing.partition(".")
    if part:
        del made[whole][part]
    else:
        del made[whole]
    assert Session.from_json(json.dumps(made)).conventions == CONVENTIONS


def test_files_that_are_no_session_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r" is a folder; give the session\.json in it$"):
        Session.load(tmp_path)
    path = tmp_path / "session.json"
    path.write_text("")
    with pytest.raises(ValueError, match=r"session\.json: there is nothing in it$"):
        Session.load(path)
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # a hole: no disk is filled
    with pytest.raises(ValueError, match=r"session\.json: it is larger than 64 MiB: not a session$"):
        Session.load(path)


def test_a_file_that_must_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(ValueError, match=r"session\.json cannot be read: Permission denied$"):
        Session.load(tmp_path / "session.json")


def test_a_mark_that_an_editor_puts_before_the_text_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text(text(0), encoding="utf-8-sig")
    assert Session.load(path) == Session.from_json(text(0))

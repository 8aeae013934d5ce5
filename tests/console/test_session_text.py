"""A session's text: nothing is taken that would be lost, and what is refused is refused in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from gainstage.console.json_text import parse
from gainstage.console.session import CONVENTIONS, MAX_BYTES, ProcessorSettings, Session, StripSettings
from gainstage.console.spec import ConsoleSpec
from tests.console.random_sessions import document
from tests.console.session_edits import bytes_edited, edited, refused_or_kept

JARGON = (
    "Input should",
    "Extra inputs",
    "permitted",
    "Field required",
    "validation error",
    "Value error",
    "pydantic",
)
seeds = st.integers(0, 2**32)


def is_a_sentence(words: str) -> bool:
    return 0 < len(words) <= 700 and words.isprintable() and not any(part in words for part in JARGON)


def comes_back(seed: int) -> None:
    text = Session.from_json(json.dumps(document(Random(seed)))).to_json()
    assert Session.from_json(text).to_json() == text


def survives_an_edit(seed: int) -> None:
    random = Random(seed)
    words = refused_or_kept(edited(random, document(random, tracks=2)))
    assert words is None or is_a_sentence(words), words


def survives_a_byte(seed: int) -> None:
    random = Random(seed)
    text = bytes_edited(random, Session.from_json(json.dumps(document(random, tracks=2))).to_json().encode())
    try:
        whole = text.decode()
    except UnicodeDecodeError:
        return
    words = refused_or_kept(whole)
    assert words is None or is_a_sentence(words), words


PROPERTIES = (comes_back, survives_an_edit, survives_a_byte)


@pytest.mark.parametrize("holds", PROPERTIES)
def test_random_sessions(holds: Callable[[int], None]) -> None:
    profile(max_examples=40, deadline=None)(given(seeds)(holds))()


@pytest.mark.slow
@pytest.mark.parametrize("holds", PROPERTIES)
def test_many_random_sessions(holds: Callable[[int], None]) -> None:
    profile(max_examples=3000, deadline=None)(given(seeds)(holds))()


def test_edits_are_both_taken_and_refused() -> None:
    """The properties above would hold of a reader that refuses everything."""
    random = Random(5)
    made = document(random, tracks=2)
    found = [refused_or_kept(edited(random, made)) for _ in range(60)]
    assert 10 < sum(words is None for words in found) < 50


def session(**changes: Any) -> dict[str, Any]:
    return document(Random(1), tracks=2) | changes


def track(**changes: Any) -> dict[str, Any]:
    made = session()
    made["tracks"][1] = {"name": "Bass", "file": "bass.wav", "role": "bass", "channels": 1} | changes
    made["tracks"][0]["processors"] = {}
    return made


def fault(made: dict[str, Any]) -> str:
    with pytest.raises(ValueError) as caught:
        Session.from_json(json.dumps(made))
    return str(caught.value)


def compressor(**parts: Any) -> dict[str, Any]:
    return track(processors={"compressor": parts})


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            compressor(values={"treshold_db": -3}),
            "BASS.compressor: there is no parameter 'treshold_db'; did you mean 'threshold_db'?",
        ),
        (compressor(values={"ratio": 21}), "BASS.compressor.ratio: 21 lies outside 1 … 20"),
        (compressor(values={"ratio": "2"}), 'BASS.compressor.ratio: must be a number, not "2"'),
        (compressor(values={"ratio": True}), "BASS.compressor.ratio: must be a number, not true"),
        (compressor(value={}), "BASS.compressor: there is no 'value' here; did you mean 'values'?"),
        (
            compressor(curves={"ratio": [[0, 1], [1]]}),
            "BASS.compressor.curves.ratio[1]: must be a pair […, …]",
        ),
        (compressor(curves={"ratio": [[0, 1, 2]]}), "BASS.compressor.curves.ratio[0]: must be a pair […, …]"),
        (compressor(curves={"ratio": []}), "BASS.compressor.curves.ratio: needs at least 1, has 0"),
        (
            compressor(curves={"ratio": [[0, 1], [0, 2], [0, 3]]}),
            "BASS.compressor.curves.ratio: more than two breakpoints at 0 s; two make a step",
        ),
        (
            compressor(curves={"ratio": [[0, 1], [2, 3], [2, 3]]}),
            "BASS.compressor.curves.ratio: the same breakpoint stands twice at 2 s; keep one of them",
        ),
        (
            compressor(values={"ratio": 20.0000000001}),
            "BASS.compressor.ratio: 20.0000000001 lies outside 1 … 20",
        ),
        (compressor(locked=["ratio", "ratio"]), "BASS.compressor.locked: 'ratio' stands twice"),
        (
            compressor(key=[{"section": "track", "strip": "Track 0"}]),
            "BASS.compressor.key[0].section: must be 'tracks', 'groups' or 'returns', not \"track\"; "
            "did you mean 'tracks'?",
        ),
        (
            compressor(key=[{"section": "tracks", "strip": "Track 0"}] * 2),
            "BASS.compressor.key[1]: 'Track 0' is listened to twice; add the gains up",
        ),
        (
            track(processors={"compresor": {}}),
            "BASS: there is no processor 'compresor'; did you mean 'compressor'?",
        ),
        (track(mute="yes"), 'BASS.mute: must be true or false, not "yes"'),
        (track(mute=1), "BASS.mute: must be true or false, not 1"),
        (track(channels=True), "BASS.channels: must be a whole number, not true"),
        (track(channels=3), "BASS.channels: 3 lies outside 1 … 2"),
        (track(delay_samples=-1), "BASS.delay_samples: -1 lies outside 0 … 1048576"),
        (track(file=None), "BASS.file: must be text in quotes, not null"),
        (track(group="drum"), "BASS.group: there is no group 'drum'; did you mean 'drums'?"),
        (track(pre_fader_sends=["echo", "echo"]), "BASS.pre_fader_sends: 'echo' stands twice"),
        (
            track(mute_curve=[[1, True], [1, False]]),
            "BASS.mute_curve: it switches twice at 1 s; keep one of the two",
        ),
        (session(sample_rate="44100"), 'sample_rate: must be a whole number, not "44100"'),
        (session(sample_rate=44100.0), "sample_rate: must be a whole number, not 44100.0"),
        (session(sample_rate=96), "sample_rate: 96 lies outside 8000 … 768000"),
        (session(tempo_bpm=0), "tempo_bpm: 0 lies outside 1 … 1000"),
        (session(tempo=120), "there is no 'tempo' here; did you mean 'tempo_bpm'?"),
        (session(tracks={}), "tracks: must be a list […], not an object {…}"),
        (session(master=3), "master: must be an object {…}, not 3"),
        (
            session(sections=[{"name": "a", "start_s": 2}, {"name": "b", "start_s": 1}]),
            "sections: they must be in order of time",
        ),
        (session(version=3), "session version 3 is newer than this program's 2: update gainstage"),
        (session(version=2.0), "version: must be a whole number from 1 to 2, not 2.0"),
        (session(version=True), "version: must be a whole number from 1 to 2, not true"),
        (
            session(conventions=CONVENTIONS | {"pan": "-6 dB"}),
            "conventions: 'pan' says \"-6 dB\", which we do not implement; a render is by "
            f'"{CONVENTIONS["pan"]}"',
        ),
        (
            session(conventions=CONVENTIONS | {"pans": "x"}),
            "conventions: we know no convention 'pans'; did you mean 'pan'?",
        ),
        (
            session(conventions={k: v for k, v in CONVENTIONS.items() if k != "filters"}),
            "conventions: 'filters' is missing; a render is by \"" + CONVENTIONS["filters"] + '"',
        ),
        (session(provenance={"a": [float("inf")]}), "provenance.a[0]: inf is not a finite number"),
        (
            session(provenance={"a": "\ud800"}),
            "provenance.a: '\N{REPLACEMENT CHARACTER}' holds half a character (a lone surrogate)",
        ),
        (session(seeds={"style": 2**64}), "seeds.style: the whole number is too large; 64 bits are the most"),
    ],
)
def test_a_fault_is_said_with_its_place_and_its_cure(made: dict[str, Any], words: str) -> None:
    assert fault(made).replace("tracks[1] 'Bass'", "BASS") == words


def structure(**settings: Any) -> dict[str, Any]:
    made = session()
    made["console"]["tracks"][3]["settings"] = settings
    return made


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"link": "yes"}, 'link: must be true or false, not "yes"'),
        ({"look_ahead_ms": "5"}, 'look_ahead_ms: must be a number, not "5"'),
        ({"look_ahead_ms": 99}, "look_ahead_ms is 99; a compressor looks 0 to 15 ms ahead"),
        ({"look_ahead": 5}, "compressor has no setting 'look_ahead'; did you mean 'look_ahead_ms'?"),
        ({"detector": "rmz"}, "detector: must be 'peak' or 'rms', not \"rmz\"; did you mean 'rms'?"),
    ],
)
def test_structural_settings_are_as_strict(settings: dict[str, Any], words: str) -> None:
    assert fault(structure(**settings)) == f"console.tracks[3] 'compressor': {words}"


def test_true_is_no_number_among_structural_settings() -> None:
    with pytest.raises(ValueError, match="oversampling: true does not belong here"):
        ConsoleSpec.model_validate({"tracks": [{"name": "saturation", "settings": {"oversampling": True}}]})


def test_what_a_console_fixes_lies_in_its_range() -> None:
    made = session()
    made["console"]["fixed"] = {"returns.delay.mix": 2}
    assert fault(made) == "fixed.returns.delay.mix: 2 lies outside 0 … 1"


TEXT = json.dumps(session())


def seeded(value: str) -> str:
    return TEXT.replace('"seeds": {', f'"seeds": {{"x": {value}, ')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("\ufeff{}", "byte order mark"),
        ('{\n "a": 1,\n "b" 2}', "line 3, column 6: this is not JSON: expecting ':' delimiter"),
        (TEXT.replace('"mute":', '"mute": true, "mute":', 1), "stands twice; keep one of them"),
        (seeded("NaN"), "seeds.x: nan is not a finite number"),
        (seeded("1e999"), "seeds.x: inf is not a finite number"),
        (seeded("9" * 9999), "seeds.x: the whole number is too"),
        (seeded("[" * 99 + "]" * 99), "deeper than 64"),
        ("[" * 100_000, "nested deeper than 64 levels"),
        ('{"a":' * 100_000, "nested deeper than 64 levels"),
        ('"\\ud800"', "half a character"),
    ],
)  # fmt: skip
def test_text_that_is_no_session(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("'", ".")) as caught:
        Session.from_json(text)
    assert is_a_sentence(str(caught.value))


def test_a_name_that_stands_twice_is_found_where_it_is() -> None:
    with pytest.raises(ValueError, match=r"^a\[1\] 'x'\.b: 'c' stands twice; keep one of them$"):
        parse('{"a": [0, {"name": "x", "b": {"c": 1, "c": 1}}]}')


def test_files_that_are_no_sessions(tmp_path: Path) -> None:
    (tmp_path / "session.json").mkdir()
    with pytest.raises(ValueError, match=r"session\.json: is a folder, not a session"):
        Session.load(tmp_path / "session.json")
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(ValueError, match=rf"large\.json: is larger than {MAX_BYTES >> 20} MiB"):
        Session.load(large)


def test_what_is_made_in_python_is_as_strict() -> None:
    with pytest.raises(ValueError, match="finite"):
        Session(
            name="s", sample_rate=44100, num_samples=0, console=ConsoleSpec(), provenance={"x": float("nan")}
        )
    with pytest.raises(ValueError, match="mute"):
        StripSettings(name="s", mute="yes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="locked"):
        ProcessorSettings(locked="ratio")  # type: ignore[arg-type]


def test_version_1_is_filled_in_and_its_own_laws_are_checked() -> None:
    old = {k: v for k, v in session(version=1).items() if k != "conventions"}
    assert Session.from_json(json.dumps(old)).conventions == CONVENTIONS
    assert fault(old | {"conventions": {"pan": "other"}}).startswith("conventions: 'pan' says \"other\"")
    assert fault({k: v for k, v in session().items() if k != "conventions"}).startswith(
        "'conventions' is missing"
    )

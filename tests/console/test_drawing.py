"""The drawing of a console: every strip is a box, every way that a signal takes an arrow."""

import re
from random import Random

import pytest

from gainstage.console.drawing import Wire, console_drawing, session_drawing
from gainstage.console.spec import ConsoleSpec, named, shipped
from tests.console.random_sessions import document, load
from tests.console.test_session_blend import plain

LINE = re.compile(r'    (\w+\["[^"]*"\]|\w+ (-->|-\.->|==>)(\|"[^"]*"\|)? \w+)')


def test_a_console() -> None:
    spec = ConsoleSpec.model_validate(
        {
            "tracks": ["high_pass", "fader"],
            "groups": ["compressor"],
            "returns": ["reverb"],
            "master": ["limiter"],
            "group_names": ["drums"],
            "return_names": ["hall"],
            "bypassed": ["master.limiter"],
        }
    )
    assert console_drawing(spec).mermaid().splitlines() == [
        "flowchart LR",
        '    tracks["<b>each track</b><br/>high pass<br/>fader"]',
        '    group0["<b>group drums</b><br/>compressor"]',
        '    return0["<b>return hall</b><br/>reverb"]',
        '    master["<b>master</b><br/>(limiter)"]',
        '    mix["<b>mix</b>"]',
        '    tracks -->|"by role"| group0',
        '    tracks -->|"the others"| master',
        '    tracks -.->|"send"| return0',
        '    group0 -.->|"send"| return0',
        "    group0 --> master",
        "    return0 --> master",
        "    master --> mix",
    ]


@pytest.mark.parametrize("name", shipped())
def test_consoles_that_ship_can_be_drawn(name: str) -> None:
    lines = console_drawing(named(name)).mermaid().splitlines()
    assert all(LINE.fullmatch(line) for line in lines[1:])


def test_a_session_shows_its_routing() -> None:
    made = plain()
    made["tracks"][0] |= {
        "name": 'Kick "in" <1>\n',
        "group": "drums",
        "mute": True,
        "inverted": True,
        "delay_samples": 3,
        "pre_fader_sends": ["slap"],
        "processors": {
            "compressor": {"values": {"ratio": 2.0}},
            "gate": {"bypass": True, "values": {"ratio": 2.0}},
            "send_slap": {"values": {"level_db": -12.0}},
            "send_echo": {"curves": {"level_db": [[0, -60], [1, -6]]}},
            "fader": {"curves": {"gain_db": [[0, -3], [1, 0]]}},
        },
    }
    made["tracks"][1] |= {"group": None}
    made["tracks"][2] |= {"group": None}
    key = {"section": "tracks", "strip": made["tracks"][0]["name"]}
    made["groups"][1]["processors"] = {"compressor": {"key": [key]}}
    drawing = session_drawing(load(made))
    first = drawing.boxes[0]
    assert first.lines == ("mute", "polarity turned", "delay 3 samples", "compressor", "fader ~")
    arrows = {(a.start, a.end, a.wire, a.word) for a in drawing.arrows}
    assert arrows == {
        ("track0", "group0", Wire.SIGNAL, ""),
        ("track1", "master", Wire.SIGNAL, ""),
        ("track2", "master", Wire.SIGNAL, ""),
        ("track0", "return0", Wire.SEND, "up to -6.00 dB"),
        ("track0", "return1", Wire.SEND, "-12.0 dB, pre-fader"),
        ("track0", "group1", Wire.KEY, "key of compressor"),
        *((f"{bus}{i}", "master", Wire.SIGNAL, "") for bus in ("group", "return") for i in (0, 1)),
        ("master", "mix", Wire.SIGNAL, ""),
    }
    text = drawing.mermaid()
    assert "Kick &quot;in&quot; &lt;1&gt;" in text
    assert all(LINE.fullmatch(line) for line in text.splitlines()[1:])


def test_every_random_session_can_be_drawn() -> None:
    for seed in range(10):
        drawing = session_drawing(load(document(Random(seed))))
        names = [box.name for box in drawing.boxes]
        assert len(set(names)) == len(names) == 3 + 2 + 2 + 2
        assert {end for a in drawing.arrows for end in (a.start, a.end)} <= set(names)

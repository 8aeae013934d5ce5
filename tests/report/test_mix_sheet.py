"""mix.md: everything that is active and nothing else, in tables that no name breaks."""

import dataclasses

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gainstage.report import words
from gainstage.report.markdown import escaped, line, table
from gainstage.report.mix_sheet import mix_markdown
from gainstage.report.settings import Compressor, Effect, Equaliser, Pass, Reverb, Send, Strip
from gainstage.report.strip_words import reduction, steps
from tests.report import made_up


def parse(markdown: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)


def plain(inline: Token) -> str:
    """Text as a reader sees it; fails on any markup inside it."""
    children = inline.children or []
    assert {child.type for child in children} <= {"text", "text_special", "strong_open", "strong_close"}, (
        inline
    )
    return "".join(child.content for child in children)


def tables(markdown: str) -> list[list[list[str]]]:
    found: list[list[list[str]]] = []
    for before, token in zip([None, *parse(markdown)], parse(markdown), strict=False):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and before is not None and before.type in ("th_open", "td_open"):
            found[-1][-1].append(plain(token))
    return found


@pytest.mark.parametrize(
    "name", [*made_up.NASTY_NAMES, "a\\|b", "`|`", "&lt;", "*", "_", "a_b_c", "__x__", "\\"]
)
def test_any_name_reads_as_itself(name: str) -> None:
    wanted = words.printable(name)
    ((_, row),) = tables("\n".join(table(("a", "b"), [(words.printable(name), "x")])))
    assert row == [wanted, "x"]
    (inline,) = [token for token in parse(f"### 1. {escaped(name)} (kick)") if token.type == "inline"]
    assert plain(inline) == f"1. {wanted} (kick)"


@pytest.mark.parametrize(
    "text", ["# a", "- a", "1. a", "12) a", "> a", "+ a", "---", "===", "* a", "-20.0 LUFS", "3.2 dB"]
)
def test_a_line_starts_no_list_heading_or_quote(text: str) -> None:
    tokens = parse(f"- {line(text)}")
    kinds = [token.type for token in tokens if token.type.endswith("_open")]
    assert kinds == ["bullet_list_open", "list_item_open", "paragraph_open"]
    assert [plain(token) for token in tokens if token.type == "inline"] == [text]


def test_ordinary_text_is_left_as_it_is() -> None:
    for text in ("-20.0 LUFS", "lead_vocal_2.wav", "3.15 kHz, +2.2 dB, Q 0.90", "a - b"):
        assert line(text) == text


def test_all_tables_stay_whole_with_nasty_names() -> None:
    found = tables(mix_markdown(made_up.result(made_up.NASTY_NAMES, song="A | B `C`\n# D")))
    result, overview, *strips = found
    assert [len(row) for row in result] == [4] * 7
    assert [len(row) for row in overview] == [8] * 10
    assert [row[0] for row in overview[1:]] == [words.printable(name) for name in made_up.NASTY_NAMES]
    assert len(strips) == 9 + 1 + 1 + 1
    assert all(len(row) == 2 for strip in strips for row in strip)


def test_the_sheet_holds_only_headings_of_its_own() -> None:
    tokens = parse(mix_markdown(made_up.result(made_up.NASTY_NAMES)))
    assert sum(token.type == "heading_open" for token in tokens) == 1 + 5 + 12
    assert not [token for token in tokens if token.type in ("html_block", "code_block", "fence", "hr")]


def test_a_strip_is_listed_in_the_order_of_the_signal_with_every_number() -> None:
    sheet = mix_markdown(made_up.result())
    bass = next(t for t in tables(sheet)[2:] if ["EQ high shelf", "9 kHz, +1.5 dB, Q 0.70"] in t)
    assert bass[1:] == [
        ["Trim", "+2.9 dB"],
        ["High-pass", "90 Hz, 12 dB/octave, Q 0.71"],
        ["EQ low shelf", "110 Hz, -2.0 dB, Q 0.70"],
        ["EQ peak", "500 Hz, -1.9 dB, Q 1.40"],
        ["EQ peak", "3.15 kHz, +2.2 dB, Q 0.90"],
        ["EQ high shelf", "9 kHz, +1.5 dB, Q 0.70"],
        [
            "Compressor",
            "threshold -27.0 dBFS, ratio 3.5:1, attack 0.3 ms, release 90 ms, knee 6.0 dB, make-up +1.8 dB, "
            "RMS detector, mix 60 %, keyed by Kick In",
        ],
        ["Fader", "-1.5 dB"],
        ["Pan", "C"],
    ]
    reverb = next(t for t in tables(sheet)[2:] if t[2][0] == "Reverb")
    assert reverb[2][1] == (
        "T60 by band: 125 Hz 1.90 s, 1 kHz 1.60 s, 8 kHz 0.80 s; pre-delay 22 ms; "
        "level by band: 125 Hz -6.00 dB, 1 kHz 0.00 dB"
    )


def test_what_does_nothing_is_not_listed() -> None:
    assert steps(Strip("a")) == [("Fader", "0.0 dB")]
    assert steps(Strip("a", fader_db=None)) == []


def test_every_kind_of_step_has_its_words() -> None:
    strip = Strip(
        "a",
        chain=(
            Pass("low_pass", 8000.0, 0.5, amount=0.25),
            Equaliser(()),
            Compressor(-10.0, float("inf"), 0.05, 1500.0),
            Reverb(((125.0, 2.0), (1000.0, 2.0)), mix=0.3),
            Effect("Gate", (("threshold", "-48 dB"), ("release", "120 ms"))),
            Effect("Polarity"),
        ),
        fader_db=float("-inf"),
        pan=-0.25,
        width=1.5,
        sends=(Send("Hall", -12.0, pre_fader=True),),
        muted=True,
    )
    assert steps(strip, trim_db=2.0, is_stereo=True) == [
        ("Trim", "+2.0 dB"),
        ("Low-pass", "8 kHz, 12 dB/octave, Q 0.50, 25 % wet"),
        (
            "Compressor",
            "threshold -10.0 dBFS, ratio ∞:1, attack 0.05 ms, release 1.5 s, knee 0.0 dB, make-up 0.0 dB, "
            "peak detector",
        ),
        ("Reverb", "T60 2.00 s; pre-delay 0 ms; mix 30 %"),
        ("Gate", "threshold -48 dB, release 120 ms"),
        ("Polarity", "on"),
        ("Fader", "off"),
        ("Balance", "L 25"),
        ("Width", "150 %"),
        ("Send to Hall", "-12.0 dB, pre-fader"),
        ("Mute", "on"),
    ]


def test_a_reduction_that_was_not_measured_is_not_claimed() -> None:
    assert reduction(Compressor(-10.0, 2.0, 5.0, 50.0)) == ""
    measured = Compressor(-10.0, 2.0, 5.0, 50.0, mean_reduction_db=1.24, max_reduction_db=6.0)
    assert reduction(measured) == "takes 1.2 dB on average, 6.0 dB at most"


def test_the_sheet_says_why_what_was_warned_of_and_by_which_laws() -> None:
    result = dataclasses.replace(
        made_up.result(), conventions={"pan": "linear", "look_ahead": "none"}, sum=None, reference=None
    )
    sheet = mix_markdown(result)
    for words_of_it in (
        "leaves room to -1 dBTP",
        "resampled to 44.1 kHz",
        "nothing of the track plays below",
    ):
        assert words_of_it in sheet
    assert "**Pan**: linear" in sheet
    assert "**look ahead**: none" in sheet
    assert "sine/cosine" not in sheet
    assert "alpha = exp(-1 / (seconds × sample rate))" in sheet
    assert [len(row) for row in tables(sheet)[0]] == [2] * 7

import math

import pytest

from gainstage.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0 dB"),
        (-0.04, "0.0 dB"),
        (0.04, "0.0 dB"),
        (3.25, "+3.2 dB"),
        (-60, "-60.0 dB"),
        (-math.inf, "off"),
    ],
)
def test_gains_carry_their_sign_and_zero_has_none(value: float, text: str) -> None:
    assert words.gain(value) == text


def test_what_is_not_known_and_what_is_silent_are_told_apart() -> None:
    assert words.loudness(math.nan) == "–"
    assert words.loudness(-math.inf) == "silent"
    assert words.number(-math.inf, "dBTP") == "-∞ dBTP"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (20, "20 Hz"),
        (82.41, "82.4 Hz"),
        (999.4, "999 Hz"),
        (999.6, "1 kHz"),
        (1254, "1.25 kHz"),
        (16e3, "16 kHz"),
    ],
)
def test_frequencies_have_three_digits(value: float, text: str) -> None:
    assert words.frequency(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-1, "L 100"), (-0.004, "C"), (0, "C"), (0.37, "R 37"), (1, "R 100")]
)
def test_pan_reads_left_and_right(value: float, text: str) -> None:
    assert words.pan(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.4, "0.4 s"), (9.96, "0:10"), (59.6, "1:00"), (187, "3:07"), (3723, "1:02:03")]
)
def test_durations_roll_over(value: float, text: str) -> None:
    assert words.clock(value) == text


def test_side_level_is_the_ratio_in_db() -> None:
    assert words.side_level(0.1) == "-10.0 dB"
    assert words.side_level(0.0) == "mono"


def test_printable_leaves_one_line_that_any_file_can_hold() -> None:
    text = words.printable("a\r\nb\x00c\u2028d\udcffe\x85")
    assert text == "a b c d e"
    text.encode("utf-8")
    assert words.printable(" \n ") == "(no name)"


def test_short_keeps_both_ends() -> None:
    assert words.short("Guitar", 10) == "Guitar"
    cut = words.short("Guitar double 1 take 12", 12)
    assert len(cut) <= 12
    assert cut.startswith("Guitar")
    assert cut.endswith("12")


def test_listed_reads_as_a_sentence() -> None:
    assert [words.listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_counts_know_the_plural() -> None:
    assert [words.count(n, "song") for n in (0, 1, 2)] == ["0 songs", "1 song", "2 songs"]
    assert words.count(3, "song or file", "songs or files") == "3 songs or files"

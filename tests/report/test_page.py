"""The page: whole, self-contained, safe against what stands in a name; written whole or not at all."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gainstage.report.blocks import Bullets, Column, Fact, Facts, Fold, Grid, Players, Table, Text, Voice
from gainstage.report.page import Page, Section
from tests.report.made_up import NASTY_NAMES
from tests.report.parsed import Parsed


def page_of(*blocks: object, title: str = "Title") -> Page:
    return Page(title, "subtitle", (Section("One", tuple(blocks)), Section("Two", ())))  # type: ignore[arg-type]


def nasty_page() -> Page:
    text = " / ".join(NASTY_NAMES)
    table = Table(text, (Column(text), Column("n", is_number=True)), tuple((n, n) for n in NASTY_NAMES), text)
    voices = tuple(Voice(n, "data:audio/mpeg;base64,AAAA" if n else "", n) for n in NASTY_NAMES)
    fold = Fold(text, text, (Text((text,)), Bullets((text,), "warning")))
    return page_of(
        table, Players(text, voices, text), Facts((Fact(text, text, (text,)),)), Grid((fold,)), title=text
    )


def test_a_page_is_well_formed_and_names_stay_names() -> None:
    parsed = Parsed(nasty_page().html())
    assert parsed.tags["script"] == 1
    assert parsed.tags["audio"] == sum(bool(n) for n in NASTY_NAMES)
    text = " ".join(parsed.texts)
    for name in ("<script>alert(1)</script>", "Kick | In `D112`", "鼓 ドラム", "&amp; _amp_ *loud*"):
        assert name in text
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]


def test_a_page_asks_for_nothing_from_outside() -> None:
    parsed = Parsed(nasty_page().html())
    for _, name, value in parsed.attributes:
        if name in ("src", "href", "xlink:href", "poster", "data", "action", "srcset"):
            assert value.startswith(("data:", "#")), (name, value)
    html = nasty_page().html()
    assert not re.search(r"@import|url\((?!#)", html)
    (policy,) = [v for v in parsed.values("content") if "default-src" in v]
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_links_and_labels_of_a_page_meet_their_ids() -> None:
    parsed = Parsed(nasty_page().html())
    ids = Counter(parsed.values("id"))
    assert max(ids.values()) == 1
    wanted = [v[1:] for v in parsed.values("href") if v.startswith("#")] + parsed.values("aria-labelledby")
    assert len(wanted) >= 4
    assert set(wanted) <= set(ids)


def test_numbers_get_a_minus_and_names_keep_their_hyphen() -> None:
    table = Table("t", (Column("name"), Column("v", is_number=True)), (("Take -2", "-3.5 dB"),))
    text = " ".join(Parsed(page_of(table).html()).texts)
    assert "Take -2" in text
    assert "−3.5 dB" in text


def test_a_row_of_the_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match="2 columns, but a row of 1"):
        Table("t", (Column("a"), Column("b")), (("x",),))


def test_writing_leaves_the_page_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    nasty_page().write(path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    Parsed(path.read_text(encoding="utf-8"))
    assert path.stat().st_mode & 0o444 == 0o444 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_failed_write_keeps_the_old_page_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    broken = page_of(Text(("fine",)), object())  # a block without a kind: fails in the middle of the page
    with pytest.raises(Exception, match="kind"):
        broken.write(path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "old"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "none" / "report.html"))):
        nasty_page().write(tmp_path / "none" / "report.html")


def test_same_page_same_bytes() -> None:
    assert nasty_page().html() == nasty_page().html()


def test_importing_reports_waits_for_nothing_heavy() -> None:
    code = (
        "import sys, gainstage.report.page, gainstage.report.mix_result, gainstage.report.mix_sheet\n"
        "print([m for m in ('matplotlib', 'jinja2', 'torch', 'scipy', 'soundfile') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""The pages around a training and an evaluation: curves, the last pictures, what parts took."""

import base64
import re
from pathlib import Path

import pytest

from gainstage.report.blocks import Drawing, Fold, Link, Picture, Text
from gainstage.report.page import Page, Section, sections_of
from gainstage.report.parts import Part, parts_page
from gainstage.report.run_section import run_section
from tests.report.made_up import NASTY_NAMES
from tests.report.parsed import Parsed

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def write_run(folder: Path, *pictures: str) -> Path:
    (folder / "pictures").mkdir(parents=True)
    rows = ["step,train/total,val/af,val/total", "0,3.0,,", "1,2.0,0.1,2.5"]
    (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
    for name in pictures:
        (folder / "pictures" / name).write_bytes(PNG + name.encode())
    return folder


def shown(section: Section) -> list[str]:
    """What the pictures of a section are of, as their files were called."""
    blocks = [
        part for block in section.blocks for part in (block.blocks if isinstance(block, Fold) else [block])
    ]
    pictures = [block for block in blocks if isinstance(block, Picture)]
    return [base64.b64decode(p.address.partition(",")[2])[len(PNG) :].decode() for p in pictures]


def test_the_last_look_at_validation_is_shown(tmp_path: Path) -> None:
    names = [f"step-{step}-{stage}-{what}.png" for step, stage, what in (
        ("000900", "val", "mix"), ("001000", "val", "mix"), ("001000", "val", "tracks"),
        ("001000", "val", "master"), ("001200", "train", "mix"), ("000900", "val", "returns"),
    )]  # fmt: skip
    section = run_section(write_run(tmp_path / "run", *names, "step-x-val-mix.png"))
    assert shown(section) == [f"step-001000-val-{what}.png" for what in ("mix", "tracks", "master")]
    plots = [block for block in section.blocks if isinstance(block, Drawing)]
    assert [plot.caption for plot in plots] == ["The loss over 2 steps"]


def test_a_run_without_validation_shows_its_training(tmp_path: Path) -> None:
    section = run_section(write_run(tmp_path / "run", "step-000500-train-tracks.png"))
    assert shown(section) == ["step-000500-train-tracks.png"]


def test_a_run_without_pictures_or_losses_is_borne_and_one_without_a_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("epoch,step\n")
    assert [type(block) for block in run_section(tmp_path).blocks] == [Text]
    with pytest.raises(ValueError, match="holds no metrics"):
        run_section(tmp_path / "nothing")


def evaluation(path: Path) -> Path:
    text = Text((" / ".join(NASTY_NAMES),))
    picture = Picture("data:image/png;base64,AAAA", NASTY_NAMES[1], NASTY_NAMES[1])
    sections = (Section("One & <two>", (text,)), Section("Three", (picture, Fold("a", "b", (text,)))))
    Page("Evaluation", "", sections).write(path)
    return path


def test_sections_of_a_page_stand_in_another_as_they_were(tmp_path: Path) -> None:
    page = evaluation(tmp_path / "e.html")
    again = Page("Again", "", (Section("First", (Text(("Now.",)),)), *sections_of(page)))
    parsed = Parsed(again.html())
    assert parsed.values("id") == ["content", "s1", "h1", "s2", "h2", "s3", "h3"]
    assert [v for v in parsed.values("href") if v.startswith("#s")] == ["#s1", "#s2", "#s3"]
    bodies = [
        re.findall(r"</h2>\n(.*?)</section>", html, re.DOTALL) for html in (page.read_text(), again.html())
    ]
    assert [b.strip() for b in bodies[0]] == [b.strip() for b in bodies[1][1:]]
    assert "One & <two>" in parsed.texts
    again.write(tmp_path / "again.html")
    assert [s.title for s in sections_of(tmp_path / "again.html")] == ["First", "One & <two>", "Three"]


def test_a_page_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text("<html><section>hello</section></html>")
    with pytest.raises(ValueError, match="no page that gainstage has written"):
        sections_of(tmp_path / "other.html")


def test_parts_say_time_and_memory_and_what_was_kept(tmp_path: Path) -> None:
    parts = [
        Part("environment", 100.0, is_set_up=True),
        Part("generate", 30.4, 2**30, is_kept=True),
        Part("train", 340.0, 3 * 2**29),
    ]
    page = parts_page(
        parts,
        evaluation(tmp_path / "e.html"),
        title="Quickstart",
        subtitle="",
        footer="",
        links=[Link("The mix", "mix/report.html", "players")],
    )
    parsed = Parsed(page.html())
    text = " ".join(" ".join(parsed.texts).split())
    for said in (
        "6:10 after 1:40 for the environment",
        "1.50 GiB in “train”",
        "30 s",
        "5:40",
        "kept: generate",
    ):
        assert said in text
    assert "mix/report.html" in parsed.values("href")
    assert "environment 1:40 –" in text

"""The picture of a console holds all of its words and stays within its page."""

from pathlib import Path
from random import Random
from xml.etree import ElementTree

from gainstage.console.drawing import console_drawing, session_drawing
from gainstage.console.spec import named
from gainstage.report.console_picture import save_picture
from tests.console.random_sessions import document, load


def test_all_strips_sends_and_keys_are_in_the_picture(tmp_path: Path) -> None:
    drawing = session_drawing(load(document(Random(1))))
    save_picture(drawing, tmp_path / "console.svg")
    text = " ".join(ElementTree.parse(tmp_path / "console.svg").getroot().itertext())
    for box in drawing.boxes:
        assert all(words in text for words in (box.title, *box.lines))
    said = {part for arrow in drawing.arrows for part in arrow.word.replace(" of ", " of\n").split("\n")}
    assert all(part.strip() in text for part in said)


def test_the_same_console_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png"):
        save_picture(console_drawing(named("diffmst")), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")

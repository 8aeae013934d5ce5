"""`gainstage shards`: what it prints, and one sentence for each mistake."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.conftest import skip_or_fail


def test_a_set_is_written_once(gainstage: Command, tiny_set: Path, tmp_path: Path) -> None:
    if find_spec("litdata") is None:
        skip_or_fail("litdata is not installed (the extra `shards`)")
    out = tmp_path / "out"
    given = ("data=built_in", f"data.songs.root={tiny_set}", f"data.settings.cache={tmp_path / 'cache'}")
    code, said, told = gainstage("shards", *given, "--out", out)
    assert code == 0, told
    assert said == f"{out}: 1 shards; gainstage train data=shards data.songs.root={out}\n"
    assert {path.name for path in out.iterdir()} == {"index.json", "chunk-0-0.bin"}
    code, _, told = gainstage("shards", *given, "--out", out)
    assert (code, told) == (1, f"gainstage: {out} is there already; give another folder, or remove it\n")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "train needs data.songs.root"),
        (["data.songs.root=nowhere"], "the data's folder nowhere does not exist"),
        (["data.songs.root=.", "encodr=conv"], "encodr"),
    ],
)
def test_mistakes_are_one_sentence(
    gainstage: Command, tmp_path: Path, given: list[str], sentence: str
) -> None:
    code, _, told = gainstage("shards", *given, "--out", tmp_path / "out")
    assert code == 1
    assert sentence in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()

"""`gainstage evaluate`: a checkpoint beside the baselines, in files and on the terminal."""

import csv
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from gainstage.console.session import Session
from tests.cli.command import Command

SYSTEMS = {"sum", "equal_loudness_panned", "random", "rules", "role_mean", "network", "network_locked"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_evaluated_into_files_and_a_table(
    gainstage: Command, tiny_set: Path, tiny_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    given = (f"checkpoint={tiny_run}", f"data.songs.root={tiny_set}", f"out={out}", "jobs=1", "players=1")
    code, said, told = gainstage("evaluate", *given)
    assert code == 0, told
    assert {path.name for path in out.iterdir()} == {
        "per_song.csv",
        "summary.csv",
        "summary.json",
        "report.html",
    }
    found = rows(out / "per_song.csv")
    assert {row["system"] for row in found} == SYSTEMS | {"target"}
    assert len({row["song"] for row in found}) == 1  # the one of the test
    by_system = {row["system"]: float(row["sum_difference"]) for row in found if row["sum_difference"]}
    assert by_system["network_locked"] != by_system["network"]  # a quarter stands at the truth
    assert "medians over 1 song" in said
    assert "report.html" in said
    assert "<audio" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_metrics_are_asked_for_by_one_word(
    gainstage: Command, tiny_set: Path, tiny_run: Path, tmp_path: Path
) -> None:
    given = (f"checkpoint={tiny_run}", f"data.songs.root={tiny_set}", "jobs=1", "players=0")
    assert gainstage("evaluate", *given, f"out={tmp_path / 'quick'}")[0] == 0
    assert gainstage("evaluate", *given, f"out={tmp_path / 'full'}", "metrics=full")[0] == 0
    quick, full = (rows(tmp_path / name / "per_song.csv") for name in ("quick", "full"))
    assert len(full[0]) > 2 * len(quick[0])
    for one, other in zip(quick, full, strict=True):
        assert one.items() <= other.items()


def test_locks_are_left_out_where_the_settings_are_not_known(
    gainstage: Command, tiny_set: Path, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session of another console tells how a song should sound, but not which settings to hold."""
    from gainstage.cli import evaluate

    root = tmp_path / "songs"
    shutil.copytree(tiny_set, root)
    (folder,) = (path for path in root.iterdir() if path.name.startswith("03_"))
    session = Session.load(folder / "session.json")
    spec = session.console.model_copy(update={"tracks": session.console.tracks[1:]})
    document = session.model_dump()
    for track in document["tracks"]:
        del track["processors"][session.console.tracks[0].name]
    Session.model_validate(document | {"console": spec.model_dump()}).save(folder / "session.json")
    asked: dict[str, Any] = {}

    def stop(_: Any, systems: dict[str, Any], **__: Any) -> None:
        asked.update(systems)
        raise ValueError("enough")

    monkeypatch.setattr(evaluate, "evaluate", stop)
    code, _, told = gainstage("evaluate", f"checkpoint={tiny_run}", f"data.songs.root={root}")
    assert (code, told) == (1, "gainstage: enough\n")
    assert set(asked) == SYSTEMS - {"network_locked"}
    gainstage("evaluate", f"checkpoint={tiny_run}", f"data.songs.root={tiny_set}")
    assert set(asked) == SYSTEMS


class _Code:
    def __reduce__(self) -> Any:
        return os.mkdir, ("made-by-a-checkpoint",)


@pytest.mark.parametrize(
    ("checkpoint", "overrides", "sentence"),
    [
        ("none.ckpt", [], "none.ckpt is not there; give a checkpoint, or the folder of a run"),
        (".", [], "holds no checkpoint"),
        ("cut.ckpt", [], "cut.ckpt cannot be read as a checkpoint, it may be cut short"),
        ("code.ckpt", [], "code.ckpt is refused: it is no checkpoint, or it holds Python objects"),
        ("other.ckpt", [], "other.ckpt"),
        ("good.ckpt", ["metrics=ful"], "metrics: input should be 'quick' or 'full', got \"ful\""),
        (
            "good.ckpt",
            ["split=tset"],
            "split: input should be 'train', 'validation', 'test' or 'all', got \"tset\"",
        ),
        ("good.ckpt", ["songs=0"], "songs is 0; give 1 or more"),
        ("good.ckpt", ["songs=-1"], "songs is -1; give 1 or more"),  # as a slice: all but the last
        ("good.ckpt", ["jobs=0"], "jobs is 0; give 1 or more"),
        ("good.ckpt", ["jobs=1.5"], "jobs: input should be a valid integer, got 1.5"),
        ("good.ckpt", ["seed=-1"], "seed is -1; give 0 or more"),
        ("good.ckpt", ["out=good.ckpt"], "good.ckpt is a file; give a folder for the results as out=FOLDER"),
        ("good.ckpt", ["metrcs=full"], "evaluate has no key 'metrcs'; did you mean 'metrics'?"),
        ("good.ckpt", ["experiment=quickstart"], "evaluate has no group 'experiment'; `gainstage eval"),
        ("good.ckpt", ["data.songs.root=nowhere"], "the data's folder nowhere does not exist"),
    ],
)
def test_each_mistake_is_one_sentence_and_writes_nothing(
    checkpoint: str,
    overrides: list[str],
    sentence: str,
    gainstage: Command,
    tiny_set: Path,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    good = (tiny_run / "checkpoints" / "last.ckpt").read_bytes()
    (tmp_path / "good.ckpt").write_bytes(good)
    (tmp_path / "cut.ckpt").write_bytes(good[:30_000])
    (tmp_path / "code.ckpt").write_bytes(pickle.dumps({"state_dict": _Code()}))
    loaded = torch.load(tmp_path / "good.ckpt", weights_only=True)
    loaded["gainstage"]["settings"]["console"]["master"].pop(0)  # its weights are of another console
    torch.save(loaded, tmp_path / "other.ckpt")
    before = sorted(tmp_path.iterdir())
    given = (f"checkpoint={checkpoint}", f"data.songs.root={tiny_set}", "out=results")
    code, said, told = gainstage("evaluate", *given, *overrides)
    assert (code, said) == (1, "")
    assert sentence in told
    assert told.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_checkpoint_must_be_named(gainstage: Command) -> None:
    code, _, told = gainstage("evaluate")
    assert code == 1
    assert "evaluate needs checkpoint, which has no default; give it as checkpoint=VALUE" in told

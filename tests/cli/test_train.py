"""`gainstage train`: a config in, a run out; whatever is wrong is one sentence, and nothing is lost."""

from pathlib import Path

import pytest
import yaml

from gainstage.training import run as training
from tests.cli.command import Command

TINY = (
    "debug=tiny",
    "trainer=cpu",
    "data.settings.excerpts.seconds=0.5",
    "data.settings.excerpts.pre_roll_seconds=0.1",
    "data.settings.batch_size=2",
    "callbacks=none",
)


@pytest.fixture
def tiny(tiny_set: Path, tiny_cache: Path) -> tuple[str, ...]:
    return (*TINY, f"data.songs.root={tiny_set}", f"data.settings.cache={tiny_cache}")


def test_a_run_is_made_gone_on_with_and_not_overwritten(
    gainstage: Command, tiny: tuple[str, ...], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    code, said, told = gainstage("train", *tiny, f"out={out}", "steps=1")
    assert code == 0, told
    assert said.startswith("1 steps in ")
    assert "console" in said
    assert f"{out}/checkpoints/last.ckpt" in said.replace("\n", "")
    assert "step 1/1" in told
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert written == {"checkpoints/best.ckpt", "checkpoints/last.ckpt", "config.yaml", "metrics.csv"}
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert (config["steps"], config["out"], config["encoder"]["width"]) == (1, str(out), 8)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for more, sentence in (
        ((), f"{out} holds a training already; go on with it by resume={out}, or give another out="),
        ((f"resume={out}",), "last.ckpt has made 1 steps and 1 are asked for in all; ask for more"),
        ((f"resume={out}", "steps=2", "encoder.width=9"), "its encoder.width is 8, here it is 9"),
    ):
        code, said, told = gainstage("train", *tiny, f"out={out}", "steps=1", *more)
        assert code == 1
        assert sentence in told
        assert told.count("\n") == 1
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    code, said, told = gainstage("train", *tiny, f"out={out}", "steps=2", f"resume={out}")
    assert code == 0, told
    assert said.startswith("2 steps in ")
    assert (out / "metrics-1.csv").read_bytes() == before[out / "metrics.csv"]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["stpes=3"], "train has no key 'stpes'; did you mean 'steps'?"),
        (["encoder.widht=3"], "encoder has no key 'widht'; did you mean 'encoder.width'?"),
        (["data=bulit_in"], "the group 'data' has no choice 'bulit_in'; did you mean 'built_in'?"),
        (["steps=many"], "steps must be a number (such as 2), got many"),
        (["steps=2.5"], "steps: input should be a valid integer, got 2.5"),
        (["steps=-1"], "steps is -1; a training takes 1 or more"),
        (["seed=-3"], "seed is -3; give a number from 0"),
        (["encoder.width=wide"], 'encoder.width: input should be a valid integer, got "wide"'),
        (["console.tracks=[trim,fadr]"], "console.tracks.1"),
        (["task.most_locked=2"], "most_locked is 2"),
        (["optimizer.clip_norm=0"], "clip_norm must be more than 0"),
        (["loss.audio.af.weight=-1"], "the weight of loss 'af' is -1"),
        (["loss.settings.tracks.fader.gian_db=2"], "did you mean"),
        (
            ["optimizer._target_=os.system"],
            "optimizer: _target_ 'os.system' is refused; it must be of gainstage",
        ),
        (["trainer._target_=torch.load"], "trainer: _target_ 'torch.load' is refused"),
        (["trainer.max_steps=4"], "trainer.max_steps is not for a config to say; give steps=NUMBER"),
        (["trainer.accumulate_grad_batches=2"], "give a larger data.settings.batch_size"),
        (["data.songs.root=nowhere"], "the data's folder nowhere does not exist; give the root of the data"),
        (
            ["experiment=medleydb", "data.songs.root=nowhere"],
            "`gainstage prepare` or `gainstage normalise set`",
        ),
        (["resume=nowhere"], "nowhere is not there; give a checkpoint, or the folder of a run"),
        (["data=folders"], "train needs data.songs.root, which has no default"),
    ],
)
def test_each_mistake_is_one_sentence_and_leaves_nothing_behind(
    overrides: list[str],
    sentence: str,
    gainstage: Command,
    tiny: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [part for part in tiny if not (overrides == ["data=folders"] and "root" in part)]
    code, said, told = gainstage("train", *given, "out=run", *overrides)
    assert (code, said) == (1, "")
    assert sentence in told
    assert told.startswith("gainstage: ")
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_said(
    gainstage: Command, tiny: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    code, _, told = gainstage("train", *tiny, f"out={tmp_path / 'file'}")
    assert code == 1
    assert "cannot be written" in told


def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(
    gainstage: Command, tiny: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = training.System.training_step

    def interrupted(self: training.System, batch: object, index: int) -> object:
        if self.global_step == 1:
            raise KeyboardInterrupt
        return step(self, batch, index)  # type: ignore[arg-type]

    monkeypatch.setattr(training.System, "training_step", interrupted)
    out = tmp_path / "run"
    code, _, told = gainstage("train", *tiny, f"out={out}", "data.settings.excerpts.audio_every=0")
    last = out / "checkpoints" / "last.ckpt"
    assert code == 130
    assert f"stopped; the same command with resume={last} goes on" in told
    assert "interrupted" in told
    assert last.is_file()


def test_the_bar_can_be_switched_off(gainstage: Command, tiny: tuple[str, ...], tmp_path: Path) -> None:
    quiet = ("trainer.enable_progress_bar=false", "data.settings.excerpts.audio_every=0", "steps=1")
    assert gainstage("train", *tiny, f"out={tmp_path / 'run'}", *quiet)[::2] == (0, "")


def test_choices_are_listed_for_both_commands(gainstage: Command) -> None:
    code, said, _ = gainstage("train", "--choices")
    assert code == 0
    for line in (
        "data",
        "* built_in",
        "  folders",
        "  musdb_hq",
        "* dmc",
        "  wandb",
        "  quickstart",
        "  tiny",
    ):
        assert line in said
    assert "steps=3000" in said
    code, said, _ = gainstage("evaluate", "--choices")
    assert code == 0
    assert "metrics=quick" in said
    assert "experiment" not in said  # all of them are of trainings

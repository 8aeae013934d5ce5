"""Configs compose, and what is wrong in them is said in one sentence that names the nearest right thing."""

import subprocess
import sys
from pathlib import Path

import pytest

from gainstage.cli.configs import choices, compose, config_folder

FILES = {
    "train.yaml": """
        # Train a mixer.
        defaults:
          - _self_
          - data: small
          - loss: ???
          - optimizer: adam
          - experiment: null
          - optional debug: null
        seed: 1
        out: runs/train
        early_stop: true
        compared: [sum, rules]
        rate: 44100
    """,
    "evaluate.yaml": "seed: 3",
    "data/small.yaml": """
        # A few built-in songs.
        folder: ???
        songs: 8
        rate: ${rate}
    """,
    "data/large.yaml": "folder: songs\nsongs: 800\nrate: 48000",
    "loss/spectral.yaml": "weights: {sum: 1.0}",
    "loss/nothing.yaml": "weights: ${weight}",
    "optimizer/adam.yaml": "_target_: torch.optim.AdamW\n_partial_: true\nlr: 1.0e-3",
    "experiment/quick.yaml": """
        # @package _global_
        # Two minutes.
        defaults:
          - override /data: large
          - override /loss: spectral
        optimizer: {lr: 1.0e-4}
        seed: 7
    """,
    "debug/small.yaml": "# @package _global_\n# Seconds.\nseed: 2",
    "experiment/mistyped.yaml": "# @package _global_\nsead: 7",
    "experiment/lost.yaml": "# @package _global_\ndefaults:\n  - override /data: larg",
    "experiment/broken.yaml": "# @package _global_\nseed: [7",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("configs")
    for name, text in FILES.items():
        (top / name).parent.mkdir(exist_ok=True)
        lines = text.removeprefix("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        (top / name).write_text("\n".join(line[indent:] for line in lines) + "\n")
    return top


def test_an_experiment_overrides_the_root_and_the_command_line_overrides_both(folder: Path) -> None:
    config = compose("train", ["experiment=quick", "data.songs=4"], folder=folder)
    assert config.data == {"folder": "songs", "songs": 4, "rate": 48000}
    assert (config.seed, config.optimizer.lr, config.out) == (7, 1e-4, "runs/train")
    assert "hydra" not in config
    assert compose("train", ["experiment=quick", "seed=2"], folder=folder).seed == 2


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["data.song=3"], "train: data has no key 'song'; did you mean 'data.songs'?"),
        (["dat=large"], "train has no key 'dat'; did you mean 'data'?"),
        (["sede=3"], "train has no key 'sede'; did you mean 'seed'?"),
        (["songs=3"], "train has no key 'songs'; did you mean 'data.songs'?"),
        (
            ["optimizer.weight_dcay=0"],
            "train: optimizer has no key 'weight_dcay'; did you mean 'optimizer.weight_decay'?",
        ),
        (["data.xyz=1"], "train: data has no key 'xyz'; it has folder, rate, songs"),
        (["debug=smal"], "train: the group 'debug' has no choice 'smal'; did you mean 'small'?"),
        (["~data.song"], "train: data has no key 'song'; did you mean 'data.songs'?"),
        (["data=larg"], "train: the group 'data' has no choice 'larg'; did you mean 'large'?"),
        (["data=xyz"], "train: the group 'data' has no choice 'xyz'; there is large, small"),
        (["experiment=quik"], "train: the group 'experiment' has no choice 'quik'; did you mean 'quick'?"),
        (["experiment=mistyped"], "experiment/mistyped: train has no key 'sead'; did you mean 'seed'?"),
        (["experiment=lost"], "train: the group 'data' has no choice 'larg'; did you mean 'large'?"),
        (["experiment=broken"], "train: while parsing a flow sequence"),
        (["seed"], "'seed' is no override; write group=choice or key=value"),
        (["seed=1,2"], "'seed=1,2' gives several values; a run takes one"),
        (["seed=many"], "seed must be a number (such as 1), got many"),
        (["early_stop=3"], "early_stop must be true or false (such as true), got 3"),
        (["compared=sum"], 'compared must be a list (such as ["sum", "rules"]), got sum'),
        (["data.songs=[1]"], "data.songs must be a number (such as 8), got [1]"),
        (["data=large", "loss=nothing"], "train: loss.weights: Interpolation key 'weight' not found"),
        (["+note=${data.folder}"], "train needs data.folder, which has no default"),
        (["+seed=3"], "train: "),
        ([], "train needs data.folder, which has no default; give it as data.folder=VALUE"),
    ],
)
def test_each_mistake_is_one_sentence(overrides: list[str], sentence: str, folder: Path) -> None:
    loss = [] if any(o.startswith(("loss", "experiment")) for o in overrides) else ["loss=spectral"]
    if overrides and overrides[0] in ("experiment=mistyped", "experiment=lost"):
        loss = ["loss=spectral", "data.folder=x"]
    with pytest.raises(ValueError) as refused:
        compose("train", [*loss, *overrides], folder=folder)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_a_group_that_must_be_chosen_says_what_there_is(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"^train: You must specify 'loss'.*; there is nothing, spectral$"):
        compose("train", folder=folder)


def test_the_nearest_root_is_named(folder: Path) -> None:
    with pytest.raises(ValueError, match="there is no config 'trian'; did you mean 'train'"):
        compose("trian", folder=folder)


def test_an_argument_of_the_constructor_needs_no_plus(folder: Path) -> None:
    config = compose("train", ["experiment=quick", "optimizer.weight_decay=0.1"], folder=folder)
    assert config.optimizer.weight_decay == 0.1


def test_a_new_key_needs_a_plus_and_null_fits_any_kind(folder: Path) -> None:
    config = compose("train", ["experiment=quick", "+note=hello", "early_stop=null"], folder=folder)
    assert (config.note, config.early_stop) == ("hello", None)


def test_composing_twice_and_after_a_mistake_leaves_nothing_behind(folder: Path) -> None:
    with pytest.raises(ValueError):
        compose("train", ["experiment=broken"], folder=folder)
    first, second = (compose("train", ["experiment=quick"], folder=folder) for _ in range(2))
    assert first == second


def test_choices_name_groups_files_and_defaults(folder: Path) -> None:
    text = choices("train", folder=folder)
    assert "* small                A few built-in songs." in text
    assert "  quick                Two minutes." in text
    assert "loss  (one must be chosen)" in text
    assert "  debug  (nothing by default)\n      small                Seconds." in text
    assert "experiment  (nothing by default)" in text
    assert "    seed=1" in text
    assert '    compared=["sum", "rules"]' in text


def test_the_configs_that_ship_are_found_from_anywhere() -> None:
    assert (config_folder() / "console" / "default.yaml").is_file()


def test_the_command_line_does_not_load_hydra_for_its_help() -> None:
    code = (
        "import sys; from gainstage.cli.main import cli; cli(['--help'], standalone_mode=False); "
        "assert not {'hydra', 'omegaconf', 'torch', 'pytorch_lightning', 'wandb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

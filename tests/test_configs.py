"""Every file in configs/ composes, builds, and runs a step."""

from pathlib import Path

import pytest
import wandb
import yaml

from gainstage.cli import shards
from gainstage.cli.building import check, instantiate
from gainstage.cli.configs import compose, config_folder
from gainstage.cli.train import experiment_of, run
from gainstage.mixing.render import silent_progress
from gainstage.preparation import Settings, prepare
from tests.data.songs import RATE, noise, save

SMALL = (
    "debug=tiny",
    "steps=1",
    "data.settings.batch_size=2",
    "data.settings.excerpts.seconds=0.5",
    "data.settings.excerpts.pre_roll_seconds=0.1",
)
CONSOLES = ("default", "fader_pan", "diffmst", "channel_strip", "mastering")
CASES = {
    "defaults": (),
    "folders": ("data=folders", "callbacks=none", "trainer=cpu", "logger=csv"),
    "musdb_hq": ("data=musdb_hq", "logger=wandb"),
    "prepared": ("data=prepared", "callbacks=none"),
    "shards": ("data=shards", "callbacks=none"),
    "hour": ("experiment=hour",),
    "quickstart": ("experiment=quickstart",),
    "medleydb": ("experiment=medleydb", "callbacks=none"),
    "musdb18": ("experiment=musdb18", "callbacks=none"),
    **{c: (f"console={c}", "loss=audio", "data=folders", "callbacks=none") for c in CONSOLES},
}
QUICK = {"folders", "musdb_hq", *CONSOLES}
NO_CHOICE = {"data/base"}  # what the other files of data/ have in common


def picked(overrides: tuple[str, ...]) -> set[str]:
    """The files that a case is made of."""
    given = dict(part.split("=") for part in (*SMALL, *overrides) if "." not in part and "=" in part)
    defaults = yaml.safe_load((config_folder() / "train.yaml").read_text())["defaults"]
    groups = {
        k.removeprefix("optional "): v for part in defaults if isinstance(part, dict) for k, v in part.items()
    }
    chosen = {group: given.get(group, choice) for group, choice in groups.items()}
    return {f"{group}/{choice}" for group, choice in chosen.items() if choice}


def test_the_cases_below_take_every_choice_there_is() -> None:
    files = {
        p.relative_to(config_folder()).with_suffix("").as_posix() for p in config_folder().rglob("*/*.yaml")
    }
    assert set().union(*(picked(case) for case in CASES.values())) == files - NO_CHOICE
    assert {path.stem for path in config_folder().glob("*.yaml")} == {"train", "evaluate", "prepare"}


@pytest.mark.parametrize(
    "choice",
    [
        "",
        "data=folders",
        "data=musdb_hq",
        "data=prepared",
        "data=shards",
        "logger=wandb",
        *(f"experiment={name}" for name in ("hour", "medleydb", "musdb18")),
    ],
)
def test_every_file_fits_the_constructors_that_it_names(choice: str, tmp_path: Path) -> None:
    root = () if choice.startswith("experiment") else (f"data.songs.root={tmp_path}",)
    for name, more in (("train", ()), ("evaluate", ("checkpoint=x",))):
        if name == "train" or choice.startswith("data") or not choice:
            check(compose(name, [*filter(None, [choice]), *root, *more]))


def test_the_network_is_as_large_as_its_files_say() -> None:
    mixer = experiment_of(compose("train")).mixer.build()
    size = {
        name: sum(p.numel() for p in getattr(mixer, name).parameters()) for name in ("encoder", "controller")
    }
    texts = {
        g: (config_folder() / g / f).read_text()
        for g, f in (("encoder", "conv.yaml"), ("controller", "mean_context.yaml"))
    }
    assert f"{size['encoder'] / 1e6:.1f}".removeprefix("0") + " million" in texts["encoder"]
    assert f"{size['controller'] / 1e6:.1f} million" in texts["controller"]


def test_losses_listen_at_the_rate_of_the_front_end() -> None:
    config = compose("train", ["encoder.front.sample_rate=48000"])
    assert [part.loss.sample_rate for part in config.loss.audio.values()] == [48000, 48000]


def test_where_only_mixes_are_known_every_item_brings_its_audio(tmp_path: Path) -> None:
    for source in ("folders", "musdb_hq", "prepared", "shards"):
        config = compose("train", [f"data={source}", f"data.songs.root={tmp_path}"])
        assert instantiate(config.data.settings).excerpts.audio_every == 1


def _folders(root: Path) -> None:
    for number in range(3):
        parts = [0.1 * noise(RATE, seed=2 * number + i) for i in range(2)]
        for name, part in zip(("Bass", "Voice"), parts, strict=True):
            save(root / f"Song {number}" / "stems" / f"{name}.wav", part)
        save(root / f"Song {number}" / "mix.wav", sum(parts))  # type: ignore[arg-type]


def _musdb(root: Path) -> None:
    for number, folder in enumerate(
        ("train/A Band - Song", "train/ANiMAL - Rockshow", "test/Someone - Else")
    ):
        parts = [0.1 * noise(RATE, 2, seed=9 * number + i) for i in range(4)]
        for name, part in zip(("vocals", "drums", "bass", "other"), parts, strict=True):
            save(root / folder / f"{name}.wav", part)
        save(root / folder / "mixture.wav", sum(parts))  # type: ignore[arg-type]


def _prepared(root: Path) -> None:
    """What `gainstage prepare` makes of MUSDB18-HQ."""
    _musdb(root.with_name("musdb18hq"))
    prepare("musdb18_hq", root.with_name("musdb18hq"), root, settings=Settings(jobs=1, report=False))


def _shards(root: Path) -> None:
    """Those of what `gainstage prepare` makes."""
    prepared = root.with_name("prepared")
    _prepared(prepared)
    cache = root.with_name("cache of the writer")
    shards.run(
        root, [f"data.songs.root={prepared}", f"data.settings.cache={cache}"], progress=silent_progress
    )


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CASES]
)
def test_every_choice_runs_a_step(
    name: str, tiny_set: Path, tiny_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("HOME", "NETRC"):
        monkeypatch.setenv(key, str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    prepared = dict.fromkeys(("prepared", "medleydb", "musdb18"), _prepared)
    writers = {"musdb_hq": _musdb, "shards": _shards, **prepared}
    write = writers.get(name, _folders if "data=folders" in CASES[name] else None)
    root, more = tiny_set, [f"data.settings.cache={tiny_cache}"]
    if write is not None:
        root, more = tmp_path / "songs", [f"data.settings.cache={tmp_path / 'cache'}"]
        write(root)
    if write is _folders:
        more += ["data.songs.validation=0.34", "data.songs.test=0.0"]
    said: list[str] = []
    out = tmp_path / "run"
    given = [*CASES[name], *SMALL, f"data.songs.root={root}", f"out={out}", *more]
    try:
        done = run(given, progress=silent_progress, say=said.append)
    finally:
        wandb.teardown()
    assert done.trained.steps == 1
    assert (out / "checkpoints" / "best.ckpt").is_file()
    if name == "musdb_hq":
        assert "Weights & Biases offline" in said[0]
        assert said[1].startswith("the tracks of 3 of 3 songs are wet stems, of which the mix is the sum")
        (log,) = (out / "wandb").glob("offline-run-*/run-*.wandb")
        assert b"val/total" in log.read_bytes()
    else:
        assert "train/total" in (out / "metrics.csv").read_text()
    assert (out / "pictures").is_dir() == ("callbacks=none" not in CASES[name])

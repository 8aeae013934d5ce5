"""Training on shards: two processes take each index once, and weights are those of files."""

import multiprocessing
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file

from gainstage.data.shards import write_shards
from gainstage.data.sources import load_songs
from gainstage.training.data_module import SongsModule, spectra_of
from tests import tiny
from tests.conftest import skip_or_fail

STEPS, BATCH = 3, 2


@pytest.fixture(scope="module", autouse=True)
def _litdata() -> None:
    if find_spec("litdata") is None:
        skip_or_fail("litdata is not installed (the extra `shards`)")


@pytest.fixture(scope="module")
def shards(tiny_set: Path, tiny_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny set: songs whose settings are known, with arrangements that share their tracks."""
    given = tiny.experiment(tiny_cache)
    out = tmp_path_factory.mktemp("shards") / "set"
    write_shards(load_songs("built_in", tiny_set), spectra_of(given.data, given.mixer.build()), out)
    return out


def _module(root: Path, cache: Path, source: Any, trainer: Any, **changes: Any) -> SongsModule:
    shards = str(root) if source == "shards" else ""
    given = tiny.experiment(cache, steps=STEPS, batch_size=BATCH, audio_every=1, shards=shards, **changes)
    songs = load_songs(source, root, cache=cache)
    made = SongsModule(songs, given.mixer.build(), given.data, steps=given.steps, seed=given.seed)
    made.prepare()
    made.trainer = trainer
    return made


def _load(root: Path, cache: Path, source: str, trainer: Any, out: Path, **changes: Any) -> None:
    """Write what a process loads: of each batch tracks, spectra and settings."""
    batches = list(_module(root, cache, source, trainer, **changes).train_dataloader())
    parts = {
        f"{number} {name}": value.contiguous()
        for number, batch in enumerate(batches)
        for name, value in (
            ("tracks", batch.tracks),
            ("spectra", batch.spectra),
            ("truth", batch.truth["tracks"]),
            ("start", batch.start_sample),
        )
    }
    save_file(parts, out)


def _process(rank: int, meeting: Path, root: Path, cache: Path, out: Path) -> None:
    """One of two that train together."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    for at in (0, 1):
        trainer = SimpleNamespace(
            global_step=at, global_rank=dist.get_rank(), world_size=dist.get_world_size()
        )
        helped = int(rank == at == 0)  # by a worker
        _load(root, cache, "shards", trainer, out / f"{rank} from {at}.safetensors", workers=helped)
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_take_each_index_once(
    shards: Path, tiny_set: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    """One of them with a worker. Item for item what one process loads from files, and the same rest when
    training goes on after a step, in the middle of an epoch."""
    start = multiprocessing.get_context("spawn").Process
    both = [
        start(target=_process, args=(r, tmp_path / "m", shards, tmp_path / "c", tmp_path)) for r in (0, 1)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(300)
    assert [process.exitcode for process in both] == [0, 0]
    alone = SimpleNamespace(global_step=0, global_rank=0, world_size=1)
    made = _module(tiny_set, tiny_cache, "built_in", alone)
    assert STEPS * BATCH * 2 > len(made.train) > BATCH  # more than an epoch; a step is less than one
    for rank in (0, 1):
        whole = load_file(tmp_path / f"{rank} from 0.safetensors")
        assert len({key.split()[0] for key in whole}) == STEPS
        for number in range(STEPS):
            for place in range(BATCH):
                item = made.train[(2 * number + rank) * BATCH + place]
                assert item.tracks is not None
                count = len(item.tracks)
                assert torch.equal(whole[f"{number} tracks"][place, :count], item.tracks)
                assert not whole[f"{number} tracks"][place, count:].any()
                assert torch.equal(whole[f"{number} truth"][place, :count], item.truth["tracks"])
                assert int(whole[f"{number} start"][place]) == item.start_sample
        rest = load_file(tmp_path / f"{rank} from 1.safetensors")
        assert len(rest) == len(whole) // STEPS * (STEPS - 1)
        for key, value in rest.items():
            number, name = key.split()
            assert torch.equal(value, whole[f"{int(number) + 1} {name}"])


def test_training_on_shards_comes_to_the_weights_of_files(
    shards: Path, tiny_set: Path, tiny_cache: Path, tmp_path: Path
) -> None:
    found = []
    for source, root in (("built_in", tiny_set), ("shards", shards)):
        address = str(root) if source == "shards" else ""
        given = tiny.experiment(tiny_cache, steps=2, shards=address)
        songs = load_songs(source, root, cache=tmp_path / "cache")  # type: ignore[arg-type]
        found.append(tiny.weights(tiny.run(given, songs, tmp_path / source).last))
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])

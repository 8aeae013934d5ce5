"""The folder of an export: whole or not there, what it says, no pickle in it, and what was written runs."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import onnx
import pytest
import torch

from gainstage.interchange.weights import export as exporting
from gainstage.interchange.weights import parity
from gainstage.interchange.weights.export import ExportedWeights, export_weights
from gainstage.interchange.weights.onnx_engineer import find_onnx, load_onnx
from gainstage.interchange.weights.onnx_file import OPSET
from gainstage.interchange.weights.parity import SHAPES, Parity
from gainstage.mixing.mix import mix
from gainstage.mixing.network import load_network
from gainstage.mixing.render import silent_progress
from gainstage.models.checkpoint import TrainedMixer
from tests.mixing.conftest import kick, pad, write_stem

CONFIG = {
    "seed": 3,
    "data": {"songs": {"source": "musdb_hq", "root": "/somebody's/own place/MUSDB"}},
    "loss": {"audio": {"af": {"weight": 0.2}}, "settings_weight": 1.0},
    "task": {"most_locked": 0.5},
}
SUMMARY = {
    "systems": ["sum", "network"],
    "num_songs": 7,
    "summary": [
        {"system": "sum", "metric": "af", "median": 0.25},
        {"system": "network", "metric": "af", "median": 0.0123},
    ],
}


@pytest.fixture(autouse=True)
def _one_small_song(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports that are made here compare on little; the slow one was made before, on all."""
    monkeypatch.setattr(parity, "SHAPES", ((1, 0.1),))


def weights_only(trained: TrainedMixer, out: Path, **more: object) -> ExportedWeights:
    given = {"formats": ["safetensors"], "progress": silent_progress} | more
    return export_weights(trained, out, **given)  # type: ignore[arg-type]


def test_the_card_says_where_the_weights_come_from_and_no_place_of_a_machine(
    trained: TrainedMixer, tmp_path: Path
) -> None:
    weights_only(trained, tmp_path / "a net", training=CONFIG, evaluation=SUMMARY)
    card = (tmp_path / "a net" / "README.md").read_text()
    assert card.startswith("---\nlicense: other\nlibrary_name: gainstage\n")
    for said in ("# a net", "musdb_hq (MUSDB)", "seed 3", "| network | 0.0123 |", "7 test song", "terms of"):
        assert said in card, said
    assert "| tracks | fader | gain | -60 … 12 dB |" in card
    assert "own place" not in card
    assert "run.py" not in card  # was not written
    built_in = CONFIG | {"data": {"songs": {"source": "built_in", "root": "data"}}}
    weights_only(trained, tmp_path / "b", training=built_in)
    card = (tmp_path / "b" / "README.md").read_text()
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert "Not evaluated yet" in card
    weights_only(trained, tmp_path / "c")
    assert "its data is not known" in (tmp_path / "c" / "README.md").read_text()


def test_the_python_of_the_card_runs(trained: TrainedMixer, tmp_path: Path) -> None:
    done = weights_only(trained, tmp_path / "net")
    assert [(row.format, row.error) for row in done.parity] == [("safetensors", 0.0)]
    assert set(done.sizes) == {"README.md", "config.json", "model.safetensors", "parity.json", "parity.md"}
    code = (tmp_path / "net" / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
    scope: dict[str, object] = {}
    exec(code.replace('"DIR"', repr(str(tmp_path / "net"))), scope)
    assert isinstance(scope["mixer"], torch.nn.Module)


@pytest.mark.parametrize("taken", ["file", "folder"])
def test_what_is_there_stays(trained: TrainedMixer, tmp_path: Path, taken: str) -> None:
    out = tmp_path / "net"
    if taken == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine").write_text("mine")
    with pytest.raises(ValueError, match="net is there already; give another --out"):
        weights_only(trained, out)
    assert (out if taken == "file" else out / "mine").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net"]


def test_an_empty_folder_is_as_good_as_none(trained: TrainedMixer, tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    weights_only(trained, tmp_path / "net")
    assert (tmp_path / "net" / "config.json").is_file()


def test_a_place_that_cannot_be_written_is_refused(trained: TrainedMixer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be written"):
        weights_only(trained, tmp_path / "file" / "net")


def test_an_export_that_fails_leaves_nothing(
    trained: TrainedMixer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (2e-3, float("nan")):
        wrong = [Parity("safetensors", 1, 0.5, 0.0), Parity("onnx", 1, 0.5, error)]
        monkeypatch.setattr(exporting, "measure", lambda *_, rows=wrong, **__: rows)
        with pytest.raises(ValueError, match=r"onnx differs from the checkpoint by (2\.0e-03|nan)"):
            weights_only(trained, tmp_path / "net")
        assert not list(tmp_path.iterdir())


def test_formats_are_named_rightly_and_have_their_packages(
    trained: TrainedMixer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="no format 'torchscript'; there are safetensors, onnx, pt2"):
        weights_only(trained, tmp_path / "net", formats=["onnx", "torchscript"])
    with pytest.raises(ValueError, match="no format is named"):
        weights_only(trained, tmp_path / "net", formats=[])
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ValueError, match=r"needs the package onnxscript.*gainstage\[onnx\].*leave onnx out"):
        weights_only(trained, tmp_path / "net", formats=["onnx"])
    assert not list(tmp_path.iterdir())


def test_graphs_that_are_none_of_ours_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_onnx(tmp_path) is None
    one = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    other = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Abs", ["x"], ["y"])], "g", [one], [other])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(model, tmp_path / "set.onnx")
    with pytest.raises(ValueError, match=r"hear\.onnx is not there; a network in ONNX is two files"):
        load_network(tmp_path)
    onnx.save(model, tmp_path / "hear.onnx")
    with pytest.raises(ValueError, match=r"hear\.onnx is a graph, but no mixer of Gainstage"):
        load_network(tmp_path / "set.onnx")
    for content in (b"", b"RIFF0000WAVE", b"\x08\x09" * 50):
        (tmp_path / "hear.onnx").write_bytes(content)
        with pytest.raises(ValueError, match=r"hear\.onnx (cannot be read as ONNX|is a graph)") as raised:
            load_network(tmp_path)
        assert "\n" not in str(raised.value)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"onnxruntime, which is not installed: pip install .gainst"):
        load_network(tmp_path)


@pytest.mark.slow
def test_every_format_gives_the_checkpoint_s_settings(exported: ExportedWeights) -> None:
    rows = json.loads((exported.folder / "parity.json").read_text())["rows"]
    assert {(row["format"], row["tracks"], row["seconds"]) for row in rows} == {
        (name, *shape) for name in ("safetensors", "onnx", "pt2") for shape in SHAPES
    }
    assert max(row["error"] for row in rows) < 1e-4
    assert "| onnx | " in (exported.folder / "parity.md").read_text()


@pytest.mark.slow
def test_onnx_is_valid_says_its_opset_and_any_number_of_tracks(exported: ExportedWeights) -> None:
    for name, dynamic in (("hear", [0, 2]), ("set", [0, 1])):
        model = onnx.load(exported.folder / "onnx" / f"{name}.onnx")
        onnx.checker.check_model(model, full_check=True)
        assert {o.domain: o.version for o in model.opset_import}[""] == OPSET == 20
        shape = model.graph.input[0].type.tensor_type.shape.dim
        assert [i for i, dim in enumerate(shape) if dim.dim_param] == dynamic


@pytest.mark.slow
def test_there_is_no_pickle_in_it(exported: ExportedWeights) -> None:
    for path in (path for path in exported.folder.rglob("*") if path.is_file()):
        assert not zipfile.is_zipfile(path) or path.suffix == ".pt2"
        assert b"torch._utils" not in path.read_bytes()
        for member in zipfile.ZipFile(path).infolist() if path.suffix == ".pt2" else ():
            with zipfile.ZipFile(path) as archive:
                content = archive.read(member)
            assert b"_rebuild_tensor" not in content, (path, member)
            assert not content.startswith((b"PK", b"\x80\x02")), (path, member)


@pytest.mark.slow
def test_mix_takes_the_folder_and_the_graphs(
    exported: ExportedWeights, loud_checkpoint: Path, tmp_path: Path
) -> None:
    write_stem(tmp_path / "stems" / "Kick.wav", kick(3.0))
    write_stem(tmp_path / "stems" / "Pad.wav", pad(3.0))
    stems, onnx_file = tmp_path / "stems", exported.folder / "onnx" / "set.onnx"
    wanted = mix(stems, tmp_path / "a", checkpoint=loud_checkpoint, report=False).session
    edited = wanted.model_copy(deep=True)
    edited.tracks[0].processors["fader"].locked.append("gain_db")
    edited.tracks[0].processors["fader"].values["gain_db"] = -31.5
    edited.save(tmp_path / "edited.json")
    held = {"session": tmp_path / "edited.json", "keep_locks": True, "report": False}
    locked = mix(stems, tmp_path / "l", checkpoint=loud_checkpoint, **held).session  # type: ignore[arg-type]
    weights = exported.folder / "model.safetensors"
    for i, path in enumerate((exported.folder, weights, onnx_file, onnx_file.parent)):
        found = mix(stems, tmp_path / str(i), checkpoint=path, report=False).session
        again = mix(stems, tmp_path / f"l{i}", checkpoint=path, **held).session  # type: ignore[arg-type]
        for one, other in ((found, wanted), (again, locked)):
            for a, b in zip(one.tracks, other.tracks, strict=True):
                for name, part in b.processors.items():
                    assert a.processors[name].values == pytest.approx(part.values, rel=2e-3, abs=2e-3)
        assert again.tracks[0].processors["fader"].values["gain_db"] == -31.5
    assert found.provenance["checkpoint"]["file"] == "onnx"
    assert locked.tracks[1].processors != wanted.tracks[1].processors  # what is held is heard of


@pytest.mark.slow
def test_damaged_and_foreign_graphs_are_refused(exported: ExportedWeights, tmp_path: Path) -> None:
    shutil.copytree(exported.folder / "onnx", tmp_path / "net")
    whole = (tmp_path / "net" / "hear.onnx").read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "net" / "hear.onnx").write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"hear\.onnx (cannot be read|is a graph, but no mixer)"):
            load_onnx(tmp_path / "net")
    for changes, said in (
        ({"version": 2}, "has version 2 of the format"),
        ({"weights": "other"}, "are not of one network"),
        ({"part": "set"}, "are not of one network"),
        ({"settings": {}}, "does not say what its mixer is built from"),
    ):
        model = onnx.load_from_string(whole)
        for prop in model.metadata_props:
            if prop.key == "gainstage":
                prop.value = json.dumps(json.loads(prop.value) | changes)
        onnx.save(model, tmp_path / "net" / "hear.onnx")
        with pytest.raises(ValueError, match=said):
            load_onnx(tmp_path / "net")

"""The program that needs no gainstage does what gainstage does: gain staging, ranges, cuts, sessions."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gainstage.console.session import Session
from gainstage.dsp.gain_staging import stage_audio
from gainstage.interchange.weights import run
from gainstage.interchange.weights.export import ExportedWeights
from gainstage.interchange.weights.tables import tables
from gainstage.mixing.mix import mix
from gainstage.mixing.render import render_file
from gainstage.models.checkpoint import TrainedMixer
from gainstage.models.network_engineer import cut
from tests.mixing.conftest import RATE, kick, noise, pad, write_stem

STEP = 431 * 2048  # samples of a section
ROLES = {"Kick": "kick", "Pad": "pad", "Loop 1": "drums", "Nothing": "other"}


@pytest.fixture(scope="module")
def plain(trained: TrainedMixer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(tables(trained.mixer, network="n")))
    return found


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.399, 0.4, 3.7])
def test_it_stages_as_the_console_does(plain: dict[str, Any], rate: int, seconds: float) -> None:
    draw = np.random.default_rng(1)
    audio = 0.02 * draw.standard_normal((2, round(rate * seconds))).astype(np.float32)
    audio[:, audio.shape[1] // 3 : audio.shape[1] // 2] *= 0.001  # a rest
    for gain in (1.0, 30.0, 1e-3, 1e-5, 0.0):
        found = run.trim_db(audio * np.float32(gain), rate, plain["gain_staging"])
        wanted = stage_audio(torch.from_numpy(audio * np.float32(gain)), sample_rate=rate)
        assert (found is None) == (wanted.rule == "silence")
        assert found is None or found == pytest.approx(wanted.trim_db, abs=1e-6)


def test_its_units_are_the_console_s(plain: dict[str, Any], trained: TrainedMixer) -> None:
    for section, table in plain["sections"].items():
        layout = trained.mixer.console.layout[section]
        for row, place in zip(table["columns"], layout.driven, strict=True):
            column = layout.columns[place]
            assert (row["processor"], row["parameter"]) == (column.processor, column.parameter.name)
            for unit in (0.0, 1e-4, 0.3, 0.77, 1.0):
                wanted = float(column.parameter.from_unit(torch.tensor(unit, dtype=torch.float64)))
                assert run.physical(unit, row) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("samples", [0, 1, 2047, STEP - 1, STEP + 1023, STEP + 1024, 2_000_000])
def test_it_cuts_where_the_console_cuts(plain: dict[str, Any], trained: TrainedMixer, samples: int) -> None:
    class Graphs:
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def hear(self, audio: Any) -> Any:
            self.heard.append(audio[0])
            return np.zeros((1, 1)), np.zeros((1, 1))

    audio = np.random.default_rng(0).standard_normal((2, samples)).astype(np.float32)
    graphs = Graphs()
    run.hear(graphs, audio, plain["audio"])
    wanted = list(cut([torch.from_numpy(audio)], trained.mixer.front.settings))
    assert len(graphs.heard) == len(wanted)
    assert all(np.array_equal(one, other) for one, other in zip(graphs.heard, wanted, strict=True))


def test_it_guesses_roles_by_words(plain: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    known = {"03 Lead Vocal (dbl)": "lead_vocal", "KICK-in": "kick", "Kicker": "other"}
    assert {name: run.role_of(name, plain["roles"], {}) for name in known} == known
    assert "'Kicker' is taken for 'other'; say what it is with --roles" in capsys.readouterr().err
    assert run.role_of("Kicker", plain["roles"], {"Kicker": "tom"}) == "tom"


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four stems of two rates, mono, dual mono and stereo, one silent, longer than a section."""
    stems = tmp_path_factory.mktemp("song") / "stems"
    write_stem(stems / "Kick.wav", kick(22.0))
    write_stem(stems / "Pad.wav", pad(9.0, 48000), 48000)
    write_stem(stems / "Loop 1.wav", np.repeat(noise(23.0), 2, axis=0))
    write_stem(stems / "Nothing.wav", np.zeros((1, RATE)))
    (stems.parent / "roles.json").write_text(json.dumps(ROLES))
    return stems


def without(*modules: str, program: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python in which some modules cannot be imported."""
    code = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({modules!r})); "
        f"sys.argv = {[str(program), *arguments]!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize(("format_", "other"), [("onnx", "torch"), ("pt2", "onnxruntime")])
def test_alone_it_decides_what_mix_decides(
    exported: ExportedWeights, loud_checkpoint: Path, song: Path, tmp_path: Path, format_: str, other: str
) -> None:
    arguments = [str(song), "--out", str(tmp_path / "s.json"), "--roles", str(song.parent / "roles.json")]
    done = without("gainstage", other, program=exported.folder / format_ / "run.py", arguments=arguments)
    assert done.returncode == 0, done.stderr
    assert "4 tracks by network" in done.stdout
    mixed = mix(song, tmp_path / "mix", roles=ROLES, checkpoint=loud_checkpoint, report=False).session
    found = Session.load(tmp_path / "s.json")
    assert (found.sample_rate, found.num_samples) == (mixed.sample_rate, mixed.num_samples)
    assert found.tail_samples >= mixed.tail_samples
    theirs = {track.name: track for track in found.tracks}
    for ours in mixed.tracks:
        track = theirs.pop(ours.name)
        assert (track.role, track.channels, track.file) == (ours.role, ours.channels, ours.file)
        _same(track.processors, ours.processors)
    for section in ("returns", "groups"):
        for strip, ours in zip(getattr(found, section), getattr(mixed, section), strict=True):
            _same(strip.processors, ours.processors)
    master = {name: part for name, part in mixed.master.processors.items() if name != "output_gain"}
    _same(found.master.processors, master)
    assert render_file(tmp_path / "s.json", song, tmp_path / "mix.wav") == []


def _same(found: Any, wanted: Any) -> None:
    assert found.keys() == wanted.keys()
    for name, part in wanted.items():
        assert found[name].bypass == part.bypass
        assert found[name].values.keys() == part.values.keys()
        for key, value in part.values.items():
            assert found[name].values[key] == pytest.approx(value, rel=2e-3, abs=2e-3), (name, key)


@pytest.mark.slow
def test_it_says_what_it_cannot_use(exported: ExportedWeights, song: Path, tmp_path: Path) -> None:
    program = exported.folder / "onnx" / "run.py"
    (tmp_path / "roles.json").write_text('{"Kick": "boom"}')
    (tmp_path / "none").mkdir()
    for stems, more, said in (
        (song, ["--roles", str(tmp_path / "roles.json")], "'boom' is no role; there are kick"),
        (tmp_path / "none", [], "holds no stems"),
    ):
        done = without("torch", program=program, arguments=[str(stems), "--out", str(tmp_path / "s"), *more])
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "s").exists()

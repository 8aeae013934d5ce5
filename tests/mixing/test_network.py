"""A trained network mixes a folder: whatever the names and lengths, as it was trained, and as it says."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

from gainstage.cli.main import cli
from gainstage.console.session import Session
from gainstage.data.sources.measure import measure_song
from gainstage.mixing.hear import hear_folder
from gainstage.mixing.mix import mix
from gainstage.mixing.network import decide_by_network
from gainstage.mixing.render import render_file, silent_progress
from gainstage.models.checkpoint import TrainedMixer, load_mixer
from gainstage.models.network_engineer import NetworkEngineer
from tests.mixing.conftest import RATE, kick, noise, pad, write_stem

ROLES = {"HiHat.wav": "hat", "Kick.wav": "kick", "Pad.flac": "pad"}


@pytest.fixture(scope="module")
def checkpoint(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that hears much in little: the heads of the tiny run made a thousand times larger."""
    loaded = torch.load(tiny_run / "checkpoints" / "last.ckpt", weights_only=True)
    draw = torch.Generator().manual_seed(1)
    for name, value in loaded["state_dict"].items():
        if "heads" in name and name.endswith("2.weight"):
            value.copy_(0.5 * torch.randn(value.shape, generator=draw))
    path = tmp_path_factory.mktemp("checkpoint") / "loud.ckpt"
    torch.save(loaded, path)
    return path


@pytest.fixture(scope="module")
def trained(checkpoint: Path) -> TrainedMixer:
    return load_mixer(checkpoint)


def read(path: Path) -> torch.Tensor:
    return torch.from_numpy(soundfile.read(path, dtype="float32", always_2d=True)[0].T.copy())


def difference_db(a: Path, b: Path) -> float:
    one, other = read(a).double(), read(b).double()
    return float(10 * torch.log10((one - other).square().sum() / one.square().sum() + 1e-30))


def decided(trained: TrainedMixer, stems: Path, **roles: str) -> dict[str, dict[str, dict[str, float]]]:
    """Track → processor → parameter → value."""
    heard = hear_folder(stems, roles=roles)
    engineer = NetworkEngineer(trained.mixer)
    found = decide_by_network(engineer, heard, stems, loudness_lufs=-20.0, progress=silent_progress)
    return {
        track.name: {name: dict(values) for name, values in strip.values.items()}
        for track, strip in zip(heard.song.tracks, found.tracks, strict=True)
    }


def flat(values: dict[str, dict[str, float]]) -> list[float]:
    return [value for name in sorted(values) for _, value in sorted(values[name].items())]


def test_the_mix_is_the_network_s_and_says_so(checkpoint: Path, stems: Path, tmp_path: Path) -> None:
    done = mix(stems, tmp_path / "out", checkpoint=checkpoint, tail=False)
    digest = load_mixer(checkpoint).digest
    session = Session.load(tmp_path / "out" / "session.json")
    assert session.provenance["engineer"] == f"network {digest}"
    assert session.provenance["checkpoint"] == {"file": "loud.ckpt", "sha256_begins": digest, "steps": 2}
    assert f"By the network {digest}. 3 tracks" in (tmp_path / "out" / "mix.md").read_text()
    assert f"by the network {digest}" in (tmp_path / "out" / "report.html").read_text()
    assert done.delivery.loudness_lufs == pytest.approx(-20.0, abs=0.1)
    again = tmp_path / "again.wav"
    assert render_file(tmp_path / "out" / "session.json", stems, again) == []
    assert again.read_bytes() == (tmp_path / "out" / "mix.wav").read_bytes()
    mix(stems, tmp_path / "rules", tail=False, report=False)
    assert difference_db(tmp_path / "out" / "mix.wav", tmp_path / "rules" / "mix.wav") > -20


def test_the_rules_are_called_by_their_style(stems: Path, tmp_path: Path) -> None:
    for style, words in ((None, "style none"), (7, "style 7")):
        mix(stems, tmp_path / "out", style=style, report=False)
        assert f"By the rules engineer, {words}. 3 tracks" in (tmp_path / "out" / "mix.md").read_text()
    mix(stems, tmp_path / "out", engineer="sum", report=False)
    assert "By nobody (the plain sum of the tracks). 3" in (tmp_path / "out" / "mix.md").read_text()


def test_names_and_order_of_files_change_nothing(checkpoint: Path, stems: Path, tmp_path: Path) -> None:
    mix(stems, tmp_path / "a", checkpoint=checkpoint, report=False)
    other, roles = tmp_path / "renamed", {}
    other.mkdir()
    for i, (name, role) in enumerate(ROLES.items()):
        new = f"{9 - i} track{Path(name).suffix}"
        shutil.copy(stems / name, other / new)
        roles[Path(new).stem] = role
    mix(other, tmp_path / "b", roles=roles, checkpoint=checkpoint, report=False)
    assert difference_db(tmp_path / "a" / "mix.wav", tmp_path / "b" / "mix.wav") < -100
    one, two = (Session.load(tmp_path / name / "session.json") for name in "ab")
    swapped = {track.content_hash: track for track in two.tracks}
    for track in one.tracks:
        assert track.processors == swapped[track.content_hash].processors
    assert (
        len({str(track.processors["fader"].values) for track in one.tracks}) == 3
    )  # it does tell them apart


def test_a_track_is_heard_as_in_training_against_the_whole_song(
    trained: TrainedMixer, stems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stem that ends early, alone or followed by its silence, is the same; so is the cached spectrum."""
    from gainstage.data.spectra import SpectraCache

    write_stem(stems / "Kick.wav", kick(1.0))
    heard: dict[str, torch.Tensor] = {}
    listen = NetworkEngineer.listen

    def spy(self: NetworkEngineer, sections: Iterable[torch.Tensor]) -> torch.Tensor:
        parts = list(sections)
        heard[f"{len(heard)}"] = torch.cat(parts, dim=-1)
        return listen(self, parts)

    monkeypatch.setattr(NetworkEngineer, "listen", spy)
    short = decided(trained, stems)
    (tmp_path / "song").mkdir(exist_ok=True)
    song = measure_song(stems.parent).song
    front = trained.mixer.front
    cache = SpectraCache(
        tmp_path / "cache", front, front_id=front.identity, hop=front.settings.hop, front_rate=RATE
    )
    cache.prepare([song])
    rows = sorted(song.tracks, key=lambda track: (track.content_hash, track.role))
    trained_on = cache.read(rows).spectra.float()
    assert [part.shape[-1] for part in heard.values()] == [trained_on.shape[-1]] * 3
    for part, row, track in zip(heard.values(), trained_on, rows, strict=True):
        wrong = ((part - row).abs() > 2e-3).any(0).any(0).nonzero()[:, 0]  # half precision on disk
        after = int(track.seconds * RATE) // 2048 + 1  # the first frame centred behind its end
        assert wrong.tolist() in ([], [after])
    whole = np.concatenate([kick(1.0), np.zeros((1, 2 * RATE))], axis=1)
    write_stem(stems / "Kick.wav", whole)
    for name, values in decided(trained, stems).items():
        assert flat(values) == pytest.approx(flat(short[name]), abs=1e-3)


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_songs_shorter_than_a_loudness_block_are_mixed(
    seconds: float, checkpoint: Path, tmp_path: Path
) -> None:
    write_stem(tmp_path / "stems" / "Kick.wav", kick(seconds))
    write_stem(tmp_path / "stems" / "Pad.wav", pad(0.8 * seconds))
    mix(tmp_path / "stems", tmp_path / "out", checkpoint=checkpoint, report=False)
    assert read(tmp_path / "out" / "mix.wav").abs().max() > 0.01


def test_long_songs_are_heard_in_sections_nearly_as_they_are_whole(
    trained: TrainedMixer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stems = tmp_path / "stems"
    write_stem(stems / "Kick.wav", kick(45.0))
    write_stem(stems / "Pad.wav", pad(30.0))
    counts: list[int] = []
    found: list[torch.Tensor] = []
    listen = NetworkEngineer.listen

    def spy(self: NetworkEngineer, sections: Iterable[torch.Tensor]) -> torch.Tensor:
        parts = list(sections)
        counts.append(len(parts))
        found.append(listen(self, parts))
        whole = listen(self, [torch.cat(parts, dim=-1)])
        assert (found[-1] - whole).abs().max() < 0.1  # only frames at seams see less than all
        return found[-1]

    monkeypatch.setattr(NetworkEngineer, "listen", spy)
    decided(trained, stems)
    assert counts == [3, 3]
    assert (found[0] - found[1]).abs().max() > 1.0  # tracks are further apart than seams


@pytest.mark.parametrize("count", [1, 40])
def test_a_song_of_one_track_and_one_of_forty_are_mixed(count: int, checkpoint: Path, tmp_path: Path) -> None:
    for i in range(count):
        rate = 48000 if i % 3 else RATE
        audio = pad(0.6, rate) if i % 2 else noise(0.6, rate, seed=i)
        write_stem(tmp_path / "stems" / f"Part {i}.wav", (0.02 + 0.01 * i) * audio, rate)
    done = mix(tmp_path / "stems", tmp_path / "out", checkpoint=checkpoint, report=False)
    assert len(done.session.tracks) == count
    assert bool(read(tmp_path / "out" / "mix.wav").isfinite().all())
    again = tmp_path / "again.wav"
    render_file(tmp_path / "out" / "session.json", tmp_path / "stems", again)
    assert again.read_bytes() == (tmp_path / "out" / "mix.wav").read_bytes()


def test_silent_tracks_are_left_alone_and_change_nothing(trained: TrainedMixer, stems: Path) -> None:
    before = decided(trained, stems)
    write_stem(stems / "Silence.wav", np.zeros((1, 2 * RATE)))
    after = decided(trained, stems)
    assert after.pop("Silence") == {}
    assert after == before


def test_a_checkpoint_that_cannot_be_used_leaves_nothing_behind(
    checkpoint: Path, stems: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.ckpt").write_bytes(checkpoint.read_bytes()[:10_000])
    loaded = torch.load(checkpoint, weights_only=True)
    loaded["state_dict"] = {n: torch.full_like(v, float("nan")) for n, v in loaded["state_dict"].items()}
    torch.save(loaded, tmp_path / "nan.ckpt")
    for name, sentence in (
        ("cut.ckpt", "cannot be read as a checkpoint"),
        ("none.ckpt", "is not there"),
        ("nan.ckpt", "are not finite; use an earlier checkpoint"),
    ):
        with pytest.raises(ValueError, match=sentence):
            mix(stems, tmp_path / "out", checkpoint=tmp_path / name)
    assert not (tmp_path / "out").exists()


def test_the_command_mixes_by_a_checkpoint_and_refuses_what_does_not_belong(
    checkpoint: Path, stems: Path, tmp_path: Path
) -> None:
    command = [
        "mix",
        str(stems),
        "--out",
        str(tmp_path / "out"),
        "--no-report",
        "--checkpoint",
        str(checkpoint),
    ]
    done = CliRunner().invoke(cli, command, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "the network" in done.output
    document = json.loads((tmp_path / "out" / "session.json").read_text())
    assert document["provenance"]["checkpoint"]["file"] == "loud.ckpt"
    for option in (["--style", "3"], ["--engineer", "rules"]):
        refused = CliRunner().invoke(cli, [*command, *option])
        assert refused.exit_code == 2
        assert f"{option[0]} is of no use with --checkpoint" in refused.output

"""The contracts of the design, one test named after each; details are tested where they live."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import gainstage.mixing.hear
from gainstage.console.call import ConsoleState
from gainstage.console.conditions import Conditions, apply_locks
from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.console.session import ProcessorSettings, Session, StripSettings
from gainstage.console.spec import SECTIONS, named
from gainstage.dsp.gain_staging import stage_audio
from gainstage.processors import Kind, find, names
from tests.mixing.conftest import kick, noise, write_stem

RATE = 44100
SOURCES = Path(gainstage.__file__).parent


@pytest.fixture(scope="module")
def console() -> Console:
    return Console(named("basic"))


def started(console: Console, tracks: int) -> Parameters:
    """Everything at its start: compressors, filters and sends do something."""
    settings = console.neutral(batch=1, tracks=tracks)
    values = {
        section: layout.starts().expand_as(settings.values[section]).clone()
        for section, layout in console.layout.items()
    }
    return replace(settings, values=values)


def signal(seconds: float = 0.3) -> Tensor:
    return 0.3 * torch.randn(round(seconds * RATE), generator=torch.Generator().manual_seed(0))


def test_contract_audio(console: Console) -> None:
    """A mono track and the same signal twice are mixed alike."""
    audio = signal().expand(1, 1, 2, -1)
    settings = started(console, 1)
    mono, stereo = (
        console.render(audio, settings, sample_rate=RATE, is_stereo=torch.tensor([[flag]])).mix
        for flag in (False, True)
    )
    error = (mono - stereo).double().square().sum() / stereo.double().square().sum()
    assert 10 * torch.log10(error + 1e-30) < -120


def test_contract_gain_staging(tmp_path: Path) -> None:
    """Tracks reach −23 LUFS whatever they were recorded at; the level changes nothing but the trim."""
    trims = {}
    for level_db in (0.0, -17.0):
        folder = tmp_path / f"{level_db:g}"
        write_stem(folder / "Kick.wav", 10 ** (level_db / 20) * kick(3.0))
        write_stem(folder / "HiHat.wav", noise(3.0))
        heard = gainstage.mixing.hear.hear_folder(folder)
        trims[level_db] = {t.role: t.features.trim_db for t in heard.tracks}
    assert trims[-17.0]["kick"] - trims[0.0]["kick"] == pytest.approx(17, abs=0.01)
    assert trims[-17.0]["hat"] == trims[0.0]["hat"]
    staged = torch.from_numpy(kick(3.0)) * 10 ** (trims[0.0]["kick"] / 20)
    assert stage_audio(staged, sample_rate=RATE).trim_db == pytest.approx(0, abs=0.01)


def test_contract_parameters() -> None:
    """Every parameter of every processor has one kind, a unit in its name, and neutral inside its range."""
    for name in names():
        for row in find(name).table:
            assert row.kind in (Kind.CONTINUOUS, Kind.STATIC)
            assert row.low <= row.default <= row.high
            assert row.unit.lower() in row.name or row.unit in ("", "%")
            assert row.meaning


def test_contract_tensors_of_parameters(console: Console) -> None:
    """Section → (batch, strips, width); bypass and mute beside them."""
    settings = console.neutral(batch=2, tracks=3)
    for section, strips in zip(SECTIONS, (3, 0, 1, 1), strict=True):
        assert settings.values[section].shape == (2, strips, console.layout[section].width)
        assert settings.bypass[section].shape == (2, strips, len(console.strips[section]))
        assert settings.mute[section].shape == (2, strips)


def test_contract_conditions() -> None:
    """What is locked stands, whatever the network says."""
    units = {"tracks": torch.rand(1, 2, 3), "master": torch.rand(1, 1, 2)}
    locked = torch.tensor([[[True, False, False], [False, False, True]]])
    conditions = Conditions(
        torch.zeros(1, 2, dtype=torch.long),
        torch.tensor([-1]),
        torch.tensor([-20.0]),
        locked={"tracks": locked},
        locked_units={"tracks": torch.full((1, 2, 3), 0.25)},
    )
    held = apply_locks(units, conditions)
    assert (held["tracks"][locked] == 0.25).all()
    assert torch.equal(held["tracks"][~locked], units["tracks"][~locked])
    assert torch.equal(held["master"], units["master"])


def test_contract_neutral(console: Console) -> None:
    """At its defaults the console is the sum; a fader's lower end is silence with a gradient to come back."""
    audio = signal().expand(1, 2, 2, -1)
    settings = console.neutral(batch=1, tracks=2)
    fader = console.layout["tracks"].index("fader", "gain_db")
    values = settings.values["tracks"].clone()
    values[0, 0, fader] = -60.0
    values.requires_grad_()
    live = replace(settings, values={**settings.values, "tracks": values})
    done = console.render(audio, live, sample_rate=RATE)
    assert done.tracks[0, 0].abs().max() == 0
    assert torch.allclose(done.mix[0], audio[0, 1], atol=1e-7)
    (done.mix * audio[0, 0]).sum().backward()
    assert values.grad is not None
    assert values.grad[0, 0, fader] > 0


def test_contract_order(console: Console) -> None:
    """Tracks feed the return behind their faders: a fader that is down takes the reverb with it."""
    audio = signal().expand(1, 1, 2, -1)
    settings = started(console, 1)
    settings.values["returns"][..., console.layout["returns"].index("reverb", "mix")] = 1.0
    assert console.render(audio, settings, sample_rate=RATE).returns.abs().max() > 0
    settings.values["tracks"][..., console.layout["tracks"].index("fader", "gain_db")] = -60.0
    assert console.render(audio, settings, sample_rate=RATE).returns.abs().max() == 0


def test_contract_memory(console: Console) -> None:
    """What a console remembers does not grow with the song."""

    def remembered(state: ConsoleState) -> int:
        return sum(t.numel() for strip in state.values() for kept in strip.values() for t in kept.values())

    audio, settings, sizes = signal(0.05).expand(1, 2, 2, -1), started(console, 2), []
    state, start = None, 0
    for _ in range(6):
        done = console.render(audio, settings, sample_rate=RATE, state=state, start_sample=start)
        state, start = done.state, start + audio.shape[-1]
        sizes.append(remembered(state))
    assert len(set(sizes)) == 1


def test_contract_safety() -> None:
    """No pickle anywhere; a session is text that is checked before it is used."""
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pickle\.\w*(load|dump|Pickler)", text), path  # its exceptions may be named
        assert "torch.load(" not in text or "weights_only=True" in text, path
    with pytest.raises(ValueError, match="outside"):
        Session(
            name="song",
            sample_rate=RATE,
            num_samples=0,
            console=named("basic"),
            returns=[StripSettings(name="reverb")],
            master=StripSettings(
                name="master", processors={"output_gain": ProcessorSettings(values={"gain_db": 99.0})}
            ),
        )

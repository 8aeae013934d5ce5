"""What is collected and folded must sound as if every processor had run by itself."""

import pytest
import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.console.rows import Rows, Setting
from gainstage.console.spec import ConsoleSpec
from gainstage.processors.equaliser import Equaliser
from gainstage.processors.trim import Trim

RATE = 44_100
STRIPS = (
    ["trim", "high_pass", "equaliser", "compressor", "fader", "pan"],
    ["trim", "fader", "pan"],
    ["pan", "equaliser", "fader"],
    ["fader", "high_pass", "trim", "equaliser", "pan", "compressor"],
    ["high_pass", "equaliser"],
)


def drawn(console: Console, batch: int, tracks: int, *, bypass: float) -> Parameters:
    generator = torch.Generator().manual_seed(4)
    settings = console.neutral(batch=batch, tracks=tracks)
    values, off = {}, {}
    for section, layout in console.layout.items():
        units = torch.rand(*settings.values[section].shape, generator=generator, dtype=torch.float64)
        rows = [c.parameter.from_unit(0.3 + 0.4 * units[..., i]) for i, c in enumerate(layout.columns)]
        values[section] = torch.stack(rows, -1) if rows else settings.values[section]
        off[section] = torch.rand(settings.bypass[section].shape, generator=generator) < bypass
    return Parameters(values, off, settings.mute, settings.groups)


def render(console: Console, audio: Tensor, settings: Parameters, *, alone: bool) -> Tensor:
    """`alone`: with a meter, which makes every processor run by itself."""
    is_stereo = torch.tensor([[True, False, False]] * len(audio))
    meter = (lambda *_: None) if alone else None
    done = console.render(audio, settings, sample_rate=RATE, is_stereo=is_stereo, meter=meter)
    return torch.cat([done.mix[:, None], done.tracks], 1)


@pytest.mark.parametrize("strip", STRIPS, ids=lambda strip: "-".join(strip))
@pytest.mark.parametrize("bypass", [0.0, 0.5])
def test_collecting_changes_neither_sound_nor_gradients(strip: list[str], bypass: float) -> None:
    console = Console(ConsoleSpec(tracks=strip, master=["equaliser"]))  # type: ignore[arg-type]
    audio = 0.1 * torch.randn(2, 3, 2, 1500, dtype=torch.float64)
    results = []
    for alone in (False, True):
        settings = drawn(console, 2, 3, bypass=bypass)
        leaves = [value.requires_grad_() for value in settings.values.values() if value.numel() > 0]
        out = render(console, audio.clone(), settings, alone=alone)
        weights = torch.linspace(-1.0, 2.0, out.numel(), dtype=torch.float64).view(out.shape)
        results.append((out, *torch.autograd.grad(out, leaves, weights, materialize_grads=True)))
    for collected, expected in zip(*results, strict=True):
        assert torch.allclose(collected, expected, rtol=1e-9, atol=1e-12)


def test_a_gain_that_moves_between_calls_is_not_in_the_filters_state() -> None:
    """A folded gain must leave the state that the filter would have had behind a gain of its own."""
    audio, active = torch.randn(1, 1, 400, dtype=torch.float64), torch.tensor([True])
    equaliser, trim = Equaliser(), Trim()
    bands = torch.tensor([[[row.default for row in equaliser.table]]], dtype=torch.float64)
    bands[..., 1::3] = 9.0
    outputs: dict[bool, list[Tensor]] = {False: [], True: []}
    for alone, blocks in outputs.items():
        states = {}
        for gain_db, block in zip((0.0, -20.0), audio.split(200, -1), strict=True):
            tap = (lambda *_: None) if alone else None
            rows = Rows(block, states, sample_rate=RATE, tap=tap)
            gain = Setting.of(torch.full((1, 1, 1), gain_db, dtype=torch.float64), active)
            rows.run("trim", trim, gain, offset=0)
            rows.run("equaliser", equaliser, Setting.of(bands, active), offset=0)
            done, gains = rows.signal()
            states = rows.states
            blocks.append(done * gains[..., None])
    assert torch.allclose(torch.cat(outputs[False], -1), torch.cat(outputs[True], -1), atol=1e-12)

"""Rendering in segments: the same mix, the same gradients, less memory."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters
from gainstage.console.segments import mix_in_segments
from gainstage.console.spec import ConsoleSpec

RATE, SAMPLES = 44_100, 5000
LOOKING = {"name": "compressor", "settings": {"look_ahead_ms": 2.0}}


@pytest.fixture(scope="module")
def desk() -> Console:
    parts = {
        "tracks": ["trim", "equaliser", LOOKING, "fader", "pan"],
        "returns": ["delay"],
        "master": ["compressor"],
        "return_names": ["echo"],
    }
    return Console(ConsoleSpec.model_validate(parts))


def leaves(desk: Console) -> tuple[Parameters, list[Tensor]]:
    generator = torch.Generator().manual_seed(2)
    neutral = desk.neutral(batch=1, tracks=2)
    values = {}
    for section, layout in desk.layout.items():
        drawn = 0.3 + 0.4 * torch.rand(neutral.values[section].shape, generator=generator).double()
        rows = [c.parameter.from_unit(drawn[..., i]) for i, c in enumerate(layout.columns)]
        values[section] = (torch.stack(rows, -1) if rows else neutral.values[section]).requires_grad_()
    knots = torch.tensor([[[0.0, -9.0, 3.0], [-3.0, 0.0, -20.0]]], dtype=torch.float64, requires_grad=True)
    curve = Curve(torch.tensor([0.0, 0.04, 0.1], dtype=torch.float64), knots)
    parameters = replace(neutral, values=values, curves={("tracks", "fader.gain_db"): curve})
    return parameters, [*(v for v in values.values() if v.numel() > 0), knots]


@pytest.mark.parametrize("segment", [64, 1088, 8192])
def test_gives_the_mix_and_its_gradients(desk: Console, segment: int) -> None:
    audio = 0.2 * torch.randn(1, 2, 2, SAMPLES, dtype=torch.float64)
    weights = torch.randn(1, 2, SAMPLES, dtype=torch.float64)
    results = []
    for whole in (True, False):
        parameters, inputs = leaves(desk)
        tracks = audio.clone().requires_grad_()
        if whole:
            mix = desk.mix_in_time(tracks, parameters, sample_rate=RATE)
        else:
            mix = mix_in_segments(desk, tracks, parameters, sample_rate=RATE, segment_samples=segment)
        grads = torch.autograd.grad(mix, [tracks, *inputs], weights, materialize_grads=True)
        results.append((mix, *grads))
    for part, expected in zip(*reversed(results), strict=True):
        assert torch.allclose(
            part, expected, rtol=1e-8, atol=1e-9 * float(expected.detach().abs().max()) + 1e-12
        )


def test_keeps_no_intermediate_signal() -> None:
    """What the graph holds, beside the tracks: small parts of the song's states, no signal as long as it."""
    desk = Console(
        ConsoleSpec.model_validate({"tracks": ["equaliser", "compressor"], "master": ["equaliser"]})
    )
    audio, held = 0.2 * torch.randn(1, 2, 2, 40_000), []
    parameters, _ = leaves(desk)
    parameters = replace(parameters, curves={})

    def pack(tensor: Tensor) -> Tensor:
        held.append(tensor.numel() * tensor.element_size())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        desk.mix_in_time(audio, parameters, sample_rate=RATE)
        whole = sum(held)
        held.clear()
        mix_in_segments(desk, audio, parameters, sample_rate=RATE, segment_samples=4096)
    assert whole > audio.numel() * 4
    assert sum(held) - audio.numel() * 4 < 0.05 * whole  # the segments of the tracks are views


def test_refuses_segments_off_the_grid(desk: Console) -> None:
    parameters, _ = leaves(desk)
    with pytest.raises(ValueError, match="segment_samples is 100; it must be a positive multiple of 64"):
        mix_in_segments(desk, torch.zeros(1, 2, 2, 10), parameters, sample_rate=RATE, segment_samples=100)


def test_nothing_stays_nothing(desk: Console) -> None:
    parameters, _ = leaves(desk)
    assert mix_in_segments(desk, torch.zeros(1, 2, 2, 0), parameters, sample_rate=RATE).shape == (1, 2, 0)

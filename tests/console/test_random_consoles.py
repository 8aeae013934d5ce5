"""Whatever is set and played: nothing that is not finite comes out, no padding leaks, calls continue."""

import dataclasses
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as profile
from torch import Tensor

from gainstage.console.console import Rendered
from gainstage.console.curve import Curve
from gainstage.console.parameters import Parameters
from gainstage.processors import find, names
from tests.console.random_consoles import Scene, scenes, structural

_MOST_GAIN_DB = 450.0  # float32 ends at 770 dB, and a gradient may be the square of what a sample is
_CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def with_gradients(scene: Scene) -> tuple[Parameters, list[Tensor]]:
    """The settings as leaves of a graph, and these leaves."""
    given_ = scene.parameters
    values = {section: value.clone().requires_grad_() for section, value in given_.values.items()}
    curves = {name: Curve(c.times_s, c.values.clone().requires_grad_()) for name, c in given_.curves.items()}
    live = dataclasses.replace(given_, values=values, curves=curves)
    return live, [*values.values(), *(curve.values for curve in curves.values())]


def render(scene: Scene, tracks: Tensor, parameters: Parameters, start: int = 0, **more: Any) -> Rendered:
    return scene.console.render(
        tracks,
        parameters,
        sample_rate=scene.sample_rate,
        is_stereo=scene.is_stereo,
        mask=scene.mask,
        start_sample=scene.start_sample + start,
        **more,
    )


def check(scene: Scene) -> None:
    assume(scene.gain_bound_db() < _MOST_GAIN_DB)
    padding = ~scene.mask[:, :, None, None].expand_as(scene.tracks)

    tracks = scene.tracks.masked_fill(padding, torch.nan).requires_grad_()
    parameters, leaves = with_gradients(scene)
    mix = render(scene, tracks, parameters).mix
    assert mix.isfinite().all(), "output"
    weights = torch.linspace(-1.0, 2.0, mix.numel()).reshape(mix.shape)
    if mix.requires_grad:  # or nothing at all leads to the mix
        grads = torch.autograd.grad((mix * weights).sum(), [tracks, *leaves], allow_unused=True)
        assert all(grad is None or grad.isfinite().all() for grad in grads), "gradient"
        assert grads[0] is None or not grads[0][padding].any(), "gradient of padding"

    silent = scene.tracks.masked_fill(padding, 0.0)
    with torch.no_grad():
        # without gradients, since with them a reverb goes another way
        plain = render(scene, tracks.detach(), scene.parameters).mix
        assert torch.equal(render(scene, silent, scene.parameters).mix, plain), "padding leaks"
        double = silent.double()
        whole = render(scene, double, scene.parameters)
        first = render(scene, double[..., : scene.cut], scene.parameters)
        rest = render(scene, double[..., scene.cut :], scene.parameters, scene.cut, state=first.state)
        nudged = render(scene, double * (1.0 + 4e-15 * torch.randn_like(double)), scene.parameters)
    error = torch.cat([first.mix, rest.mix], -1) - whole.mix
    # What is exactly 0 may be the rounding of something loud, as is the time before a reverb begins, by FFT;
    # gains behind it may raise that by 130 dB. How large it is shows when the last bits of the input change.
    floor = 1e-10 * loudest(scene, double) * error.numel() ** 0.5 + 10.0 * (nudged.mix - whole.mix).norm()
    assert error.norm() <= 1e-6 * whole.mix.norm() + floor, f"calls do not continue: {whole.mix}, {error}"


def loudest(scene: Scene, tracks: Tensor) -> float:
    """The highest sample anywhere in the console; at least that of states which are set to zero."""
    peaks = [1e-20, *tracks.abs().flatten().tolist()]

    def meter(*heard: Any) -> None:
        peaks.extend(heard[-1].abs().amax((0, 1)).tolist())

    with torch.no_grad():
        render(scene, tracks, scene.parameters, meter=meter)
    return max(peaks)


@profile(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=_CHECKS)
@given(scenes())
def test_random_consoles_are_well_behaved(scene: Scene) -> None:
    check(scene)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@profile(max_examples=2000, deadline=None, database=None, print_blob=True, suppress_health_check=_CHECKS)
@given(scenes())
def test_many_random_consoles_are_well_behaved(scene: Scene) -> None:
    check(scene)


@pytest.mark.parametrize("name", names())
def test_every_structural_setting_is_varied(name: str) -> None:
    """Or the consoles above would be less random than they look."""
    for field, values in structural(name).items():
        assert len(values) > 1, field
        assert all(find(name)(**{field: value}) for value in values)

from typing import Any

import pytest
import torch
from torch import Tensor

from gainstage.kernels import dynamics
from gainstage.kernels.grid import GRID, num_points
from tests.kernels.dynamics_cases import (
    Arguments,
    Results,
    arguments,
    compiled,
    every_form,
    every_law,
    gradients,
    in_blocks,
    slow,
    tensors,
    with_signals,
)
from tests.kernels.recursions import snr_db


@every_form
@pytest.mark.parametrize("samples", [1, 2, 51, 52, 700])
def test_agrees_with_the_slow_recursion(samples: int, form: Arguments) -> None:
    args = arguments(2, samples=samples, **form)
    for result, truth in zip(compiled(**args), slow(**args), strict=True):
        assert torch.allclose(result, truth, rtol=1e-9, atol=1e-9)


@every_law
@pytest.mark.parametrize("detector", ["peak", "rms"])
def test_float32_keeps_140_db(detector: str, law: str) -> None:
    args = arguments(2, samples=4000, detector=detector, law=law, dtype=torch.float32)
    assert snr_db(compiled(**args)[0], slow(**args)[0]) >= 140.0


@every_form
@pytest.mark.parametrize("offset", [0, 63])
def test_gradients_agree_with_finite_differences(form: Arguments, offset: int) -> None:
    args = arguments(2, samples=70, offset=offset, **form)
    leaves = [value.requires_grad_() for value in tensors(args)]

    def results(*signals: Tensor) -> Results:
        out, state = compiled(**with_signals(args, list(signals)))
        return out, state[:, :2]  # the third is a counter

    assert torch.autograd.gradcheck(results, leaves, atol=1e-6)


@every_form
@pytest.mark.parametrize("samples", [1, 499, 500, 1100])
def test_block_form_is_the_same(samples: int, form: Arguments) -> None:
    args = arguments(3, samples=samples, **form)
    pairs = [
        *zip(compiled(**args), in_blocks(**args), strict=True),
        *zip(gradients(compiled, args), gradients(in_blocks, args), strict=True),
    ]
    for kernel, plain in pairs:
        assert torch.allclose(kernel, plain, rtol=1e-8, atol=1e-9 * float(plain.abs().max()))


@pytest.mark.parametrize("knee_db", [0.0, 1e-12, 24.0])
def test_gradients_are_finite_at_any_knee_and_on_its_edges(knee_db: float) -> None:
    """Levels exactly at the threshold and at both ends of the knee, and silence."""
    levels_db = torch.tensor([-24.0, -24.0 - knee_db / 2.0, -24.0 + knee_db / 2.0], dtype=torch.float64)
    args = arguments(1, 1, 40, offset=0)
    args["audio"] = torch.cat([torch.zeros(10), (10.0 ** (levels_db / 20.0)).repeat(10)]).double()[None, None]
    args["controls"][..., 0], args["controls"][..., 2] = -24.0, knee_db
    for function in (compiled, in_blocks):
        assert all(gradient.isfinite().all() for gradient in gradients(function, args))


def test_a_hard_knee_has_all_its_gradients() -> None:
    """At 0 dB of knee a ratio of zeros could swallow them; the truth is a knee that is as good as hard."""
    hard = arguments(2, 1, 300)
    soft = hard | {"controls": hard["controls"].clone()}
    hard["controls"][..., 2], soft["controls"][..., 2] = 0.0, 1e-9
    truth = gradients(compiled, soft)
    for function in (compiled, in_blocks):
        for result, expected in zip(gradients(function, hard), truth, strict=True):
            assert torch.allclose(result, expected, rtol=1e-6, atol=1e-6)


@every_law
def test_attack_slower_than_release_too(law: str) -> None:
    """The branching smoother is the larger of two maps in one case and the smaller in the other."""
    args = arguments(2, samples=600, offset=0, law=law)
    args["controls"][0, :, 3:5] = torch.tensor([0.9, 0.999])
    args["controls"][1, :, 3:5] = torch.tensor([0.999, 0.9])
    truth = slow(**args)
    for function in (compiled, in_blocks):
        for result, expected in zip(function(**args), truth, strict=True):
            assert torch.allclose(result, expected, rtol=1e-9, atol=1e-9)


@every_law
def test_float32_gradients_are_those_of_float64(law: str) -> None:
    args = arguments(2, law=law, samples=1500, dtype=torch.float32, key_channels=2)
    double = args | {"audio": args["audio"].double(), "key": args["key"].double()}
    for a, b in zip(gradients(compiled, args), gradients(compiled, double), strict=True):
        assert (a.double() - b).norm() <= 1e-6 * b.norm()


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 9, 17])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("moving", [False, True], ids=["constant", "moving"])
@every_law
def test_row_alone_is_row_in_a_batch(rows: int, channels: int, moving: bool, law: str) -> None:
    args = arguments(rows, channels, 200, moving=moving, law=law)
    batch = [*compiled(**args), *gradients(compiled, args)[:1]]
    for row in {0, rows // 2, rows - 1}:
        single = with_signals(args, [value[row : row + 1] for value in tensors(args)])
        for alone, together in zip(compiled(**single), batch, strict=False):
            assert torch.allclose(alone[0], together[row], rtol=1e-12, atol=1e-12)
        truth = slow(**single)[0]
        assert torch.allclose(batch[0][row], truth[0], rtol=1e-9, atol=1e-9)
    assert batch[2].isfinite().all()


@every_law
def test_one_gradient_of_a_row_alone_is_that_of_the_row_in_a_batch(law: str) -> None:
    args = arguments(9, 1, 300, moving=True, law=law)
    weights = torch.randn(9, 1, 300, dtype=torch.float64)
    leaves = [value.clone().requires_grad_() for value in tensors(args)]
    together = torch.autograd.grad((compiled(**with_signals(args, leaves))[0] * weights).sum(), leaves)
    for row in (0, 4, 8):
        leaves = [value[row : row + 1].clone().requires_grad_() for value in tensors(args)]
        out, _ = compiled(**with_signals(args, leaves))
        alone = torch.autograd.grad((out * weights[row]).sum(), leaves)
        for a, b in zip(alone, together, strict=True):
            assert torch.allclose(a[0], b[row], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("detector", ["peak", "rms"])
@pytest.mark.parametrize("moving", [False, True], ids=["constant", "moving"])
@every_law
def test_calls_of_any_length_continue_each_other(detector: str, moving: bool, law: str) -> None:
    args = arguments(2, 2, 2000, law=law, detector=detector, moving=moving, dtype=torch.float32, offset=0)
    whole, last = compiled(**args)
    blocks, start, state = [], 0, args["state"]
    for length in [0, 1, 63, 64, 65, 500, 7, 1300]:
        points = args["controls"]
        if moving:
            points = points[:, start // GRID :][:, : num_points(length, start % GRID)]
        now = {"controls": points, "state": state, "offset": start % GRID}
        piece, state = compiled(**args | now | {"audio": args["audio"][..., start : start + length]})
        blocks.append(piece)
        start += length
    assert snr_db(torch.cat(blocks, -1), whole) >= 140.0
    assert torch.allclose(state, last, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("key_channels", [0, 1])
@every_law
def test_length_zero_passes_the_state_and_its_gradient(key_channels: int, law: str) -> None:
    args = arguments(samples=0, law=law, key_channels=key_channels, moving=True)
    out, state = compiled(**args)
    assert out.shape == (3, 2, 0)
    assert torch.equal(state, args["state"])
    assert state.data_ptr() != args["state"].data_ptr()
    *_, to_controls, to_state = gradients(compiled, args)
    assert not to_controls.any()
    assert to_state.norm() > 0.0


@every_law
def test_a_key_that_is_the_audio_changes_nothing(law: str) -> None:
    """And the gradients of the two roles add up."""
    args = arguments(law=law)
    keyed = args | {"key": args["audio"].clone()}
    assert torch.equal(compiled(**keyed)[0], compiled(**args)[0])
    to_audio, *rest = gradients(compiled, args)
    to_signal, to_key, *keyed_rest = gradients(compiled, keyed)
    assert torch.allclose(to_signal + to_key, to_audio, rtol=1e-12, atol=1e-12)
    for a, b in zip(rest, keyed_rest, strict=True):
        assert torch.equal(a, b)


@every_law
@pytest.mark.parametrize("detector", ["peak", "rms"])
def test_equal_channels_share_the_gradient(detector: str, law: str) -> None:
    """Dual mono stays dual mono in training, and moves like mono."""
    args = arguments(1, 1, 300, detector=detector, law=law)
    mono = args["audio"].clone().requires_grad_()
    dual = args["audio"].expand(-1, 2, -1).clone().requires_grad_()
    for leaf in (mono, dual):
        compiled(**args | {"audio": leaf})[0].square().sum().backward()
    assert mono.grad is not None
    assert dual.grad is not None
    assert torch.allclose(dual.grad, mono.grad.expand(-1, 2, -1), rtol=1e-10, atol=1e-12)


@every_law
def test_slope_zero_or_mix_zero_is_the_identity(law: str) -> None:
    args = arguments(2, moving=True, law=law)
    silent = torch.zeros_like(args["state"])
    for column in (1, 6):
        controls = args["controls"].clone()
        controls[..., column] = 0.0
        controls[..., 5] = 0.0 if column == 1 else 6.0
        out, _ = compiled(**args | {"controls": controls, "state": silent})
        assert torch.equal(out, args["audio"])


@every_law
@pytest.mark.parametrize("detector", ["peak", "rms"])
def test_a_nan_stays_in_its_row(detector: str, law: str) -> None:
    args = arguments(9, 1, 300, detector=detector, law=law, dtype=torch.float32)
    clean = [function(**args)[0] for function in (compiled, in_blocks)]
    args["audio"][4, 0, 100] = torch.nan
    others = [row for row in range(9) if row != 4]
    for function, before in zip((compiled, in_blocks), clean, strict=True):
        out, _ = function(**args)
        assert torch.equal(out[others], before[others])
        assert out[4, 0, 100:].isnan().all()
        assert out[4, 0, :100].isfinite().all()


def test_states_decay_to_zero_without_denormals() -> None:
    args = arguments(1, 1, 60_000, detector="rms", offset=0)
    args["audio"] = torch.zeros_like(args["audio"])
    args["audio"][..., :100] = 1.0
    _, state = compiled(**args)
    assert not state.any()


def gated(levels: Tensor, **changes: Any) -> Tensor:
    """The reduction in dB that a gate which closes and opens at once gives to constant amplitudes."""
    controls = torch.tensor([-20.0, 1.0, 30.0, 0.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    state = torch.zeros(1, 3, dtype=torch.float64)
    args = {"hold_samples": 7, "detector": "peak", "rms_coefficient": 0.0} | changes
    out, _ = dynamics.expand(levels[None, None], None, controls[None, None], state, **args)
    return -20.0 * torch.log10(out / levels)[0, 0]


def test_a_gate_holds_so_many_samples_exactly() -> None:
    """Below the threshold, after the last one at it or above; and again after every touch."""
    levels_db = torch.full((40,), -50.0, dtype=torch.float64)
    levels_db[[5, 20, 23]] = torch.tensor([-20.0, -10.0, -10.0], dtype=torch.float64) + 1e-9
    open_at = gated(10.0 ** (levels_db / 20.0)).abs() < 1e-9
    assert open_at.nonzero().flatten().tolist() == [*range(5, 13), *range(20, 31)]
    assert (gated(10.0 ** (levels_db / 20.0), hold_samples=0).abs() < 1e-9).sum() == 3


def test_a_gate_goes_to_its_range_and_no_further() -> None:
    """From silence too, where the level is −120 dB."""
    levels_db = torch.tensor([-21.0, -30.0, -49.9, -50.1, -80.0, -119.0, -300.0], dtype=torch.float64)
    expected_db = torch.tensor([1.0, 10.0, 29.9, 30.0, 30.0, 30.0, 30.0], dtype=torch.float64)
    assert torch.allclose(gated(10.0 ** (levels_db / 20.0)), expected_db, rtol=0.0, atol=1e-9)


def test_a_gate_of_no_range_or_slope_is_the_identity_and_differentiable() -> None:
    """At range 0 and slope 0 there is a 0/0 that nobody may see."""
    for slope, most in ((0.0, 0.0), (2.0, 0.0), (0.0, 30.0)):
        args = arguments(2, law="expand")
        args["controls"][..., 1], args["controls"][..., 2], args["controls"][..., 5] = slope, most, 0.0
        args["state"] = torch.zeros_like(args["state"])
        for function in (compiled, in_blocks):
            assert torch.equal(function(**args)[0], args["audio"])
            assert all(gradient.isfinite().all() for gradient in gradients(function, args))

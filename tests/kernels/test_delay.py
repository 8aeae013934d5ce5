import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.kernels import backend, block_delay
from gainstage.kernels.delay import delay_loop
from gainstage.kernels.grid import GRID, num_points
from tests.kernels.recursions import at_sample, snr_db

PAST = 130
Inputs = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

constant_and_moving = pytest.mark.parametrize("moving", [False, True], ids=["constant", "moving"])
straight_and_crossed = pytest.mark.parametrize("ping_pong", [False, True], ids=["straight", "ping-pong"])


def inputs(
    rows: int = 3,
    channels: int = 2,
    samples: int = 500,
    *,
    moving: bool = True,
    offset: int = 13,
    dtype: torch.dtype = torch.float64,
) -> Inputs:
    """Delays from the shortest to the longest that the line holds, and taps of no particular shape."""
    points = num_points(samples, offset) if moving else 1
    whole = torch.linspace(71, PAST - 8, rows).long()
    taps = 0.1 * torch.randn(rows, 16, dtype=torch.float64) + torch.eye(16, dtype=torch.float64)[7]
    controls = torch.rand(rows, points, 3, dtype=torch.float64) * torch.tensor([0.9, 0.9, 1.0])
    line = torch.randn(rows, channels, PAST, dtype=torch.float64)
    return (
        torch.randn(rows, channels, samples, dtype=dtype),
        whole,
        taps,
        controls.double(),
        line,
        torch.randn(rows, channels, dtype=torch.float64),
    )


def slow_delay_loop(
    audio: Tensor,
    whole: Tensor,
    taps: Tensor,
    controls: Tensor,
    line: Tensor,
    low: Tensor,
    *,
    ping_pong: bool,
    offset: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Sample by sample: a delay line, sixteen taps, a one-pole low-pass and the way back."""
    (rows, channels, samples), past = audio.shape, line.shape[2]
    out, low = audio.double().clone(), low.clone()
    after = torch.cat([line, torch.zeros_like(out)], 2)
    for row in range(rows):
        for n in range(samples):
            feedback, pole, mix = at_sample(controls[row].numpy(), n, offset).tolist()
            x = audio[row, :, n].double()
            first = past + n - int(whole[row]) + 7  # what the first tap hears
            delayed = torch.stack([after[row, :, first - i] * taps[row, i] for i in range(16)]).sum(0)
            low[row] = (1.0 - pole) * delayed + pole * low[row]
            into, back = x, low[row]
            if ping_pong and channels == 2:
                into, back = torch.stack([x.mean(), torch.zeros_like(x[0])]), low[row].flip(0)
            after[row, :, past + n] = into + feedback * back
            out[row, :, n] = (1.0 - mix) * x + mix * delayed
    return out, after[..., samples:], low


def gradients(
    function: Callable[..., tuple[Tensor, ...]], args: Inputs, **settings: int
) -> tuple[Tensor, ...]:
    """Of a random linear loss on output and last state, to all but the whole delay."""
    leaves = [arg.clone().requires_grad_(arg.is_floating_point()) for arg in args]
    results = function(*leaves, **settings)
    generator = torch.Generator().manual_seed(7)
    weights = [torch.randn(r.shape, generator=generator, dtype=torch.float64).to(r.dtype) for r in results]
    return torch.autograd.grad(results, [leaf for leaf in leaves if leaf.requires_grad], weights)


@pytest.mark.parametrize("samples", [1, 2, 50, 51, 52, 64, 65, 129, 400])
@constant_and_moving
@straight_and_crossed
def test_agrees_with_the_slow_recursion(samples: int, moving: bool, ping_pong: bool) -> None:
    args = inputs(2, 2, samples, moving=moving)
    truths = slow_delay_loop(*args, ping_pong=ping_pong, offset=13)
    for result, truth in zip(delay_loop(*args, ping_pong=ping_pong, offset=13), truths, strict=True):
        assert torch.allclose(result, truth, rtol=1e-10, atol=1e-10)


@constant_and_moving
@straight_and_crossed
@pytest.mark.parametrize("offset", [0, 63])
def test_gradients_agree_with_finite_differences(moving: bool, ping_pong: bool, offset: int) -> None:
    """Long enough for the loop to be gone round twice, and for the line to be more and less than the call."""
    for samples in (30, 170):
        audio, whole, *others = inputs(1, 2, samples, moving=moving, offset=offset)
        leaves = [arg.requires_grad_() for arg in (audio, *others)]
        assert torch.autograd.gradcheck(
            lambda a, *o: delay_loop(a, whole, *o, ping_pong=ping_pong, offset=offset),  # noqa: B023
            leaves,
        )


@constant_and_moving
@straight_and_crossed
@pytest.mark.parametrize("samples", [1, 2, 64, 700])
@pytest.mark.parametrize("channels", [1, 2])
def test_block_form_is_the_same(samples: int, channels: int, moving: bool, ping_pong: bool) -> None:
    """Output, state and all gradients."""
    args, settings = inputs(3, channels, samples, moving=moving), {"ping_pong": ping_pong, "offset": 13}
    pairs = [
        *zip(delay_loop(*args, **settings), block_delay.delay_loop(*args, **settings), strict=True),
        *zip(
            gradients(delay_loop, args, **settings),
            gradients(block_delay.delay_loop, args, **settings),
            strict=True,
        ),
    ]
    for kernel, plain in pairs:
        assert torch.allclose(kernel, plain, rtol=1e-9, atol=1e-9 * float(plain.abs().max()))


def test_float32_is_exact_to_its_rounding() -> None:
    args = inputs(2, 2, 2000, dtype=torch.float32)
    double = (args[0].double(), *args[1:])
    out, truth = (delay_loop(*a, ping_pong=False, offset=13)[0] for a in (args, double))
    assert snr_db(out, truth) >= 140.0
    for a, b in zip(
        gradients(delay_loop, args, ping_pong=False, offset=13),
        gradients(delay_loop, double, ping_pong=False, offset=13),
        strict=True,
    ):
        assert (a.double() - b).norm() <= 1e-6 * b.norm()


@pytest.mark.parametrize("rows", [1, 2, 5, 9])
@straight_and_crossed
def test_row_alone_is_row_in_a_batch(rows: int, ping_pong: bool) -> None:
    """However many threads share the rows."""
    args = inputs(rows, 2, 9000, offset=0)
    batch = delay_loop(*args, ping_pong=ping_pong)
    for row in range(rows):
        single = tuple(arg[row : row + 1] for arg in args)
        for alone, together in zip(delay_loop(*single, ping_pong=ping_pong), batch, strict=True):
            assert torch.equal(alone[0], together[row])


@constant_and_moving
@straight_and_crossed
def test_calls_of_any_length_continue_each_other(moving: bool, ping_pong: bool) -> None:
    audio, whole, taps, controls, line, low = inputs(2, 2, 2000, moving=moving, offset=0, dtype=torch.float32)
    whole_out, *last = delay_loop(audio, whole, taps, controls, line, low, ping_pong=ping_pong)
    blocks, start = [], 0
    for length in [0, 1, 63, 64, 65, 500, 7, 1300]:
        points = controls
        if moving:
            points = controls[:, start // GRID :][:, : num_points(length, start % GRID)]
        piece, line, low = delay_loop(
            audio[..., start : start + length],
            whole,
            taps,
            points,
            line,
            low,
            ping_pong=ping_pong,
            offset=start % GRID,
        )
        saved = io.BytesIO()
        torch.save([line, low], saved)
        saved.seek(0)
        line, low = torch.load(saved, weights_only=True)
        blocks.append(piece)
        start += length
    assert snr_db(torch.cat(blocks, -1), whole_out) >= 140.0
    assert torch.allclose(line, last[0], rtol=1e-12, atol=1e-12)
    assert torch.allclose(low, last[1], rtol=1e-12, atol=1e-12)


def test_length_zero_passes_the_state_and_its_gradient() -> None:
    args = inputs(2, 2, 0)
    out, line, low = delay_loop(*args, ping_pong=False, offset=13)
    assert out.shape == (2, 2, 0)
    assert torch.equal(line, args[4])
    assert torch.equal(low, args[5])
    assert line.data_ptr() != args[4].data_ptr()
    _, to_taps, _, to_line, to_low = gradients(delay_loop, args, ping_pong=False, offset=13)
    assert not to_taps.any()
    assert to_line.norm() > 0.0
    assert to_low.norm() > 0.0


def test_one_channel_has_nothing_to_cross_with() -> None:
    args = inputs(2, 1, 700)
    for a, b in zip(*(delay_loop(*args, ping_pong=p, offset=13) for p in (False, True)), strict=True):
        assert torch.equal(a, b)


def test_a_nan_stays_in_its_row() -> None:
    args = inputs(9, 2, 600, dtype=torch.float32)
    clean, *_ = delay_loop(*args, ping_pong=True, offset=13)
    args[0][4, 0, 100] = torch.nan
    out, *_ = delay_loop(*args, ping_pong=True, offset=13)
    others = [row for row in range(9) if row != 4]
    assert torch.equal(out[others], clean[others])
    assert out[4, 0, 100].isnan()
    assert out[4, 0, 300:].isnan().any()
    assert out[4, :, :100].isfinite().all()


def test_decays_to_zero_without_denormals() -> None:
    audio, whole, taps, controls, line, low = inputs(1, 2, 40_000, moving=False)
    audio[..., 100:] = 0.0
    controls[..., 0] = 0.2
    out, line, low = delay_loop(audio, whole, taps / 3.0, controls, line, low, ping_pong=True)
    assert not line.any()
    assert not low.any()
    assert float(out[out != 0.0].abs().min()) > 1e-60


@pytest.mark.parametrize("whole", [70, PAST - 7])
def test_refuses_a_delay_that_does_not_fit_the_line(whole: int) -> None:
    args = list(inputs(2))
    args[1] = torch.tensor([100, whole])
    with pytest.raises(ValueError, match=f"{min(whole, 100)} … {max(whole, 100)} samples do not fit"):
        delay_loop(*args, ping_pong=False, offset=13)


def test_without_gradients_nothing_is_kept() -> None:
    operator, args = torch.ops.gainstage.delay_loop, inputs(2, 2, 700)
    assert [t.numel() for t in operator(*args, False, 13, False)[3:]] == [0, 0]
    assert operator(*args, False, 13, True)[3].shape == (2, 2, PAST + 700)


@straight_and_crossed
def test_operator_is_well_made(ping_pong: bool) -> None:
    """torch's own checks: schema, fake tensors, autograd registration, tracing."""
    args = [arg.requires_grad_(arg.is_floating_point()) for arg in inputs(2, 2, 100)]
    torch.library.opcheck(torch.ops.gainstage.delay_loop.default, (*args, ping_pong, 13, True))


def test_second_derivative_is_refused_with_the_way_out() -> None:
    args = [arg.requires_grad_(arg.is_floating_point()) for arg in inputs(1, 1, 100)]
    out = delay_loop(*args, ping_pong=False, offset=13)[0].sum()
    (gradient,) = torch.autograd.grad(out, args[3], create_graph=True)
    with pytest.raises(RuntimeError, match="block_delay"):
        gradient.sum().backward()
    out = block_delay.delay_loop(*args, ping_pong=False, offset=13)[0].sum()
    (gradient,) = torch.autograd.grad(out, args[3], create_graph=True)
    gradient.square().sum().backward()


def test_other_devices_take_the_block_form(monkeypatch: pytest.MonkeyPatch) -> None:
    args = inputs(2, 2, 300)
    expected = delay_loop(*args, ping_pong=True, offset=13)
    monkeypatch.setattr(backend, "has_compiled_kernels", lambda _: False)
    args[0].requires_grad_()
    result = delay_loop(*args, ping_pong=True, offset=13)
    assert "delay" not in type(result[0].grad_fn).__name__
    for a, b in zip(result, expected, strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-10)


def test_compiles() -> None:
    args = inputs(2, 2, 300)
    compiled = torch.compile(
        lambda *a: delay_loop(*a, ping_pong=True, offset=13), fullgraph=True, backend="eager"
    )
    for a, b in zip(compiled(*args), delay_loop(*args, ping_pong=True, offset=13), strict=True):
        assert np.array_equal(a.numpy(), b.numpy())

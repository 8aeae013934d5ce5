import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.signal import sosfilt
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gainstage.kernels import backend, biquad_cpu, block
from gainstage.kernels.biquad import biquad_cascade
from gainstage.kernels.grid import GRID, num_points
from tests.kernels import recursions
from tests.kernels.recursions import snr_db

Inputs = tuple[Tensor, Tensor, Tensor]


def stable(rows: int, points: int, sections: int) -> Tensor:
    """Coefficients with poles anywhere inside the circle of radius .95."""
    radius, angle = 0.95 * torch.rand(2, rows, points, sections, dtype=torch.float64)
    b = torch.randn(rows, points, sections, 3, dtype=torch.float64)
    a1, a2 = -2.0 * radius * torch.cos(torch.pi * angle), radius.square()
    return torch.cat([b, a1[..., None], a2[..., None]], -1)


def inputs(
    rows: int = 3,
    channels: int = 2,
    samples: int = 700,
    *,
    sections: int = 3,
    moving: bool = False,
    offset: int = 13,
    dtype: torch.dtype = torch.float64,
) -> Inputs:
    points = num_points(samples, offset) if moving else 1
    audio = torch.randn(rows, channels, samples, dtype=dtype)
    state = torch.randn(rows, channels, sections, 2, dtype=torch.float64)
    return audio, stable(rows, points, sections), state


def gradients(
    function: Callable[..., tuple[Tensor, Tensor]], args: Inputs, offset: int
) -> tuple[Tensor, ...]:
    """Of a random linear loss on output and last state, to all three inputs."""
    leaves = [arg.clone().requires_grad_() for arg in args]
    out, state = function(*leaves, offset=offset)
    generator = torch.Generator().manual_seed(7)
    weights = [
        torch.randn(t.shape, generator=generator, dtype=torch.float64).to(t.dtype) for t in (out, state)
    ]
    return torch.autograd.grad([out, state], leaves, weights)


constant_and_moving = pytest.mark.parametrize("moving", [False, True], ids=["constant", "moving"])


@pytest.mark.parametrize("sections", [1, 2, 6])
def test_agrees_with_scipy(sections: int) -> None:
    audio, coefficients, state = inputs(2, 2, 3000, sections=sections, dtype=torch.float32)
    out, after = biquad_cascade(audio, coefficients, state)
    for row in range(2):
        sos = np.insert(coefficients[row, 0].numpy(), 3, 1.0, axis=1)
        for channel in range(2):
            x = audio[row, channel].double().numpy()
            truth, last = sosfilt(sos, x, zi=state[row, channel].numpy())
            assert snr_db(out[row, channel], torch.from_numpy(truth)) >= 140.0
            assert np.allclose(after[row, channel].numpy(), last, rtol=1e-9, atol=1e-9)


def test_keeps_its_precision_at_20_hz_and_192_khz() -> None:
    """A resonance of Q 10, where float32 coefficients would be all error. The truth is in long double."""
    w, q = 2.0 * np.pi * 20.0 / 192_000.0, 10.0
    alpha = np.sin(w) / 2.0 / q
    sos = np.array(
        [[1.0 + 4.0 * alpha, -2.0 * np.cos(w), 1.0 - 4.0 * alpha, 1.0 + alpha, -2.0 * np.cos(w), 1 - alpha]]
    )
    sos /= sos[0, 3]
    audio = torch.randn(1, 1, 192_000)
    coefficients = torch.from_numpy(np.delete(sos, 3, axis=1))[None, None]
    out, _ = biquad_cascade(audio, coefficients, torch.zeros(1, 1, 1, 2, dtype=torch.float64))
    truth = sosfilt(sos.astype(np.longdouble), audio[0, 0].numpy().astype(np.longdouble))
    assert snr_db(out[0, 0], torch.from_numpy(truth.astype(np.float64))) >= 120.0


@pytest.mark.parametrize("samples", [1, 2, 50, 51, 52, 64, 65, 129])
@constant_and_moving
def test_agrees_with_the_slow_recursion(samples: int, moving: bool) -> None:
    args = inputs(2, 2, samples, moving=moving)
    for result, truth in zip(
        biquad_cascade(*args, offset=13), recursions.biquad_cascade(*args, offset=13), strict=True
    ):
        assert torch.allclose(result, truth, rtol=1e-10, atol=1e-10)


@constant_and_moving
@pytest.mark.parametrize("offset", [0, 63])
def test_gradients_agree_with_finite_differences(moving: bool, offset: int) -> None:
    args = inputs(2, 1, 70, sections=2, moving=moving, offset=offset)
    leaves = [arg.requires_grad_() for arg in args]
    assert torch.autograd.gradcheck(lambda *a: biquad_cascade(*a, offset=offset), leaves)


@constant_and_moving
@pytest.mark.parametrize("samples", [1, 2, 499, 500, 1100])
def test_block_form_is_the_same(samples: int, moving: bool) -> None:
    """Output, state and all gradients, over several checkpoints and lengths on both sides of a border."""
    args = inputs(3, 2, samples, moving=moving)
    pairs = [
        *zip(biquad_cascade(*args, offset=13), block.biquad_cascade(*args, offset=13), strict=True),
        *zip(gradients(biquad_cascade, args, 13), gradients(block.biquad_cascade, args, 13), strict=True),
    ]
    for kernel, plain in pairs:
        assert torch.allclose(kernel, plain, rtol=1e-9, atol=1e-9 * float(plain.abs().max()))


def test_float32_gradients_are_those_of_float64() -> None:
    audio, coefficients, state = inputs(2, 2, 1500, sections=6, dtype=torch.float32)
    single = gradients(biquad_cascade, (audio, coefficients, state), 13)
    double = gradients(biquad_cascade, (audio.double(), coefficients, state), 13)
    for a, b in zip(single, double, strict=True):
        assert (a.double() - b).norm() <= 1e-6 * b.norm()


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 9, 17])
@pytest.mark.parametrize("channels", [1, 2])
@constant_and_moving
def test_row_alone_is_row_in_a_batch(rows: int, channels: int, moving: bool) -> None:
    """However many rows are computed side by side."""
    args = inputs(rows, channels, 200, moving=moving)
    batch = biquad_cascade(*args, offset=13)
    for row in {0, rows // 2, rows - 1}:
        single = tuple(arg[row : row + 1] for arg in args)
        for alone, together in zip(biquad_cascade(*single, offset=13), batch, strict=True):
            assert torch.allclose(alone[0], together[row], rtol=1e-12, atol=1e-12)
        truth = recursions.biquad_cascade(*single, offset=13)[0]
        assert torch.allclose(batch[0][row], truth[0], rtol=1e-9, atol=1e-9)
    plain = gradients(block.biquad_cascade, args, 13)
    for kernel, expected in zip(gradients(biquad_cascade, args, 13), plain, strict=True):
        assert torch.allclose(kernel, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


@constant_and_moving
def test_calls_of_any_length_continue_each_other(moving: bool) -> None:
    audio, coefficients, state = inputs(2, 2, 2000, moving=moving, dtype=torch.float32, offset=0)
    whole, last = biquad_cascade(audio, coefficients, state)
    blocks, start = [], 0
    for length in [0, 1, 63, 64, 65, 500, 7, 1300]:
        points = coefficients
        if moving:
            points = coefficients[:, start // GRID :][:, : num_points(length, start % GRID)]
        piece, state = biquad_cascade(audio[..., start : start + length], points, state, offset=start % GRID)
        saved = io.BytesIO()
        torch.save(state, saved)
        saved.seek(0)
        state = torch.load(saved, weights_only=True)
        blocks.append(piece)
        start += length
    assert snr_db(torch.cat(blocks, -1), whole) >= 140.0
    assert torch.allclose(state, last, rtol=1e-12, atol=1e-12)


@constant_and_moving
def test_length_zero_passes_the_state_and_its_gradient(moving: bool) -> None:
    args = inputs(2, 2, 0, moving=moving)
    out, state = biquad_cascade(*args, offset=13)
    assert out.shape == (2, 2, 0)
    assert torch.equal(state, args[2])
    assert state.data_ptr() != args[2].data_ptr()
    to_audio, to_coefficients, to_state = gradients(biquad_cascade, args, 13)
    assert to_audio.shape == (2, 2, 0)
    assert not to_coefficients.any()
    assert to_state.norm() > 0.0


def test_a_section_with_equal_numerator_and_denominator_is_the_identity() -> None:
    audio, coefficients, _ = inputs(2, 2, 700)
    coefficients[..., 0] = 1.0
    coefficients[..., 1:3] = coefficients[..., 3:5]
    out, _ = biquad_cascade(audio, coefficients, torch.zeros(2, 2, 3, 2, dtype=torch.float64))
    assert torch.equal(out, audio)


def test_a_nan_stays_in_its_signal() -> None:
    audio, coefficients, state = inputs(9, 1, 300, dtype=torch.float32)
    clean, _ = biquad_cascade(audio, coefficients, state)
    audio[4, 0, 100] = torch.nan
    out, _ = biquad_cascade(audio, coefficients, state)
    others = [row for row in range(9) if row != 4]
    assert torch.equal(out[others], clean[others])
    assert out[4, 0, 100:].isnan().all()
    assert out[4, 0, :100].isfinite().all()


def test_reads_one_channel_of_two_in_place() -> None:
    """Also where the signals lie in other orders, which need a copy."""
    audio, coefficients, state = inputs(rows=3, channels=1)
    stereo = audio.expand(-1, 2, -1).contiguous()
    stereo[:, 1] = torch.nan
    expected, _ = biquad_cascade(audio, coefficients, state)
    for view in (stereo[:, :1], audio.mT.contiguous().mT, audio.transpose(0, 1).contiguous().transpose(0, 1)):
        assert torch.equal(biquad_cascade(view, coefficients, state)[0], expected)
    leaves = [stereo[:, :1], coefficients.clone().requires_grad_(), state]
    twins = [audio, coefficients.clone().requires_grad_(), state]
    grads = [torch.autograd.grad(biquad_cascade(*args)[0].sum(), args[1])[0] for args in (leaves, twins)]
    assert torch.equal(*grads)


def test_rows_and_channels_may_lie_in_any_order() -> None:
    """Channel by channel in memory, signals are not evenly spaced in the order of rows: that needs a copy."""
    args = inputs(rows=3, channels=2)
    expected = gradients(biquad_cascade, args, 13)
    turned = args[0].transpose(0, 1).contiguous().transpose(0, 1)
    assert torch.equal(biquad_cascade(turned, *args[1:])[0], biquad_cascade(*args)[0])
    assert all(map(torch.equal, gradients(biquad_cascade, (turned, *args[1:]), 13), expected))


def test_decays_to_zero_without_denormals() -> None:
    audio = torch.zeros(1, 1, 60_000, dtype=torch.float64)
    audio[..., 0] = 1.0
    coefficients = torch.tensor([1.0, 0.0, 0.0, -1.96, 0.97], dtype=torch.float64).expand(1, 1, 2, 5)
    out, state = biquad_cascade(audio, coefficients, torch.zeros(1, 1, 2, 2, dtype=torch.float64))
    assert not state.any()
    assert float(out[out != 0.0].abs().min()) > 1e-60


def test_gradients_to_what_needs_none_are_not_asked_for() -> None:
    """Without gradients no checkpoints are kept: the operator's third output is empty."""
    audio, coefficients, state = inputs(2, 2, 700)
    operator = torch.ops.gainstage.biquad_cascade
    assert operator(audio, coefficients, state, 0, False)[2].numel() == 0
    assert operator(audio, coefficients, state, 0, True)[2].shape == (
        2,
        2,
        -(-700 // (GRID * biquad_cpu.TILES)),
        3,
        2,
    )


@constant_and_moving
def test_operator_is_well_made(moving: bool) -> None:
    """torch's own checks: schema, fake tensors, autograd registration, tracing."""
    args = [arg.requires_grad_() for arg in inputs(2, 1, 100, moving=moving)]
    torch.library.opcheck(torch.ops.gainstage.biquad_cascade.default, (*args, 13, True))


@constant_and_moving
def test_compiles_with_its_gradients(moving: bool) -> None:
    """torch.compile takes it in one graph, forward and backward, without unrolling it."""
    args = inputs(2, 1, 200, moving=moving)
    traced = torch.compile(biquad_cascade, backend="aot_eager", fullgraph=True)
    for a, b in zip(gradients(traced, args, 13), gradients(biquad_cascade, args, 13), strict=True):
        assert torch.equal(a, b)


class Cascade(torch.nn.Module):
    """A call as a module, for export."""

    def forward(self, audio: Tensor, coefficients: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return biquad_cascade(audio, coefficients, state)


def test_exports_as_an_operator() -> None:
    """For any length: the graph is one operator, whatever the number of samples."""
    samples = torch.export.Dim("samples", min=2, max=100_000)
    shapes = {"audio": {2: samples}, "coefficients": None, "state": None}
    exported = torch.export.export(Cascade(), inputs(2, 1, 200), dynamic_shapes=shapes)
    assert any("gainstage.biquad_cascade" in str(node.target) for node in exported.graph.nodes)
    longer = inputs(2, 1, 900)
    for a, b in zip(exported.module()(*longer), biquad_cascade(*longer), strict=True):
        assert torch.equal(a, b)


def test_second_derivative_is_refused_with_the_way_out() -> None:
    args = [arg.requires_grad_() for arg in inputs(1, 1, 10)]
    (gradient,) = torch.autograd.grad(biquad_cascade(*args)[0].sum(), args[1], create_graph=True)
    with pytest.raises(RuntimeError, match="block"):
        gradient.sum().backward()
    (gradient,) = torch.autograd.grad(block.biquad_cascade(*args)[0].sum(), args[1], create_graph=True)
    gradient.square().sum().backward()


def test_other_devices_take_the_block_form(monkeypatch: pytest.MonkeyPatch) -> None:
    args = inputs(2, 2, 300)
    expected = biquad_cascade(*args, offset=13)
    monkeypatch.setattr(backend, "has_compiled_kernels", lambda _: False)
    leaf = args[0].requires_grad_()
    result = biquad_cascade(leaf, *args[1:], offset=13)
    assert "biquad" not in type(result[0].grad_fn).__name__
    for a, b in zip(result, expected, strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-10)


@constant_and_moving
def test_block_form_exports(moving: bool) -> None:
    class Filter(torch.nn.Module):
        def forward(self, audio: Tensor, coefficients: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            return block.biquad_cascade(audio, coefficients, state)

    args = inputs(1, 2, 300, moving=moving, offset=0)
    exported = torch.export.export(Filter(), args)
    for a, b in zip(exported.module()(*args), biquad_cascade(*args), strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-10)


class Filtered(Dataset[Tensor]):
    """Filters in the worker that loads it."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Tensor:
        torch.set_num_threads(2)  # a loader sets 1 in its workers; here they shall make a pool of their own
        generator = torch.Generator().manual_seed(index)
        audio = torch.randn(12, 2, 4000, generator=generator)
        coefficients = torch.tensor([0.2, 0.1, 0.0, -1.2, 0.5], dtype=torch.float64).expand(12, 1, 2, 5)
        return biquad_cascade(audio, coefficients, torch.zeros(12, 2, 2, 2, dtype=torch.float64))[0]


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_works_in_forked_loader_workers() -> None:
    """After the parent has used its threads, which a fork does not take along."""
    data, before = Filtered(), torch.get_num_threads()
    try:
        here = torch.stack([data[i] for i in range(4)])
    finally:
        torch.set_num_threads(before)
    loader = DataLoader(data, batch_size=None, num_workers=2, multiprocessing_context="fork", timeout=60)
    assert torch.equal(torch.stack(list(loader)), here)

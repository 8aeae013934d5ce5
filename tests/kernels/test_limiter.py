import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.dsp.true_peak import phase_taps
from gainstage.kernels import block_limiter
from gainstage.kernels.grid import GRID, num_points
from gainstage.kernels.limiter import limit, num_past_samples
from tests.kernels.recursions import at_sample, snr_db

Arguments = dict[str, Any]
SIGNALS = "audio", "controls", "wanted", "reduction"


def lopsided(look_ahead: int) -> Tensor:
    """A window that is not its own mirror image."""
    weights = torch.linspace(1.0, 3.0, look_ahead + 1, dtype=torch.float64)
    return weights / weights.sum()


def arguments(
    rows: int = 2,
    channels: int = 2,
    samples: int = 700,
    *,
    look_ahead: int = 30,
    sample_rate: int = 44_100,
    moving: bool = False,
    offset: int = 13,
    dtype: torch.dtype = torch.float64,
) -> Arguments:
    """Programme that swells through the ceiling, in the middle of a release."""
    taps, points = phase_taps(sample_rate), num_points(samples, offset) if moving else 1
    length = samples + num_past_samples(taps.shape[1], look_ahead)
    low, high = torch.tensor([[-6.0, 0.9], [-1.0, 0.995]], dtype=torch.float64)
    swell = 0.03 + torch.linspace(0.0, 7.0, length, dtype=torch.float64).sin().square()
    wanted = 0.1 + torch.rand(rows, look_ahead, dtype=torch.float64)  # not 0, which is a kink
    return {
        "audio": (0.5 * torch.randn(rows, channels, length, dtype=torch.float64) * swell).to(dtype),
        "controls": low + (high - low) * torch.rand(rows, points, 2, dtype=torch.float64),
        "wanted": wanted,
        "reduction": 1.0 + wanted,
        "taps": taps,
        "window": lopsided(look_ahead),
        "offset": offset,
    }


def slow_limit(
    audio: Tensor,
    controls: Tensor,
    wanted: Tensor,
    reduction: Tensor,
    *,
    taps: Tensor,
    window: Tensor,
    offset: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Peaks between the samples, maximum over the look-ahead, release, average, gain on what came before."""
    look_ahead, num_taps = len(window) - 1, taps.shape[1]
    past = max(look_ahead + num_taps // 2, num_taps - 1)
    num_samples = audio.shape[2] - past
    signal, out = audio.double().numpy(), audio[..., past:].double().clone()
    wanted_after, reduction_after = wanted.clone(), reduction.clone()
    for row in range(len(audio)):
        g, s = wanted[row].tolist(), reduction[row].tolist()
        for n in range(num_samples):
            ceiling_db, release = at_sample(controls[row].numpy(), n, offset)
            now = past + n
            peak = float(np.abs(signal[row, :, now - num_taps + 1 : now + 1] @ taps.numpy().T).max())
            g.append(max(20.0 * math.log10(max(peak, 1e-10)) - ceiling_db, 0.0))
            highest = max(g[-look_ahead - 1 :])
            s.append(max(highest, release * s[-1] + (1.0 - release) * highest))
            gain = 10.0 ** (-float(np.dot(window.numpy(), s[-look_ahead - 1 :])) / 20.0)
            out[row, :, n] = gain * torch.from_numpy(signal[row, :, now - look_ahead - num_taps // 2])
        wanted_after[row] = torch.tensor(g[-look_ahead:], dtype=torch.float64)
        reduction_after[row] = torch.tensor(s[-look_ahead:], dtype=torch.float64)
    return out, wanted_after, reduction_after


def gradients(function: Callable[..., tuple[Tensor, ...]], args: Arguments) -> tuple[Tensor, ...]:
    """Of a random linear loss on all outputs, to audio, controls and the two states."""
    leaves = {name: args[name].clone().requires_grad_() for name in SIGNALS}
    outputs = function(**args | leaves)
    generator = torch.Generator().manual_seed(7)
    weights = [torch.randn(t.shape, generator=generator, dtype=torch.float64).to(t.dtype) for t in outputs]
    return torch.autograd.grad(outputs, list(leaves.values()), weights)


every_form = pytest.mark.parametrize(
    "form",
    [
        {},
        {"moving": True, "look_ahead": 66},
        {"channels": 1, "look_ahead": 1},
        {"moving": True, "look_ahead": 5, "sample_rate": 96_000},
        {"look_ahead": 600, "sample_rate": 192_000},
    ],
    ids=lambda form: " ".join(f"{name}={value}" for name, value in form.items()),
)


@every_form
@pytest.mark.parametrize("samples", [1, 2, 31, 700, 1100])
def test_agrees_with_the_slow_recursion(samples: int, form: Arguments) -> None:
    args = arguments(samples=samples, **form)
    for result, truth in zip(limit(**args), slow_limit(**args), strict=True):
        assert torch.allclose(result, truth, rtol=1e-9, atol=1e-9)


def test_float32_keeps_140_db() -> None:
    args = arguments(samples=4000, dtype=torch.float32)
    assert snr_db(limit(**args)[0], slow_limit(**args)[0]) >= 140.0


def test_float32_gradients_are_within_a_millionth() -> None:
    args = arguments(samples=4000, dtype=torch.float32)
    double = args | {"audio": args["audio"].double()}
    for a, b in zip(gradients(limit, args), gradients(limit, double), strict=True):
        assert (a.double() - b).norm() <= 1e-6 * b.norm()


@pytest.mark.parametrize(
    "form", [{}, {"moving": True, "look_ahead": 5, "sample_rate": 96_000}, {"channels": 1}], ids=str
)
@pytest.mark.parametrize("offset", [0, 63])
def test_gradients_agree_with_finite_differences(form: Arguments, offset: int) -> None:
    args = arguments(samples=90, offset=offset, **form)
    leaves = [args[name].requires_grad_() for name in SIGNALS]
    assert torch.autograd.gradcheck(
        lambda *signals: limit(**args | dict(zip(SIGNALS, signals, strict=True))), leaves, atol=1e-6
    )


@every_form
@pytest.mark.parametrize("samples", [1, 127, 128, 1100])
def test_block_form_is_the_same(samples: int, form: Arguments) -> None:
    args = arguments(3, samples=samples, **form)
    pairs = [
        *zip(limit(**args), block_limiter.limit(**args), strict=True),
        *zip(gradients(limit, args), gradients(block_limiter.limit, args), strict=True),
    ]
    for kernel, plain in pairs:
        assert torch.allclose(kernel, plain, rtol=1e-8, atol=1e-9 * (1.0 + float(plain.abs().max())))


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_row_alone_is_row_in_a_batch(rows: int) -> None:
    """Long enough for the rows to be dealt to threads."""
    args = arguments(rows, samples=9000, moving=True)
    together = [*limit(**args), *gradients(limit, args)]
    for row in {0, rows // 2, rows - 1}:
        single = args | {name: args[name][row : row + 1] for name in SIGNALS}
        for alone, all_rows in zip(limit(**single), together, strict=False):
            assert torch.equal(alone[0], all_rows[row])
    assert all(result.isfinite().all() for result in together)


@pytest.mark.parametrize("moving", [False, True], ids=["constant", "moving"])
@pytest.mark.parametrize("look_ahead", [1, 66])
def test_calls_of_any_length_continue_each_other(look_ahead: int, moving: bool) -> None:
    args = arguments(samples=2000, moving=moving, look_ahead=look_ahead, dtype=torch.float32, offset=0)
    whole, *last = limit(**args)
    past = args["audio"].shape[2] - 2000
    blocks, start, state = [], 0, (args["wanted"], args["reduction"])
    for length in [0, 1, 63, 64, 65, 500, 7, 1300]:
        points = args["controls"]
        if moving:
            points = points[:, start // GRID :][:, : num_points(length, start % GRID)]
        now = {"controls": points, "wanted": state[0], "reduction": state[1], "offset": start % GRID}
        piece, *state = limit(**args | now | {"audio": args["audio"][..., start : start + past + length]})
        blocks.append(piece)
        start += length
    assert snr_db(torch.cat(blocks, -1), whole) >= 140.0
    for a, b in zip(state, last, strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-12)


def test_length_zero_passes_the_states_and_their_gradients() -> None:
    args = arguments(samples=0, moving=True)
    for function in (limit, block_limiter.limit):
        out, wanted, reduction = function(**args)
        assert out.shape == (2, 2, 0)
        assert torch.equal(wanted, args["wanted"])
        assert torch.equal(reduction, args["reduction"])
        assert wanted.data_ptr() != args["wanted"].data_ptr()
    _, to_controls, to_wanted, to_reduction = gradients(limit, args)
    assert not to_controls.any()
    assert to_wanted.norm() > 0.0
    assert to_reduction.norm() > 0.0


def test_what_is_below_the_ceiling_is_not_touched() -> None:
    """… and, once a release is over, is so again."""
    args = arguments(1, samples=20_000, dtype=torch.float64)
    args["audio"] *= 0.1
    args["wanted"] *= 0.0
    args["reduction"] *= 0.0
    past = args["audio"].shape[2] - 20_000
    delay = 30 + 24
    assert torch.equal(limit(**args)[0], args["audio"][..., past - delay :][..., :20_000])
    args["audio"][0, 0, past + 100] = 2.0
    out = limit(**args)[0]
    assert not torch.equal(out[..., :5000], args["audio"][..., past - delay :][..., :5000])
    assert torch.equal(out[..., -5000:], args["audio"][..., past - delay :][..., :20_000][..., -5000:])


def test_equal_channels_share_the_gradient() -> None:
    """Dual mono stays dual mono in training, and moves like mono."""
    args = arguments(1, 1, 300)
    mono = args["audio"].clone().requires_grad_()
    dual = args["audio"].expand(-1, 2, -1).clone().requires_grad_()
    for leaf in (mono, dual):
        limit(**args | {"audio": leaf})[0].square().sum().backward()
    assert mono.grad is not None
    assert dual.grad is not None
    assert torch.allclose(dual.grad, mono.grad.expand(-1, 2, -1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_stays_where_it_is(wrong: float) -> None:
    """In its row, and there in its place: the limiter goes on behind it."""
    args = arguments(3, 1, 300, dtype=torch.float32)
    clean = limit(**args)[0]
    past = args["audio"].shape[2] - 300
    args["audio"][1, 0, past + 100] = wrong
    for function in (limit, block_limiter.limit):
        out = function(**args)[0]
        assert torch.allclose(out[::2], clean[::2], rtol=1e-6)
        assert (~out[1].isfinite()).nonzero()[:, 1].tolist() == [100 + 30 + 24]


@every_form
def test_operator_is_well_made(form: Arguments) -> None:
    args = arguments(samples=100, **form)
    signals = [args[name].requires_grad_() for name in SIGNALS]
    settings = args["taps"], args["window"], args["offset"]
    torch.library.opcheck(torch.ops.gainstage.limit.default, (*signals, *settings))


def test_second_derivative_is_refused_with_the_way_out() -> None:
    args = arguments(1, 1, 60)
    args["audio"].requires_grad_()
    args["controls"].requires_grad_()
    (gradient,) = torch.autograd.grad(limit(**args)[0].sum(), args["controls"], create_graph=True)
    with pytest.raises(RuntimeError, match="block_limiter"):
        gradient.sum().backward()


class _Limiter(torch.nn.Module):
    """A call of either form as a module, for export."""

    def __init__(self, form: Callable[..., tuple[Tensor, ...]], args: Arguments) -> None:
        super().__init__()
        self.form, self.settings = form, {name: args[name] for name in ("taps", "window", "offset")}

    def forward(self, *signals: Tensor) -> tuple[Tensor, ...]:
        return self.form(*signals, **self.settings)


@pytest.mark.parametrize("form", [limit, block_limiter.limit], ids=["kernel", "plain torch"])
def test_exports(form: Callable[..., tuple[Tensor, ...]]) -> None:
    args = arguments(samples=500, moving=True)
    signals = tuple(args[name] for name in SIGNALS)
    exported = torch.export.export(_Limiter(form, args), signals)
    for a, b in zip(exported.module()(*signals), limit(**args), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)

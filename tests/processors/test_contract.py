"""The contract of a processor, asked of every row in cases.py."""

import io

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.kernels import backend
from gainstage.kernels.grid import GRID, num_points
from gainstage.processors import Kind, State, find
from tests.processors.cases import CASES, Case

RATE = 44_100
LENGTH = 3001  # odd, not a multiple of the grid

every_case = pytest.mark.parametrize("case", CASES, ids=[case.label for case in CASES])
every_width = pytest.mark.parametrize("channels", [1, 2], ids=["mono", "stereo"])


def noise(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 1) -> Tensor:
    """Noise near full scale, so that detectors work; the channels differ."""
    generator = torch.Generator().manual_seed(seed)
    return 0.5 * torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def run(
    case: Case, audio: Tensor, controls: Tensor, state: State | None = None, offset: int = 0
) -> tuple[Tensor, State]:
    rows, channels, _ = audio.shape
    if state is None:
        state = case.processor.initial_state(rows, channels, sample_rate=RATE, device=audio.device)
    return case.processor.render(audio, controls, state, sample_rate=RATE, offset=offset)


def difference_db(result: Tensor, expected: Tensor) -> float:
    """Power of the difference relative to the expected signal; −200 or less for equal ones."""
    result, expected = result.detach().double(), expected.detach().double()
    error = (result - expected).square().sum()
    return 10.0 * float(torch.log10((error + 1e-60) / (expected.square().sum() + 1e-40)))


def constant(values: Tensor, rows: int) -> Tensor:
    return values.expand(rows, 1, -1)


def varied(case: Case, rows: int, *, seed: int = 3) -> Tensor:
    """Rows of settings around the case's point, shape (rows, width)."""
    generator = torch.Generator().manual_seed(seed)
    columns = []
    for row, value in zip(case.processor.table, case.values(), strict=True):
        spread = 0.2 * (torch.rand(rows, generator=generator, dtype=torch.float64) - 0.5)
        columns.append(row.from_unit((row.to_unit(value) + spread).clamp(0.0, 1.0)))
    return torch.stack(columns, dim=-1)


def curves(case: Case, rows: int, samples: int, offset: int) -> Tensor:
    """Every continuous parameter wanders; static ones stay. Shape (rows, points, width)."""
    points = num_points(samples, offset)
    still = varied(case, rows)[:, None].expand(-1, points, -1)
    moving = torch.stack([varied(case, rows, seed=100 + i) for i in range(points)], dim=1)
    is_static = torch.tensor([row.kind is Kind.STATIC for row in case.processor.table])
    return torch.where(is_static, still, moving)


def gradients(output: Tensor, audio: Tensor, controls: Tensor) -> tuple[Tensor, Tensor]:
    """Of a loss that is linear in the output, so that silence has one too; zero where nothing depends."""
    loss = (output * noise(*output.shape, dtype=output.dtype, seed=9)).sum()
    to_audio, to_controls = torch.autograd.grad(loss, (audio, controls), materialize_grads=True)
    return to_audio, to_controls


@every_case
def test_is_found_by_its_name(case: Case) -> None:
    assert find(case.processor.name) is type(case.processor)


@every_case
def test_names_its_parameters_once_and_with_their_unit(case: Case) -> None:
    suffix = {"dB": "_db", "Hz": "_hz", "ms": "_ms", "s": "_s"}
    names = [row.name for row in case.processor.table]
    assert len(names) == len(set(names))
    assert all(row.name.endswith(suffix.get(row.unit, "")) for row in case.processor.table)


@every_case
def test_unit_and_physical_values_round_trip(case: Case) -> None:
    unit = torch.linspace(0.0, 1.0, 101, dtype=torch.float64)
    for row in case.processor.table:
        physical = row.from_unit(unit)
        assert physical[[0, -1]].tolist() == [row.low, row.high]
        assert torch.allclose(row.to_unit(physical), unit, rtol=0.0, atol=1e-6)
        assert torch.allclose(row.from_unit(row.to_unit(physical)), physical, rtol=1e-6, atol=1e-6)


@every_case
@every_width
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_keeps_shape_and_dtype(case: Case, channels: int, dtype: torch.dtype) -> None:
    output, _ = run(case, noise(3, channels, LENGTH, dtype=dtype), constant(case.values(), 3))
    widened = case.at_defaults(torch.zeros(3, channels, LENGTH)).shape
    assert output.dtype == dtype
    assert output.shape == widened


@every_case
@every_width
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_is_neutral_at_its_defaults(case: Case, channels: int, dtype: torch.dtype) -> None:
    audio = case.neutral_gain * noise(2, channels, LENGTH, dtype=dtype)
    output, _ = run(case, audio, constant(case.defaults(), 2))
    latency = case.processor.latency_samples(RATE)
    assert torch.equal(output[..., latency:], case.at_defaults(audio)[..., : LENGTH - latency])
    assert not output[..., :latency].any()


@every_case
@every_width
@pytest.mark.parametrize("samples", [0, 1, 2, 63, 64, 65, 127, 128, 199])
def test_any_length_is_the_beginning_of_a_longer_one(case: Case, channels: int, samples: int) -> None:
    audio, values = noise(2, channels, 200), constant(case.values(), 2)
    whole, _ = run(case, audio, values)
    output, _ = run(case, audio[..., :samples], values)
    assert output.shape[-1] == samples
    assert difference_db(output, whole[..., :samples]) <= -120.0


@every_case
@every_width
def test_gradients_are_exact(case: Case, channels: int) -> None:
    """Against finite differences in float64, to audio and to moving controls."""
    samples, offset = case.gradcheck_samples, 40
    audio = noise(2, channels, samples, dtype=torch.float64).requires_grad_()
    controls = curves(case, 2, samples, offset).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, c: run(case, a, c, offset=offset)[0], (audio, controls), atol=1e-5, rtol=1e-4
    )


@every_case
@every_width
def test_is_finite_over_the_whole_range(case: Case, channels: int) -> None:
    """Output and gradients at both ends and the centre of each parameter, and with all at one end."""
    unit = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    extremes = [case.values(**{r.name: float(v)}) for r in case.processor.table for v in r.from_unit(unit)]
    extremes += [torch.stack([r.from_unit(u) for r in case.processor.table]) for u in unit]
    for values in extremes:
        audio = noise(1, channels, LENGTH).requires_grad_()
        controls = constant(values, 1).clone().requires_grad_()
        output, _ = run(case, audio, controls)
        assert output.isfinite().all(), values
        assert all(grad.isfinite().all() for grad in gradients(output, audio, controls)), values


@every_case
@pytest.mark.parametrize("signal", ["silence", "constant", "square", "denormal", "impulse"])
def test_survives_hard_signals(case: Case, signal: str) -> None:
    audio = {
        "silence": torch.zeros(1, 2, LENGTH),
        "constant": torch.ones(1, 2, LENGTH),
        "square": torch.where(torch.arange(LENGTH) % 100 < 50, 1.0, -1.0).expand(1, 2, -1),
        "denormal": torch.full((1, 2, LENGTH), 1e-42),
        "impulse": torch.zeros(1, 2, LENGTH).index_fill(-1, torch.tensor([5]), 1.0),
    }[signal].clone()
    audio.requires_grad_()
    controls = constant(case.values(), 1).clone().requires_grad_()
    output, _ = run(case, audio, controls)
    assert output.isfinite().all()
    assert all(grad.isfinite().all() for grad in gradients(output, audio, controls))


@every_case
@every_width
def test_item_alone_equals_item_in_a_batch(case: Case, channels: int) -> None:
    """The output and its gradients."""
    audio = noise(3, channels, LENGTH).requires_grad_()
    controls = curves(case, 3, LENGTH, 0).requires_grad_()
    batch, _ = run(case, audio, controls)
    weights = noise(*batch.shape, seed=9)
    to_audio, to_controls = torch.autograd.grad(
        (batch * weights).sum(), (audio, controls), materialize_grads=True
    )
    for i in range(3):
        single, _ = run(case, audio[i : i + 1], controls[i : i + 1])
        assert difference_db(single[0], batch[i]) <= -120.0
        loss = (single * weights[i : i + 1]).sum()
        alone_to_audio, alone_to_controls = torch.autograd.grad(
            loss, (audio, controls), materialize_grads=True
        )
        assert difference_db(alone_to_audio[i], to_audio[i]) <= -120.0
        assert difference_db(alone_to_controls[i], to_controls[i]) <= -100.0


@every_case
@every_width
def test_double_and_single_precision_agree(case: Case, channels: int) -> None:
    """Coefficients, detectors and states are float64 in both, so only the audio's rounding is left."""
    audio, controls = noise(2, channels, LENGTH).requires_grad_(), curves(case, 2, LENGTH, 0).requires_grad_()
    single, double = run(case, audio, controls)[0], run(case, audio.double(), controls)[0]
    assert difference_db(single, double) <= -120.0
    for rough, exact in zip(
        gradients(single, audio, controls), gradients(double, audio, controls), strict=True
    ):
        assert difference_db(rough, exact) <= -100.0


@every_case
@every_width
def test_devices_without_kernels_compute_the_same(
    case: Case, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = noise(2, channels, 500, dtype=torch.float64).requires_grad_()
    controls, offset = curves(case, 2, 500, 30).requires_grad_(), 30
    kernel, state = run(case, audio, controls, offset=offset)
    by_kernel = gradients(kernel, audio, controls)
    monkeypatch.setattr(backend, "has_compiled_kernels", lambda _: False)
    plain, plain_state = run(case, audio, controls, offset=offset)
    assert difference_db(plain, kernel) <= -180.0
    for a, b in zip(gradients(plain, audio, controls), by_kernel, strict=True):
        assert difference_db(a, b) <= -160.0
    for name, value in state.items():
        assert torch.allclose(plain_state[name].double(), value.double(), rtol=1e-9, atol=1e-9)


@every_case
@every_width
def test_does_not_care_how_its_arguments_lie_in_memory(case: Case, channels: int) -> None:
    audio, controls = noise(2, channels, LENGTH), curves(case, 2, LENGTH, 0)
    output, state = run(case, audio, controls)
    strange = audio.permute(2, 1, 0).contiguous().permute(2, 1, 0)
    scattered = controls.repeat_interleave(2, 2)[..., ::2]
    again, _ = run(case, strange, scattered)
    assert torch.equal(again, output)
    turned = {name: value.movedim(0, -1).contiguous().movedim(-1, 0) for name, value in state.items()}
    assert torch.equal(run(case, strange, scattered, turned)[0], run(case, audio, controls, state)[0])


@every_case
@every_width
def test_a_nan_stays_in_its_row(case: Case, channels: int) -> None:
    audio, controls = noise(3, channels, LENGTH), constant(case.values(), 3)
    clean, _ = run(case, audio, controls)
    broken = audio.clone()
    broken[1, 0, 100] = torch.nan
    output, _ = run(case, broken, controls)
    assert output[1].isnan().any()
    for i in (0, 2):
        assert difference_db(output[i], clean[i]) <= -120.0


@pytest.mark.parametrize("case", [c for c in CASES if c.mono_is_dual_mono], ids=lambda c: c.label)
def test_mono_equals_dual_mono(case: Case) -> None:
    audio, controls = noise(2, 1, LENGTH), curves(case, 2, LENGTH, 0)
    mono, _ = run(case, audio, controls)
    dual, _ = run(case, audio.expand(-1, 2, -1).contiguous(), controls)
    for channel in range(2):
        assert difference_db(dual[:, channel : channel + 1], mono) <= -120.0


@every_case
@every_width
def test_a_curve_of_equal_values_is_the_number(case: Case, channels: int) -> None:
    audio, offset = noise(2, channels, LENGTH), 17
    values = constant(case.values(), 2)
    number, _ = run(case, audio, values, offset=offset)
    curve, _ = run(case, audio, values.expand(-1, num_points(LENGTH, offset), -1).contiguous(), offset=offset)
    assert difference_db(curve, number) <= -120.0


def in_blocks(case: Case, audio: Tensor, controls: Tensor, *, save: bool) -> Tensor:
    """Render in calls of random length, 0 and 1 among them; `save` writes the state and reads it back."""
    rows, channels, samples = audio.shape
    rng = np.random.default_rng(5)
    state = case.processor.initial_state(rows, channels, sample_rate=RATE, device=audio.device)
    outputs, start = [], 0
    lengths = [0, 1, *rng.integers(1, 200, 8).tolist(), samples]
    for length in lengths:
        stop = min(start + length, samples)
        first, offset = start // GRID, start % GRID
        points = controls[:, first : first + num_points(stop - start, offset)]
        block, state = run(case, audio[..., start:stop], points, state, offset)
        if save:
            file = io.BytesIO()
            torch.save(state, file)
            file.seek(0)
            state = torch.load(file, weights_only=True)
        outputs.append(block)
        start = stop
    return torch.cat(outputs, dim=-1)


@every_case
@every_width
@pytest.mark.parametrize("save", [False, True], ids=["carried", "saved and restored"])
def test_streaming_equals_whole(case: Case, channels: int, save: bool) -> None:
    audio = noise(2, channels, LENGTH)
    controls = curves(case, 2, LENGTH, 0)
    whole, _ = run(case, audio, controls)
    assert difference_db(in_blocks(case, audio, controls, save=save), whole) <= -120.0


@every_case
@every_width
def test_state_is_flat_rows_of_one_shape(case: Case, channels: int) -> None:
    """So that the console can gather rows out of a batch and put them back."""

    def shapes(state: State) -> dict[str, tuple[torch.Size, torch.dtype]]:
        return {name: (value.shape, value.dtype) for name, value in state.items()}

    before = case.processor.initial_state(3, channels, sample_rate=RATE, device=torch.device("cpu"))
    _, after = run(case, noise(3, channels, LENGTH), constant(case.values(), 3), before)
    assert shapes(after) == shapes(before)
    assert all(value.shape[0] == 3 for value in after.values())
    assert not any(value.any() for value in before.values())  # silence is zeros: rows may join a console's


@every_case
@every_width
def test_leaves_its_arguments_alone(case: Case, channels: int) -> None:
    audio, controls = noise(2, channels, LENGTH), curves(case, 2, LENGTH, 0)
    _, state = run(case, audio, controls)
    kept = [audio.clone(), controls.clone(), *(value.clone() for value in state.values())]
    first, _ = run(case, audio, controls, state)
    second, _ = run(case, audio, controls, state)
    assert all(torch.equal(a, b) for a, b in zip(kept, [audio, controls, *state.values()], strict=True))
    assert torch.equal(first, second)


@every_case
@every_width
def test_every_parameter_gets_a_gradient(case: Case, channels: int) -> None:
    audio = noise(2, channels, LENGTH).requires_grad_()
    controls = constant(case.values(), 2).clone().requires_grad_()
    output, _ = run(case, audio, controls)
    _, gradient = gradients(output, audio, controls)
    deaf = {row.name for i, row in enumerate(case.processor.table) if (gradient[..., i] == 0).any()}
    assert deaf == (case.deaf_in_mono if channels == 1 else set())


@every_case
@every_width
def test_gradients_that_are_zero_at_neutral_are_listed(case: Case, channels: int) -> None:
    audio = noise(2, channels, LENGTH).requires_grad_()
    controls = constant(case.defaults(), 2).clone().requires_grad_()
    output, _ = run(case, audio, controls)
    _, gradient = gradients(output, audio, controls)
    zero = {row.name for i, row in enumerate(case.processor.table) if (gradient[..., i] == 0).all()}
    assert zero == (case.zero_at_neutral | case.deaf_in_mono if channels == 1 else case.zero_at_neutral)


@every_case
def test_the_tail_is_a_finite_time(case: Case) -> None:
    for values in (case.defaults(), case.values()):
        assert 0.0 <= case.processor.tail_seconds(constant(values, 2)) < 60.0

"""The biquad cascade in plain torch operations: for any device, for export, and to check the kernel.

A linear recurrence s[n+1] = A[n]·s[n] + u[n] is a chain of affine maps, and affine maps compose to affine
maps. So blocks of samples are worked out side by side as matrix products, and only the states at their
borders depend on each other; those are found by doubling, in log2(blocks) steps. Exact up to rounding,
because everything is float64.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.kernels.grid import GRID

BLOCK = 64


def biquad_cascade(
    audio: Tensor, coefficients: Tensor, state: Tensor, *, offset: int = 0
) -> tuple[Tensor, Tensor]:
    """What `gainstage.kernels.biquad.biquad_cascade` computes, differentiable any number of times.

    Slower, and with gradients it keeps intermediate signals: several times the memory of the audio.
    """
    if audio.shape[-1] == 0:
        return audio.clone(), state.clone()
    signal = audio.double()
    if coefficients.shape[1] == 1:
        signal, after = _constant(signal, coefficients[:, 0], state)
    else:
        moving = between_points(coefficients.flatten(2), audio.shape[-1], offset)
        moving = moving.reshape(*moving.shape[:2], *coefficients.shape[2:])
        states = []
        for section in range(coefficients.shape[2]):
            signal, last = _moving_section(signal, moving[:, :, section], state[:, :, section])
            states.append(last)
        after = torch.stack(states, 2)
    return signal.to(audio.dtype), after


def between_points(points: Tensor, num_samples: int, offset: int) -> Tensor:
    """The value at every sample of what is known at the points of the control grid.

    Shape: points (rows, points, width) → (rows, samples, width), or (rows, 1, width) if there is only one
    point.
    """
    if points.shape[1] == 1:
        return points
    place = torch.arange(offset, offset + num_samples, device=points.device)
    left, weight = place // GRID, (place % GRID).to(points.dtype).unsqueeze(1) / GRID
    return torch.lerp(points[:, left], points[:, left + 1], weight.expand(-1, points.shape[2]))


def scan(matrices: Tensor, vectors: Tensor, state: Tensor) -> Tensor:
    """All states of s[n+1] = A[n]·s[n] + u[n].

    Shape: matrices (..., steps, size, size), vectors (..., steps, size), state (..., size) →
        (..., steps, size), the state after each step.
    """
    steps, size = vectors.shape[-2:]
    short = -steps % BLOCK
    identity = torch.eye(size, dtype=vectors.dtype, device=vectors.device)
    identity = identity.expand(*matrices.shape[:-3], short, size, size)
    a = torch.cat([matrices, identity], -3)
    a = a.reshape(*a.shape[:-3], -1, BLOCK, size, size)
    u = pad(vectors, (0, 0, 0, short))
    u = u.reshape(*u.shape[:-2], -1, BLOCK, size)
    a, u = _compose(a, u)
    borders = _compose(a[..., -1, :, :], u[..., -1, :])
    after = borders[1] + _apply(borders[0], state.unsqueeze(-2))
    before = torch.cat([state.unsqueeze(-2), after[..., :-1, :]], -2)
    return (u + _apply(a, before.unsqueeze(-2))).flatten(-3, -2)[..., :steps, :]


def _multiply(a: Tensor, b: Tensor) -> Tensor:
    return a * b if a.shape[-1] == 1 else a @ b


def _apply(matrices: Tensor, vectors: Tensor) -> Tensor:
    return _multiply(matrices, vectors.unsqueeze(-1)).squeeze(-1)


def _compose(a: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """Each step's map composed with all before it, by doubling (Hillis and Steele)."""
    reach = 1
    while reach < u.shape[-2]:
        later, earlier = a[..., reach:, :, :], a[..., :-reach, :, :]
        u = torch.cat([u[..., :reach, :], u[..., reach:, :] + _apply(later, u[..., :-reach, :])], -2)
        a = torch.cat([a[..., :reach, :, :], _multiply(later, earlier)], -3)
        reach *= 2
    return a, u


def _moving_section(x: Tensor, coefficients: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """One section, coefficients (rows, samples, 5), x (rows, channels, samples)."""
    b0, b1, b2, a1, a2 = coefficients.unsqueeze(1).unbind(-1)
    ones, zeros = torch.ones_like(a1), torch.zeros_like(a1)
    matrices = torch.stack([torch.stack([-a1, ones], -1), torch.stack([-a2, zeros], -1)], -2)
    matrices = matrices.expand(*x.shape, 2, 2)
    vectors = torch.stack([(b1 - a1 * b0) * x, (b2 - a2 * b0) * x], -1)
    after = scan(matrices, vectors, state)
    before = torch.cat([state[:, :, None, 0], after[:, :, :-1, 0]], -1)
    return b0 * x + before, after[:, :, -1]


def _state_space(coefficients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The whole cascade as one system s' = A·s + B·x, y = C·s + D·x with two states a section.

    Shape: coefficients (rows, sections, 5) → A (rows, size, size), B and C (rows, size), D (rows,).
    """
    rows, sections, _ = coefficients.shape
    size = 2 * sections
    along = coefficients.new_zeros(
        rows, size
    )  # how the input of the current section depends on the states before
    through = coefficients.new_ones(rows)  # … and on the cascade's input
    matrix_rows, inputs = [], []
    for k in range(sections):
        b0, b1, b2, a1, a2 = coefficients[:, k].unbind(-1)
        unit = torch.eye(size, dtype=along.dtype, device=along.device)
        e1, e2 = b1 - a1 * b0, b2 - a2 * b0
        matrix_rows += [
            e1[:, None] * along - a1[:, None] * unit[2 * k] + unit[2 * k + 1],
            e2[:, None] * along - a2[:, None] * unit[2 * k],
        ]
        inputs += [e1 * through, e2 * through]
        along, through = b0[:, None] * along + unit[2 * k], b0 * through
    return torch.stack(matrix_rows, 1), torch.stack(inputs, 1), along, through


def _powers(matrix: Tensor, count: int) -> Tensor:
    """matrix^0 … matrix^count, shape (rows, count + 1, size, size)."""
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device).expand_as(matrix)
    powers = torch.stack([identity, matrix], 1)
    while powers.shape[1] <= count:
        powers = torch.cat([powers, powers[:, -1:] @ powers[:, 1:]], 1)
    return powers[:, : count + 1]


def _constant(x: Tensor, coefficients: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """All sections at once: a block's output is a Toeplitz matrix times its input, plus the ringing of the
    state at its start."""
    num_samples = x.shape[2]
    a, b, c, d = _state_space(coefficients)
    powers = _powers(a, BLOCK)
    rings = torch.einsum("ri,rnij->rnj", c, powers[:, :BLOCK])  # C·Aⁿ
    feeds = torch.einsum("rnij,rj->rni", powers[:, :BLOCK], b).flip(1)  # A^(BLOCK−1−n)·B
    response = torch.cat([d[:, None], torch.einsum("rni,ri->rn", rings[:, : BLOCK - 1], b)], 1)
    lag = torch.arange(BLOCK, device=x.device)[:, None] - torch.arange(BLOCK, device=x.device)
    toeplitz = response[:, lag.clamp(min=0)] * (lag >= 0)

    num_blocks = -(-num_samples // BLOCK)
    short = num_blocks * BLOCK - num_samples
    blocks = (pad(x, (0, short)) if short else x).reshape(len(x), -1, BLOCK)
    by_channel = len(x), x.shape[1], num_blocks, -1
    before = _border_states(powers[:, BLOCK], (blocks @ feeds).view(by_channel), state.flatten(2))
    out = torch.baddbmm(before.flatten(1, 2) @ rings.mT, blocks, toeplitz.mT).view(*x.shape[:2], -1)

    # The state after the last sample: the last block may be shorter, so its rest is stepped from its start.
    rest = BLOCK - short
    last = blocks.view(by_channel)[:, :, -1, :rest] @ feeds[:, short:]
    after = before[:, :, -1] @ powers[:, rest].mT + last
    return out[..., :num_samples], after.reshape(state.shape)


def _border_states(matrix: Tensor, gained: Tensor, state: Tensor) -> Tensor:
    """States at the start of every block, from what each block adds; doubling, one matrix for all."""
    u = torch.cat([state.unsqueeze(2), gained[:, :, :-1]], 2)
    reach, power = 1, matrix.unsqueeze(1)
    while reach < u.shape[2]:
        u = torch.cat([u[:, :, :reach], u[:, :, reach:] + u[:, :, :-reach] @ power.mT], 2)
        reach, power = 2 * reach, power @ power
    return u

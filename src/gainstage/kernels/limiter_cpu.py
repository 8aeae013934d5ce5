"""The limiter on the CPU, from waveform to gain in one pass over memory, and its exact adjoint.

Per sample, with h_p the taps of the interpolator's phase p, C the ceiling, w the averaging window over the
look-ahead of A samples, κ = ln 10 / 20:

    P[n] = max over channels and p of |Σ_k h_p[k]·x[n − 47 + k]|      the waveform at and after sample n − 24
    g[n] = max(20·log10 P[n] − C, 0)                                  what it is too high by
    m[n] = max(g[n − A] … g[n])
    s[n] = max(m[n], a·s[n−1] + (1 − a)·m[n])                         instant attack, one-pole release
    r[n] = Σ_k w[k]·s[n − A + k]
    y[n] = exp(−κ·r[n])·x[n − A − 24]

w is never negative and sums to 1, and all that it weighs for y[n] is at least g[n − A]. So at a peak the
whole reduction is reached.

Here the lanes of `gainstage.kernels.simd` lie along time, since a limiter has few rows: a master or two.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gainstage.kernels.compile import kernel
from gainstage.kernels.decibels import amplitude, level
from gainstage.kernels.grid import GRID
from gainstage.kernels.simd import WIDTH, Audio, Doubles, aligned, load, magnitude, splat, store, where_less

CEILING, RELEASE = range(2)
INAUDIBLE_DB = 1e-9  # reductions below leave every float32 as it is; they count as none
_SILENCE_DB = 1e-12  # a release ends here

_BLOCK = 512
_STRIDE = 4 * WIDTH  # samples that `_correlate` works on at once
_ROOM = _BLOCK + _STRIDE
_FLOOR = 1e-20  # power; −200 dB, far under any ceiling
_KAPPA = math.log(10.0) / 20.0
_DB = 20.0 / math.log(10.0)

Positions = NDArray[np.int64]


class Shape(NamedTuple):
    """The sizes that all parts of the kernel need."""

    channels: int
    past: int  # samples in front of the call's first
    num_samples: int


@kernel
def _correlate(x: Doubles, at: int, count: int, taps: Doubles, out: Doubles) -> None:
    """out[i] = Σ_k taps[k]·x[at + i + k], and on, up to 31 samples beyond `count`.

    Four registers wide, because a multiply-add takes four cycles and two can begin in each.
    """
    for i in range(0, count, _STRIDE):
        a, b, c, d = splat(0.0), splat(0.0), splat(0.0), splat(0.0)
        p = at + i
        for k in range(taps.size):
            tap = splat(taps[k])
            a = a + tap * load(x, p + k)
            b = b + tap * load(x, p + k + 8)
            c = c + tap * load(x, p + k + 16)
            d = d + tap * load(x, p + k + 24)
        store(out, i, a)
        store(out, i + 8, b)
        store(out, i + 16, c)
        store(out, i + 24, d)


@kernel
def _raise(peaks: Doubles, signal: Doubles, at: int, count: int) -> None:
    """peaks[i] = max(peaks[i], |signal[at + i]|); a NaN counts for nothing."""
    for i in range(0, count, WIDTH):
        here, so_far = magnitude(load(signal, at + i)), load(peaks, i)
        store(peaks, i, where_less(so_far, here, here, so_far))


@kernel
def overshoot(taps: Doubles) -> float:
    """By how much the waveform can at most exceed its samples."""
    most = 0.0
    for phase in range(taps.shape[0]):
        most = max(most, np.abs(taps[phase]).sum())
    return most


@kernel
def _settings(
    controls: Doubles, row: int, control: int, offset: int, begin: int, count: int, to: Doubles
) -> None:
    """One control at every sample of a block, straight between the points of its grid."""
    if controls.shape[1] == 1:
        to[:count] = controls[row, 0, control]
        return
    for i in range(count):
        left = (offset + begin + i) // GRID
        f = float((offset + begin + i) % GRID) / GRID
        value = controls[row, left, control]
        to[i] = value + f * (controls[row, left + 1, control] - value)


@kernel
def _wanted(
    audio: Audio, row: int, shape: Shape, begin: int, count: int, taps: Doubles, bound: float,
    ceiling: Doubles, x: Doubles, signal: Doubles, peaks: Doubles, to: Doubles, at: int,
) -> None:  # fmt: skip
    """What a block is too high by, into to[at:]. `peaks` keeps how high it is.

    Where even the highest sample times the interpolator's largest gain stays below the ceiling, nothing has
    to be interpolated.
    """
    length, quiet = taps.shape[1], True
    peaks[:] = 0.0
    limit = 10.0 ** (ceiling[:count].min() / 20.0)
    for channel in range(shape.channels):
        start = (row * shape.channels + channel) * (shape.past + shape.num_samples)
        start += shape.past + 1 - length + begin
        span = count + length - 1
        highest = 0.0
        for i in range(span):
            x[i] = audio[start + i]
            if abs(x[i]) > highest:
                highest = abs(x[i])
        x[span : span + _STRIDE] = 0.0
        if highest * bound <= limit:
            continue
        quiet = False
        _raise(peaks, x, length // 2 - 1, count)  # the samples themselves are phase 0
        for phase in range(1, taps.shape[0]):
            _correlate(x, 0, count, taps[phase], signal)
            _raise(peaks, signal, 0, count)
    if quiet:
        to[at : at + count] = 0.0
        return
    floor, zero = splat(_FLOOR), splat(0.0)
    for i in range(0, count, WIDTH):
        power = load(peaks, i) * load(peaks, i)
        over = level(where_less(power, floor, floor, power)) - load(ceiling, i)
        store(signal, i, where_less(zero, over, over, zero))
    to[at : at + count] = signal[:count]


@kernel
def _follow(
    wanted: Doubles, reduction: Doubles, at: int, count: int, release: Doubles, base: int, queue: Positions,
    ends: Positions, origin: Positions,
) -> None:  # fmt: skip
    """Maximum over the look-ahead, then release, from wanted[at:] to reduction[at:].

    Sample i of the block has the position base + i. `queue` is a ring with the positions of those maxima that
    may still count, from the largest to the latest, numbered from ends[0] up to ends[1]; zeros are not kept.
    Where `origin` is not empty, it gets the position of each maximum; −look_ahead − 1 for none.
    """
    head, tail, size = ends[0], ends[1], queue.size
    s = reduction[at - 1]
    for i in range(count):
        value = wanted[at + i]
        if head < tail and queue[head % size] <= base + i - size:
            head += 1
        if value > 0.0:
            while head < tail and wanted[at + queue[(tail - 1) % size] - base] <= value:
                tail -= 1
            queue[tail % size] = base + i
            tail += 1
        m = wanted[at + queue[head % size] - base] if head < tail else 0.0
        s = m + release[i] * (s - m) if s > m else m
        if s < _SILENCE_DB:
            s = 0.0
        reduction[at + i] = s
        if origin.size > 0:
            origin[base + i] = queue[head % size] if head < tail else -size
    ends[0], ends[1] = head, tail


@kernel
def _gains(reduction: Doubles, count: int) -> None:
    """Reductions in dB become gains, in place."""
    tiny, zero = splat(INAUDIBLE_DB), splat(0.0)
    for i in range(0, count, WIDTH):
        r = load(reduction, i)
        store(reduction, i, amplitude(zero - where_less(r, tiny, zero, r)))


@kernel
def forward(
    audio: Audio,
    channels: int,
    past: int,
    num_samples: int,
    controls: Doubles,
    wanted_before: Doubles,
    reduction_before: Doubles,
    taps: Doubles,
    window: Doubles,
    offset: int,
    out: Audio,
    wanted_after: Doubles,
    reduction_after: Doubles,
    start: int,
    stop: int,
) -> None:
    """Limit the rows start … stop − 1. Audio is flat, each channel with its past in front."""
    ahead, length = window.size - 1, taps.shape[1]
    shape = Shape(channels, past, num_samples)
    bound, delay = overshoot(taps), ahead + length // 2
    wanted, reduction = aligned(ahead + _ROOM), aligned(ahead + _ROOM)
    x, signal, peaks = aligned(_ROOM + length), aligned(_ROOM), aligned(_ROOM)
    ceiling, release, gain = aligned(_ROOM), aligned(_ROOM), aligned(_ROOM)
    wanted[:], reduction[:], ceiling[:] = 0.0, 0.0, 0.0
    queue, ends, none = np.empty(ahead + 1, np.int64), np.empty(2, np.int64), np.empty(0, np.int64)
    for row in range(start, stop):
        wanted[:ahead], reduction[:ahead] = wanted_before[row], reduction_before[row]
        _remember(wanted, queue, ends)
        for begin in range(0, num_samples, _BLOCK):
            count = min(_BLOCK, num_samples - begin)
            _settings(controls, row, CEILING, offset, begin, count, ceiling)
            _settings(controls, row, RELEASE, offset, begin, count, release)
            _wanted(audio, row, shape, begin, count, taps, bound, ceiling, x, signal, peaks, wanted, ahead)
            _follow(wanted, reduction, ahead, count, release, begin, queue, ends, none)
            if reduction[: ahead + count].max() > 0.0:
                _correlate(reduction, 0, count, window, gain)
                _gains(gain, count)
            else:
                gain[:count] = 1.0
            for channel in range(channels):
                signal_row = row * channels + channel
                source = signal_row * (past + num_samples) + past - delay + begin
                place = signal_row * num_samples + begin
                for i in range(count):
                    out[place + i] = gain[i] * audio[source + i]
            wanted[:ahead] = wanted[count : count + ahead].copy()
            reduction[:ahead] = reduction[count : count + ahead].copy()
        wanted_after[row], reduction_after[row] = wanted[:ahead], reduction[:ahead]


@kernel
def _remember(wanted: Doubles, queue: Positions, ends: Positions) -> None:
    """The queue before the first sample, from the values before it: positions −look_ahead … −1."""
    tail, ahead = 0, queue.size - 1
    for i in range(ahead):
        if wanted[i] > 0.0:
            while tail > 0 and wanted[ahead + queue[tail - 1]] <= wanted[i]:
                tail -= 1
            queue[tail] = i - ahead
            tail += 1
    ends[0], ends[1] = 0, tail


@kernel
def _value(audio: Audio, start: int, taps: Doubles, phase: int) -> float:
    total = 0.0
    for k in range(taps.shape[1]):
        total += taps[phase, k] * audio[start + k]
    return total


@kernel
def _adjoint_peak(
    audio: Audio, row: int, shape: Shape, n: int, taps: Doubles, grad_wanted: float, grad: Doubles
) -> None:
    """The gradient of 20·log10 P[n] to the samples around it; equally high channels share it."""
    span = shape.past + shape.num_samples
    first = shape.past + n + 1 - taps.shape[1]
    highest, ties = 0.0, 0
    for channel in range(shape.channels):
        peak = 0.0
        for phase in range(taps.shape[0]):
            value = _value(audio, (row * shape.channels + channel) * span + first, taps, phase)
            peak = max(peak, abs(value))
        ties = 1 if peak > highest else ties + (peak == highest)
        highest = max(highest, peak)
    for channel in range(shape.channels):
        for phase in range(taps.shape[0]):
            value = _value(audio, (row * shape.channels + channel) * span + first, taps, phase)
            if abs(value) == highest:
                slope = grad_wanted * _DB / (value * ties)
                for k in range(taps.shape[1]):
                    grad[channel * span + first + k] += slope * taps[phase, k]
                break


@kernel
def _add(grads: Doubles, row: int, control: int, offset: int, n: int, value: float) -> None:
    """The gradient of a control at a sample, shared out between its left and its right point."""
    if grads.shape[1] == 1:
        grads[row, 0, control] += value
        return
    left, f = (offset + n) // GRID, float((offset + n) % GRID) / GRID
    grads[row, left, control] += (1.0 - f) * value
    grads[row, left + 1, control] += f * value


@kernel
def backward(
    grad_out: Audio,
    grad_wanted_after: Doubles,
    grad_reduction_after: Doubles,
    audio: Audio,
    channels: int,
    past: int,
    num_samples: int,
    controls: Doubles,
    wanted_before: Doubles,
    reduction_before: Doubles,
    taps: Doubles,
    window: Doubles,
    offset: int,
    grad_audio: Audio,
    grad_controls: Doubles,
    grad_wanted_before: Doubles,
    grad_reduction_before: Doubles,
    start: int,
    stop: int,
) -> None:
    """Gradients of the rows start … stop − 1; `grad_controls` comes as zeros.

    A row is computed again as a whole, in 64 + 8·channels bytes a sample, and given back before the next.
    """
    ahead, length, span = window.size - 1, taps.shape[1], past + num_samples
    shape = Shape(channels, past, num_samples)
    bound, delay = overshoot(taps), ahead + length // 2
    x, signal, peaks = aligned(_ROOM + length), aligned(_ROOM), aligned(_ROOM)
    ceiling, release = aligned(_ROOM), aligned(num_samples + 1)
    wanted, reduction = aligned(ahead + num_samples), aligned(ahead + num_samples + _STRIDE)
    grad_wanted, grad_reduction = aligned(ahead + num_samples), aligned(ahead + num_samples + _STRIDE)
    origin, gain = np.empty(num_samples, np.int64), aligned(num_samples + _STRIDE)
    averaged = aligned(2 * ahead + num_samples + _STRIDE)  # the gradient of r, with silence around it
    queue, ends = np.empty(ahead + 1, np.int64), np.empty(2, np.int64)
    grad, backwards = aligned(channels * span), window[::-1].copy()
    ceiling[:], reduction[:] = 0.0, 0.0
    for row in range(start, stop):
        wanted[:ahead], reduction[:ahead] = wanted_before[row], reduction_before[row]
        _remember(wanted, queue, ends)
        _settings(controls, row, RELEASE, offset, 0, num_samples, release)
        for begin in range(0, num_samples, _BLOCK):
            count = min(_BLOCK, num_samples - begin)
            _settings(controls, row, CEILING, offset, begin, count, ceiling)
            _wanted(
                audio, row, shape, begin, count, taps, bound, ceiling, x, signal, peaks, wanted, ahead + begin
            )
        _follow(wanted, reduction, ahead, num_samples, release, 0, queue, ends, origin)
        _correlate(reduction, 0, num_samples, window, gain)

        averaged[:], grad[:] = 0.0, 0.0
        for n in range(num_samples):
            if gain[n] < INAUDIBLE_DB:
                factor, felt = 1.0, 0.0
            else:
                factor = math.exp(-_KAPPA * gain[n])
                felt = -_KAPPA * factor
            for channel in range(channels):
                signal_row = row * channels + channel
                g = float(grad_out[signal_row * num_samples + n])
                averaged[ahead + n] += felt * g * audio[signal_row * span + past - delay + n]
                grad[channel * span + past - delay + n] += factor * g
        _correlate(averaged, 0, ahead + num_samples, backwards, grad_reduction)

        grad_wanted[:] = 0.0
        grad_wanted[num_samples:] = grad_wanted_after[row]
        for i in range(ahead):
            grad_reduction[num_samples + i] += grad_reduction_after[row, i]
        for n in range(num_samples - 1, -1, -1):
            g = grad_reduction[ahead + n]
            m = wanted[ahead + origin[n]] if origin[n] >= -ahead else 0.0
            before = reduction[ahead + n - 1]
            if before > m:
                _add(grad_controls, row, RELEASE, offset, n, g * (before - m))
                kept = release[n] * g
                grad_reduction[ahead + n - 1] += kept
                g -= kept
            if origin[n] >= -ahead:
                grad_wanted[ahead + origin[n]] += g
        for n in range(num_samples):
            g = grad_wanted[ahead + n]
            if g != 0.0 and wanted[ahead + n] > 0.0:
                _add(grad_controls, row, CEILING, offset, n, -g)
                _adjoint_peak(audio, row, shape, n, taps, g, grad)
        grad_wanted_before[row], grad_reduction_before[row] = grad_wanted[:ahead], grad_reduction[:ahead]
        grad_audio[row * channels * span : (row + 1) * channels * span] = grad

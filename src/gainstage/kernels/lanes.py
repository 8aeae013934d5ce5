"""Moving audio between rows in memory and lanes: eight rows side by side, sample after sample.

In memory a row's samples are neighbours; in lanes, the same sample of eight rows. So audio is read and
written in squares of 8 × 8, turned in registers. A group may have fewer than eight rows: then the last one
fills the lanes that are left, and nothing is written for those.
"""

from torch import Tensor

from gainstage.kernels.compile import kernel
from gainstage.kernels.simd import WIDTH, Audio, Doubles, load, store, transpose


def signals(audio: Tensor) -> tuple[Audio, int]:
    """Rows of channels as one flat array, and how far the start of a signal lies behind the one before.

    A view where they are evenly spaced, such as the left channels of stereo rows; a copy elsewhere.

    Shape: audio (rows, channels, samples).
    """
    rows, channels, samples = audio.shape
    even = channels == 1 or rows == 1 or audio.stride(0) == channels * audio.stride(1)
    if not even or audio.stride(2) != 1 or audio.numel() == 0:
        audio = audio.contiguous()
    stride = audio.stride(0) if channels == 1 else audio.stride(1)
    span = (rows * channels - 1) * stride + samples if audio.numel() > 0 else 0
    return audio.as_strided((span,), (1,)).detach().numpy(), stride


@kernel
def read(flat: Audio, start: int, stride: int, count: int, samples: int, to: Doubles, at: int) -> None:
    """So many samples of `count` rows, the first at flat[start], the next `stride` further, into to[at:]."""
    squares = samples - samples % WIDTH
    last = start + (count - 1) * stride
    a, b, c, d = (
        start,
        min(start + stride, last),
        min(start + 2 * stride, last),
        min(start + 3 * stride, last),
    )
    e, f = min(start + 4 * stride, last), min(start + 5 * stride, last)
    g, h = min(start + 6 * stride, last), min(start + 7 * stride, last)
    for i in range(0, squares, WIDTH):
        t = transpose(
            load(flat, a + i), load(flat, b + i), load(flat, c + i), load(flat, d + i),
            load(flat, e + i), load(flat, f + i), load(flat, g + i), load(flat, h + i),
        )  # fmt: skip
        place = at + i * WIDTH
        store(to, place, t[0])
        store(to, place + 8, t[1])
        store(to, place + 16, t[2])
        store(to, place + 24, t[3])
        store(to, place + 32, t[4])
        store(to, place + 40, t[5])
        store(to, place + 48, t[6])
        store(to, place + 56, t[7])
    for i in range(squares, samples):
        for lane in range(WIDTH):
            to[at + i * WIDTH + lane] = flat[min(start + lane * stride, last) + i]


@kernel
def write(lanes: Doubles, at: int, samples: int, flat: Audio, start: int, stride: int, count: int) -> None:
    """The reverse of `read`."""
    squares = samples - samples % WIDTH
    for i in range(0, squares, WIDTH):
        p = at + i * WIDTH
        t = transpose(
            load(lanes, p), load(lanes, p + 8), load(lanes, p + 16), load(lanes, p + 24),
            load(lanes, p + 32), load(lanes, p + 40), load(lanes, p + 48), load(lanes, p + 56),
        )  # fmt: skip
        n = start + i
        store(flat, n, t[0])
        if count > 1:
            store(flat, n + stride, t[1])
        if count > 2:
            store(flat, n + 2 * stride, t[2])
        if count > 3:
            store(flat, n + 3 * stride, t[3])
        if count > 4:
            store(flat, n + 4 * stride, t[4])
        if count > 5:
            store(flat, n + 5 * stride, t[5])
        if count > 6:
            store(flat, n + 6 * stride, t[6])
        if count > 7:
            store(flat, n + 7 * stride, t[7])
    for i in range(squares, samples):
        for lane in range(count):
            flat[start + lane * stride + i] = lanes[at + i * WIDTH + lane]

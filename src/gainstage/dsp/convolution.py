"""Convolution with long responses through the FFT, of a whole signal or block by block.

A circular convolution of size n equals the linear one wherever nothing has wrapped around:

    samples            |<-- history: taps − 1 -->|<------- audio ------->|
    circular result    |xxxx wrapped or old xxxxx|<------- exact ------->|

So a block needs n ≥ taps − 1 + its length (overlap-save). A whole signal needs the same n: silence before it
need not be there, and its tail fills the place that wrapped.
"""

from typing import Any, final

import scipy.fft
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_LONG_BLOCK = (
    2**18
)  # where a signal is cut: larger transforms leave the cache, smaller ones repeat the history


@final
class Response:
    """An impulse response that is used again and again: it remembers its latest spectra.

    Args:
        taps: the response. If it needs a gradient, nothing is remembered.

    Shape: taps (..., channels, taps), broadcast against the signal.
    """

    _KEPT = 2  # the size of the blocks and that of the last, shorter one

    def __init__(self, taps: Tensor) -> None:
        self.taps = taps
        self._spectra: dict[int, Tensor] = {}
        self._partitions: dict[int, Tensor] = {}

    def spectrum(self, size: int) -> Tensor:
        """The spectrum at a transform size."""
        if size in self._spectra:
            return self._spectra[size]
        spectrum: Tensor = torch.fft.rfft(self.taps, size)
        if not self.taps.requires_grad:
            while len(self._spectra) >= self._KEPT:
                del self._spectra[next(iter(self._spectra))]
            self._spectra[size] = spectrum
        return spectrum


    def partitions(self, size: int) -> Tensor:
        """The spectra of parts of `size` taps, each padded to twice that; the last part first.

        Shape: (…, channels, parts, size + 1)
        """
        if size not in self._partitions:
            count = -(-self.taps.shape[-1] // size)
            padded = torch.nn.functional.pad(self.taps.detach(), (0, count * size - self.taps.shape[-1]))
            spectra = torch.fft.rfft(padded.unflatten(-1, (count, size)), 2 * size)
            self._partitions[size] = spectra.flip(-2)
        return self._partitions[size]


def fast_size(minimum: int) -> int:
    """The smallest even transform size from `minimum` on that has no prime factor above 5.

    A power of two may be twice as long as needed; a size with a large prime factor is ten times slower.
    """
    return 2 * int(scipy.fft.next_fast_len(max(1, -(-minimum // 2)), real=True))


def convolve(audio: Tensor, response: Tensor) -> Tensor:
    """Linear convolution of a whole signal, tail included, with gradients to both.

    Args:
        audio: the signal.
        response: the impulse response; dimensions of 1 are broadcast.

    Returns:
        samples + taps − 1 samples; none if either is empty.

    Shape: audio (..., samples), response (..., taps) → (..., samples + taps − 1)
    """
    samples, taps = audio.shape[-1], response.shape[-1]
    if samples == 0 or taps == 0:
        return audio[..., :0] * response.sum(-1, keepdim=True)
    length = samples + taps - 1
    return _multiply_spectra(audio, response, 0, length, fast_size(length))


def convolve_block(audio: Tensor, response: Response, history: Tensor) -> tuple[Tensor, Tensor]:
    """The next block of a running convolution: as long as its input, the tail stays in the history.

    Blocks of any length give what the whole signal gives. Without gradients, memory beyond input and output
    does not grow with the length of the block; with gradients it is one transform over the block.

    Args:
        audio: the block.
        response: the impulse response.
        history: the input before the block, at least taps − 1 samples; zeros at the start of a song.

    Returns:
        The block's output, and the history for the next block, as long as the one given.

    Shape: audio (..., channels, samples), response (..., channels, taps), history (..., channels, past)

    Raises:
        ValueError: the history is too short for the response.
    """
    samples, past = audio.shape[-1], response.taps.shape[-1] - 1
    if past > history.shape[-1]:
        raise ValueError(
            f"a response of {past + 1} taps needs {past} samples of history, got {history.shape[-1]}"
        )
    kept = torch.cat((history[..., samples:], audio[..., max(0, samples - history.shape[-1]) :]), dim=-1)
    if samples == 0 or past < 0:
        return audio * 0.0, kept
    recent = torch.cat((history[..., history.shape[-1] - past :], audio), dim=-1)
    if torch.is_grad_enabled() and (recent.requires_grad or response.taps.requires_grad):
        size = fast_size(past + samples)
        return _multiply_spectra(recent, response.taps, past, samples, size), kept
    return _overlap_save(recent, response, past, samples), kept


def _overlap_save(signal: Tensor, response: Response, past: int, samples: int) -> Tensor:
    """Cut a signal that begins with its history into transforms of one size."""
    size = min(fast_size(past + samples), max(_LONG_BLOCK, fast_size(4 * past)))
    hop = size - past
    output = torch.empty_like(signal[..., past:])
    for start in range(0, samples, hop):
        spectrum = torch.fft.rfft(signal[..., start : start + size], size) * response.spectrum(size)
        stop = min(start + hop, samples)
        output[..., start:stop] = torch.fft.irfft(spectrum, size)[..., past : past + stop - start]
    return output


class _MultiplySpectra(torch.autograd.Function):
    """irfft(rfft(signal) · rfft(response)), cut to `length` samples from `start`.

    Autograd's own adjoint of rfft goes through a full complex transform. The adjoints are correlations, so
    three real transforms do: with G the spectrum of the gradient, they are irfft(G·R*) and irfft(G·S*).
    """

    @staticmethod
    def forward(ctx: Any, signal: Tensor, response: Tensor, start: int, length: int, size: int) -> Tensor:
        spectra = torch.fft.rfft(signal, size), torch.fft.rfft(response, size)
        ctx.save_for_backward(*spectra)
        ctx.window = start, size, signal.shape[-1], response.shape[-1]
        result: Tensor = torch.fft.irfft(spectra[0] * spectra[1], size)
        return result[..., start : start + length]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        signal, response = ctx.saved_tensors
        start, size, samples, taps = ctx.window
        spectrum = torch.fft.rfft(torch.nn.functional.pad(gradient, (start, 0)), size)
        to_signal = to_response = None
        if ctx.needs_input_grad[0]:
            product = (spectrum * response.conj()).sum_to_size(signal.shape)
            to_signal = torch.fft.irfft(product, size)[..., :samples]
        if ctx.needs_input_grad[1]:
            product = (spectrum * signal.conj()).sum_to_size(response.shape)
            to_response = torch.fft.irfft(product, size)[..., :taps]
        return to_signal, to_response, None, None, None


def _multiply_spectra(signal: Tensor, response: Tensor, start: int, length: int, size: int) -> Tensor:
    result: Tensor = _MultiplySpectra.apply(signal, response, start, length, size)  # type: ignore[no-untyped-call]
    return result

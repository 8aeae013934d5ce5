"""Convolution with long responses in short calls, without latency: uniform partitions.

Input and response are cut into partitions of P samples. With X_j the spectrum of input partitions j − 1 and j
together (2P samples) and H_k that of the response's partition k, output partition t is the second half of

    irfft(Σ_k X_{t−k} · H_k)

(overlap-save, a delay line of spectra). The terms k ≥ 1 need input that is there when partition t begins, so
they are summed once for all its P samples; within it only the newest input meets H_0. So a short call costs
two small transforms, and once in P samples a sum over the delay line.

What is remembered is the input alone. Delay line and sum follow from it and are kept beside for a while,
under a number that the memory carries; one that comes from a file finds nothing and works them out again.

References:
    F. Wefers, "Partitioned convolution algorithms for real-time auralization", RWTH Aachen, 2015, ch. 5.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import scipy.fft
import torch
from torch import Tensor
from torch.nn.functional import pad

from gainstage.dsp.convolution import Response, convolve_block

PARTITION = 1024
"""P. A block of 128 samples pays two transforms of 2P each time, and the delay line every eighth time."""

LONGEST = 4 * PARTITION
"""Longer calls are served by one long transform."""

_RECENT = 16 * PARTITION  # samples until they move to the history, which is a copy of ten seconds
_KEPT = 16

Memory = dict[str, Tensor]
"""history (rows, channels, past), recent (rows, channels, …), count and key (rows, 1). All zeros: silence."""


@dataclass(frozen=True)
class _Line:
    """The spectra of the partitions before the present one, and what they give to it.

    Shape: spectra (rows, channels, partitions, P + 1), oldest first; coming (rows, channels, P).
    """

    response: Response
    spectra: Tensor
    coming: Tensor

    @classmethod
    def of(cls, response: Response, spectra: Tensor) -> "_Line":
        late = response.partitions(PARTITION)[:, :, :-1]  # the last part meets the oldest spectrum
        return cls(response, spectra, _irfft(_summed(spectra, late))[..., PARTITION:])

    @classmethod
    def behind(cls, signal: Tensor, response: Response) -> "_Line":
        """Of a signal that ends where a partition begins."""
        needed = (response.partitions(PARTITION).shape[2] + 1) * PARTITION
        signal = pad(signal[..., -needed:], (max(needed - signal.shape[-1], 0), 0))
        spectra = _rfft(signal.unfold(-1, 2 * PARTITION, PARTITION))
        return cls.of(response, spectra[:, :, 1:])

    def advanced(self, newest: Tensor) -> "_Line":
        """Of the next partition. Shape: newest (rows, channels, P + 1), of the last two partitions."""
        return _Line.of(self.response, torch.cat((self.spectra, newest[:, :, None]), 2)[:, :, 1:])


_lines: OrderedDict[int, _Line] = OrderedDict()


def silence(rows: int, channels: int, past: int, *, device: torch.device) -> Memory:
    """The memory of a convolution that has heard nothing.

    Args:
        rows, channels: of the signals.
        past: samples that the longest response needs.
        device: of the signals.
    """
    count = torch.zeros(rows, 1, dtype=torch.int64, device=device)
    return {
        "history": torch.zeros(rows, channels, past, device=device),
        "recent": torch.zeros(rows, channels, _RECENT, device=device),
        "count": count,
        "key": count.clone(),
    }


def convolve_live(audio: Tensor, response: Response, memory: Memory) -> tuple[Tensor, Memory]:
    """The next call of a running convolution, however long.

    Calls of any lengths give what the whole signal gives. The memory that is passed in is not changed.

    Args:
        audio: this call's input.
        response: of each row.
        memory: what `silence` or the call before returned.

    Shape: audio (rows, channels, samples) → the same
    """
    differentiable = torch.is_grad_enabled() and (audio.requires_grad or response.taps.requires_grad)
    if differentiable or not 0 < audio.shape[-1] <= LONGEST or not response.taps.shape[-1] > 0:
        return _in_one(audio, response, memory)
    count, key = int(memory["count"].max()), int(memory["key"][0])
    history, recent = memory["history"].to(audio.dtype), memory["recent"].to(audio.dtype)
    line = _found(memory["key"], response)
    if line is None:
        line, key = _Line.behind(_until(history, recent, count), response), secrets.randbits(62) + 1
        _keep(key, line)
    parts, start = [], 0
    while start < audio.shape[-1]:
        place = count % PARTITION
        block = audio[..., start : start + PARTITION - place]
        start, count = start + block.shape[-1], count + block.shape[-1]
        recent = torch.cat((recent[..., block.shape[-1] :], block), -1)
        stop = place + block.shape[-1]
        spectrum = _rfft(_last(history, recent, count, PARTITION + stop))
        nearest = _irfft(spectrum * response.partitions(PARTITION)[:, :, -1])
        parts.append(line.coming[..., place:stop] + nearest[..., PARTITION + place : PARTITION + stop])
        if stop == PARTITION:
            line = line.advanced(spectrum)
            key = secrets.randbits(62) + 1
            _keep(key, line)
        if count == _RECENT:
            history, count = torch.cat((history[..., _RECENT:], recent), -1)[..., -history.shape[-1] :], 0
            recent = torch.zeros_like(recent)
    after = {
        "history": history,
        "recent": recent,
        "count": torch.full_like(memory["count"], count),
        "key": torch.full_like(memory["key"], key),
    }
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1), after


def _in_one(audio: Tensor, response: Response, memory: Memory) -> tuple[Tensor, Memory]:
    count = int(memory["count"].max()) if len(audio) else 0
    history = memory["history"]
    if count > 0:
        history = _joined(history, memory["recent"], count)[..., -history.shape[-1] :]
    out, history = convolve_block(audio, response, history)
    recent = torch.zeros_like(memory["recent"], dtype=history.dtype)
    nothing = torch.zeros_like(memory["count"])
    return out, {"history": history, "recent": recent, "count": nothing, "key": nothing}


def _found(keys: Tensor, response: Response) -> _Line | None:
    """The delay line of a memory, if it is still kept and all rows are those that it is of."""
    key = int(keys[0])
    line = _lines.get(key)
    if line is None or line.response is not response or not bool((keys == key).all()):
        return None
    _lines.move_to_end(key)
    return line


def _keep(key: int, line: _Line) -> None:
    _lines[key] = line
    while len(_lines) > _KEPT:
        _lines.popitem(last=False)


def _joined(history: Tensor, recent: Tensor, count: int) -> Tensor:
    return torch.cat((history, recent[..., recent.shape[-1] - count :]), -1)


def _until(history: Tensor, recent: Tensor, count: int) -> Tensor:
    """The signal up to where the present partition begins."""
    place = count % PARTITION
    end = recent.shape[-1] - place
    return torch.cat((history, recent[..., recent.shape[-1] - count : end]), -1)


def _last(history: Tensor, recent: Tensor, count: int, samples: int) -> Tensor:
    """So many samples at the end of the signal."""
    if count >= samples:
        return recent[..., -samples:]
    return _joined(history[..., history.shape[-1] - (samples - count) :], recent, count)


def _rfft(signal: Tensor) -> Tensor:
    # so small a transform gains nothing from torch's threads, and waits for them on a busy machine
    if signal.device.type == "cpu":
        return torch.from_numpy(scipy.fft.rfft(signal.numpy(), 2 * PARTITION))
    spectrum: Tensor = torch.fft.rfft(signal, 2 * PARTITION)
    return spectrum


def _irfft(spectrum: Tensor) -> Tensor:
    if spectrum.device.type == "cpu":
        return torch.from_numpy(scipy.fft.irfft(spectrum.numpy(), 2 * PARTITION))
    signal: Tensor = torch.fft.irfft(spectrum, 2 * PARTITION)
    return signal


def _summed(spectra: Tensor, parts: Tensor) -> Tensor:
    """Σ over partitions of the products. Shape: (rows, channels, partitions, P + 1) twice"""
    if spectra.device.type != "cpu":
        return (spectra * parts).sum(2)
    return torch.from_numpy(np.einsum("rckf,rckf->rcf", spectra.numpy(), parts.numpy()))

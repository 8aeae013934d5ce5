"""A running convolution for calls of any length: in short ones what is old is heard from partitions.

Time is cut into parts of B samples, which do not depend on how it is cut into calls. In part p the output is

    y = c_p + h_0 * x,    c_p = first half of the inverse transform of Σ_{j ≥ 1} G_j X_{p−j},

x the input since the part began, X_p the transform of the input of part p, G_j as in `response.py`. The first
taps are added up sample by sample, so nothing comes late. All terms of c_{p+1} but one depend on nothing that
part p brings: they are added up while part p goes by, in proportion to the samples that have come, and a call
that completes a part does little more than others. What is kept is a function of the input and the response
alone. So calls of any length in any order continue each other, and where the response changes or a call has
taken the other way, it is computed anew from the past.

References:
    F. Wefers, "Partitioned convolution algorithms for real-time auralization", RWTH Aachen, 2015, chapter 5.
    W. G. Gardner, "Efficient convolution without input-output delay", JAES 43(3), 1995.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from gainstage.dsp.convolution import convolve_block
from gainstage.dsp.past import (
    PART,
    PARTS,
    Past,
    aligned,
    extended,
    filled,
    num_pages,
    silent_past,
    stretch,
)
from gainstage.dsp.response import BINS, Partitions, Response, spectra_of, transform
from gainstage.kernels import backend
from gainstage.kernels.partitions import add_first_taps, add_products

SHORT = 4 * PART
"""Calls up to this length go by partitions; longer ones are cheaper as a few large transforms."""


def silent_state(rows: int, channels: int, samples: int, *, device: torch.device) -> Past:
    """The state of a convolution that has heard silence, for responses of at most `samples` taps.

    All zeros, and no memory until there is something to remember.

    Shape: as in `past.py`; spectra and spectra_i, those of the pages: (rows, channels, PARTS, 2, BINS); sum,
        the terms of the next c so far, float64: (rows, channels, 2, BINS); coming, the present c: (rows,
        channels, PART); made, int64: (rows, 2), the stamp of the response that these two were made with, 0
        where they are not up to date, and how many of the latest parts have spectra.
    """
    past = silent_past(rows, channels, samples, dtype=torch.float32, device=device)
    page = torch.zeros(rows, channels, PARTS, 2, BINS, device=device)
    spectra = {_name(i): page for i in range(-1, num_pages(past))}
    return (
        past
        | spectra
        | {
            "sum": torch.zeros(rows, channels, 2, BINS, dtype=torch.float64, device=device),
            "coming": torch.zeros(rows, channels, PART, device=device),
            "made": torch.zeros(rows, 2, dtype=torch.int64, device=device),
        }
    )


def convolve_on(audio: Tensor, response: Response, state: Past) -> tuple[Tensor, Past]:
    """The next block of a running convolution: as long as its input, the tail stays in the state.

    Args:
        audio: the block.
        response: the impulse response of each row.
        state: `silent_state`, or what the previous call returned.

    Returns:
        The block's output, and the state for the next call. Differentiable in audio, response and state.

    Shape: audio (rows, channels, samples), response (rows, channels, taps)
    """
    past = aligned(state)
    if past is not state:
        past = past | {"made": torch.zeros_like(state["made"])}
    tensors = (audio, response.taps, *past.values())
    differentiable = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    by_parts = audio.shape[-1] <= SHORT and not differentiable and response.taps.shape[-1] > 0
    if by_parts and backend.has_compiled_kernels(audio.device):
        return _by_partitions(audio, response.partitions, past)
    before = stretch(past, max(response.taps.shape[-1] - 1, 0))
    after = extended(past, audio) | {"made": torch.zeros_like(past["made"])}
    return convolve_block(audio, response, before), after


def _by_partitions(audio: Tensor, response: Partitions, state: Past) -> tuple[Tensor, Past]:
    state = _prepared(state, response, audio)
    out, start = torch.empty_like(audio, memory_format=torch.contiguous_format), 0
    while start < audio.shape[-1]:
        place = filled(state) % PART
        count = min(audio.shape[-1] - start, PART - place)
        after = extended(state, audio[..., start : start + count])
        recent = after["recent"]
        add_first_taps(out, state["coming"], recent, response.first_taps, at=start, start=place, count=count)
        total = state["sum"].clone(memory_format=torch.contiguous_format)
        begin, end = _due(response, place), _due(response, place + count)
        _add_parts(total, state, response, range(begin + 1, end + 1), ahead=1)
        if place + count == PART:
            state = _completed(after, filled(state) // PART, total, response, audio.dtype)
        else:
            state = after | {"sum": total}
        start += count
    return out, state


def _due(response: Partitions, place: int) -> int:
    """How many terms of the next c are to be there when so many samples of a part have come."""
    return (response.number - 1) * place // PART


def _completed(past: Past, slot: int, total: Tensor, response: Partitions, dtype: torch.dtype) -> Past:
    """The state when the part at this place of its page is complete; its samples are still in `recent`."""
    page = past[_name(-1)].to(dtype, copy=True, memory_format=torch.contiguous_format)
    transform(past["recent"], page[:, :, slot])
    add_products(total, page, response.spectra, newest=slot, first=0, count=1)
    fresh = {_name(-1): page}
    if slot == PARTS - 1:
        fresh = {_name(0): page} | {_name(i): past[_name(i - 1)] for i in range(1, num_pages(past))}
    made = past["made"] + past["made"].new_tensor([0, 1])
    return past | fresh | {"sum": torch.zeros_like(total), "coming": _heard(total, dtype), "made": made}


def _prepared(state: Past, response: Partitions, audio: Tensor) -> Past:
    """The state with all that it needs from the past, for this response."""
    made = state["made"].tolist()
    if all(stamp == mine for (stamp, _), mine in zip(made, response.stamps, strict=True)):
        return state
    parts = filled(state) // PART
    known = min((count for _, count in made), default=0)
    if known < response.number:
        pages = max(-(-(response.number - parts) // PARTS), 0)
        fresh = {_name(i): _spectra_of_page(state[f"past_{i}"], audio.dtype) for i in range(pages)}
        state = state | fresh | {_name(-1): _spectra_of_page(state["page"], audio.dtype)}
        known = parts + pages * PARTS
    coming = torch.zeros_like(state["sum"], memory_format=torch.contiguous_format)
    total = torch.zeros_like(coming)
    _add_parts(coming, state, response, range(1, response.number + 1), ahead=0)
    _add_parts(total, state, response, range(1, _due(response, filled(state) % PART) + 1), ahead=1)
    return state | {
        "sum": total,
        "coming": _heard(coming, audio.dtype),
        "made": torch.tensor([(stamp, known) for stamp in response.stamps]).reshape(-1, 2),
    }


def _add_parts(total: Tensor, state: Past, response: Partitions, ages: range, *, ahead: int) -> None:
    """total += Σ G_{age + ahead}·X of the part that is `age` parts old."""
    for name, newest, first, count in _runs(filled(state) // PART, ages):
        spectra = state[name]
        add_products(total, spectra, response.spectra, newest=newest, first=first + ahead - 1, count=count)


def _runs(parts: int, ages: range) -> Iterator[tuple[str, int, int, int]]:
    """Ages page by page: the name of its spectra, the place of the youngest, its age, how many."""
    age = ages.start
    while age < ages.stop:
        page, back = (-1, parts - age) if age <= parts else divmod(age - parts - 1, PARTS)
        newest = back if page < 0 else PARTS - 1 - back
        count = min(newest + 1, ages.stop - age)
        yield _name(page), newest, age, count
        age += count


def _spectra_of_page(page: Tensor, dtype: torch.dtype) -> Tensor:
    return spectra_of(page.to(dtype).unflatten(-1, (PARTS, PART)))


def _heard(total: Tensor, dtype: torch.dtype) -> Tensor:
    """The first half of the inverse transform."""
    real, imaginary = total[..., : PART + 1].to(dtype).unbind(-2)
    heard: Tensor = torch.fft.irfft(torch.complex(real, imaginary), 2 * PART)
    return heard[..., :PART]


def _name(page: int) -> str:
    """Of the spectra of a page; −1 is the newest, which is being filled."""
    return "spectra" if page < 0 else f"spectra_{page}"

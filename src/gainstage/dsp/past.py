"""The latest samples of a signal, kept so that a call of a few samples need not copy seconds of them.

     past_2        past_1        past_0        page           recent
    |- a page -|- a page -|- a page -|- parts ….....|- samples …...|
     oldest                             whole parts     since the last whole part

A state that was passed in is never changed, so whatever a call adds to is copied: `recent` in every call,
`page` once a part, and the rest is handed on as it is. A call's cost does not depend on how long the past is.
"""

import torch
from torch import Tensor

PART = 1024
"""Samples that are copied in every call."""

PARTS = 8
"""Parts of a page."""

PAGE = PART * PARTS

Past = dict[str, Tensor]
"""Shape: past_i and page (rows, channels, PAGE), recent (rows, channels, PART), filled (rows,), int64: how
many samples the page and `recent` hold together."""


def silent_past(rows: int, channels: int, samples: int, *, dtype: torch.dtype, device: torch.device) -> Past:
    """A past of silence that remembers at least so many samples."""
    page = torch.zeros(rows, channels, PAGE, dtype=dtype, device=device)
    past = {_name(i): page for i in range(-(-samples // PAGE))}
    return past | {
        "page": page,
        "recent": torch.zeros(rows, channels, PART, dtype=dtype, device=device),
        "filled": torch.zeros(rows, dtype=torch.int64, device=device),
    }


def filled(past: Past) -> int:
    """How many samples the page and `recent` hold; rows of an aligned past agree."""
    counts = past["filled"].tolist()
    return int(counts[0]) if counts else 0


def num_pages(past: Past) -> int:
    """How many whole pages it remembers."""
    return sum(name.startswith("past_") for name in past)


def aligned(past: Past) -> Past:
    """The same past, its pages cut where all rows can agree: rows that come from elsewhere may not."""
    counts = past["filled"].tolist()
    if len(set(counts)) <= 1:
        return past
    pages = num_pages(past)
    rows = [
        stretch({name: value[row : row + 1] for name, value in past.items()}, pages * PAGE)
        for row in range(len(counts))
    ]
    cut = torch.cat(rows).unflatten(-1, (pages, PAGE)).unbind(-2)
    empty = {name: torch.zeros_like(past[name]) for name in ("page", "recent", "filled")}
    return past | empty | {_name(i): page.clone() for i, page in enumerate(reversed(cut))}


def stretch(past: Past, samples: int, *, age: int = 0, rows: slice = slice(None)) -> Tensor:
    """So many samples of some rows of an aligned past: all but the last `age`, and then the last of these.

    Shape: (rows, channels, samples)
    """
    count = filled(past)
    place, end = count % PART, 0
    lengths = {"recent": place, "page": count - place} | {_name(i): PAGE for i in range(num_pages(past))}
    found = []
    for name, length in lengths.items():
        first, last = max(age - end, 0), min(age + samples - end, length)
        if first < last:
            found.append(past[name][rows, :, length - last : length - first])
        end += length
        if end >= age + samples:
            break
    return torch.cat(found[::-1], -1) if found else past["recent"][rows, :, :0]


def extended(past: Past, audio: Tensor) -> Past:
    """An aligned past with newer samples behind it; what is too old is forgotten.

    Of more samples than the whole pages hold, the last are enough.

    Shape: audio (rows, channels, samples)
    """
    count, samples = filled(past), audio.shape[-1]
    place = count % PART
    if place + samples <= PART:
        recent = past["recent"]
        recent = torch.cat((recent[..., :place], audio, recent[..., place + samples :]), -1)
        return _counted(past | {"recent": recent}, count, samples)
    joined = torch.cat((stretch(past, count), audio), -1)
    whole, rest = divmod(count + samples, PAGE)
    after, pages = dict(past), num_pages(past)
    for i in range(pages):
        begin = (whole - 1 - i) * PAGE
        older = i >= whole
        after[_name(i)] = past[_name(i - whole)] if older else joined[..., begin : begin + PAGE].clone()
    page, recent = joined[..., whole * PAGE :].tensor_split((rest - rest % PART,), -1)
    after["page"] = torch.nn.functional.pad(page, (0, PAGE - page.shape[-1]))
    after["recent"] = torch.nn.functional.pad(recent, (0, PART - recent.shape[-1]))
    after["filled"] = torch.full_like(past["filled"], rest)
    return after


def _counted(past: Past, count: int, samples: int) -> Past:
    """The past with so many samples more in `recent`: a whole part goes to the page, a whole page behind."""
    if (count + samples) % PART or not samples:
        return past | {"filled": past["filled"] + samples}
    begin, end = count - count % PART, count + samples
    page = torch.cat((past["page"][..., :begin], past["recent"], past["page"][..., end:]), -1)
    if end < PAGE:
        return past | {"page": page, "filled": past["filled"] + samples}
    turned = {_name(0): page} | {_name(i): past[_name(i - 1)] for i in range(1, num_pages(past))}
    return past | turned | {"page": page, "filled": torch.zeros_like(past["filled"])}


def _name(page: int) -> str:
    return f"past_{page}"

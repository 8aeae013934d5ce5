"""Processors in series on many rows at once, each row with its own switches."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from gainstage.processors import Processor, State

Tap = Callable[[str, Tensor, Tensor, Tensor], None]
"""Called with a processor's name, the rows that ran, what they were given and what came out."""


def render_strip(
    processors: Mapping[str, Processor],
    audio: Tensor,
    controls: Callable[[str], Tensor],
    bypass: Tensor,
    states: Mapping[str, State],
    *,
    sample_rate: int,
    offset: int,
    tap: Tap | None = None,
) -> tuple[Tensor, dict[str, State]]:
    """Run rows through a strip.

    A processor that is bypassed on all rows is skipped and costs nothing; one that is bypassed on some rows
    runs on the others only.

    Args:
        processors: the strip, in order.
        audio: the rows' signals.
        controls: gives the controls of a processor by name, shape (rows, points, width).
        bypass: which processors are off on which rows, shape (rows, processors).
        states: what each processor remembers; one that is missing starts from silence.
        sample_rate: in Hz.
        offset: samples since the last point of the control grid.
        tap: hears what each processor that runs was given and what it made of it.

    Returns:
        The rows' output and the new states.

    Shape: audio (rows, channels, samples) → (rows, channels, samples), two channels after a panner.
    """
    new_states: dict[str, State] = dict(states)
    rows, channels, _ = audio.shape
    for column, (name, processor) in enumerate(processors.items()):
        active = torch.nonzero(~bypass[:, column]).flatten()
        if active.numel() == 0:
            continue
        state = states.get(name) or processor.initial_state(
            rows, channels, sample_rate=sample_rate, device=audio.device
        )
        dry = audio
        if active.numel() == rows:
            audio, new_states[name] = processor.render(
                audio, controls(name), state, sample_rate=sample_rate, offset=offset
            )
        else:
            audio, new_states[name] = _render_some(
                processor, audio, controls(name), state, active, sample_rate=sample_rate, offset=offset
            )
        channels = audio.shape[1]
        if tap is not None:
            tap(name, active, dry.index_select(0, active), audio.index_select(0, active))
    return audio, new_states


def _render_some(
    processor: Processor,
    audio: Tensor,
    controls: Tensor,
    state: State,
    active: Tensor,
    *,
    sample_rate: int,
    offset: int,
) -> tuple[Tensor, State]:
    """The same on the active rows only; the others keep their audio and their state."""
    some = {key: value.index_select(0, active) for key, value in state.items()}
    wet, some = processor.render(
        audio.index_select(0, active),
        controls.index_select(0, active),
        some,
        sample_rate=sample_rate,
        offset=offset,
    )
    if wet.shape[1] != audio.shape[1]:  # a panner: bypassed mono rows go to both channels
        audio = audio.expand(-1, wet.shape[1], -1)
    mixed = audio.index_copy(0, active, wet)
    return mixed, {key: state[key].index_copy(0, active, some[key]) for key in state}

"""The peers that more than one benchmark measures: what is installed of them, and how they are called.

`scripts/peers.sh` installs all but Diff-MST, whose licence is non-commercial and which is no package: where a
copy of its repository is at hand, the environment variable GAINSTAGE_DIFF_MST names its folder.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from gainstage.dsp.convolution import fast_size
from gainstage.dsp.torchaudio_import import torchaudio  # first: grafx and Diff-MST import it plainly


def optional(name: str) -> Any:
    """A peer, or None where it is not installed or cannot be imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return import_module(name)
        except (ImportError, OSError, RuntimeError):
            return None


def named(peer: str) -> str:
    """A peer and its version, or that it is not here."""
    try:
        return f"{peer} {version(peer)}"
    except PackageNotFoundError:
        return f"{peer} (not installed)"


def diff_mst() -> Any:
    """Diff-MST's module of consoles, or None where there is no copy of it at hand."""
    folder = os.environ.get("GAINSTAGE_DIFF_MST")
    if not folder:
        return None
    sys.path.append(folder)
    return import_module("mst.modules")


def has_torchaudio_lfilter() -> bool:
    """Whether torchaudio's compiled part is loaded; without it its filter is a loop in Python."""
    return bool(torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE)


@contextmanager
def mended_dasp_reverb() -> Iterator[None]:
    """Inside, dasp's reverb convolves through the FFT.

    As it stands, it multiplies every tap with every sample, a thousand times the work. All else stays as it
    is: new noise at every call, its band-passes as direct convolutions, its envelopes.
    """
    with patch.object(torch, "vmap", lambda *_, **__: _correlate):
        yield


def _correlate(audio: Tensor, taps: Tensor) -> Tensor:
    """The valid part of a correlation. Shape: audio (batch, 2, samples), taps (batch, 2, 1, taps)."""
    size, kept = fast_size(audio.shape[-1]), taps.shape[-1] - 1
    spectrum = torch.fft.rfft(audio, size) * torch.fft.rfft(taps.squeeze(2).flip(-1), size)
    out: Tensor = torch.fft.irfft(spectrum, size)[..., kept : audio.shape[-1]]
    return out

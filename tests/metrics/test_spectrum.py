"""Spectral features and panning against a plain numpy reading of their definitions, frame by frame."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from gainstage.metrics.spectrum import FFT_SIZE, HOP, panning_rms, spectral_features

RATE = 44100


def noise(channels: int = 2, seconds: float = 0.6, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(channels, round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


def by_definition(mix: Tensor) -> dict[str, float]:
    scaled = mix.double().numpy() * 10 ** (-1 / 20) / float(mix.abs().max())
    frequencies = np.arange(FFT_SIZE // 2 + 1) * RATE / FFT_SIZE
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)
    edges = [0, 200, 400, 800, 1600, 3200, 6400, 1e9]
    rows = []
    for channel in scaled:
        for start in range(0, len(channel) - FFT_SIZE + 1, HOP):
            power = np.maximum(np.abs(np.fft.rfft(window * channel[start : start + FFT_SIZE])) ** 2, 1e-8)
            size = np.sqrt(power)
            centroid = (frequencies * size).sum() / size.sum()
            contrasts = []
            for low, high in pairwise(edges):
                band = np.sort(power[(frequencies >= low) & (frequencies < high)])
                n = max(round(0.02 * len(band)), 1)
                contrasts.append(10 * np.log10(band[-n:].mean() / band[:n].mean()))
            rows.append(
                {
                    "centroid_hz": centroid,
                    "bandwidth_hz": math.sqrt(((frequencies - centroid) ** 2 * size).sum() / size.sum()),
                    "contrast_db": np.mean(contrasts),
                    "rolloff_hz": frequencies[np.searchsorted(np.cumsum(size), 0.85 * size.sum())],
                    "flatness_db": 10 * np.log10(np.exp(np.log(power).mean()) / power.mean()),
                }
            )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def test_features_are_their_definitions() -> None:
    mix = noise() + 0.2 * torch.sin(2 * math.pi * 440 * torch.arange(round(0.6 * RATE)) / RATE)
    mix[1] *= 0.5
    found = {name: value.item() for name, value in spectral_features(mix[None], sample_rate=RATE).items()}
    assert found == pytest.approx(by_definition(mix), rel=1e-3)


def test_features_do_not_depend_on_level_nor_on_pauses_nor_on_the_batch() -> None:
    mix = noise(seconds=1.0)
    with_rest = torch.cat([mix, torch.zeros(2, 2 * RATE)], dim=1)
    padded = torch.nn.functional.pad(noise(seed=1, seconds=1.0), (0, 2 * RATE))
    alone = spectral_features(mix[None], sample_rate=RATE)
    batched = spectral_features(torch.stack([1e-2 * with_rest, padded]), sample_rate=RATE)
    for name, value in alone.items():
        assert batched[name][0].item() == pytest.approx(value.item(), rel=0.05), name


def test_panning_is_0_in_the_centre_1_at_the_side_and_as_defined_between() -> None:
    one = noise(1)[0]
    for gains, wanted in (((1, 1), 0.0), ((1, 0), 1.0), ((0, 1), 1.0), ((1, 0.5), 1 - 2 * 0.5 / 1.25)):
        mix = torch.stack([gain * one for gain in gains])[None]
        for name, value in panning_rms(mix, sample_rate=RATE).items():
            assert value.item() == pytest.approx(wanted, abs=1e-3), name


def test_panning_is_told_by_band() -> None:
    time = torch.arange(RATE) / RATE
    low, middle, high = (torch.sin(2 * math.pi * hz * time) for hz in (100.0, 1000.0, 6000.0))
    dither = 1e-2 * noise(1, 1.0)[0]  # centred, so that empty bins stand there
    mix = torch.stack([low + 0.5 * middle + dither, 0.5 * middle + 1e-9 * high + dither])[None]
    found = panning_rms(mix, sample_rate=RATE)
    assert found["panning_low_rms"].item() > 5 * found["panning_mid_rms"].item()
    assert found["panning_high_rms"].item() < 0.05


def test_silence_has_no_features() -> None:
    found = spectral_features(torch.zeros(1, 2, RATE), sample_rate=RATE)
    assert all(math.isnan(value.item()) for value in found.values())

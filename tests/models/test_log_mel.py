"""The front end against numpy, and what its planes and rows mean."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gainstage.models.log_mel import FrontSettings, LogMel

RATE, BANDS, SIZE, HOP = 44100, 24, 1024, 512
SETTINGS = FrontSettings(RATE, BANDS, SIZE, HOP)
Doubles = NDArray[np.float64]


def stereo(samples: int = 5000, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, samples, generator=draw)
    return torch.stack([0.1 * left + 0.05 * right, 0.2 * right])[None]


def sine(hz: float, amplitude: float, samples: int = 10 * HOP) -> torch.Tensor:
    wave = amplitude * torch.sin(2 * torch.pi * hz * torch.arange(samples, dtype=torch.float64) / RATE)
    return wave.float().expand(1, 2, -1).contiguous()


def mel_bank() -> Doubles:
    """Triangles between points that are equally far apart on the mel scale."""
    low, high = 2595 * np.log10(1 + np.array([30.0, 16000.0]) / 700)
    mels = np.linspace(float(low), float(high), BANDS + 2)
    points = 700 * (10 ** (mels / 2595) - 1)
    hz = np.linspace(0, RATE / 2, SIZE // 2 + 1)[:, None]
    up, down = (hz - points[:-2]) / np.diff(points)[:-1], (points[2:] - hz) / np.diff(points)[1:]
    bank: Doubles = np.maximum(0.0, np.minimum(up, down))
    return bank


def plane(signal: Doubles) -> Doubles:
    """Levels of one channel, frame by frame. Shape (samples,) → (bands + 2, frames)."""
    around = np.pad(signal, SIZE // 2)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SIZE) / SIZE)
    hz = np.arange(SIZE // 2 + 1) * RATE / SIZE
    rows = []
    for i in range(len(signal) // HOP + 1):
        frame = around[i * HOP : i * HOP + SIZE]
        power = np.abs(np.fft.rfft(frame * window) * 2 / SIZE) ** 2
        levels = np.append(power @ mel_bank(), np.abs(frame).max() ** 2)
        values = np.maximum((10 * np.log10(np.maximum(levels, 1e-20)) + 80) / 40, 0)
        heard = np.sqrt(power) * ((hz >= 20) & (hz <= 20000))
        octaves = np.log2((heard * hz).sum() / heard.sum() / 1000 + 2**-6)
        rows.append(np.append(values, max((octaves + 6) / 4, 0)))
    return np.stack(rows, axis=1)


def test_planes_are_what_numpy_finds() -> None:
    audio = stereo()
    left, right = audio[0].double().numpy()
    found = LogMel(SETTINGS)(audio)[0].double().numpy()
    wanted = np.stack([plane((left + right) / 2), plane((left - right) / 2), plane(right) - plane(left)])
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 1e-4


@pytest.mark.parametrize(("hz", "amplitude"), [(250.0, 0.5), (1000.0, 0.1), (6000.0, 0.01)])
def test_a_sine_shows_its_level_its_peak_and_its_frequency(hz: float, amplitude: float) -> None:
    mid = LogMel(SETTINGS)(sine(hz, amplitude))[0, 0, :, 4].double()
    power = (10 ** ((40 * mid[:BANDS] - 80) / 10)).sum()
    # a Hann window spreads amplitude²/4 over three bins, of which two have a quarter
    assert 10 * torch.log10(power) == pytest.approx(10 * np.log10(0.375 * amplitude**2), abs=0.2)
    assert 40 * mid[BANDS] - 80 == pytest.approx(20 * np.log10(amplitude), abs=0.05)
    assert 2 ** (4 * mid[BANDS + 1] - 6) - 2**-6 == pytest.approx(hz / 1000, rel=0.1)


def test_the_third_plane_is_how_much_more_the_right_has() -> None:
    audio = torch.randn(1, 1, 4000) * torch.tensor([[0.05], [0.1]])
    found = LogMel(SETTINGS)(audio)[0, 2]
    assert torch.allclose(found[: BANDS + 1], torch.tensor(20 * np.log10(2) / 40).float(), atol=1e-4)
    assert found[-1].abs().max() < 1e-4  # equally bright
    assert torch.allclose(LogMel(SETTINGS)(audio.flip(1))[0, 2], -found, atol=1e-5)


def test_mono_alone_is_mono_beside_stereo() -> None:
    front, mono = LogMel(SETTINGS), stereo()[:, :1].expand(-1, 2, -1).contiguous()
    alone, beside = front(mono), front(torch.cat([stereo(seed=1), mono]))
    assert (alone[0] - beside[1]).abs().max() < 1e-5
    assert (alone[:, 1:] == 0).all()
    assert (front(stereo())[:, 1] > 0.1).any()  # the side plane is not always empty


def test_silence_is_zero_and_so_is_all_below_the_floor() -> None:
    front = LogMel(SETTINGS)
    assert (front(torch.zeros(2, 2, 3000)) == 0).all()
    quiet = front(1e-5 * stereo())
    assert (quiet == 0).all()
    assert (front(stereo())[:, :2] >= 0).all()


@pytest.mark.parametrize("samples", [0, 1, HOP - 1, HOP, HOP + 1, SIZE, 3 * HOP])
def test_any_length_has_its_number_of_frames(samples: int) -> None:
    front = LogMel(SETTINGS)
    found = front(torch.ones(1, 2, samples))
    assert found.shape == (1, 3, front.rows, front.num_frames(samples))
    assert torch.isfinite(found).all()


def test_identity_changes_with_every_setting() -> None:
    other = {"sample_rate": 48000, "bands": 32, "fft_size": 2048, "hop": 256}
    names = {LogMel(replace(SETTINGS, **{name: value})).identity for name, value in other.items()}
    assert len(names | {LogMel(SETTINGS).identity}) == len(other) + 1


def test_there_is_nothing_to_learn_or_to_keep() -> None:
    assert not list(LogMel(SETTINGS).parameters())
    assert not LogMel(SETTINGS).state_dict()  # so that a checkpoint cannot disagree with the settings

"""The limiter by outside meters: nothing above the ceiling, nothing taken away below it."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import resample
from torch import Tensor

from gainstage.dsp.true_peak import true_peak_db
from gainstage.processors.limiter import Limiter
from tests import ebu

RATE = 44_100


def render(
    effect: Limiter, audio: Tensor, *, ceiling_db: float, release_ms: float, rate: int = RATE
) -> Tensor:
    """With the end that comes late, so that nothing is missed. Shape: (channels, samples), the same out."""
    late = torch.nn.functional.pad(audio, (0, effect.latency_samples(rate)))[None]
    state = effect.initial_state(*late.shape[:2], sample_rate=rate, device=audio.device)
    controls = torch.tensor([[[ceiling_db, release_ms]]], dtype=torch.float64)
    return effect.render(late, controls, state, sample_rate=rate)[0][0]


def nasty(name: str, rate: int = RATE) -> Tensor:
    """Half a second, some 6 dB above full scale or more."""
    time, n = np.arange(rate // 2) / rate, rate // 2
    rng = np.random.default_rng(3)
    noise = resample(resample(rng.standard_normal((2, n)), round(0.8 * n), axis=1), n, axis=1)
    impulses = np.zeros(n)
    impulses[::997] = 3.0
    signal = {
        "bass square": 2.0 * np.sign(np.sin(2.0 * np.pi * 100.3 * time)),
        "square": 2.0 * np.sign(np.sin(2.0 * np.pi * 3123.4 * time)),
        "sine between its samples": 2.0 * np.sin(np.pi / 2.0 * np.arange(n) + np.pi / 4.0),
        "sweep": 2.0 * np.sin(2.0 * np.pi * (20.0 + 0.2 * rate * time) * time),
        "bursts": 3.0 * noise * (np.sin(2.0 * np.pi * 12.0 * time) > 0.7),
        "impulses": impulses,
        "constant": np.full(n, 1.5),
    }[name]
    return torch.from_numpy(np.atleast_2d(signal)).float()


NASTY = ["bass square", "square", "sine between its samples", "sweep", "bursts", "impulses", "constant"]


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("rate", [44_100, 96_000])
@pytest.mark.parametrize("look_ahead_ms", [0.5, 3.0])
def test_nothing_exceeds_the_ceiling(name: str, rate: int, look_ahead_ms: float) -> None:
    """By our meter, which hears what the detector hears: what is left is the gain that moves."""
    for release_ms in (10.0, 1000.0):
        limited = render(
            Limiter(look_ahead_ms=look_ahead_ms), nasty(name, rate),
            ceiling_db=-1.0, release_ms=release_ms, rate=rate,
        )  # fmt: skip
        over_db = float(true_peak_db(limited, sample_rate=rate)) + 1.0
        assert -0.01 < over_db < (0.01 if look_ahead_ms == 3.0 else 0.05)


@pytest.mark.parametrize("name", NASTY)
def test_ffmpeg_sees_no_overshoot_either(name: str, tmp_path: Path) -> None:
    """Its meter has another filter, which reads noise .1 dB higher."""
    limited = render(Limiter(), nasty(name), ceiling_db=-1.0, release_ms=50.0)
    whole = limited[:, : limited.shape[1] // 4410 * 4410]
    assert ebu.ffmpeg_reading(whole.double().numpy(), RATE, tmp_path).true_peak_db <= (
        -0.85 if name == "bursts" else -0.9
    )


@pytest.mark.parametrize(
    "song", ["lmms-demos/Skiessi-C64", "musdb-samples/MusicDelta_80sRock", "trackswitch/default"]
)
def test_real_songs_stay_below_the_ceiling(song: str, shared_data: Path, tmp_path: Path) -> None:
    """10 dB too hot, by our meter, ffmpeg and an interpolation sixteen times as fine."""
    samples, rate = soundfile.read(shared_data / song / "mix.flac", always_2d=True, dtype="float32")
    audio = torch.from_numpy(samples[: 10 * rate].T.copy())
    limited = render(
        Limiter(), audio / audio.abs().max() * 10.0**0.5, ceiling_db=-1.0, release_ms=50.0, rate=rate
    )
    assert float(true_peak_db(limited, sample_rate=rate)) < -0.99
    whole = limited[:, : limited.shape[1] // 4410 * 4410].double().numpy()
    assert ebu.ffmpeg_reading(whole, rate, tmp_path).true_peak_db <= -0.9
    padded = np.pad(whole, ((0, 0), (2000, 2000)))
    assert 20.0 * math.log10(np.abs(resample(padded, 16 * padded.shape[1], axis=1)).max()) < -0.85


def test_a_steady_tone_ends_at_the_ceiling_with_little_distortion() -> None:
    """50 Hz, 6 dB over: a release of 100 ms lets the gain breathe with the wave; look-ahead bridges it."""
    tone = 2.0 * torch.sin(2.0 * math.pi * 50.0 / RATE * torch.arange(3 * RATE, dtype=torch.float64))[None]
    distortion_db = []
    for look_ahead_ms in (1.5, 3.0):
        limited = render(Limiter(look_ahead_ms=look_ahead_ms), tone, ceiling_db=0.0, release_ms=100.0)
        assert float(limited.abs().max()) == pytest.approx(1.0, abs=1e-3)
        spectrum = torch.fft.rfft(limited[0, RATE : 2 * RATE]).abs().square()
        distortion_db.append(10.0 * math.log10(float(spectrum[51:].sum() / spectrum[50])))
    assert distortion_db[0] < -41.0
    assert distortion_db[1] < -48.0


def test_one_gain_for_both_channels_unless_they_are_unlinked() -> None:
    loud, quiet = nasty("bass square"), 0.1 * nasty("sweep")
    audio = torch.cat([loud, quiet])
    linked = render(Limiter(), audio, ceiling_db=0.0, release_ms=100.0)
    apart = render(Limiter(link=False), audio, ceiling_db=0.0, release_ms=100.0)
    late = Limiter().latency_samples(RATE)
    assert torch.equal(apart[1, late:], quiet[0])
    gains = linked[:, late:] / audio
    heard = quiet[0].abs() > 0.01
    assert torch.allclose(gains[0, heard], gains[1, heard], rtol=1e-5)
    assert float(gains[:, heard].max()) < 0.6
    assert torch.equal(apart[0], linked[0])


def test_the_gain_is_down_before_the_peak_and_recovers_with_the_release() -> None:
    audio = torch.full((1, RATE), 0.02)
    audio[0, 10_000] = 1.0
    effect = Limiter()
    gain = render(effect, audio, ceiling_db=-12.0, release_ms=50.0)[0] / 0.02
    gain = gain[effect.latency_samples(RATE) :]
    ahead = round(0.003 * RATE)
    assert float(gain[10_000 - ahead - 40]) == pytest.approx(1.0, abs=1e-6)
    assert bool((gain[10_000 - ahead : 9_999].diff() <= 1e-6).all())
    # After the peak the reduction falls to 37 % in 50 ms; the triangle's mean lies half a look-ahead back.
    fall_db = -20.0 * torch.log10(gain[10_001 : 10_001 + 2206]).double()
    assert float(fall_db[2205] / fall_db[0]) == pytest.approx(math.exp(-1.0), abs=0.02)


def test_says_what_it_may_be() -> None:
    for wrong in (0.0, 16.0, math.nan):
        with pytest.raises(ValueError, match=r"0\.1 to 15 ms ahead"):
            Limiter(look_ahead_ms=wrong)


def test_gradients_pass_after_a_render_without() -> None:
    """What was kept in inference mode could not be saved for a gradient."""
    processor = Limiter(look_ahead_ms=1.37)  # of a length that no other test has asked for
    controls = torch.tensor([[[-6.0, 100.0]]], dtype=torch.float64)
    audio = torch.randn(1, 2, 500, dtype=torch.float64)
    state = processor.initial_state(1, 2, sample_rate=44100, device=torch.device("cpu"))
    with torch.inference_mode():
        processor.render(audio, controls, state, sample_rate=44100)
    out, _ = processor.render(audio.requires_grad_(), controls, state, sample_rate=44100)
    assert torch.autograd.grad(out.sum(), audio)[0].abs().max() > 0

import math

import pytest
import torch
from scipy.signal import butter, sosfilt
from torch import Tensor

from gainstage.processors.compressor import Compressor
from gainstage.processors.processor import Processor

RATE = 44_100


def settings(effect: Processor, **changes: float) -> Tensor:
    values = {row.name: row.default for row in effect.table} | changes
    return torch.tensor(list(values.values()), dtype=torch.float64)[None, None]


def render(effect: Processor, audio: Tensor, key: Tensor | None = None, **changes: float) -> Tensor:
    state = effect.initial_state(*audio.shape[:2], sample_rate=RATE, device=audio.device)
    controls = settings(effect, **changes).expand(len(audio), -1, -1)
    return effect.render(audio, controls, state, sample_rate=RATE, key=key)[0]


def tone(amplitude: float, seconds: float = 0.5, *, frequency_hz: float = 1000.0) -> Tensor:
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return amplitude * torch.sin(2.0 * math.pi * frequency_hz * time)[None, None]


def test_a_steady_tone_ends_on_the_static_curve() -> None:
    """An RMS detector reads a sine 3 dB below its peak: 12 dB over at 4:1 become 3."""
    audio = tone(10.0 ** ((-8.0 + 3.0103) / 20.0))
    out = render(Compressor(detector="rms"), audio, threshold_db=-20.0, ratio=4.0, attack_ms=1.0, knee_db=0.0)
    gain_db = 20.0 * math.log10(float(out[..., -4410:].norm() / audio[..., -4410:].norm()))
    assert math.isclose(gain_db, -9.0, abs_tol=0.05)


def test_settles_where_pedalboards_compressor_settles() -> None:
    """An outside opinion on ratio and threshold; optional, since the tool is under the GPL."""
    pedalboard = pytest.importorskip("pedalboard", reason="pedalboard is not installed")
    for level_db in (-45.0, -30.0, -12.0):
        square = torch.where(torch.arange(RATE) % 100 < 50, 1.0, -1.0).double()[None, None]
        square = 10.0 ** (level_db / 20.0) * square
        theirs = pedalboard.Compressor(-40.0, 3.0, 1.0, 100.0)(square[0].float().numpy(), RATE)
        out = render(Compressor(), square, threshold_db=-40.0, ratio=3.0, knee_db=0.0)
        assert math.isclose(float(out[0, 0, -1]), float(theirs[0, -1]), rel_tol=1e-3)


def test_peak_reads_higher_than_rms() -> None:
    changes = {"threshold_db": -20.0, "ratio": 4.0}
    peak, rms = (render(Compressor(detector=d), tone(0.5), **changes) for d in ("peak", "rms"))
    assert float(peak[..., -4410:].norm()) < 0.95 * float(rms[..., -4410:].norm())


def test_a_key_ducks_what_it_does_not_contain() -> None:
    pad, kick = tone(0.01), tone(0.9)
    assert torch.allclose(render(Compressor(), pad, threshold_db=-20.0, ratio=8.0, knee_db=0.0), pad)
    ducked = render(Compressor(), pad, kick, threshold_db=-20.0, ratio=8.0, knee_db=0.0)
    assert float(ducked[..., -4410:].norm()) < 0.2 * float(pad[..., -4410:].norm())


@pytest.mark.parametrize("detector", ["peak", "rms"])
def test_release_has_a_gradient(detector: str) -> None:
    """In one peer it is accepted and never used."""
    effect = Compressor(detector=detector)  # type: ignore[arg-type]
    controls = settings(effect, threshold_db=-20.0, ratio=4.0).requires_grad_()
    audio = torch.cat([tone(0.9, 0.1), tone(0.01, 0.1)], -1)
    state = effect.initial_state(1, 1, sample_rate=RATE, device=audio.device)
    out, _ = effect.render(audio, controls, state, sample_rate=RATE)
    out.square().sum().backward()
    assert controls.grad is not None
    release = [row.name for row in effect.table].index("release_ms")
    assert float(controls.grad[0, 0, release].abs()) > 1e-6


def test_mix_is_parallel_compression() -> None:
    audio, changes = tone(0.5), {"threshold_db": -30.0, "ratio": 10.0, "makeup_db": 6.0}
    wet, half = (render(Compressor(), audio, mix=mix, **changes) for mix in (1.0, 0.5))
    assert torch.allclose(half, 0.5 * (audio + wet), atol=1e-12)


def test_loud_side_turns_the_quiet_side_down_too() -> None:
    audio = torch.cat([tone(0.9), tone(0.001)], 1)
    out = render(Compressor(), audio, threshold_db=-20.0, ratio=4.0)
    gains = out[..., 11::44] / audio[..., 11::44]
    assert torch.allclose(gains[:, 0], gains[:, 1])
    assert float(gains[..., -1].max()) < 0.5


def later(audio: Tensor, samples: int) -> Tensor:
    return torch.nn.functional.pad(audio, (samples, 0))[..., : audio.shape[-1]]


def programme(rows: int, channels: int, samples: int = 3000, *, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    swell = 0.02 + torch.linspace(0.0, 9.0, samples, dtype=torch.float64).sin().square()
    return 0.5 * swell * torch.randn(rows, channels, samples, generator=generator, dtype=torch.float64)


def butterworth(signal: Tensor, order: int, kind: str, corner_hz: float | list[float]) -> Tensor:
    sos = butter(order, corner_hz, kind, fs=RATE, output="sos")
    return torch.from_numpy(sosfilt(sos, signal.numpy(), axis=-1))


SQUEEZE = {"threshold_db": -30.0, "ratio": 6.0, "attack_ms": 1.0, "release_ms": 30.0}
channels_of_both = pytest.mark.parametrize(("channels", "key_channels"), [(1, 1), (1, 2), (2, 1), (2, 2)])


def test_look_ahead_has_the_gain_down_when_the_transient_comes() -> None:
    """96 % of it after 3.2 time constants; without, nothing."""
    audio = torch.cat([torch.full((1, 1, 3000), 1e-3), torch.ones(1, 1, 3000)], -1).double()
    effect = Compressor(look_ahead_ms=3.2)
    gains = render(effect, audio, knee_db=0.0, **SQUEEZE) / later(audio, effect.latency_samples(RATE))
    first_loud = 3000 + effect.latency_samples(RATE)
    assert effect.latency_samples(RATE) == 141
    assert float(gains[0, 0, first_loud - 142]) == 1.0
    reduction_db = -20.0 * math.log10(float(gains[0, 0, first_loud]))
    assert math.isclose(reduction_db, 25.0 * (1.0 - math.exp(-142.0 / 44.1)), abs_tol=1e-6)


@channels_of_both
@pytest.mark.parametrize("link", [True, False])
def test_look_ahead_is_late_audio_under_a_prompt_key(channels: int, key_channels: int, link: bool) -> None:
    audio, key = programme(2, channels), programme(2, key_channels, seed=2)
    for heard in (None, key):
        effect = Compressor(look_ahead_ms=2.0, link=link)
        out = render(effect, audio, heard, **SQUEEZE)
        late = later(audio, 88)
        expected = render(Compressor(link=link), late, audio if heard is None else heard, **SQUEEZE)
        assert torch.allclose(out, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("keyed", [False, True])
def test_without_bass_it_hears_what_a_butterworth_lets_through(keyed: bool) -> None:
    audio = programme(2, 2)
    key = programme(2, 1, seed=2) if keyed else None
    out = render(Compressor(key_high_pass_hz=300.0), audio, key, **SQUEEZE)
    heard = butterworth(audio if key is None else key, 2, "highpass", 300.0)
    assert torch.allclose(out, render(Compressor(), audio, heard, **SQUEEZE), rtol=1e-9, atol=1e-12)


@channels_of_both
def test_by_channel_is_each_channel_alone(channels: int, key_channels: int) -> None:
    """It hears its own channel of the key, or all of a key that has not as many."""
    audio, key = programme(2, channels), programme(2, key_channels, seed=2)
    effect = Compressor(link=False, key_high_pass_hz=100.0, look_ahead_ms=1.0)
    for heard in (None, key):
        out = render(effect, audio, heard, **SQUEEZE)
        for channel in range(channels):
            own = slice(channel, channel + 1)
            its_key = heard if heard is None or channels != key_channels else heard[:, own]
            alone = render(effect, audio[:, own], its_key, **SQUEEZE)
            assert torch.allclose(out[:, own], alone, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("key_channels", [1, 2])
def test_calls_with_a_key_continue_each_other(key_channels: int) -> None:
    effect = Compressor(look_ahead_ms=2.0, key_high_pass_hz=100.0, link=False, band_low_hz=500.0)
    audio, key = programme(2, 2), programme(2, key_channels, seed=2)
    state = effect.initial_state(2, 2, sample_rate=RATE, device=audio.device)
    controls, pieces = settings(effect, **SQUEEZE).expand(2, -1, -1), []
    for here, heard in zip(
        audio.split([1, 50, 700, 2249], -1), key.split([1, 50, 700, 2249], -1), strict=True
    ):
        piece, state = effect.render(here, controls, state, sample_rate=RATE, key=heard)
        pieces.append(piece)
    assert torch.allclose(
        torch.cat(pieces, -1), render(effect, audio, key, **SQUEEZE), rtol=1e-10, atol=1e-13
    )


def test_a_de_esser_leaves_lows_alone_and_turns_sibilants_down() -> None:
    effect, low, high = (
        Compressor(band_low_hz=5000.0),
        tone(0.5, frequency_hz=200.0),
        tone(0.3, frequency_hz=9000.0),
    )
    changes = {"threshold_db": -40.0, "ratio": 10.0, "knee_db": 0.0}
    assert torch.equal(render(effect, low, **changes), low)
    settled = slice(RATE // 4, None)
    both = render(effect, low + high, **changes)[..., settled]
    kept_db = [
        20.0 * math.log10(float((both * part[..., settled]).sum() / part[..., settled].square().sum()))
        for part in (low, high)
    ]
    assert abs(kept_db[0]) < 0.02
    assert kept_db[1] < -7.0


@pytest.mark.parametrize(("low_hz", "high_hz"), [(800.0, 0.0), (0.0, 3000.0), (800.0, 3000.0)])
def test_a_gain_on_the_band_is_a_shelf_or_a_bell(low_hz: float, high_hz: float) -> None:
    """At ratio 1 make-up lifts the band and nothing else: between 0 and 20 dB at all frequencies."""
    audio = torch.zeros(1, 1, 8192, dtype=torch.float64)
    audio[..., 0] = 1.0
    lifted = render(Compressor(band_low_hz=low_hz, band_high_hz=high_hz), audio, makeup_db=20.0)
    kind = "bandpass" if low_hz and high_hz else "highpass" if low_hz else "lowpass"
    edges_hz = [hz for hz in (low_hz, high_hz) if hz]
    expected = butterworth(audio, 1, kind, edges_hz[0] if len(edges_hz) == 1 else edges_hz)
    assert torch.allclose((lifted - audio) / 9.0, expected, atol=1e-10)
    response_db = 20.0 * torch.log10(torch.fft.rfft(lifted).abs())
    assert float(response_db.min()) > -1e-6
    assert float(response_db.max()) < 20.0 + 1e-6


def test_a_band_is_heard_and_little_beside_it() -> None:
    """Loud tones two octaves below and above a band leave it at rest; one inside does not."""
    effect = Compressor(band_low_hz=1000.0, band_high_hz=3000.0)
    for frequency_hz, is_heard in ((250.0, False), (1700.0, True), (12_000.0, False)):
        audio = tone(0.5, frequency_hz=frequency_hz)
        out = render(effect, audio, threshold_db=-30.0, ratio=4.0, release_ms=20.0)
        kept = float(out[..., -4410:].norm() / audio[..., -4410:].norm())
        assert kept < 0.6 if is_heard else math.isclose(kept, 1.0, abs_tol=1e-6)


def test_a_key_is_heard_instead_of_the_band() -> None:
    effect, audio, quiet = Compressor(band_low_hz=3000.0), tone(0.5, frequency_hz=6000.0), tone(0.001)
    assert torch.equal(render(effect, audio, quiet, **SQUEEZE), audio)
    assert float(render(effect, audio, tone(0.5), **SQUEEZE).norm()) < 0.6 * float(audio.norm())


def test_says_what_it_may_be() -> None:
    with pytest.raises(ValueError, match="'peak' or 'rms'"):
        Compressor(detector="loudness")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rms_window_ms is 0"):
        Compressor(rms_window_ms=0.0)
    with pytest.raises(ValueError, match="0 to 15 ms ahead"):
        Compressor(look_ahead_ms=20.0)
    with pytest.raises(ValueError, match="key_high_pass_hz is 1; it may be 0"):
        Compressor(key_high_pass_hz=1.0)
    with pytest.raises(ValueError, match="band_low_hz is nan"):
        Compressor(band_low_hz=math.nan)
    with pytest.raises(ValueError, match="from 5000 to 4000 Hz is empty"):
        Compressor(band_low_hz=5000.0, band_high_hz=4000.0)

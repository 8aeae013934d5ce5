"""The streaming meter is the offline functions, however the audio is cut."""

import pytest
import torch
from torch import Tensor

from gainstage.dsp import loudness, true_peak
from gainstage.dsp.meter import LoudnessMeter


def song(rows: int, channels: int, num_samples: int) -> Tensor:
    """Noise at changing levels: loud, silent and in between; the last row is silent."""
    generator = torch.Generator().manual_seed(7)
    swell = torch.sin(torch.linspace(0, 11, num_samples)).clamp(min=0) ** 2
    audio = 0.3 * swell * torch.randn(rows, channels, num_samples, generator=generator)
    audio[-1] = 0
    return audio


def heard(audio: Tensor, lengths: list[int], sample_rate: int, *, dual_mono: bool = False) -> LoudnessMeter:
    meter = LoudnessMeter(audio.shape[0], audio.shape[1], sample_rate=sample_rate, dual_mono=dual_mono)
    for block in audio.split(lengths, dim=-1):
        meter.update(block)
    return meter


def cuts(num_samples: int, longest: int, seed: int) -> list[int]:
    """Random lengths, zero among them, that sum to the signal."""
    generator = torch.Generator().manual_seed(seed)
    lengths: list[int] = []
    while sum(lengths) < num_samples:
        drawn = int(torch.randint(0, longest, (), generator=generator))
        lengths.append(min(drawn, num_samples - sum(lengths)))
    return lengths


def assert_equals_offline(meter: LoudnessMeter, audio: Tensor, *, dual_mono: bool = False) -> None:
    rate = meter.sample_rate
    for found, offline in (
        (meter.integrated_lufs, loudness.integrated_loudness),
        (meter.loudness_range_lu, loudness.loudness_range),
        (meter.momentary_lufs, loudness.momentary_loudness),
        (meter.short_term_lufs, loudness.short_term_loudness),
        (meter.maximum_momentary_lufs, loudness.maximum_momentary_loudness),
        (meter.maximum_short_term_lufs, loudness.maximum_short_term_loudness),
        (meter.momentary_power, loudness.momentary_power),
    ):
        expected = offline(audio, sample_rate=rate, dual_mono=dual_mono)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(
        meter.true_peak_dbtp, true_peak.true_peak_db(audio, sample_rate=rate), rtol=0, atol=1e-4
    )
    torch.testing.assert_close(meter.sample_peak_db, true_peak.sample_peak_db(audio), rtol=0, atol=0)
    assert meter.num_samples == audio.shape[-1]


@pytest.mark.parametrize("longest", [300, 9_000, 200_000])
@pytest.mark.parametrize(("channels", "sample_rate"), [(1, 22050), (2, 44100), (2, 96000)])
def test_any_cuts_give_the_whole(channels: int, sample_rate: int, longest: int) -> None:
    num_samples = 4 * sample_rate + 1234
    audio = song(3, channels, num_samples)
    meter = heard(audio, cuts(num_samples, longest, seed=longest), sample_rate)
    assert_equals_offline(meter, audio)


def test_sample_by_sample() -> None:
    audio = song(2, 1, 2500)
    assert_equals_offline(heard(audio, [1] * 2500, 4000), audio)


def test_may_be_read_on_the_way() -> None:
    audio = song(2, 2, 9 * 44100)
    meter = LoudnessMeter(2, 2, sample_rate=44100)
    at = 0
    for length in (10_000, 7_000, 150_001, 229_899):
        meter.update(audio[..., at : at + length])
        at += length
        assert_equals_offline(meter, audio[..., :at])


def test_counts_mono_twice_when_told() -> None:
    audio = song(2, 1, 150_000)
    assert_equals_offline(heard(audio, [75_000, 75_000], 44100, dual_mono=True), audio, dual_mono=True)


def test_without_true_peak_the_rest_is_the_same() -> None:
    audio = song(2, 2, 90_000)
    meter = LoudnessMeter(2, 2, sample_rate=44100, true_peak=False)
    meter.update(audio)
    whole = heard(audio, [90_000], 44100)
    assert torch.equal(meter.integrated_lufs, whole.integrated_lufs)
    assert torch.equal(meter.sample_peak_db, whole.sample_peak_db)
    with pytest.raises(ValueError, match="true_peak=True"):
        _ = meter.true_peak_dbtp


def test_double_precision_and_gradients_may_come_in() -> None:
    audio = song(2, 2, 50_000).double().requires_grad_()
    meter = heard(audio, [20_000, 30_000], 44100)
    assert not meter.integrated_lufs.requires_grad
    assert_equals_offline(meter, audio.detach())


@pytest.mark.parametrize("num_samples", [0, 1, 47, 4409, 17_640])
def test_short_signals(num_samples: int) -> None:
    audio = song(2, 2, num_samples)
    assert_equals_offline(heard(audio, [num_samples], 44100), audio)


def test_remembers_no_audio() -> None:
    """A minute of 8 stereo rows leaves 600 hop energies a row, three seconds of cells and a few samples."""
    audio = song(8, 2, 44100)
    meter = LoudnessMeter(8, 2, sample_rate=44100)
    for _ in range(60):
        meter.update(audio)
    kept = [x for value in vars(meter).values() for x in (value if isinstance(value, list) else [value])]
    storages = {
        x.untyped_storage().data_ptr(): x.untyped_storage().nbytes() for x in kept if isinstance(x, Tensor)
    }
    assert sum(storages.values()) < 8 * (600 + 300) * 8 + 40_000


def test_refuses_what_it_was_not_made_for() -> None:
    with pytest.raises(ValueError, match="1 or 2 channels, got 5"):
        LoudnessMeter(1, 5, sample_rate=44100)
    with pytest.raises(ValueError, match=r"shape \(2, 1, samples\), got \(2, 2, 10\)"):
        LoudnessMeter(2, 1, sample_rate=44100).update(torch.zeros(2, 2, 10))
    with pytest.raises(ValueError, match="4000 Hz or more"):
        LoudnessMeter(1, 1, sample_rate=1000)

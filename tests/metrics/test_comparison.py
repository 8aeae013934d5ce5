"""All metrics of a set: zero at equality, deaf to level, singles as batches, the losses they are made of."""

import math

import pytest
import torch
from torch import Tensor

from gainstage.dsp.resampling import resample
from gainstage.losses.audio_features import AudioFeatureLoss
from gainstage.losses.mrstft import MultiResolutionSTFT
from gainstage.metrics.comparison import Comparison, error_name
from gainstage.metrics.level import levelled
from gainstage.metrics.metric import METRICS, metrics_of

RATE = 44100


def mix(seed: int = 0, seconds: float = 3.5) -> Tensor:
    """Pulsing coloured noise with a width of its own."""
    generator = torch.Generator().manual_seed(seed)
    samples = round(seconds * RATE)
    white = torch.randn(2, samples, generator=generator)
    white[1] += white[0]
    smooth = torch.nn.functional.avg_pool1d(white[None], 5, 1, 2)[0]
    pulse = 0.3 + torch.sin(torch.arange(samples) * (2 * math.pi * (2 + seed) / RATE)).clamp(min=0)
    return 0.1 * (white * 0.2 + smooth) * pulse


@pytest.fixture(scope="module")
def full() -> Comparison:
    return Comparison(mix()[None], which="full", sample_rate=RATE)


def test_an_equal_mix_at_any_level_has_no_distance(full: Comparison) -> None:
    found = full.of(torch.stack([mix(), 0.1 * mix()]))
    assert list(found) == [metric.name for metric in metrics_of("full")]
    by_definition = {"af_published", "loudness_error_lu", "true_peak_error_db"}
    for name, value in found.items():
        assert value.shape == (2,)
        assert torch.isfinite(value).all(), name
        if METRICS[name].lower_is_better and name != "af_published":
            assert value[0].item() == pytest.approx(0, abs=1e-4 if METRICS[name].unit else 1e-6), name
        if METRICS[name].lower_is_better and name not in by_definition:
            assert value[1].item() == pytest.approx(0, abs=3e-4 * (100 if METRICS[name].unit else 1)), name
    assert found["loudness_error_lu"][1].item() == pytest.approx(20.0, abs=1e-4)
    assert found["true_peak_error_db"][1].item() == pytest.approx(20.0, abs=1e-4)
    assert 0.02 < found["af_published"][0].item() < 0.1  # "a perfect mix still scores about .05"


def test_another_mix_is_far_by_every_distance_and_an_item_alone_is_as_in_its_batch(full: Comparison) -> None:
    others = torch.stack([mix(1), 3 * mix(2), mix(3)])
    together = full.of(others)
    for name, value in full.of(others[1:2]).items():
        assert together[name][1].item() == pytest.approx(value.item(), rel=1e-4, abs=1e-6), name
    for name, value in together.items():
        if METRICS[name].lower_is_better:
            assert value.min() >= 0, name
            assert value.max() > 0, name


def test_distances_are_the_losses_on_levelled_mixes(full: Comparison) -> None:
    x, y = (levelled(m[None], sample_rate=RATE).audio for m in (mix(1), mix()))
    found = {name: value.item() for name, value in full.of(mix(1)[None]).items()}
    for preset in ("sum_difference", "auraloss", "diffmst", "mss"):
        loss = MultiResolutionSTFT(preset, sample_rate=RATE)(x, y).item()
        assert found[preset] == pytest.approx(loss, rel=1e-5)
    x30, y30 = (resample(a, from_rate=RATE, to_rate=30_000)[..., 30_000:] for a in (x, y))
    grafx = MultiResolutionSTFT("grafx", sample_rate=30_000)(x30, y30).item()
    assert found["grafx"] == pytest.approx(grafx, rel=1e-5)
    parts = AudioFeatureLoss(sample_rate=RATE).parts(x, y)
    assert {k: found[f"af_{k}"] for k in parts} == pytest.approx({k: v.item() for k, v in parts.items()})
    assert found["af"] == pytest.approx(sum(v.item() for v in parts.values()))
    middle = (found["sum_difference_mid"] + found["sum_difference_side"]) / 2
    assert found["sum_difference"] == pytest.approx(middle)


def test_quick_is_a_part_of_full(full: Comparison) -> None:
    quick = Comparison(mix()[None], which="quick", sample_rate=RATE).of(mix(1)[None])
    of_full = full.of(mix(1)[None])
    assert {name: value.item() for name, value in quick.items()} == pytest.approx(
        {name: of_full[name].item() for name in quick}
    )
    assert {"sum_difference", "af", "loudness_lufs", "plr_db", "width_db"} <= set(quick) < set(of_full)


def test_errors_of_measures_are_in_their_units(full: Comparison) -> None:
    found = full.of(mix(1)[None])
    assert set(full.of_target) == {m.name for m in metrics_of("full") if m.kind == "measure"}
    for name, own in full.of_target.items():
        error = found[error_name(name)].item()
        assert error == pytest.approx(abs(found[name].item() - own.item())), name
    middle = mix().mean(0)
    narrow = middle + 0.5 * (mix() - middle)  # half the side: 6 dB narrower
    assert full.of(narrow[None])["width_error_db"].item() == pytest.approx(6.02, abs=0.01)


def test_bad_input_is_refused(full: Comparison) -> None:
    with pytest.raises(ValueError, match=r"2 s or more, got \(1, 2, 44100\)"):
        Comparison(torch.zeros(1, 2, RATE), which="quick", sample_rate=RATE)
    with pytest.raises(ValueError, match=r"got \(1, 1, 200000\)"):
        Comparison(torch.zeros(1, 1, 200_000), which="quick", sample_rate=RATE)
    with pytest.raises(ValueError, match="cut or pad it to the same length"):
        full.of(mix()[None, :, 1:])


def test_silent_estimates_are_numbers_not_errors() -> None:
    found = Comparison(mix()[None], which="quick", sample_rate=RATE).of(torch.zeros_like(mix())[None])
    assert all(math.isfinite(value.item()) for value in found.values())
    assert found["sum_difference"].item() > 1


def test_every_metric_says_what_it_is() -> None:
    assert all(metric.title and metric.deaf_to for metric in METRICS.values())
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)

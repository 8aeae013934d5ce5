"""A mix beside its target: all metrics of a set, computed on as much shared work as can be."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gainstage.dsp.loudness import loudness_range, maximum_short_term_loudness, short_term_loudness
from gainstage.dsp.resampling import resample
from gainstage.losses.audio_features import AudioFeatureLoss, AudioFeatures
from gainstage.losses.mrstft import PRESETS, MultiResolutionSTFT
from gainstage.metrics.dynamics import (
    crest_db,
    dynamic_spread_db,
    mldr,
    peak_to_short_term_db,
    rms_dbfs,
)
from gainstage.metrics.level import Levelled, levelled, width_db
from gainstage.metrics.metric import METRICS, Metric, Which, metrics_of
from gainstage.metrics.spectrum import panning_rms, spectral_features
from gainstage.metrics.sum_difference import mid_side_distances, mid_side_spectra

LEAST_SECONDS = 2.0
_GRAFX_HZ = 30_000
_PUBLISHED_DB = (-2.0, 4.0)  # from −20 LUFS to the −22 (estimate) and −16 LUFS (reference) of the AF paper


@dataclass(frozen=True)
class _Heard:
    """A batch of mixes, and what comparisons need of it."""

    mix: Levelled
    features: AudioFeatures
    measures: dict[str, Tensor]


class Comparison:
    """Compares estimates with one target each, or with a single target that is heard once for all.

    Both are brought to −20 LUFS first; only `loudness_…` and `true_peak_…` are taken as rendered.

    Args:
        target: stereo mixes of at least 2 s.
        which: the set of metrics.
        sample_rate: in Hz.

    Shape: target (batch, 2, samples), or (1, 2, samples) for estimates of any number.

    Raises:
        ValueError: too short, or not stereo.

    Example:
        >>> import torch
        >>> from gainstage.metrics.comparison import Comparison
        >>> mix = 0.1 * torch.randn(1, 2, 100_000)
        >>> round(Comparison(mix, which="quick", sample_rate=44100).of(0.5 * mix)["sum_difference"].item(), 5)
        0.0
    """

    def __init__(self, target: Tensor, *, which: Which, sample_rate: int) -> None:
        if target.ndim != 3 or target.shape[1] != 2 or target.shape[2] < LEAST_SECONDS * sample_rate:
            raise ValueError(
                f"mixes are compared as (batch, 2, samples) of {LEAST_SECONDS:g} s or more, got "
                f"{tuple(target.shape)} at {sample_rate} Hz"
            )
        self.which, self.sample_rate = which, sample_rate
        self._af = AudioFeatureLoss(sample_rate=sample_rate)
        self._target = self._hear(target)
        with torch.no_grad():
            self._target_spectra = mid_side_spectra(self._target.mix.audio)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured, in the order of tables."""
        return metrics_of(self.which)

    @cached_property
    def of_target(self) -> dict[str, Tensor]:
        """The target's own measures. Shape: (batch,) each, float64"""
        return dict(self._target.measures)

    @torch.no_grad()
    def of(self, estimate: Tensor) -> dict[str, Tensor]:
        """Every metric of the set, by name.

        Args:
            estimate: as rendered, at any level.

        Shape: (batch, 2, samples) → (batch,) each, float64

        Raises:
            ValueError: it is not as long as the target.
        """
        if estimate.shape[1:] != self._target.mix.audio.shape[1:]:
            raise ValueError(
                f"an estimate of shape {tuple(estimate.shape)} cannot be compared with a target of shape "
                f"{tuple(self._target.mix.audio.shape)}; cut or pad it to the same length"
            )
        heard = self._hear(estimate)
        found = heard.measures | self._errors(heard) | self._mid_side(heard.mix.audio)
        if self.which == "full":
            found |= self._presets(heard.mix.audio) | self._more_af(heard) | self._over_time(heard.mix.audio)
        else:
            found["af"] = torch.stack(list(self._af_parts(heard.features, self._target.features))).sum(0)
        return {metric.name: found[metric.name].double() for metric in self.metrics}

    @torch.no_grad()
    def _hear(self, audio: Tensor) -> _Heard:
        rate = self.sample_rate
        mix = levelled(audio, sample_rate=rate)
        measures = {
            "loudness_lufs": mix.loudness_lufs,
            "plr_db": mix.true_peak_dbtp - mix.loudness_lufs,
            "width_db": width_db(mix.audio),
        }
        if self.which == "full":
            measures |= {
                "true_peak_dbtp": mix.true_peak_dbtp,
                "short_term_lufs": maximum_short_term_loudness(mix.audio, sample_rate=rate),
                "range_lu": loudness_range(mix.audio, sample_rate=rate),
                "psr_db": peak_to_short_term_db(mix.audio, sample_rate=rate),
                "crest_db": crest_db(mix.audio),
                "rms_dbfs": rms_dbfs(mix.audio),
                "spread_db": dynamic_spread_db(mix.audio),
                **spectral_features(mix.audio, sample_rate=rate),
                **panning_rms(mix.audio, sample_rate=rate),
            }
        return _Heard(mix, self._af.features(mix.audio), measures)

    def _errors(self, heard: _Heard) -> dict[str, Tensor]:
        """Distances of measures, in their units."""
        return {
            error_name(name): (value - self._target.measures[name]).abs()
            for name, value in heard.measures.items()
        }

    def _mid_side(self, x: Tensor) -> dict[str, Tensor]:
        mid, side = mid_side_distances(mid_side_spectra(x), self._target_spectra).unbind(-1)
        return {
            "sum_difference": (mid + side) / 2.0,
            "sum_difference_mid": mid,
            "sum_difference_side": side,
        }

    def _presets(self, x: Tensor) -> dict[str, Tensor]:
        y = self._target.mix.audio
        by_channel = MultiResolutionSTFT("sum_difference", sample_rate=self.sample_rate)
        found = {"sum_difference_left_right": by_channel.signals(x, y)}
        for name in PRESETS:
            if name == "grafx":  # as defined: at 30 kHz, without the first second
                pair = (
                    resample(a, from_rate=self.sample_rate, to_rate=_GRAFX_HZ)[..., _GRAFX_HZ:]
                    for a in (x, y)
                )
                found[name] = MultiResolutionSTFT(name, sample_rate=_GRAFX_HZ)(*pair)
            elif name != "sum_difference":
                found[name] = MultiResolutionSTFT(name, sample_rate=self.sample_rate)(x, y)
        return found

    def _more_af(self, heard: _Heard) -> dict[str, Tensor]:
        parts = self._af_parts(heard.features, self._target.features)
        found = {f"af_{name}": part for name, part in zip(self._af.weights, parts, strict=True)}
        x, y = (
            self._af.features(mix.audio * 10.0 ** (gain_db / 20.0))
            for mix, gain_db in zip((heard.mix, self._target.mix), _PUBLISHED_DB, strict=True)
        )
        return found | {
            "af": torch.stack(parts).sum(0),
            "af_published": torch.stack(self._af_parts(x, y)).sum(0),
        }

    def _af_parts(self, x: AudioFeatures, y: AudioFeatures) -> list[Tensor]:
        """`AudioFeatureLoss.parts` on features at hand, so that the target is heard once."""
        return [
            weight * (getattr(x, name) - getattr(y, name)).square().flatten(1).mean(1)
            for name, weight in self._af.weights.items()
        ]

    def _over_time(self, x: Tensor) -> dict[str, Tensor]:
        y, rate = self._target.mix.audio, self.sample_rate
        curves = [short_term_loudness(audio, sample_rate=rate).clamp(min=-70.0) for audio in (x, y)]
        left, right = (mldr(x[:, c], y[:, c], sample_rate=rate) for c in (0, 1))
        return {
            "short_term_curve_lu": (curves[0] - curves[1]).abs().mean(-1),
            "mldr_left_right": (left + right) / 2.0,
            "mldr_mid": mldr(x.sum(1), y.sum(1), sample_rate=rate),
            "mldr_side": mldr(x[:, 0] - x[:, 1], y[:, 0] - y[:, 1], sample_rate=rate),
        }


def error_name(measure: str) -> str:
    """The name of a measure's distance from the target's: `plr_db` → `plr_error_db`."""
    stem = measure.rsplit("_", 1)[0]
    return next(name for name in METRICS if name == f"{stem}_error" or name.startswith(f"{stem}_error_"))

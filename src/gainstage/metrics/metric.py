"""What is measured: every number of a table with its unit, its meaning and what it cannot hear."""

from dataclasses import dataclass
from typing import Literal

Which = Literal["quick", "full"]
"""`quick` for tables while one works, `full` for all of METRICS.md sections 1 to 3."""


@dataclass(frozen=True)
class Metric:
    """One number.

    Args:
        name: in files and in code.
        title: as a person reads it.
        unit: empty for a pure number.
        kind: a `distance` between estimate and target is 0 at equality and better when lower; a `measure`
            of a mix is no better high or low, and stands beside the target's.
        deaf_to: what differs without changing it.
        hears_side: L − R is a part of it, so it means little where a mix is dual mono.
        digits: behind the decimal point, in tables.
        is_full: only measured with `full`.
    """

    name: str
    title: str
    unit: str
    kind: Literal["distance", "measure"]
    deaf_to: str
    hears_side: bool = False
    digits: int = 3
    is_full: bool = False

    @property
    def lower_is_better(self) -> bool:
        """Whether less of it is better; a measure is neither."""
        return self.kind == "distance"


_UNITS = {"db": "dB", "lu": "LU", "hz": "Hz", "": ""}
_PHASE = "phase, polarity and delays of a few ms"
_WHEN = "when anything happens: it compares whole songs"
_TONE = "tone and balance: it is about level only"
_IMAGE = "which instruments are where"


def _distance(name: str, title: str, unit: str, deaf_to: str, **rest: bool | int) -> Metric:
    return Metric(name, title, unit, "distance", deaf_to, **rest)  # type: ignore[arg-type]


def _measured(
    name: str, title: str, unit: str, difference: str, deaf_to: str, **rest: bool | int
) -> tuple[Metric, Metric]:
    """A measure of a mix, and the distance of it from the target's."""
    stem = name.rsplit("_", 1)[0]
    of_mix = Metric(name, title, unit, "measure", deaf_to, **rest)  # type: ignore[arg-type]
    error = _distance(
        "_".join([stem, "error", *filter(None, [difference])]),
        f"{title} error",
        _UNITS[difference],
        deaf_to,
        **rest,
    )
    return of_mix, error


def _mrstft(name: str, title: str, deaf_to: str, *, side: bool = True, full: bool = True) -> Metric:
    return _distance(name, title, "", f"{_PHASE}{deaf_to}", hears_side=side, is_full=full)


_MRSTFT = (
    _mrstft("sum_difference", "MR-STFT sum_difference", "; left and right swapped", full=False),
    _mrstft(
        "sum_difference_mid", "MR-STFT sum_difference of M", "; the stereo image", side=False, full=False
    ),
    _mrstft("sum_difference_side", "MR-STFT sum_difference of S", "; what stands in the centre", full=False),
    _mrstft("sum_difference_left_right", "MR-STFT sum_difference of L, R", "", side=False),
    _mrstft("auraloss", "MR-STFT auraloss", "", side=False),
    _mrstft("diffmst", "MR-STFT diffmst", "; shape of the spectrum where it is quiet", side=False),
    _mrstft("deepafx", "MR-STFT deepafx", "; the stereo image", side=False),
    _mrstft("grafx", "MR-STFT grafx", "; what is 40 dB down, fine pitch, the first second"),
    _mrstft("diffvox", "MR-STFT diffvox", "; the lowest octaves, by the A-weighting"),
    _mrstft("mss", "MR-STFT mss", ""),
)

_AF = (
    _distance("af", "AF", "", _WHEN, hears_side=True, digits=4),
    _distance("af_rms", "AF, level of L and R", "", _WHEN, digits=5, is_full=True),
    _distance("af_crest", "AF, crest", "", _WHEN, digits=5, is_full=True),
    _distance("af_width", "AF, width", "", _WHEN, digits=5, is_full=True, hears_side=True),
    _distance("af_imbalance", "AF, imbalance", "", _WHEN, digits=5, is_full=True),
    _distance("af_bark", "AF, Bark spectra", "", _WHEN, digits=5, is_full=True, hears_side=True),
    _distance(
        "af_published",
        "AF, as published",
        "",
        f"{_WHEN}; a perfect mix scores about .05",
        hears_side=True,
        is_full=True,
    ),
)

_LEVEL = (
    *_measured("loudness_lufs", "Loudness", "LUFS", "lu", _TONE, digits=1),
    *_measured("plr_db", "PLR", "dB", "db", "all but the highest true peak; tone", digits=1),
    *_measured(
        "width_db",
        "Width",
        "dB",
        "db",
        f"{_IMAGE}; at which frequencies (energy of S over M)",
        hears_side=True,
        digits=1,
    ),
)

_DYNAMICS = (
    *_measured("true_peak_dbtp", "True peak", "dBTP", "db", _TONE, digits=1, is_full=True),
    *_measured("short_term_lufs", "Loudest 3 s", "LUFS", "lu", _TONE, digits=1, is_full=True),
    _distance("short_term_curve_lu", "Short-term error, mean", "LU", _TONE, digits=2, is_full=True),
    *_measured(
        "range_lu",
        "LRA",
        "LU",
        "lu",
        f"{_TONE}; under a minute it is vague",
        digits=1,
        is_full=True,
    ),
    *_measured("psr_db", "PSR", "dB", "db", _TONE, digits=1, is_full=True),
    *_measured("crest_db", "Crest factor", "dB", "db", _TONE, digits=1, is_full=True),
    *_measured("rms_dbfs", "RMS level", "dBFS", "db", _TONE, digits=1, is_full=True),
    *_measured("spread_db", "Dynamic spread", "dB", "db", _TONE, digits=2, is_full=True),
    _distance("mldr_left_right", "MLDR of L, R", "", "tone: it follows level over time", is_full=True),
    _distance("mldr_mid", "MLDR of M", "", "tone, and the stereo image", is_full=True),
    _distance(
        "mldr_side", "MLDR of S", "", "tone, and what stands in the centre", is_full=True, hears_side=True
    ),
)

_SPECTRUM = (
    *_measured("centroid_hz", "Spectral centroid", "Hz", "hz", f"{_IMAGE}; time", digits=0, is_full=True),
    *_measured("bandwidth_hz", "Spectral bandwidth", "Hz", "hz", f"{_IMAGE}; time", digits=0, is_full=True),
    *_measured("contrast_db", "Spectral contrast", "dB", "db", f"{_IMAGE}; level", digits=1, is_full=True),
    *_measured("rolloff_hz", "Roll-off", "Hz", "hz", f"{_IMAGE}; time", digits=0, is_full=True),
    *_measured("flatness_db", "Spectral flatness", "dB", "db", f"{_IMAGE}; level", digits=1, is_full=True),
)

_PANNING = tuple(
    metric
    for name, title in {
        "panning": "Panning RMS",
        "panning_low": "Panning RMS below 250 Hz",
        "panning_mid": "Panning RMS 250–2500 Hz",
        "panning_high": "Panning RMS above 2500 Hz",
    }.items()
    for metric in _measured(
        f"{name}_rms", title, "", "", "left and right swapped; phase", hears_side=True, is_full=True
    )
)

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (*_MRSTFT, *_AF, *_LEVEL, *_DYNAMICS, *_SPECTRUM, *_PANNING)
}
"""Every metric by name, in the order of tables."""


def metrics_of(which: Which) -> tuple[Metric, ...]:
    """The metrics of a set, in the order of tables."""
    return tuple(metric for metric in METRICS.values() if which == "full" or not metric.is_full)

"""Where a track lies in a mix: delay, drift between two clocks and polarity, by GCC-PHAT.

A track that was recorded or bounced elsewhere begins at another moment than its mix, and two clocks that
differ by some parts in a million drift apart: sample n of the track is heard at n·(1 + drift) + delay of the
mix.

Frames of the track are sought in the mix. A cross-spectrum of which only the phase is kept (GCC-PHAT) has a
sharp peak at the delay, whatever equaliser and fader did, but among other instruments a single frame has
higher peaks elsewhere. So each frame names a few candidates, the line through most of them wins, and around
that line all frames are summed coherently, which gives delay and drift to fractions of a sample. What never
begins nor ends (a steady tone) has no place that could be found.

References: Knapp and Carter, "The generalized correlation method for estimation of time delay", IEEE Trans.
ASSP 24 (1976), section III (PHAT); Desolneux, Moisan and Morel, "Meaningful alignments", IJCV 40 (2000),
section 2 (number of false alarms).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.optimize import minimize, minimize_scalar
from scipy.signal import find_peaks, resample
from scipy.signal.windows import tukey
from scipy.stats import binom

Array = NDArray[np.float64]

Read = Callable[[int, int], NDArray[np.floating]]
"""(start, length) → samples (length,); zeros where the signal is not, also before 0."""

_FRAME = 1 << 15
_PART = _FRAME // 4
_MOST_FRAMES = 48
_MARGIN = 1 << 13
_WIDTH = 8  # samples within which candidates count as one
_DRIFT_PPM = 200.0  # clocks of audio interfaces differ by less
_IN_BAND_DB = 40.0  # bins of the track that are quieter than its loudest by more say nothing of it
_REACH = 24  # samples round the line that the last step looks at
_ROUND = 2 * _REACH  # what is interpolated, so that its faded ends are not looked at
_OVERSAMPLING = 8
_MOST_LINES = 6  # that are compared by likeness
_AS_ALIKE = 0.95
_AS_GOOD = 0.95  # drift that is worth less (.6 samples from first to last frame) is taken for none


@dataclass(frozen=True)
class Alignment:
    """Where sample n of a track is heard in a mix: at n·(1 + drift) + delay.

    Args:
        delay_samples: negative if the track has to come earlier.
        drift_ppm: parts per million by which the track has to be stretched.
        is_inverted: the mix holds it with the other polarity.
        confidence: 1 − the number of lines as good as this one that unrelated signals would give; 0 = none of
            it may be believed.
        likeness: 0 … 1, how much of the phase of the track the mix holds there. Music repeats itself, and
            loops do so exactly: of two places that are both sure, the true one is more alike.
    """

    delay_samples: float = 0.0
    drift_ppm: float = 0.0
    is_inverted: bool = False
    confidence: float = 0.0
    likeness: float = 0.0

    def position(self, sample: float) -> float:
        """Where a sample of the track is heard in the mix."""
        return sample * (1.0 + 1e-6 * self.drift_ppm) + self.delay_samples


def reader(audio: NDArray[np.floating]) -> Read:
    """Random access to samples in memory, or mapped from a file.

    Shape: audio (samples,)
    """

    def read(start: int, length: int) -> NDArray[np.floating]:
        part = np.zeros(length, np.float64)
        first, last = max(start, 0), min(start + length, len(audio))
        if first < last:
            part[first - start : last - start] = audio[first:last]
        return part

    return read


def find_alignment(
    track: Read,
    mix: Read,
    *,
    num_samples: int,
    sample_rate: int,
    most_seconds: float = 3.0,
    near: Alignment | None = None,
) -> Alignment:
    """Find a track in a mix.

    Memory does not grow with the length of the track; at most 48 frames of .7 s are compared.

    Args:
        track: what is sought, or the sum of all tracks, which is found more surely.
        mix: where it is sought.
        num_samples: of the track.
        sample_rate: of both, in Hz.
        most_seconds: largest delay that is looked for, to both sides.
        near: where to look; nowhere special if not given.

    Returns:
        The best line, with a confidence of 0 if none is better than chance, or there is nothing to hear.
    """
    near = near or Alignment()
    starts = _loud_frames(track, num_samples)
    if not starts:
        return Alignment()
    most = max(round(most_seconds * sample_rate), _WIDTH)
    points = [_candidates(track, mix, start, near, most, sample_rate) for start in starts]
    lines = _most_supported(np.array(starts) + _FRAME / 2, points, most)
    found = []
    for line in sorted(lines, key=lambda line: abs(line.delay)):
        guess = Alignment(near.delay_samples + line.delay, near.drift_ppm + line.drift_ppm)
        refined = _refined(track, mix, starts, guess, sample_rate)
        found.append(replace(refined, confidence=line.confidence))
    alike = max(place.likeness for place in found)
    return next(place for place in found if place.likeness >= _AS_ALIKE * alike)  # the nearest of them


def _loud_frames(track: Read, num_samples: int) -> list[int]:
    """Starts of the loudest frame of each of 48 cells; without cells that are 60 dB below the loudest."""
    grid = np.arange(0, max(num_samples - _FRAME // 2, 1), _FRAME)
    energy = np.array([np.square(track(int(start), _FRAME)).sum() for start in grid])
    best = [
        int(cell[np.argmax(energy[cell])])
        for cell in np.array_split(np.arange(len(grid)), _MOST_FRAMES)
        if len(cell)
    ]
    return [int(grid[i]) for i in best if energy[i] > 1e-6 * energy.max() and energy[i] > 0.0]


def _candidates(
    track: Read, mix: Read, start: int, near: Alignment, most: int, sample_rate: int
) -> tuple[Array, Array]:
    """Delays, against those of `near`, at which a frame may lie: the highest peaks of its GCC-PHAT.

    Beside them their heights against the highest: music repeats itself, and what is only alike is lower.
    """
    expected = round(near.position(start + _FRAME / 2) - start - _FRAME / 2)
    length = _FRAME + 2 * (most + _MARGIN)
    size = next_fast_len(length, real=True)
    # Without windows the two cuts of the frame would be found at the two cuts of the mix.
    frame = track(start, _FRAME) * np.hanning(_FRAME)
    heard = mix(start + expected - most - _MARGIN, length) * tukey(length, 2 * _MARGIN / length)
    spectrum = _phat(rfft(frame, size), rfft(heard, size), size, sample_rate)
    correlation = np.abs(irfft(spectrum, size)[_MARGIN : _MARGIN + 2 * most + 1])
    peaks, _ = find_peaks(correlation, distance=_WIDTH)
    highest = peaks[np.argsort(correlation[peaks])[::-1][: _named(most)]]
    heights = correlation[highest] / max(float(correlation.max()), 1e-300)
    return (highest - most).astype(np.float64), heights.astype(np.float64)


def _named(most: int) -> int:
    """How many peaks a frame names: more where there is room for more bars of the same music."""
    return 5 + most // _FRAME


def _phat(
    track: NDArray[np.complex128], mix: NDArray[np.complex128], size: int, sample_rate: int
) -> NDArray[np.complex128]:
    """The phase of the cross-spectrum, in the bins in which the track has something to say."""
    level = np.abs(track)
    says = (level > level.max(initial=0.0) * 10.0 ** (-_IN_BAND_DB / 20.0)) & (
        rfftfreq(size, 1.0 / sample_rate) > 30.0
    )
    cross = np.conj(track) * mix
    return np.asarray(np.where(says, cross / np.maximum(np.abs(cross), 1e-300), 0.0))


@dataclass(frozen=True)
class _Line:
    delay: float
    drift_ppm: float
    confidence: float


def _most_supported(centres: Array, points: list[tuple[Array, Array]], most: int) -> list[_Line]:
    """The lines that pass through the highest candidates of most frames, of the drift that suits most.

    A line's confidence compares that with unrelated frames: with so many candidates of 2·most places each, a
    frame supports a given line by chance p, and so many lines were looked at.
    """
    times = np.concatenate([np.full(len(of), t) for t, (of, _) in zip(centres, points, strict=True)])
    frames = np.concatenate([np.full(len(of), i) for i, (of, _) in enumerate(points)])
    delays, heights = (np.concatenate([pair[k] for pair in points]) for k in (0, 1))
    span = float(np.ptp(centres))
    steps = int(1e-6 * _DRIFT_PPM * span / (_WIDTH / 2))
    drifts = np.linspace(-_DRIFT_PPM, _DRIFT_PPM, 2 * steps + 1) if steps else np.zeros(1)
    best = (-1.0, 0.0)
    for drift in drifts[np.argsort(np.abs(drifts), kind="stable")]:  # of equals the one with least drift
        rest = delays - 1e-6 * drift * times
        score = _densest(rest, heights, frames, 1)[0][0]
        if score > best[0]:
            best = (score, float(drift))
    drift = best[1]
    windows = _densest(delays - 1e-6 * drift * times, heights, frames, _MOST_LINES)
    chance = min(_named(most) * _WIDTH / (2 * most + 1), 1.0)
    lines = len(drifts) * (2 * most + 1) / (_WIDTH / 2)
    false_alarms = [float(lines * binom.sf(support - 1, len(points), chance)) for _, support, _ in windows]
    return [
        _Line(delay, drift, max(1.0 - alarms, 0.0))
        for (_, _, delay), alarms in zip(windows, false_alarms, strict=True)
    ]


def _densest(
    values: Array, heights: Array, frames: NDArray[np.int64], count: int
) -> list[tuple[float, int, float]]:
    """The windows with the most height in them: that height, how many frames, the median of the values."""
    if not len(values):
        return [(0.0, 0, 0.0)]
    order = np.argsort(values, kind="stable")
    values, heights, frames = values[order], heights[order], frames[order]
    ends = np.searchsorted(values, values + _WIDTH, side="right")
    sums = np.concatenate([[0.0], np.cumsum(heights)])
    scores = sums[ends] - sums[:-1]
    found: list[tuple[float, int, float]] = []
    for _ in range(count):
        first = int(np.argmax(scores))
        if scores[first] <= (0.5 * found[0][0] if found else 0.0):
            break
        inside = slice(first, int(ends[first]))
        place = float(np.median(values[inside]))
        found.append((float(scores[first]), len(np.unique(frames[inside])), place))
        scores[np.abs(values - values[first]) < 4 * _WIDTH] = 0.0
    return found or [(0.0, 0, 0.0)]


def _refined(track: Read, mix: Read, starts: list[int], guess: Alignment, sample_rate: int) -> Alignment:
    """Delay and drift at which the frames' correlations, summed along the line, are highest.

    Frames are cut in four, so that drift within them does not smear their peaks.
    """
    parts = [start + part for start in starts for part in range(0, _FRAME, _PART)]
    local = [_local(track, mix, start, guess, sample_rate) for start in parts]
    curves, ceiling = np.stack([curve for curve, _ in local]), sum(most for _, most in local)
    away = np.array(parts) + _PART / 2
    middle, span = float(away.mean()), float(np.ptp(away))
    away = (away - middle) / span

    def height(places: NDArray[np.floating]) -> float:
        """Of the sum where it is moved by places[0] samples, and by places[1] from first to last frame."""
        return float(_at(curves, places[0] + places[1] * away).sum())

    steps = np.arange(-_WIDTH, _WIDTH + 0.1, 0.5)
    grid = np.array([(delay, bend) for delay in steps for bend in steps])
    rough = np.array([height(place) for place in grid])
    best = int(np.argmax(np.abs(rough)))
    sign = -1.0 if rough[best] < 0.0 else 1.0

    def depth(places: NDArray[np.floating]) -> float:
        return -sign * height(places)

    found = minimize(depth, [float(place) for place in grid[best]], method="Nelder-Mead", tol=1e-5).x
    without = -1e-6 * guess.drift_ppm * span  # the bend of a line without any drift
    level = minimize_scalar(
        lambda place: depth(np.array([place, without])), (found[0] - 0.5, found[0] + 0.5)
    ).x
    if depth(np.array([level, without])) <= _AS_GOOD * depth(found):
        found = np.array([level, without])
    drift = float(found[1]) / span
    delay = guess.delay_samples + float(found[0]) - drift * middle
    drift_ppm = 0.0 if found[1] == without else guess.drift_ppm + 1e6 * drift
    likeness = min(max(-depth(found) / max(ceiling, 1e-300), 0.0), 1.0)
    return Alignment(delay, drift_ppm, sign < 0.0, likeness=likeness)


def _local(track: Read, mix: Read, start: int, guess: Alignment, sample_rate: int) -> tuple[Array, float]:
    """The GCC-PHAT of part of a frame round the guessed line, in steps of an eighth of a sample.

    Beside it its height if the mix were the track.
    """
    middle = start + _PART / 2
    expected = guess.position(middle) - middle
    whole, size = round(expected), 2 * _PART
    window = np.hanning(_PART)
    frame, heard = track(start, _PART) * window, mix(start + whole, _PART) * window
    spectrum = _phat(rfft(frame, size), rfft(heard, size), size, sample_rate)
    turn = np.exp(2j * np.pi * np.arange(len(spectrum)) * (expected - whole) / size)
    near = np.roll(irfft(spectrum * turn, size), _ROUND)[: 2 * _ROUND] * tukey(2 * _ROUND, 0.5)
    fine: Array = resample(near, 2 * _ROUND * _OVERSAMPLING)
    middle_step, half = _ROUND * _OVERSAMPLING, _REACH * _OVERSAMPLING
    return fine[middle_step - half : middle_step + half + 1], 2.0 * float(np.abs(spectrum).sum()) / size


def _at(curves: Array, places: Array) -> Array:
    """Each curve at its place in samples, by the cubic through four points."""
    steps = np.clip((places + _REACH) * _OVERSAMPLING, 1.0, curves.shape[1] - 3.0)
    whole = steps.astype(np.int64)
    t = steps - whole
    a, b, c, d = (curves[np.arange(len(curves)), whole + k] for k in (-1, 0, 1, 2))
    return np.asarray(
        -t * (t - 1) * (t - 2) / 6 * a
        + (t + 1) * (t - 1) * (t - 2) / 2 * b
        - (t + 1) * t * (t - 2) / 2 * c
        + (t + 1) * t * (t - 1) / 6 * d
    )

"""The test signals of EBU Tech 3341 and 3342 by their definitions, and ffmpeg's meter beside them.

Not here: 3341 #6 (five channels), #7 and #8 (recordings), 3342 #5 and #6 (the same recordings).
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import firwin

from tests.conftest import skip_or_fail

Audio = NDArray[np.float64]
Tones = list[tuple[float, float]]  # seconds, dBFS

INTEGRATED: dict[str, tuple[Tones, float]] = {
    "3341-1": ([(20, -23)], -23),
    "3341-2": ([(20, -33)], -33),
    "3341-3": ([(10, -36), (60, -23), (10, -36)], -23),
    "3341-4": ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),
    "3341-5": ([(20, -26), (20.1, -20), (20, -26)], -23),
}
RANGE: dict[str, tuple[Tones, float]] = {
    "3342-1": ([(20, -20), (20, -30)], 10),
    "3342-2": ([(20, -20), (20, -15)], 5),
    "3342-3": ([(20, -40), (20, -20)], 20),
    "3342-4": ([(20, -50), (20, -35), (20, -20), (20, -35), (20, -50)], 15),
}
CONSTANT_SHORT_TERM: Tones = [(1.34, -20), (1.66, -30)] * 5  # 3341-9: −23 LUFS from 3 s on
CONSTANT_MOMENTARY: Tones = [(0.18, -20), (0.22, -30)] * 25  # 3341-12: −23 LUFS from 1 s on
SILENCE = -np.inf
# 3341-10 and 3341-13: twenty files, the loudest 3 s or 400 ms of each at −23 LUFS.
MAXIMUM_SHORT_TERM: list[Tones] = [[(i * 0.15, SILENCE), (3, -23), (1, SILENCE)] for i in range(20)]
MAXIMUM_MOMENTARY: list[Tones] = [[(i * 0.02, SILENCE), (0.4, -23), (1, SILENCE)] for i in range(20)]
# 3341-11 and 3341-14: one running signal, its twenty successive maxima −38, −37, … −19 LUFS.
LIVE_SHORT_TERM: list[Tones] = [
    [(i * 0.15, SILENCE), (3, -38 + i), (3 - i * 0.15, SILENCE)] for i in range(20)
]
LIVE_MOMENTARY: list[Tones] = [
    [(i * 0.02, SILENCE), (0.4, -38 + i), (0.4 - i * 0.02, SILENCE)] for i in range(20)
]


def tones(parts: Tones, sample_rate: int = 48000) -> Audio:
    """A 1 kHz sine in phase in both channels that runs through the given levels. Shape: → (2, samples)."""
    edges = np.cumsum([0.0] + [seconds for seconds, _ in parts])
    edges = np.round(edges * sample_rate).astype(int)
    gains = [10.0 ** (level_db / 20.0) for _, level_db in parts]
    gain = np.repeat(gains, np.diff(edges))
    sine = np.sin(2.0 * np.pi * 1000.0 * np.arange(edges[-1]) / sample_rate)
    return np.stack([gain * sine] * 2)


# 3341-15 … 19: periods in samples, amplitude, phase in degrees → dBTP.
SINES: dict[str, tuple[int, float, float, float]] = {
    "3341-15": (4, 0.5, 0.0, -6.0),
    "3341-16": (4, 0.5, 45.0, -6.0),
    "3341-17": (6, 0.5, 60.0, -6.0),
    "3341-18": (8, 0.5, 67.5, -6.0),
    "3341-19": (4, 1.41, 45.0, 3.0),
}
BURST_OFFSETS = {"3341-20": 0, "3341-21": 1, "3341-22": 2, "3341-23": 3}  # all 0 dBTP
ABOVE_DB, BELOW_DB = 0.2, 0.4  # what the true-peak cases allow


def sine(period: int, amplitude: float, phase_degrees: float, sample_rate: int = 48000) -> Audio:
    """One second of a sine with 10 ms fades. Shape: → (2, samples)."""
    wave = amplitude * np.sin(2.0 * np.pi * np.arange(sample_rate) / period + np.deg2rad(phase_degrees))
    return np.stack([_tapered(wave, sample_rate // 100)] * 2)


def burst(offset: int) -> Audio:
    """A sine of fs/6 at .5 with one period of fs/4 at 1, made at 4·fs, low-passed, each fourth kept."""
    around = 0.5 * np.sin(2.0 * np.pi * np.arange(24 * 500) / 24)
    period = np.sin(2.0 * np.pi * np.arange(16) / 16)
    fast = _tapered(np.concatenate([around, period, around]), 1920)
    filtered = np.convolve(fast, firwin(1025, 0.45, fs=4.0), mode="same")
    return np.stack([filtered[offset::4]] * 2)


def _tapered(wave: Audio, fade: int) -> Audio:
    ramp = np.ones_like(wave)
    ramp[:fade] = np.arange(fade) / fade
    ramp[-fade:] = ramp[:fade][::-1]
    return wave * ramp


@dataclass(frozen=True)
class FfmpegReading:
    """What ffmpeg's ebur128 filter says; the series have a value per 100 ms, −120.691 for nothing heard."""

    integrated_lufs: float
    range_lu: float
    true_peak_db: float
    momentary_lufs: Audio
    short_term_lufs: Audio


def ffmpeg_reading(audio: Audio, sample_rate: int, folder: Path) -> FfmpegReading:
    """Meter audio (channels, samples) with ffmpeg; skips the test where there is none.

    It hears whole tenths of a second only: what remains at the end is in none of its numbers. The true peak
    comes as a linear number of three decimals: scale the audio to full scale to resolve it.
    """
    if shutil.which("ffmpeg") is None:
        skip_or_fail("ffmpeg is not installed")
    path = folder / "ebu.wav"
    soundfile.write(path, audio.T, sample_rate, subtype="FLOAT")
    chain = "ebur128=metadata=1:peak=true,ametadata=mode=print:file=-"
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", chain, "-f", "null", "-"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return FfmpegReading(
        integrated_lufs=_series(printed, "I")[-1],
        range_lu=_series(printed, "LRA")[-1],
        true_peak_db=20.0 * np.log10(_series(printed, "true_peak")[-1]),
        momentary_lufs=_series(printed, "M"),
        short_term_lufs=_series(printed, "S"),
    )


def _series(printed: str, name: str) -> Audio:
    return np.array([float(x) for x in re.findall(rf"^lavfi\.r128\.{name}=(.*)$", printed, re.MULTILINE)])

"""What was measured on a piece of audio, as plain values: the parts that every report is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float] | NDArray[np.floating]
"""Values in order; −inf stands for silence, NaN for "not known"."""


@dataclass(frozen=True, eq=False)
class Series:
    """A value that moves in time.

    Args:
        times_s: seconds from the song's start, rising.
        values: one for each time; −inf is silence, NaN a gap.
    """

    times_s: Numbers
    values: Numbers


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A long-term average spectrum in fractional-octave bands; plots smooth it to thirds of an octave.

    Args:
        power: mean power in each band of `dsp.spectrum.band_centres_hz(bands_per_octave)`, linear, full scale
            at 1; 0 is silence. Pink noise is flat.
        bands_per_octave: 3, or a multiple of 3.
    """

    power: Numbers
    bands_per_octave: int = 3


@dataclass(frozen=True)
class StereoBand:
    """How wide a mix is between two frequencies.

    Args:
        low_hz, high_hz: the band.
        width: energy of L − R over energy of L + R; 0 is mono, 1 is unrelated channels.
        correlation: of left and right, −1 … 1; 1 is mono, below 0 is lost when summed to mono.
    """

    low_hz: float
    high_hz: float
    width: float
    correlation: float


@dataclass(frozen=True, eq=False)
class Audio:
    """Samples in memory, for short things; a song should be given as the path of its file.

    Args:
        samples: (channels, samples) or (samples,), full scale at ±1.
        sample_rate: in Hz.
    """

    samples: NDArray[np.floating]
    sample_rate: int


@dataclass(frozen=True, eq=False)
class Clip:
    """Audio that can be heard on a page: a file (or a few samples) and the part of it that matters.

    Args:
        source: an audio file, read in blocks and only where needed, or samples.
        start_s, end_s: the part to play, in seconds; `end_s` None is the end of the file.
        focus_s: the moment around which an excerpt is cut where the page has no room for all of it; None
            looks for the loudest passage, which reads the file once.
    """

    source: Path | Audio
    start_s: float = 0.0
    end_s: float | None = None
    focus_s: float | None = None


@dataclass(frozen=True, eq=False)
class Programme:
    """A finished piece of audio and what was measured on it: a mix, a plain sum, a reference.

    Args:
        name: how tables and legends call it: `Mix`, `Sum`, `Reference`.
        integrated_lufs: BS.1770 integrated loudness; −inf is silence.
        range_lu: loudness range (EBU Tech 3342).
        true_peak_db: in dBTP.
        width: energy of L − R over energy of L + R.
        correlation: of left and right, −1 … 1; NaN if silent.
        momentary_lufs, short_term_lufs: loudness over time (400 ms, 3 s); a time is the window's end.
        spectrum: long-term average.
        bands: stereo image by frequency.
        clip: the audio itself, for a player.
    """

    name: str
    integrated_lufs: float
    range_lu: float
    true_peak_db: float
    width: float
    correlation: float
    momentary_lufs: Series | None = None
    short_term_lufs: Series | None = None
    spectrum: Spectrum | None = None
    bands: tuple[StereoBand, ...] = ()
    clip: Clip | None = None

    @property
    def peak_to_loudness_db(self) -> float:
        """PLR: true peak − integrated loudness."""
        return self.true_peak_db - self.integrated_lufs

"""What a mix is made of, as plain values: filled by whoever mixed, read by the page and by mix.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gainstage.report.measured import Clip, Programme, Spectrum
from gainstage.report.settings import Strip


@dataclass(frozen=True, eq=False)
class Track:
    """One input of the mix.

    Args:
        strip: what it was set to.
        file: name of its file, without the folder.
        role: such as `lead_vocal`.
        group: such as `vocals`.
        channels: 1 (mono) or 2.
        trim_db: gain staging, before everything else.
        role_source: how the role is known: `name`, `its sound, 71 % sure`, `given`; empty: not said.
        loudness_before_lufs: as it is in the file; −inf is silence.
        loudness_after_lufs: as it stands in the mix, after fader and pan.
        peak_before_db, peak_after_db: sample peak in dBFS, in the same places.
        spectrum_before, spectrum_after: long-term averages, in the same places.
        dry, wet: the audio, in the same places.
    """

    strip: Strip
    file: str
    role: str
    group: str
    channels: int
    trim_db: float
    role_source: str = ""
    loudness_before_lufs: float = float("nan")
    loudness_after_lufs: float = float("nan")
    peak_before_db: float = float("nan")
    peak_after_db: float = float("nan")
    spectrum_before: Spectrum | None = None
    spectrum_after: Spectrum | None = None
    dry: Clip | None = None
    wet: Clip | None = None


@dataclass(frozen=True, eq=False)
class MixResult:
    """A song that was mixed.

    Args:
        song: its name.
        engineer: who mixed, in words: `rules engineer, style none`, `checkpoint 3f2a…`, `sum`.
        sample_rate: of the console, in Hz.
        duration_s: of the mix, tail included.
        tracks: in the order in which a person would like to read them.
        groups, returns: the buses in use.
        master: the strip of the sum.
        output_gain_db: gain after the master's processors.
        mix: what came out.
        sum: the plain sum of the stems, to compare with; None: not measured.
        reference: a reference, if there was one.
        reasons: sentences about the mix as a whole (loudness reached, why it was turned down).
        warnings: sentences about the input and about what could not be done.
        conventions: name → law, only where it differs from `strip_words.CONVENTIONS` or adds to it.
        files: what was written, as (file name, what it is).
        versions: name → version.
    """

    song: str
    engineer: str
    sample_rate: int
    duration_s: float
    tracks: tuple[Track, ...]
    master: Strip
    output_gain_db: float
    mix: Programme
    sum: Programme | None = None
    reference: Programme | None = None
    groups: tuple[Strip, ...] = ()
    returns: tuple[Strip, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    conventions: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, str], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

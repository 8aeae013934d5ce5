"""A song folder as a manifest row with everything measured: staging loudness, and the loudness of the mix."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gainstage.data.audio_file import probe
from gainstage.data.folder import scan_folder
from gainstage.data.hearing import hear
from gainstage.data.manifest import AudioRef, Song
from gainstage.dsp.gain_staging import stage_meter
from gainstage.dsp.gating import ABSOLUTE_GATE_LUFS
from gainstage.dsp.meter import LoudnessMeter


@dataclass(frozen=True)
class Measured:
    """A song folder, measured.

    Args:
        song: its row; named after the folder, which is absolute.
        warnings: what a person should know, a sentence each.
    """

    song: Song
    warnings: tuple[str, ...]


def measure_song(folder: Path, *, roles: Mapping[str, str] | None = None) -> Measured:
    """Hear a song folder once (its mix twice).

    Args:
        folder: as `scan_folder` takes it.
        roles: name of a stem → role, where the name of the file does not say it.

    Raises:
        AudioFileError: see `scan_folder`.
        ValueError: roles that do not fit.
    """
    scan = scan_folder(folder, roles=roles, listen=_Listener)
    tracks = [
        track.model_copy(update={"loudness_lufs": stage_meter(scan.heard[track.name].meter)[0].loudness_lufs})
        for track in scan.song.tracks
    ]
    mix = scan.song.mix and _with_loudness(folder, scan.song.mix)
    update = {"folder": str(folder.resolve()), "tracks": tuple(tracks), "mix": mix}
    return Measured(scan.song.model_copy(update=update), scan.warnings)


class _Listener:
    def __init__(self, channels: int, sample_rate: int) -> None:
        self.meter = LoudnessMeter(1, channels, sample_rate=sample_rate, dual_mono=True, true_peak=False)

    def hear(self, block: Tensor) -> None:
        self.meter.update(block[None])


def _with_loudness(folder: Path, mix: AudioRef) -> AudioRef:
    """The mix with its integrated loudness; None if nothing in it is above −70 LUFS."""
    heard = hear(probe(folder / mix.file), sample_rate=mix.sample_rate, listen=_Listener)
    loudness = float(heard.listener.meter.integrated_lufs[0])
    return mix.model_copy(update={"loudness_lufs": loudness if loudness > ABSOLUTE_GATE_LUFS else None})

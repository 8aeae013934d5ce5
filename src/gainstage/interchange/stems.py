"""The audio of an export: 32-bit float WAV files that all start with the song and are of one length."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gainstage.interchange.desk import Place
from gainstage.interchange.freezing import Live, Tap


@dataclass(frozen=True)
class Stems:
    """Where the audio lies.

    Args:
        mix: the mix.
        dry: each track as it came, at the session's rate, mono or stereo as the session has it.
        wet: each track behind its strip, stereo.
        buses: groups and returns behind their strips, those that something feeds.
        taps: signals inside strips, for what a tool cannot do itself.
        responses: impulse responses of reverbs and delays that are in use, both channels struck at once.
        num_samples: length of all but the responses.
        sample_rate: in Hz.
    """

    mix: Path
    dry: tuple[Path, ...]
    wet: tuple[Path, ...]
    buses: Mapping[Place, Path]
    taps: Mapping[Tap, Path]
    responses: Mapping[Tap, Path]
    num_samples: int
    sample_rate: int

    def of(self, live: Live) -> Path | None:
        """The audio that a strip plays; None for a bus, which plays what comes in."""
        if live.tap is not None:
            return self.taps[live.tap]
        return self.dry[live.strip.index] if live.strip.section == "tracks" else None


def place(source: Path, target: Path) -> None:
    """Put a file where another needs it too: the same one under a second name, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)

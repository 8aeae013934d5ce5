"""How near do engineers who know nothing of the composer's mix come to it, on real songs?

    python -m benchmarks.engineers --data ../shared/data

For every LMMS song with the composer's own mix, each track is first moved by a seeded gain of up to ±12 dB,
the same draws for all engineers. Then each engineer mixes, and its mix is compared with the composer's: both
at −20 LUFS, whole songs, MR-STFT `sum_difference` and the AF loss. Lower is nearer.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from benchmarks.record import write_results
from torch import Tensor

from gainstage.data.wav_file import write_wav
from gainstage.dsp.loudness import integrated_loudness
from gainstage.losses.audio_features import AudioFeatureLoss
from gainstage.losses.mrstft import MultiResolutionSTFT
from gainstage.mixing.mix import mix

ENGINEERS = ("sum", "equal_loudness_panned", "rules")
MOVED_DB = 12.0


@dataclass(frozen=True)
class Distance:
    """How far one mix is from the composer's."""

    song: str
    engineer: str
    sum_difference: float
    af: float
    width: float
    composer_width: float


def moved_stems(song: Path, folder: Path, *, seed: int) -> None:
    """The stems of a song, each at another level."""
    folder.mkdir(parents=True)
    draws = np.random.default_rng(seed)
    for path in sorted((song / "stems").iterdir()):
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        gain = 10.0 ** (draws.uniform(-MOVED_DB, MOVED_DB) / 20.0)
        write_wav(folder / f"{path.stem}.wav", (gain * audio.T).astype(np.float32), sample_rate=rate)


def read(path: Path) -> tuple[Tensor, int]:
    """A stereo file at −20 LUFS."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    signal = torch.from_numpy(audio.T.copy()).expand(2, -1)
    loudness = float(integrated_loudness(signal, sample_rate=rate))
    return signal * 10.0 ** ((-20.0 - loudness) / 20.0), rate


def width(audio: Tensor) -> float:
    """Energy of L − R over energy of L + R."""
    return float((audio[0] - audio[1]).square().mean() / (audio[0] + audio[1]).square().mean())


def distances(song: Path, *, seed: int) -> list[Distance]:
    """All engineers on one song."""
    found = []
    target, rate = read(song / "mix.flac")
    stft, af = MultiResolutionSTFT("sum_difference", sample_rate=rate), AudioFeatureLoss(sample_rate=rate)
    with tempfile.TemporaryDirectory() as scratch:
        stems = Path(scratch) / "stems"
        moved_stems(song, stems, seed=seed)
        for engineer in ENGINEERS:
            mix(stems, Path(scratch) / engineer, engineer=engineer, tail=False, report=False)
            estimate, _ = read(Path(scratch) / engineer / "mix.wav")
            length = min(estimate.shape[1], target.shape[1])
            pair = estimate[None, :, :length], target[None, :, :length]
            with torch.inference_mode():
                found.append(
                    Distance(
                        song.name,
                        engineer,
                        float(stft(*pair)),
                        float(af(*pair)),
                        width(estimate),
                        width(target),
                    )
                )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of real multitracks")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows: list[Distance] = []
    for song in sorted((arguments.data / "lmms-demos").iterdir()):
        if (song / "mix.flac").is_file():
            rows += distances(song, seed=arguments.seed)
            for row in rows[-len(ENGINEERS) :]:
                print(row, flush=True)
    for engineer in ENGINEERS:
        of = [row for row in rows if row.engineer == engineer]
        means = [float(np.median([getattr(row, key) for row in of])) for key in ("sum_difference", "af")]
        print(f"median {engineer}: sum_difference {means[0]:.3f}, AF {means[1]:.3f}")
    write_results("engineers", __doc__, rows)


if __name__ == "__main__":
    main()

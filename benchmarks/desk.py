"""The console that several benchmarks render on: every processor of every strip at work."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from benchmarks.contest import POOL
from benchmarks.peers import optional
from numpy.typing import NDArray
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.console.spec import ConsoleSpec
from gainstage.dsp.gain import db_to_gain
from gainstage.dsp.octaves import BANDS_HZ
from gainstage.dsp.panning import balance_gains, pan_gains
from gainstage.dsp.reverb import reverb_response

RATE = 44_100
T60_S, PRE_DELAY_S = 1.46, 0.02  # a response of 65 536 samples
SPEC = ConsoleSpec.model_validate(
    {
        "tracks": ["trim", "equaliser", "compressor", "pan"],
        "returns": ["reverb"],
        "return_names": ["reverb"],
        "master": ["equaliser", "compressor", "output_gain"],
    }
)
EQUALISER_DB = {"low_shelf": 6, "peak_1": -4, "peak_2": 5, "peak_3": -6, "peak_4": 3, "high_shelf": 4}
SETTINGS = {
    "trim.gain_db": 2.0,
    **{f"equaliser.{band}_gain_db": float(gain) for band, gain in EQUALISER_DB.items()},
    "compressor.threshold_db": -24.0,
    "compressor.ratio": 4.0,
    "compressor.attack_ms": 5.0,
    "compressor.release_ms": 100.0,
    "compressor.makeup_db": 3.0,
    "send_reverb.level_db": -12.0,
    "reverb.mix": 1.0,
    "reverb.pre_delay_ms": 1000.0 * PRE_DELAY_S,
    **{f"reverb.t60_{band}hz_s": T60_S for band in BANDS_HZ},
    "output_gain.gain_db": -6.0,
}
pedalboard = optional("pedalboard")

Samples = NDArray[np.float32]
Board = Callable[..., Samples]


def settings(*, batch: int, tracks: int) -> Parameters:
    """Of all strips; tracks are panned from left to right and differ a little in their trim."""
    console = Console(SPEC)
    values = console.neutral(batch=batch, tracks=tracks)
    for section, layout in console.layout.items():
        for i, column in enumerate(layout.columns):
            if column.path in SETTINGS:
                values.values[section][..., i] = SETTINGS[column.path]
    layout = console.layout["tracks"]
    values.values["tracks"][..., layout.index("pan", "position")] = positions(tracks)
    values.values["tracks"][..., layout.index("trim", "gain_db")] += 0.1 * torch.arange(tracks)
    return values


def positions(tracks: int) -> Tensor:
    """Of the panners."""
    return torch.linspace(-0.8, 0.8, tracks, dtype=torch.float64)


@dataclass(frozen=True)
class PedalboardDesk:
    """The same console of pedalboard's plug-ins: a track or a song a call, two threads.

    Panners and sends, which it has not, are matrix products in numpy.
    """

    tracks: list[Board]
    reverb: Board
    master: Board
    gains: Samples  # (4, tracks · channels): left and right of the dry sum, then of the send

    def render(self, audio: Samples, *, reset: bool = True) -> Samples:
        """Shape: audio (tracks, channels, samples) → (2, samples)."""
        parts = POOL.map(lambda board, track: board(track, RATE, reset=reset), self.tracks, audio)
        buses = self.gains @ np.concatenate(list(parts))
        return self.master(buses[:2] + self.reverb(buses[2:], RATE, reset=reset), RATE, reset=reset)


def pedalboard_desk(tracks: int, *, channels: int, convolution: bool) -> PedalboardDesk:
    """A desk for a song.

    Args:
        tracks: how many.
        channels: of each track.
        convolution: with our response in its convolution; or with its own, algorithmic reverb.
    """
    left, right = balance_gains(positions(tracks))
    stereo = torch.stack([left, 0.0 * left, 0.0 * left, right], -1).view(-1, 2).T
    pan = (stereo if channels == 2 else pan_gains(positions(tracks), law="sine")).numpy()
    send = float(db_to_gain(torch.tensor(SETTINGS["send_reverb.level_db"])))
    if convolution:
        t60_s = torch.full((1, len(BANDS_HZ)), T60_S)
        response = reverb_response(
            t60_s, torch.zeros_like(t60_s), torch.tensor([PRE_DELAY_S]), seed=0, sample_rate=RATE
        )
        reverb = pedalboard.Convolution(response[0].numpy(), sample_rate=float(RATE))
    else:
        reverb = pedalboard.Reverb(wet_level=1.0, dry_level=0.0)
    return PedalboardDesk(
        [
            pedalboard.Pedalboard([pedalboard.Gain(SETTINGS["trim.gain_db"] + 0.1 * i), *_tone(), _squeeze()])
            for i in range(tracks)
        ],
        reverb,
        pedalboard.Pedalboard([*_tone(), _squeeze(), pedalboard.Gain(SETTINGS["output_gain.gain_db"])]),
        np.concatenate([pan, send * pan]).astype(np.float32),
    )


def _tone() -> list[object]:
    kinds = [pedalboard.LowShelfFilter, *[pedalboard.PeakFilter] * 4, pedalboard.HighShelfFilter]
    frequencies = (100.0, 250.0, 700.0, 2500.0, 6000.0, 8000.0)
    qs = (0.7, 1.0, 1.0, 1.0, 1.0, 0.7)
    gains = EQUALISER_DB.values()
    return [kind(*band) for kind, *band in zip(kinds, frequencies, gains, qs, strict=True)]


def _squeeze() -> object:
    return pedalboard.Compressor(*(SETTINGS[f"compressor.{x}"] for x in _COMPRESSOR))


_COMPRESSOR = ("threshold_db", "ratio", "attack_ms", "release_ms")

"""Dry tracks made wet: each through a channel strip whose settings are drawn, as somebody's taste would."""

import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.console.spec import named
from gainstage.dsp.features import FeatureMeter
from gainstage.dsp.gain_staging import stage_audio
from gainstage.dsp.track_features import TrackFeatures

_EQ_DB, _MOST_PAN, _REVERB = 5.0, 0.7, 0.5


def strip() -> Console:
    """The strip."""
    return Console(named("channel_strip"))


def wet(track: Tensor, console: Console, *, sample_rate: int, seed: int) -> Tensor:
    """A dry track through a drawn strip: equaliser, compressor, pan and width, in half of all cases a room.

    Args:
        track: mono or stereo.
        console: `strip()`.
        sample_rate: in Hz.
        seed: of the settings.

    Shape: (1 or 2, samples) → (2, samples)
    """
    staged = track * 10.0 ** (stage_audio(track, sample_rate=sample_rate).trim_db / 20.0)
    with torch.inference_mode():
        mixed: Tensor = console.render(
            staged.expand(2, -1)[None, None],
            _drawn(console, seed),
            sample_rate=sample_rate,
            is_stereo=torch.tensor([[len(track) == 2]]),
        ).mix
    return mixed[0].clone()


def _drawn(console: Console, seed: int) -> Parameters:
    draw = torch.Generator().manual_seed(seed)

    def between(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=draw))

    def normal(spread: float) -> float:
        return spread * float(torch.randn((), generator=draw))

    settings = console.neutral(batch=1, tracks=1)
    layout, row = console.layout["tracks"], settings.values["tracks"][0, 0]
    for column in layout.columns:
        if column.path.startswith("equaliser.") and column.parameter.name.endswith("_gain_db"):
            row[layout.index("equaliser", column.parameter.name)] = min(max(normal(_EQ_DB), -15.0), 15.0)
    chosen = {
        ("compressor", "threshold_db"): between(-45.0, -15.0),
        ("compressor", "ratio"): between(1.5, 8.0),
        ("compressor", "attack_ms"): 10.0 ** between(0.0, 1.5),
        ("compressor", "release_ms"): 10.0 ** between(1.5, 2.7),
        ("pan", "position"): between(-_MOST_PAN, _MOST_PAN),
        ("width", "width"): between(0.4, 1.8),
        ("fader", "gain_db"): normal(6.0),
    }
    names = list(console.strips["tracks"])
    if between(0.0, 1.0) < _REVERB:
        chosen["reverb", "mix"] = between(0.05, 0.4)
        settings.bypass["tracks"][0, 0, names.index("reverb")] = False
    for place, value in chosen.items():
        row[layout.index(*place)] = value
    return settings


def features_of(audio: Tensor, sample_rate: int) -> TrackFeatures:
    """The features of a track, mono if its channels are equal."""
    if len(audio) == 2 and torch.equal(audio[0], audio[1]):
        audio = audio[:1]
    meter = FeatureMeter(len(audio), sample_rate=sample_rate)
    meter.update(audio)
    return meter.result()

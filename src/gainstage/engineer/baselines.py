"""Engineers who do not listen, defined once so that every table means the same by them."""

from collections.abc import Sequence

import numpy as np
import torch

from gainstage.console.console import Console
from gainstage.console.layout import SectionLayout
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.engineer.hearing import HeardTrack

_CENTRED = {"kick", "snare", "bass", "lead_vocal"}
_TRACK_EFFECTS = ("high_pass", "equaliser", "compressor")
_MASTER_EFFECTS = ("equaliser", "compressor")
_PAN_STEP = 0.25
_FADER_RANGE_DB = (-18.0, 6.0)  # a uniform draw over all of −60 … +12 dB would mute most tracks


def sum_of_tracks(tracks: Sequence[HeardTrack]) -> MixDecision:
    """The plain sum: trims and faders at 0 dB, everything else off."""
    strip = StripDecision({}, bypass=_TRACK_EFFECTS, reasons=("as it came: the plain sum changes nothing",))
    return _nothing_but(tuple(strip for _ in tracks), "sum")


def equal_loudness_panned(tracks: Sequence[HeardTrack]) -> MixDecision:
    """All tracks equally loud: staged to −23 LUFS, faders at 0 dB, mono tracks fanned out.

    Kick, snare, bass and lead vocal stand in the centre; the other mono tracks, in the order of their content
    hash, at −.25, +.25, −.5, +.5, … (at most ±1); stereo tracks as they are.
    """
    fanned = [i for i, t in enumerate(tracks) if t.features.channels == 1 and t.role not in _CENTRED]
    fanned.sort(key=lambda i: (tracks[i].content_hash, tracks[i].role))
    position = {i: _fan(place) for place, i in enumerate(fanned)}
    strips = []
    for i, track in enumerate(tracks):
        trim_db, pan = track.features.trim_db, position.get(i, 0.0)
        values = {"trim": {"gain_db": trim_db}, "pan": {"position": pan}}
        reason = f"trimmed {trim_db:+.1f} dB to −23 LUFS like all others, panned {pan:+.2f}"
        strips.append(StripDecision(values, bypass=_TRACK_EFFECTS, reasons=(reason,)))
    return _nothing_but(tuple(strips), "equal_loudness_panned")


def random_settings(tracks: Sequence[HeardTrack], console: Console, *, seed: int) -> MixDecision:
    """A console set by dice: driven parameters uniform in their unit range, faders in −18 … +6 dB.

    Tracks are gain-staged and drawn in the order of their content hash, so that the order of files plays no
    part. A table takes the mean over 5 seeds.
    """
    draw = np.random.default_rng(seed)
    order = sorted(range(len(tracks)), key=lambda i: (tracks[i].content_hash, tracks[i].role))
    strips: dict[int, StripDecision] = {}
    reason = (f"drawn by dice (seed {seed})",)
    for i in order:
        staged = {"trim": {"gain_db": tracks[i].features.trim_db}}
        strips[i] = StripDecision(staged | _dice(console.layout["tracks"], draw), reasons=reason)
    returns = {
        name: StripDecision(_dice(console.layout["returns"], draw), reasons=reason)
        for name in console.spec.return_names
    }
    master = StripDecision(_dice(console.layout["master"], draw), reasons=reason)
    in_order = tuple(strips[i] for i in range(len(tracks)))
    return MixDecision("random", in_order, returns, master, {"random": seed})


def _nothing_but(tracks: tuple[StripDecision, ...], engineer: str) -> MixDecision:
    returns = {"reverb": StripDecision({}, bypass=("reverb",))}
    return MixDecision(engineer, tracks, returns, StripDecision({}, bypass=_MASTER_EFFECTS))


def _fan(place: int) -> float:
    side = -1.0 if place % 2 == 0 else 1.0
    return side * min(_PAN_STEP * (place // 2 + 1), 1.0)


def _dice(layout: SectionLayout, draw: np.random.Generator) -> dict[str, dict[str, float]]:
    values: dict[str, dict[str, float]] = {}
    for i in layout.driven:
        column = layout.columns[i]
        unit = float(draw.uniform())
        if column.path == "fader.gain_db":
            low, high = _FADER_RANGE_DB
            physical = low + unit * (high - low)
        else:
            physical = float(column.parameter.from_unit(torch.tensor(unit)))
        values.setdefault(column.processor, {})[column.parameter.name] = physical
    return values

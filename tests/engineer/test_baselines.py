"""The engineers who do not listen: neutral, as defined, and fair dice."""

from itertools import pairwise

import numpy as np
import torch

from gainstage.console.console import Console
from gainstage.console.spec import named
from gainstage.engineer.baselines import equal_loudness_panned, random_settings, sum_of_tracks
from gainstage.engineer.hearing import HeardTrack
from gainstage.processors import find
from tests.engineer.scene import RATE, band, small_band, track


def test_the_sum_sets_nothing() -> None:
    decision = sum_of_tracks(small_band())
    assert all(
        strip.values == {} for strip in (*decision.tracks, *decision.returns.values(), decision.master)
    )
    effects = {part.name for part in named("basic").tracks} - {"trim", "fader", "pan"}
    assert all(set(strip.bypass) == effects for strip in decision.tracks)


def test_equal_loudness_stages_and_fans_out_by_content_hash() -> None:
    mono = [
        HeardTrack("keys", track("keys", band(300, 2000, i)).features, name) for i, name in enumerate("dbeac")
    ]
    lead = HeardTrack("lead_vocal", track("lead_vocal", band(300, 2000, 9)).features, "0")
    pad = track("pad", torch.cat([band(300, 2000, 7), band(300, 2000, 8)]))
    strips = equal_loudness_panned([*mono, lead, pad]).tracks
    # hashes a b c d e stand at −.25, +.25, −.5, +.5, −.75
    assert [s.values["pan"]["position"] for s in strips] == [0.5, 0.25, -0.75, -0.25, -0.5, 0.0, 0.0]
    assert [s.values["trim"]["gain_db"] for s in strips[:5]] == [t.features.trim_db for t in mono]
    assert all("fader" not in s.values for s in strips)


def test_many_tracks_fan_out_no_further_than_the_sides() -> None:
    keys = track("keys", band(300, 2000))
    places = [s.values["pan"]["position"] for s in equal_loudness_panned([keys] * 40).tracks]
    assert min(places) == -1.0
    assert max(places) == 1.0


def test_dice_are_uniform_over_what_is_driven_and_spare_the_rest() -> None:
    console = Console(named("default"))
    tracks = small_band()
    drawn = [random_settings(tracks, console, seed=seed).tracks[0] for seed in range(100)]
    for processor, part in drawn[0].values.items():
        if processor == "trim":
            assert part["gain_db"] == tracks[0].features.trim_db
            continue
        for row in find("send" if processor.startswith("send_") else processor).table:
            if row.name not in part:
                continue
            physical = torch.tensor(
                [strip.values[processor][row.name] for strip in drawn], dtype=torch.float64
            )
            if processor == "fader":
                units = ((physical + 18.0) / 24.0).numpy()
            else:
                units = row.to_unit(physical).numpy()
            assert units.min() >= 0.0
            assert units.max() <= 1.0
            assert abs(units.mean() - 0.5) < 0.13
            assert abs(units.std() - np.sqrt(1 / 12)) < 0.06
    assert "makeup_db" not in drawn[0].values["compressor"]


def test_dice_do_not_look_at_the_order_of_files() -> None:
    console, tracks = Console(named("default")), small_band()
    plain = random_settings(tracks, console, seed=1).tracks
    moved = random_settings(tracks[::-1], console, seed=1).tracks
    assert moved[::-1] == plain
    assert all(a.values != b.values for a, b in pairwise(plain))


def test_silence_is_not_trimmed() -> None:
    quiet = track("keys", torch.zeros(1, RATE))
    assert equal_loudness_panned([quiet]).tracks[0].values["trim"]["gain_db"] == 0.0

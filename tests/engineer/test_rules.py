"""The rules engineer: it follows what it hears, the right way round, and nothing else."""

import re
from collections.abc import Mapping

import numpy as np
import pytest
import torch

from gainstage.console.spec import named
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.engineer.hear import hear
from gainstage.engineer.hearing import HeardTrack
from gainstage.engineer.rules import RulesEngineer
from gainstage.processors import find
from gainstage.roles.taxonomy import ROLES
from tests.engineer.scene import RATE, band, beats, decide, peak, small_band, track

BANDS = ("low_shelf", "peak_1", "peak_2", "peak_3", "peak_4", "high_shelf")


def strips(decision: MixDecision) -> list[StripDecision]:
    return [*decision.tracks, *decision.returns.values(), decision.master]


def flat(values: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {f"{name}.{key}": value for name, part in values.items() for key, value in part.items()}


def check_ranges(decision: MixDecision) -> None:
    for strip in strips(decision):
        for name, part in strip.values.items():
            table = {row.name: row for row in find("send" if name.startswith("send_") else name).table}
            for key, value in part.items():
                assert np.isfinite(value), f"{name}.{key}"
                assert table[key].low <= value <= table[key].high, f"{name}.{key} = {value}"


def test_every_processor_of_the_basic_console_is_set_and_explained_with_numbers() -> None:
    decision, spec = RulesEngineer().decide(hear(small_band())), named("basic")
    wanted = [part.name for part in spec.tracks] + [f"send_{name}" for name in spec.return_names]
    for strip in decision.tracks:
        assert sorted(strip.values) == sorted(wanted)
        assert set(strip.values["equaliser"]) == {r.name for r in find("equaliser").table}
        told = " ".join(strip.reasons)
        assert all(word in told for word in ("trimmed", "high-passed", "compressed", "fader", "reverb"))
        assert all(
            word in told for word in ("lows", "low mids", "resonance", "presence", "harshness", "highs")
        )
        numbered = [reason for reason in strip.reasons if re.search(r"\d", reason)]
        assert len(numbered) >= len(strip.reasons) - 2  # the centre, and a role that stays dry, need none
        assert not re.search(r"[-+−]0\.0+\b|[-+−]0 dB", told)
    assert list(decision.returns) == spec.return_names
    assert all(
        re.search(r"\d", reason) for reason in (*decision.returns["reverb"].reasons, *decision.master.reasons)
    )


def test_reasons_name_the_values_that_were_set() -> None:
    strip = decide(*small_band())[2]
    told = " ".join(strip.reasons)
    assert f"high-passed at {strip.values['high_pass']['frequency_hz']:.0f} Hz" in told
    assert f"fader at {strip.values['fader']['gain_db']:+.1f} dB" in told
    assert f"panned {strip.values['pan']['position']:+.2f}" in told
    assert f"{strip.values['compressor']['ratio']:.1f}:1" in told


@pytest.mark.parametrize("style", [None, 4])
def test_order_and_names_change_nothing(style: int | None) -> None:
    tracks, order = small_band(), [4, 6, 0, 3, 1, 5, 2]
    plain = RulesEngineer(style).decide(hear(tracks))
    moved = RulesEngineer(style).decide(
        hear([HeardTrack(tracks[i].role, tracks[i].features, f"other{i}") for i in order])
    )
    for k, i in enumerate(order):
        assert flat(moved.tracks[k].values) == pytest.approx(flat(plain.tracks[i].values), rel=1e-9, abs=1e-9)
    assert flat(moved.master.values) == pytest.approx(flat(plain.master.values), rel=1e-9)


def test_recorded_levels_change_nothing_but_trims() -> None:
    draw = np.random.default_rng(3)
    sounds = [
        ("guitar_electric", beats(band(150, 3000, 3), 3.0)),
        ("lead_vocal", band(150, 7000, 7)),
        ("pad", band(200, 900)),
    ]
    gains_db = draw.uniform(-12.0, 12.0, len(sounds))
    plain = decide(*(track(role, audio) for role, audio in sounds))
    moved = decide(*(track(r, a * 10.0 ** (g / 20.0)) for (r, a), g in zip(sounds, gains_db, strict=True)))
    for before, after, gain_db in zip(plain, moved, gains_db, strict=True):
        b, a = flat(before.values), flat(after.values)
        assert a.pop("trim.gain_db") == pytest.approx(b.pop("trim.gain_db") - gain_db, abs=1e-3)
        assert a == pytest.approx(b, rel=2e-4, abs=2e-4)


def test_the_voice_and_the_low_end_stand_in_the_centre() -> None:
    kick, bass, *_, voice, _ = decide(*small_band())
    assert [s.values["pan"]["position"] for s in (kick, bass, voice)] == [0.0, 0.0, 0.0]
    assert kick.values["send_reverb"]["level_db"] == bass.values["send_reverb"]["level_db"] == -60.0


def test_two_guitars_go_to_opposite_sides_by_their_sound() -> None:
    dark, bright = track("guitar_electric", band(300, 1500, 1)), track("guitar_electric", band(600, 3000, 2))
    places = [s.values["pan"]["position"] for s in decide(dark, bright)]
    assert places[0] == pytest.approx(-places[1])
    assert places[1] > 0.3
    assert [s.values["pan"]["position"] for s in decide(bright, dark)] == places[::-1]


def test_the_same_sound_twice_stays_together_and_one_alone_in_the_centre() -> None:
    guitar = track("guitar_electric", band(300, 1500, 1))
    assert [s.values["pan"]["position"] for s in decide(guitar, guitar)] == [0.0, 0.0]
    assert decide(guitar)[0].values["pan"]["position"] == 0.0


def test_sides_balance() -> None:
    edges = [300.0, 420.0, 560.0, 800.0, 1100.0, 1500.0]
    places = [
        s.values["pan"]["position"]
        for s in decide(*(track("keys", band(f, 2.5 * f, i)) for i, f in enumerate(edges)))
    ]
    assert min(places) < -0.2 < 0.2 < max(places)
    assert abs(sum(places)) < 0.35


def test_a_stereo_track_that_leans_is_balanced_back() -> None:
    left, right = band(200, 4000, 5), band(200, 4000, 6)
    leaning = decide(track("pad", torch.cat([left, 2.0 * right])))[0].values["pan"]["position"]
    assert -0.3 <= leaning < -0.15
    assert abs(decide(track("pad", torch.cat([left, right])))[0].values["pan"]["position"]) < 0.02


@pytest.mark.parametrize("begins_hz", [60.0, 90.0])
def test_the_high_pass_follows_the_low_end_of_the_track(begins_hz: float) -> None:
    low, high = track("keys", band(begins_hz, 1000)), track("keys", band(1.4 * begins_hz, 1000))
    lower, higher = (decide(one)[0].values["high_pass"]["frequency_hz"] for one in (low, high))
    assert 20.0 < lower < low.features.begins_hz
    assert 1.15 * lower < higher < high.features.begins_hz


def test_a_bass_keeps_its_lows_whatever_it_plays() -> None:
    assert decide(track("bass", band(150, 900)))[0].values["high_pass"]["frequency_hz"] < 80.0


@pytest.mark.parametrize("hz", [300.0, 700.0, 1500.0])
def test_a_resonance_is_cut_where_it_stands(hz: float) -> None:
    plain = band(60, 12_000, 3, 12.0)
    before = decide(track("keys", plain))[0].values["equaliser"]
    after = decide(track("keys", peak(plain, hz, 6.0, 12.0)))[0].values["equaliser"]
    assert after["peak_2_frequency_hz"] == pytest.approx(hz, rel=0.06)
    assert after["peak_2_gain_db"] < before["peak_2_gain_db"] - 2.0
    assert after["peak_2_gain_db"] < -3.0


def test_a_narrower_resonance_is_cut_more_narrowly() -> None:
    plain = band(60, 12_000, 3, 12.0)
    wide, narrow = (
        decide(track("keys", peak(plain, 900.0, q, 14.0)))[0].values["equaliser"] for q in (3.0, 10.0)
    )
    assert narrow["peak_2_q"] > wide["peak_2_q"] + 0.3


def beside(audio: torch.Tensor, *, role: str = "keys") -> StripDecision:
    """What a track gets beside a voice and a bass."""
    return decide(
        track(role, audio), track("lead_vocal", band(200, 6000, 7)), track("bass", band(50, 300, 8))
    )[0]


def test_a_brighter_track_gets_a_lower_fader_and_less_air() -> None:
    darker, brighter = beside(band(300, 5000)), beside(band(3000, 12_000))
    assert brighter.values["fader"]["gain_db"] < darker.values["fader"]["gain_db"] - 0.5
    dull, sharp = (beside(band(*edges), role="percussion") for edges in ((300, 7000), (600, 14_000)))
    assert (
        sharp.values["equaliser"]["high_shelf_gain_db"] < dull.values["equaliser"]["high_shelf_gain_db"] - 0.3
    )


def test_a_covered_track_comes_up() -> None:
    voice = track("lead_vocal", band(200, 6000, 7))
    alone, free, buried = (
        decide(*tracks)[0].values["fader"]["gain_db"]
        for tracks in (
            [track("keys", band(400, 3000))],
            [track("keys", band(400, 3000)), track("bass", band(50, 200, 8))],
            [track("keys", band(400, 3000)), voice],
        )
    )
    assert buried > max(alone, free) + 1.0


def test_who_covers_the_low_mids_of_others_is_cut_there() -> None:
    others = [track("lead_vocal", band(150, 6000, 7)), track("guitar_acoustic", band(150, 5000, 8))]
    muddy = decide(track("piano", band(120, 700)), *others)[0].values["equaliser"]
    clear = decide(track("piano", band(1200, 7000)), *others)[0].values["equaliser"]
    assert muddy["peak_1_gain_db"] < clear["peak_1_gain_db"] - 1.0
    assert 120.0 < muddy["peak_1_frequency_hz"] < 700.0


def test_hiss_is_tamed() -> None:
    plain = beside(band(200, 3000, 3), role="backing_vocal")
    hissing = beside(band(200, 3000, 3) + 0.7 * band(5500, 9500, 4), role="backing_vocal")
    gains = [s.values["equaliser"]["peak_4_gain_db"] for s in (plain, hissing)]
    assert gains[1] < gains[0] - 1.0
    assert 4000.0 < hissing.values["equaliser"]["peak_4_frequency_hz"] < 11_000.0


def test_high_peaks_and_wide_dynamics_are_compressed_more() -> None:
    steady, struck = beside(band(300, 3000)), beside(beats(band(300, 3000), 2.0, 40.0))
    assert struck.values["compressor"]["ratio"] > steady.values["compressor"]["ratio"] + 0.2
    step = torch.cat([torch.ones(6 * RATE), torch.full((6 * RATE,), 0.25)])
    even, uneven = (beside(band(300, 3000, 1, 12.0) * gain) for gain in (torch.ones(12 * RATE), step))
    assert uneven.values["compressor"]["ratio"] > even.values["compressor"]["ratio"] + 0.1


def test_the_threshold_lies_between_the_level_and_the_peaks() -> None:
    for given, strip in zip(small_band(), decide(*small_band()), strict=True):
        sound, threshold_db = given.features, strip.values["compressor"]["threshold_db"]
        assert sound.rms_dbfs - 3.0 < threshold_db < sound.rms_dbfs + sound.crest_db


def test_busy_parts_are_released_sooner_and_get_less_reverb() -> None:
    sparse, busy = beside(beats(band(300, 3000), 1.0)), beside(beats(band(300, 3000), 8.0))
    assert busy.values["compressor"]["release_ms"] < 0.7 * sparse.values["compressor"]["release_ms"]
    assert busy.values["send_reverb"]["level_db"] < sparse.values["send_reverb"]["level_db"] - 1.0


def test_sharp_attacks_keep_their_edge() -> None:
    time = torch.arange(6 * RATE) / RATE % 0.5
    soft = band(300, 3000) * (time / 0.08).clamp(max=1.0) * torch.exp(-time / 0.1)
    assert (
        beside(beats(band(300, 3000))).values["compressor"]["attack_ms"]
        > 1.5 * beside(soft).values["compressor"]["attack_ms"]
    )


def test_reverb_is_shorter_where_much_happens() -> None:
    few = RulesEngineer().decide(hear([track("keys", beats(band(300, 3000), 1.0))])).returns["reverb"]
    much = [track("keys", beats(band(300, 3000, i), 6.0)) for i in range(8)]
    many = RulesEngineer().decide(hear(much)).returns["reverb"]
    assert many.values["reverb"]["t60_1000hz_s"] < 0.7 * few.values["reverb"]["t60_1000hz_s"]
    assert many.values["reverb"]["pre_delay_ms"] < few.values["reverb"]["pre_delay_ms"]


def test_a_boomy_sum_loses_lows_on_the_master() -> None:
    boomy = (
        RulesEngineer().decide(hear([track("bass", band(40, 100)), track("keys", band(500, 3000))])).master
    )
    thin = (
        RulesEngineer().decide(hear([track("keys", band(500, 3000)), track("hat", band(5000, 9000))])).master
    )
    assert (
        boomy.values["equaliser"]["low_shelf_gain_db"] < 0.0 < thin.values["equaliser"]["low_shelf_gain_db"]
    )


def test_no_style_is_the_centre_of_all_styles() -> None:
    heard = hear(small_band())
    centre, drawn = (
        strips(RulesEngineer().decide(heard)),
        [strips(RulesEngineer(k).decide(heard)) for k in range(200)],
    )
    for i, strip in enumerate(centre):
        for name, part in strip.values.items():
            for row in find("send" if name.startswith("send_") else name).table:
                if row.name not in part:
                    continue
                units = row.to_unit(torch.tensor([one[i].values[name][row.name] for one in drawn])).numpy()
                wanted = float(row.to_unit(torch.tensor(part[row.name])))
                near = 0.002 + 4.0 * units.std() / np.sqrt(len(drawn))
                assert units.mean() == pytest.approx(wanted, abs=near), f"{name}.{row.name}"


def test_a_style_is_itself_and_no_other() -> None:
    heard = hear(small_band())
    assert RulesEngineer(5).decide(heard) == RulesEngineer(5).decide(heard)
    assert RulesEngineer(5).decide(heard).tracks != RulesEngineer(6).decide(heard).tracks
    assert RulesEngineer(5).decide(heard).seeds == {"style": 5}
    with pytest.raises(ValueError, match="style"):
        RulesEngineer(-1).decide(heard)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_stays_inside_the_ranges_alone_and_in_any_style(role: str) -> None:
    for style in (None, 0, 1):
        check_ranges(RulesEngineer(style).decide(hear([track(role, band(100, 9000))])))


def test_nasty_tracks_stay_inside_the_ranges() -> None:
    sounds = [
        torch.ones(2, RATE),
        torch.zeros(1, RATE),
        0.9 * band(200, 4000)[:, : RATE // 10],
        torch.sign(band(30, 60)),
        1e-3 * band(20, 30, 1),
        band(15_000, 19_000),
        torch.cat([torch.zeros(1, 5 * RATE), torch.ones(1, 10)], dim=1),
        torch.cat([band(100, 500), -band(100, 500)]),
    ]
    tracks = [track(ROLES[i], audio) for i, audio in enumerate(sounds)]
    check_ranges(RulesEngineer(2).decide(hear(tracks)))
    for one in tracks:
        check_ranges(RulesEngineer().decide(hear([one])))


def test_forty_tracks() -> None:
    some = [
        track(role, beats(band(80.0 + 20.0 * i, 2000.0 + 200.0 * i, i))) for i, role in enumerate(ROLES[:10])
    ]
    decision = RulesEngineer().decide(hear([one for one in some for _ in range(4)]))
    assert len(decision.tracks) == 40
    check_ranges(decision)


def test_a_silent_track_is_left_alone_and_so_is_a_silent_song() -> None:
    quiet = track("strings", torch.zeros(2, RATE))
    *_, strip = decide(*small_band(), quiet)
    assert strip.values == {}
    assert strip.bypass == ("high_pass", "equaliser", "compressor")
    assert "−70 LUFS" in strip.reasons[0]
    alone = RulesEngineer().decide(hear([quiet]))
    assert alone.master.bypass == ("equaliser", "compressor")
    check_ranges(alone)

"""Systems × songs: the truth scores nothing, draws are means, order and processes change nothing."""

import math
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from gainstage.console.console import Console
from gainstage.data.folder import scan_folder
from gainstage.data.manifest import Song
from gainstage.data.wav_file import write_wav
from gainstage.dsp.loudness import integrated_loudness
from gainstage.engineer.baselines import sum_of_tracks
from gainstage.engineer.decision import MixDecision
from gainstage.evaluation.engineers import Random, RoleMean, Sum, Truth, baselines
from gainstage.evaluation.evaluate import evaluate
from gainstage.evaluation.played_song import PlayedSong, play
from gainstage.evaluation.results import TARGET, Evaluation
from gainstage.evaluation.song import Job
from gainstage.evaluation.statistics import gains, scores
from tests.engineer.scene import RATE
from tests.evaluation.songs import SPEC, write_stems

CONSOLE = Console(SPEC)


@dataclass(frozen=True)
class Broken:
    """An engineer of whom some settings are not numbers."""

    def __call__(self, song: PlayedSong) -> MixDecision:
        decision = sum_of_tracks(song.heard)
        decision.tracks[0].values["fader"] = {"gain_db": float("nan")}  # type: ignore[index]
        return decision


def test_the_truth_scores_nothing_and_others_do(evaluated: Evaluation) -> None:
    assert evaluated.systems == ("sum", "panned", "rules", "truth")
    for metric in evaluated.metrics:
        if metric.lower_is_better:
            assert evaluated.values("truth", metric.name).max() < (1e-2 if metric.unit else 1e-3), metric.name
            assert evaluated.values("sum", metric.name).max() > 1e-3
    near, far = (evaluated.values(system, "sum_difference") for system in ("rules", "sum"))
    assert (near < 0.7 * far).all()


def test_every_song_has_a_row_of_its_target_and_of_each_system(evaluated: Evaluation) -> None:
    assert evaluated.skipped == ()
    assert {(row.song, row.system) for row in evaluated.rows} == {
        (song, system) for song in ("song 1", "song 2") for system in (TARGET, *evaluated.systems)
    }
    (excerpt,) = evaluated.excerpts
    assert list(excerpt.takes) == [TARGET, *evaluated.systems]
    assert {take.shape for take in excerpt.takes.values()} == {(2, 3 * RATE)}
    for take in excerpt.takes.values():
        loudness = integrated_loudness(torch.from_numpy(take), sample_rate=RATE)
        assert loudness.item() == pytest.approx(-20.0, abs=0.01)
    truth, target = excerpt.takes["truth"], excerpt.takes[TARGET]
    assert np.abs(truth - target).max() < 1e-4
    assert not any(row.is_dual_mono for row in evaluated.rows)
    with pytest.raises(ValueError, match="no system 'rule'; there are sum, panned"):
        evaluated.of("rule")


def test_the_order_of_songs_and_tracks_changes_nothing(
    evaluated: Evaluation, two_songs: tuple[Song, ...]
) -> None:
    done: list[tuple[int, int]] = []
    backwards = [song.model_copy(update={"tracks": song.tracks[::-1]}) for song in two_songs[::-1]]
    again = evaluate(
        backwards, {"sum": Sum()}, console=CONSOLE, progress=lambda _, n, of: done.append((n, of))
    )
    assert done == [(0, 2), (1, 2), (2, 2)]
    assert again.rows == tuple(row for row in evaluated.rows if row.system in (TARGET, "sum"))


def test_what_a_process_is_started_for_pickles() -> None:
    systems = {**baselines(SPEC), "truth": Truth(), "role_mean": RoleMean({}, {}, {})}
    job = Job(
        {k: tuple(v) if isinstance(v, tuple) else (v,) for k, v in systems.items()},
        SPEC,
        "quick",
        0,
        None,
        Path(),
    )
    assert pickle.loads(pickle.dumps(job)) == job


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(evaluated: Evaluation, two_songs: tuple[Song, ...]) -> None:
    gone = two_songs[0].model_copy(update={"folder": "/nowhere", "name": "gone"})
    systems = {"sum": Sum(), "truth": Truth()}
    again = evaluate([*two_songs, gone], systems, console=CONSOLE, jobs=2, keep_audio_for=3)
    wanted = [row for row in evaluated.rows if row.system in (TARGET, *systems)]
    assert [(r.song, r.system) for r in again.rows] == [(r.song, r.system) for r in wanted]
    for got, row in zip(again.rows, wanted, strict=True):
        assert dict(got.values) == pytest.approx(dict(row.values), rel=1e-4, abs=1e-4)
    assert len(again.excerpts) == 2
    assert again.skipped[0].startswith("gone: /nowhere/")


def test_a_system_that_draws_has_the_mean_of_its_draws(two_songs: tuple[Song, ...]) -> None:
    draws = tuple(Random(SPEC, seed) for seed in (0, 1))
    found = evaluate(two_songs[:1], {"both": draws, "one": draws[0], "two": draws[1:]}, console=CONSOLE)
    both, one, two = (found.values(name, "sum_difference")[0] for name in ("both", "one", "two"))
    assert one != two
    assert both == pytest.approx((one + two) / 2)


def test_the_seed_moves_all_systems_alike_and_only_who_does_not_stage_is_moved(
    two_songs: tuple[Song, ...],
) -> None:
    systems = {"sum": Sum(), "staged": RoleMean({}, {}, {})}
    runs = [evaluate(two_songs[:1], systems, console=CONSOLE, seed=seed) for seed in (0, 0, 1)]
    sums, staged = ([run.values(s, "sum_difference")[0] for run in runs] for s in systems)
    assert sums[0] == sums[1] != sums[2]
    assert staged[0] == pytest.approx(staged[2], rel=0.02)  # the gate of −70 LUFS does not move along
    assert abs(sums[0] - sums[2]) > 0.05 * sums[0]


def test_role_means_are_set_by_role_and_staged(two_songs: tuple[Song, ...]) -> None:
    song = play(two_songs[0], spec=SPEC, seed=0)
    engineer = RoleMean(
        {"kick": {"fader": {"gain_db": -4.0}, "trim": {"gain_db": 30.0}}},
        {"reverb": {"fader": {"gain_db": -9.0}}},
        {"compressor": {"ratio": 2.0}},
        unknown={"fader": {"gain_db": -7.0}},
    )
    decision = engineer(song)
    for heard, strip in zip(song.heard, decision.tracks, strict=True):
        assert strip.values["trim"]["gain_db"] == heard.features.trim_db
        assert strip.values["fader"]["gain_db"] == (-4.0 if heard.role == "kick" else -7.0)
    assert decision.returns["reverb"].values == {"fader": {"gain_db": -9.0}}
    assert decision.master.values == {"compressor": {"ratio": 2.0}}


def test_a_mix_longer_than_its_stems_is_compared_with_the_tail(tmp_path: Path) -> None:
    write_stems(tmp_path, 1)
    write_wav(tmp_path / "mix.wav", 0.1 * np.ones((2, 4 * RATE), np.float32), sample_rate=RATE)
    song = scan_folder(tmp_path).song
    found = evaluate([song], {"sum": Sum()}, console=CONSOLE, keep_audio_for=1)
    take = found.excerpts[0].takes["sum"]
    assert take.shape == (2, 4 * RATE)
    assert not take[:, 3 * RATE :].any()


def test_dual_mono_is_marked(tmp_path: Path) -> None:
    roles = write_stems(tmp_path, 1)
    (tmp_path / "stems" / "pad.wav").unlink()
    roles.pop("pad")
    mix = 0.1 * torch.randn(2, 3 * RATE, generator=torch.Generator().manual_seed(0))
    write_wav(tmp_path / "mix.wav", mix.numpy(), sample_rate=RATE)
    song = scan_folder(tmp_path, roles=roles).song
    found = evaluate([song], baselines(SPEC), console=CONSOLE)
    marked = {row.system for row in found.rows if row.is_dual_mono}
    assert {"sum", "equal_loudness_panned"} <= marked  # what is left stands in the centre
    assert not {TARGET, "random"} & marked
    (gain,) = [g for g in gains(found, "sum") if (g.system, g.metric) == ("random", "sum_difference")]
    assert (gain.num_songs, math.isnan(gain.gain)) == (0, True)
    (gain,) = [g for g in gains(found, "sum") if (g.system, g.metric) == ("random", "plr_error_db")]
    assert gain.num_songs == 1
    score = next(s for s in scores(found) if (s.system, s.metric) == ("sum", "sum_difference"))
    assert (score.num_songs, score.num_dual_mono) == (1, 1)
    assert found.values("sum", "width_db")[0] == pytest.approx(-60.0, abs=0.1)


def test_songs_that_cannot_be_evaluated_are_skipped_with_a_sentence(
    two_songs: tuple[Song, ...], tmp_path: Path
) -> None:
    write_stems(tmp_path / "short", 1)
    write_stems(tmp_path / "silent", 1)
    write_wav(tmp_path / "short" / "mix.wav", 0.1 * np.ones((2, RATE), np.float32), sample_rate=RATE)
    write_wav(tmp_path / "silent" / "mix.wav", np.zeros((2, 3 * RATE), np.float32), sample_rate=RATE)
    short, silent = (scan_folder(tmp_path / name).song for name in ("short", "silent"))
    gone = two_songs[1].model_copy(update={"folder": str(tmp_path / "gone"), "name": "gone"})
    found = evaluate([short, silent, gone, two_songs[0]], {"truth": Truth()}, console=CONSOLE)
    assert found.songs == ("song 1",)
    assert sorted(found.skipped)[0].startswith("gone: ")
    assert sorted(found.skipped)[1:] == [
        "short: its mix is shorter than 2 s, too short to be compared",
        "silent: its mix is silent, so there is nothing to compare with",
    ]
    with pytest.raises(ValueError, match=r"no song could be evaluated: .* \(and 1 more\)"):
        evaluate([short, silent], {"truth": Truth()}, console=CONSOLE)


def test_engineers_that_fail_are_named(two_songs: tuple[Song, ...], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="song 1: broken: its mix holds values that are not finite"):
        evaluate(two_songs[:1], {"broken": Broken()}, console=CONSOLE)
    write_stems(tmp_path, 1)
    write_wav(tmp_path / "mix.wav", 0.1 * np.ones((2, 3 * RATE), np.float32), sample_rate=RATE)
    with pytest.raises(ValueError, match="truth: the settings behind its mix are not known"):
        evaluate([scan_folder(tmp_path).song], {"truth": Truth()}, console=CONSOLE)


def test_bad_arguments_are_refused(two_songs: tuple[Song, ...]) -> None:
    with pytest.raises(ValueError, match="no song to evaluate on"):
        evaluate([], {"sum": Sum()}, console=CONSOLE)
    with pytest.raises(ValueError, match="no engineer to evaluate"):
        evaluate(two_songs, {}, console=CONSOLE)
    with pytest.raises(ValueError, match="'target' is the name of the mix"):
        evaluate(two_songs, {"target": Sum()}, console=CONSOLE)
    with pytest.raises(ValueError, match="got jobs=0"):
        evaluate(two_songs, {"sum": Sum()}, console=CONSOLE, jobs=0)

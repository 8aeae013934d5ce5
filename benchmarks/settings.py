"""Which settings does a network hear, and which matter to the losses?

    python -m benchmarks.settings --run runs/hour --built-in data/built_in

On built-in test songs, whose true settings are known: R² of each driven setting against the mean of its role;
and, for a few songs, the distance from the true mix when one processor's true settings are replaced by the
role's mean, or by the network's.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from benchmarks.record import write_results

from gainstage.console.console import Console
from gainstage.data.manifest import Song
from gainstage.data.sources import load_songs, songs_of
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.engineer.settings import decision_parameters
from gainstage.evaluation.engineers import Engineer
from gainstage.evaluation.evaluate import evaluate
from gainstage.evaluation.network import Network, role_mean
from gainstage.evaluation.played_song import PlayedSong, play
from gainstage.evaluation.statistics import scores
from gainstage.models.checkpoint import TrainedMixer, load_mixer

TRACK_PROCESSORS = ("fader", "pan", "equaliser", "compressor", "high_pass", "send_reverb")


@dataclass(frozen=True)
class Row:
    """One setting's R², or one replacement's distances; −1 where a column does not apply."""

    what: str
    r2: float = -1.0
    sum_difference: float = -1.0
    af: float = -1.0


@dataclass(frozen=True)
class Replaced:
    """The truth with one part set by another engineer."""

    other: Engineer
    part: str

    def __call__(self, song: PlayedSong) -> MixDecision:
        truth, other = song.truth, self.other(song)
        assert truth is not None
        if self.part == "master":
            return MixDecision("replaced", truth.tracks, truth.returns, other.master)
        if self.part == "returns":
            return MixDecision("replaced", truth.tracks, other.returns, truth.master)
        tracks = tuple(
            StripDecision({**ours.values, **{k: v for k, v in theirs.values.items() if k == self.part}})
            for ours, theirs in zip(truth.tracks, other.tracks, strict=True)
        )
        return MixDecision("replaced", tracks, truth.returns, truth.master)


def heard(songs: list[Song], trained: TrainedMixer) -> list[Row]:
    """R² of each setting that moves, against the mean of its role."""
    console, network, usual = trained.mixer.console, Network(trained.path), role_mean(trained)
    squares: dict[str, list[torch.Tensor]] = {}
    for song in songs:
        played = play(song, spec=console.spec, seed=0)
        assert played.truth is not None
        truth, ours, mean = (
            decision_parameters(d, console).values for d in (played.truth, network(played), usual(played))
        )
        for section, layout in console.layout.items():
            true = layout.to_unit(truth[section])[0]
            pair = [(layout.to_unit(v[section])[0] - true).square().sum(0) for v in (ours, mean)]
            squares.setdefault(section, []).append(torch.stack(pair))
    rows = []
    for section, found in squares.items():
        layout, (error, spread) = console.layout[section], torch.stack(found).sum(0)
        for k, i in enumerate(layout.driven):
            if spread[k] > 1e-3:
                rows.append(Row(f"{section}.{layout.columns[i].path}", r2=float(1.0 - error[k] / spread[k])))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training, or a checkpoint")
    parser.add_argument("--built-in", type=Path, required=True, help="what gainstage synth --dataset wrote")
    parser.add_argument("--songs", type=int, default=8, help="for the distances")
    given = parser.parse_args()
    trained = load_mixer(given.run)
    songs = songs_of(load_songs("built_in", given.built_in), "test")
    rows = heard(songs, trained)
    systems: dict[str, Engineer] = {}
    for name, other in (("role mean", role_mean(trained)), ("network", Network(trained.path))):
        systems[name] = other
        systems |= {f"{name}: {p}": Replaced(other, p) for p in (*TRACK_PROCESSORS, "returns", "master")}
    found = scores(evaluate(songs[: given.songs], systems, console=Console(trained.settings.console), jobs=2))
    for system in systems:
        median = {score.metric: score.median for score in found if score.system == system}
        rows.append(Row(system, sum_difference=median["sum_difference"], af=median["af"]))
    write_results("settings", __doc__, rows)


if __name__ == "__main__":
    main()

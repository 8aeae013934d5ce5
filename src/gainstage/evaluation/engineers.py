"""The systems that are always there: the baselines of METRICS.md section 6, the rules, and the truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec
from gainstage.engineer.baselines import equal_loudness_panned, random_settings, sum_of_tracks
from gainstage.engineer.decision import MixDecision, StripDecision, Values
from gainstage.engineer.hear import hear
from gainstage.engineer.rules import RulesEngineer
from gainstage.evaluation.played_song import PlayedSong

Engineer = Callable[[PlayedSong], MixDecision]
"""Sets a console for a song. It travels to other processes, so it must pickle: a dataclass, no lambda."""

RANDOM_DRAWS = 5


@dataclass(frozen=True)
class Sum:
    """`sum`: the tracks as they come, nothing staged."""

    def __call__(self, song: PlayedSong) -> MixDecision:
        """All trims and faders at 0 dB."""
        return sum_of_tracks(song.heard)


@dataclass(frozen=True)
class EqualLoudnessPanned:
    """`equal_loudness_panned`: staged, faders at 0 dB, mono tracks fanned out."""

    def __call__(self, song: PlayedSong) -> MixDecision:
        """All tracks equally loud."""
        return equal_loudness_panned(song.heard)


@dataclass(frozen=True)
class Random:
    """`random`: a console set by dice; one draw."""

    spec: ConsoleSpec
    seed: int

    def __call__(self, song: PlayedSong) -> MixDecision:
        """The dice do not look at the song, only at how many tracks there are."""
        return random_settings(song.heard, Console(self.spec), seed=self.seed)


@dataclass(frozen=True)
class Rules:
    """`rules`: the rules engineer; without a style it is what audio alone allows."""

    style: int | None = None

    def __call__(self, song: PlayedSong) -> MixDecision:
        """The rules' mix."""
        return RulesEngineer(self.style).decide(hear(song.heard))


@dataclass(frozen=True)
class RoleMean:
    """`role_mean`: the mean settings of each role over the training set, on staged tracks.

    Args:
        tracks: role → processor → parameter → physical mean; trims do not count.
        returns: return bus → processor → parameter → mean.
        master: processor → parameter → mean.
        unknown: for roles that the training set did not have; neutral if not given.
    """

    tracks: Mapping[str, Values]
    returns: Mapping[str, Values]
    master: Values
    unknown: Values | None = None

    def __call__(self, song: PlayedSong) -> MixDecision:
        """The same settings for every song, but for the trims."""
        strips = []
        for heard in song.heard:
            values = self.tracks.get(heard.role, self.unknown or {})
            strips.append(StripDecision({**values, "trim": {"gain_db": heard.features.trim_db}}))
        returns = {name: StripDecision(values) for name, values in self.returns.items()}
        return MixDecision("role_mean", tuple(strips), returns, StripDecision(self.master))


@dataclass(frozen=True)
class Truth:
    """`truth`: the settings behind the target, for tests and upper bounds."""

    def __call__(self, song: PlayedSong) -> MixDecision:
        """The decision behind the mix.

        Raises:
            ValueError: it is not known.
        """
        if song.truth is None:
            raise ValueError("the settings behind its mix are not known, or not those of this console")
        return song.truth


def baselines(spec: ConsoleSpec) -> dict[str, Engineer | Sequence[Engineer]]:
    """Sum, panned equal loudness, the mean of five random consoles, and rules without a style."""
    return {
        "sum": Sum(),
        "equal_loudness_panned": EqualLoudnessPanned(),
        "random": tuple(Random(spec, seed) for seed in range(RANDOM_DRAWS)),
        "rules": Rules(),
    }

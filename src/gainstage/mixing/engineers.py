"""Who mixes: the engineers by the names that a command knows them by."""

from gainstage.engineer.baselines import equal_loudness_panned, sum_of_tracks
from gainstage.engineer.decision import MixDecision
from gainstage.engineer.hear import hear
from gainstage.engineer.rules import RulesEngineer
from gainstage.mixing.hear import HeardSong


def decide(engineer: str, heard: HeardSong, *, style: int | None) -> MixDecision:
    """Let an engineer set the console for a song.

    Tracks are given in the order of their content, so that renaming files changes nothing.

    Raises:
        ValueError: there is no such engineer.
    """
    order = heard.by_content()
    tracks = [heard.tracks[i] for i in order]
    if engineer == "sum":
        decision = sum_of_tracks(tracks)
    elif engineer == "equal_loudness_panned":
        decision = equal_loudness_panned(tracks)
    elif engineer == "rules":
        decision = RulesEngineer(style).decide(hear(tracks))
    else:
        raise ValueError(f"there is no engineer '{engineer}'; there are rules, sum and equal_loudness_panned")
    back = [order.index(i) for i in range(len(order))]
    return MixDecision(
        decision.engineer,
        tuple(decision.tracks[i] for i in back),
        decision.returns,
        decision.master,
        decision.seeds,
    )

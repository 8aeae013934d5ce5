"""How loud each track stands: by its role, then by what is heard."""

from gainstage.engineer.habits import HABITS, USUAL
from gainstage.engineer.hearing import TrackHearing
from gainstage.engineer.smooth import soft_limit
from gainstage.engineer.taste import Taste
from gainstage.roles.taxonomy import group_of

_MOST_DB = 8.0  # no ear moves a fader further from the habit of its role


def fader_db(ear: TrackHearing, role: str, taste: Taste, *, given_back_db: float) -> float:
    """Level of a track after staging, in dB.

    A track that is covered more than is usual for its role comes up; one that is brighter, peaks higher or
    pauses less goes down (each is heard as louder than its loudness says); background steps back where much
    plays.

    Args:
        given_back_db: what the compressor takes away on average; the fader returns it.
    """
    habit, usual = HABITS[role], USUAL[role]
    moved = (
        14.0 * (ear.covered - usual.covered)
        - 1.5 * soft_limit(ear.brightness_to_others_oct - usual.brightness_oct, 3.0)
        - 0.25 * soft_limit(ear.crest_db - usual.crest_db, 10.0)
        + 5.0 * (usual.activity - ear.activity)
        - 0.45 * habit.yields * soft_limit(ear.together - 6.5, 5.0)
    )
    return habit.level_db + soft_limit(moved, _MOST_DB) + _leaning_db(group_of(role), taste) + given_back_db


def fader_reason(ear: TrackHearing, role: str, level_db: float) -> str:
    """Why the fader stands where it stands."""
    habit, usual = HABITS[role], USUAL[role]
    return (
        f"fader at {level_db:+.1f} dB (habit {habit.level_db:+.1f}): {100 * ear.covered:.0f} % of it lies "
        f"under the others (usual {100 * usual.covered:.0f}), {ear.brightness_to_others_oct:+.1f} octaves "
        f"from their brightness (usual {usual.brightness_oct:+.1f}), crest {ear.crest_db:.0f} dB (usual "
        f"{usual.crest_db:.0f}), active {100 * ear.activity:.0f} % of the song (usual "
        f"{100 * usual.activity:.0f}), {ear.together:.1f} others with it"
    )


def _leaning_db(group: str, taste: Taste) -> float:
    leaning = {"vocals": taste.vocals_db, "drums": taste.drums_db, "bass": taste.bass_db}
    return leaning.get(group, taste.background_db)

"""How loud each track stands: by its role, then by what is heard."""

from gainstage.engineer.habits import Habit
from gainstage.engineer.hearing import TrackHearing
from gainstage.engineer.smooth import soft_limit
from gainstage.engineer.taste import Taste

_MOST_DB = 8.0  # no ear moves a fader further from the habit of its role


def fader_db(ear: TrackHearing, habit: Habit, group: str, taste: Taste, *, given_back_db: float) -> float:
    """Level of a track after staging, in dB.

    A track that the others cover comes up, one that is brighter than the others, peaks high or never pauses
    goes down (each is heard as louder than its loudness says), and background steps back where much plays.

    Args:
        given_back_db: what the compressor takes away on average; the fader returns it.
    """
    moved = (
        14.0 * (ear.covered - 0.6)
        - 1.5 * soft_limit(ear.brightness_to_others_oct, 3.0)
        - 0.25 * soft_limit(ear.crest_db - 16.0, 10.0)
        + 5.5 * (0.7 - ear.activity)
        - 0.45 * habit.yields * soft_limit(ear.together - 6.5, 5.0)
    )
    return habit.level_db + soft_limit(moved, _MOST_DB) + _leaning_db(group, taste) + given_back_db


def fader_reason(ear: TrackHearing, habit: Habit, level_db: float) -> str:
    """Why the fader stands where it stands."""
    return (
        f"fader at {level_db:+.1f} dB (habit {habit.level_db:+.0f}): {100 * ear.covered:.0f} % of it lies "
        f"under the others, {_brighter(ear.brightness_to_others_oct)} than they, {ear.together:.1f} of them "
        f"play with it, crest {ear.crest_db:.0f} dB, active {100 * ear.activity:.0f} % of the song"
    )


def _leaning_db(group: str, taste: Taste) -> float:
    leaning = {"vocals": taste.vocals_db, "drums": taste.drums_db, "bass": taste.bass_db}
    return leaning.get(group, taste.background_db)


def _brighter(octaves: float) -> str:
    return f"{abs(octaves):.1f} octaves {'brighter' if octaves > 0.0 else 'darker'}"

"""Where a mix usually begins, role by role; what is heard then moves everything away from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_SEND_DB = -60.0


@dataclass(frozen=True)
class Habit:
    """The starting point for a role.

    Args:
        level_db: fader of a track staged to −23 LUFS.
        yields: 1 for parts that step back when much plays with them, 0 for those that carry the song.
        width: how far from the centre a mono track may go, 0 … 1; 0 keeps it in the centre.
        send_db: into the reverb; −60 is off.
        high_pass_hz: above this the high-pass follows the sound only reluctantly.
    """

    level_db: float
    yields: float
    width: float
    send_db: float
    high_pass_hz: float


HABITS: Mapping[str, Habit] = MappingProxyType(
    {
        "kick": Habit(-3.0, 0.0, 0.0, NO_SEND_DB, 40.0),
        "snare": Habit(-4.0, 0.0, 0.0, -22.0, 140.0),
        "hat": Habit(-10.5, 1.0, 0.45, -31.0, 500.0),
        "tom": Habit(-5.0, 0.0, 0.5, -23.0, 90.0),
        "cymbal": Habit(-10.0, 1.0, 0.5, -29.0, 400.0),
        "percussion": Habit(-8.5, 1.0, 0.6, -23.0, 250.0),
        "drums": Habit(-2.0, 0.0, 0.15, -31.0, 40.0),
        "bass": Habit(-3.5, 0.0, 0.0, NO_SEND_DB, 45.0),
        "guitar_acoustic": Habit(-7.0, 1.0, 0.6, -24.0, 130.0),
        "guitar_electric": Habit(-6.0, 1.0, 0.65, -26.0, 130.0),
        "piano": Habit(-7.0, 1.0, 0.45, -23.0, 100.0),
        "organ": Habit(-9.0, 1.0, 0.5, -25.0, 120.0),
        "keys": Habit(-7.5, 1.0, 0.5, -24.0, 120.0),
        "synth_lead": Habit(-6.0, 0.5, 0.4, -22.0, 150.0),
        "pad": Habit(-9.5, 1.0, 0.5, -23.0, 180.0),
        "strings": Habit(-7.5, 1.0, 0.5, -20.0, 150.0),
        "brass": Habit(-7.0, 1.0, 0.5, -21.0, 140.0),
        "wind": Habit(-7.0, 0.5, 0.4, -20.0, 180.0),
        "lead_vocal": Habit(0.0, 0.0, 0.0, -21.0, 120.0),
        "backing_vocal": Habit(-7.5, 1.0, 0.6, -19.0, 160.0),
        "fx": Habit(-11.0, 1.0, 0.6, -23.0, 150.0),
        "other": Habit(-7.0, 1.0, 0.5, -24.0, 120.0),
    }
)

"""Effect normalisation: stems that somebody treated, brought to the average treatment of their class."""

from gainstage.normalise.chain import find_correction, normalise, normalised_blocks
from gainstage.normalise.correction import Correction, Settings
from gainstage.normalise.learn import Learner
from gainstage.normalise.measure import StemMeter, StemSounds
from gainstage.normalise.reverb import Rooms, with_rooms
from gainstage.normalise.statistics import ClassSound, EffectStatistics, named_or_read, read_statistics

__all__ = [
    "ClassSound",
    "Correction",
    "EffectStatistics",
    "Learner",
    "Rooms",
    "Settings",
    "StemMeter",
    "StemSounds",
    "find_correction",
    "named_or_read",
    "normalise",
    "normalised_blocks",
    "read_statistics",
    "with_rooms",
]

"""A data set as it was unpacked → a manifest, float audio for random access, and a page about it."""

from gainstage.preparation.normalised import STATISTICS, normalise_set
from gainstage.preparation.prepare import Settings, prepare
from gainstage.preparation.result import Preparation

__all__ = ["STATISTICS", "Preparation", "Settings", "normalise_set", "prepare"]

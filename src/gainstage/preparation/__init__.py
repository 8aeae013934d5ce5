"""A data set as it was unpacked → a manifest, float audio for random access, and a page about it."""

from gainstage.preparation.prepare import Preparation, Settings, prepare

__all__ = ["Preparation", "Settings", "prepare"]

"""Where songs come from: each source turns a root folder into manifest rows, and nothing else knows it."""

from gainstage.data.sources.load import Source, load_songs, songs_of

__all__ = ["Source", "load_songs", "songs_of"]

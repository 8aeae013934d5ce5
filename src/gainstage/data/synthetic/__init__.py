"""Built-in multitracks: songs composed, played and recorded by code, any number of them, from a seed."""

from gainstage.data.synthetic.form import GENRES
from gainstage.data.synthetic.song import Song, Track, play_song

__all__ = ["GENRES", "Song", "Track", "play_song"]

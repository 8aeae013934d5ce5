"""Built-in multitracks: songs composed, played and recorded by code, any number of them, from a seed."""

from gainstage.data.synthetic.form import GENRES
from gainstage.data.synthetic.library import write_song, write_songs
from gainstage.data.synthetic.song import Song, Track, describe, play_song

__all__ = ["GENRES", "Song", "Track", "describe", "play_song", "write_song", "write_songs"]

"""Built-in songs with the rules engineer's mix of each: to listen to, to train on, to test with."""

from pathlib import Path

from gainstage.data.synthetic import Song
from gainstage.data.synthetic.library import write_songs
from gainstage.mixing.mix import mix
from gainstage.mixing.render import Progress, silent_progress


def write_mixed_songs(
    count: int,
    seconds: float,
    out: Path,
    *,
    seed: int = 0,
    mixed: bool = True,
    progress: Progress = silent_progress,
) -> list[Path]:
    """Play songs and write each into a folder: `stems/`, `song.json`, and the engineer's session and mix.

    Songs that are there already and whole are kept, so a run that was stopped goes on where it ended. The
    engineer's style seed is the song's seed: as many tastes as songs.

    Args:
        count: number of songs; song i is made from `seed + i`.
        seconds: length of each.
        out: the folder of folders.
        seed: of the first song.
        mixed: also write mix.wav, session.json and mix.md.
        progress: told how far the work is.

    Returns:
        The songs' folders in order.

    Raises:
        ValueError: an argument outside its range, or a folder that holds another song.
        OSError: a song cannot be written; the songs before it are whole.
    """

    def finish(song: Song, folder: Path) -> None:
        mix(folder / "stems", folder, roles=folder / "roles.yaml", style=song.seed, report=False)

    return write_songs(
        count,
        seconds,
        out,
        seed,
        finish=finish if mixed else None,
        progress=lambda done, total, _: progress("playing songs", done, total),
    )

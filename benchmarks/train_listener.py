"""What the weights of `gainstage.listener` are learnt from, and how: built-in songs, dry and wet.

    python -m benchmarks.train_listener --songs 400 --sounds runs/listener.npz

Songs are played in memory and each of their tracks is heard twice: dry, and through a drawn channel strip
(`wet.py`). What was heard is kept in the file named by --sounds, so that a second start only trains.
"""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import torch
from benchmarks import wet
from numpy.typing import NDArray
from torch import Tensor

from gainstage.console.console import Console
from gainstage.data.synthetic import play_song
from gainstage.dsp.features import FeatureMeter
from gainstage.dsp.track_features import TrackFeatures
from gainstage.listener.sound import sound_of
from gainstage.roles import ROLES

Sounds = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]
"""Vectors, roles, songs."""


def features_of(audio: Tensor, sample_rate: int) -> TrackFeatures:
    """The features of a track, mono if its channels are equal."""
    if len(audio) == 2 and torch.equal(audio[0], audio[1]):
        audio = audio[:1]
    meter = FeatureMeter(len(audio), sample_rate=sample_rate)
    meter.update(audio)
    return meter.result()


def hear_song(seed: int, seconds: float) -> list[tuple[NDArray[np.float32], int]]:
    """The sounds of a song's tracks, dry and wet, with their roles."""
    song, found = play_song(seed, seconds=seconds), []
    for number, track in enumerate(song.tracks):
        dry = torch.from_numpy(track.audio)
        treated = wet.wet(dry, _strip(), sample_rate=song.sample_rate, seed=1000 * seed + number)
        for audio in (dry, treated):
            features = features_of(audio, song.sample_rate)
            if not features.is_silent:
                found.append((sound_of(features), ROLES.index(track.role)))
    return found


@cache
def _strip() -> Console:
    return wet.strip()


def hear_songs(count: int, seconds: float, jobs: int) -> Sounds:
    """The sounds of many songs."""
    with ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        heard = list(pool.map(hear_song, range(count), [seconds] * count))
    rows = [(sound, role, seed) for seed, song in enumerate(heard) for sound, role in song]
    sounds, roles, songs = zip(*rows, strict=True)
    return np.stack(sounds), np.array(roles), np.array(songs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=16.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sounds", type=Path, required=True, help="file that keeps what was heard")
    arguments = parser.parse_args()
    if not arguments.sounds.is_file():
        sounds, roles, songs = hear_songs(arguments.songs, arguments.seconds, arguments.jobs)
        arguments.sounds.parent.mkdir(parents=True, exist_ok=True)
        np.savez(arguments.sounds, sounds=sounds, roles=roles, songs=songs)


if __name__ == "__main__":
    main()

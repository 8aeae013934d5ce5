"""Trained networks as systems under test: as they are, with locks, and the mean settings of their data."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from gainstage.console.layout import SectionLayout
from gainstage.dsp.resampling import resample
from gainstage.engineer.decision import MixDecision
from gainstage.engineer.settings import decision_parameters
from gainstage.evaluation.engineers import RoleMean
from gainstage.evaluation.played_song import PlayedSong
from gainstage.models.checkpoint import TrainedMixer, load_mixer
from gainstage.models.network_engineer import NetworkEngineer, NetworkTrack
from gainstage.roles import ROLES

LOCKED_SHARE = 0.25


@dataclass(frozen=True)
class Network:
    """`network`: a trained mixer.

    Args:
        checkpoint: its file; each process loads it once.
        locked: share of the driven parameters that are held at the truth's values, 0 … 1.
        seed: of the choice, which differs from song to song.
    """

    checkpoint: Path
    locked: float = 0.0
    seed: int = 0

    def __call__(self, song: PlayedSong) -> MixDecision:
        """The network's mix.

        Raises:
            ValueError: locks are wanted, and the settings behind the song's mix are not known.
        """
        trained = _loaded(self.checkpoint)
        engineer = NetworkEngineer(trained.mixer, name=f"network {trained.digest}")
        tracks = [_track(engineer, song, i) for i in range(len(song.tracks))]
        if not self.locked:
            return engineer.decide(tracks)
        locked, held = self._locks(trained, song, tracks)
        return engineer.decide(tracks, locked=locked, locked_units=held)

    def _locks(
        self, trained: TrainedMixer, song: PlayedSong, tracks: list[NetworkTrack]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """A seeded share of the parameters, at the truth's values."""
        if song.truth is None:
            raise ValueError("nothing can be locked at the truth: the settings behind the mix are not known")
        console = trained.mixer.console
        values = decision_parameters(song.truth, console).values
        heard = [i for i, track in enumerate(tracks) if track.embedding is not None]
        draw = torch.Generator().manual_seed(_seed_of(self.seed, song))
        locked, held = {}, {}
        for section, layout in console.layout.items():
            units = layout.to_unit(values[section]).float()
            held[section] = units[:, heard] if section == "tracks" else units
            locked[section] = torch.rand(held[section].shape, generator=draw) < self.locked
        return locked, held


def _seed_of(seed: int, song: PlayedSong) -> int:
    """One number of two; with one for all, songs of as many tracks would have the same settings locked."""
    key = f"{seed} {song.song.name}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=4).digest())


@lru_cache(maxsize=2)
def _loaded(checkpoint: Path) -> TrainedMixer:
    return load_mixer(checkpoint)


def _track(engineer: NetworkEngineer, song: PlayedSong, i: int) -> NetworkTrack:
    features = song.heard[i].features
    if features.is_silent:
        return NetworkTrack(song.heard[i].role, features.trim_db, None)
    audio = song.audio[i] * 10.0 ** (features.trim_db / 20.0)
    rate = engineer.sample_rate
    if song.sample_rate != rate:
        audio = resample(audio, from_rate=song.sample_rate, to_rate=rate)
    return NetworkTrack(song.heard[i].role, features.trim_db, engineer.hear([audio]))


def role_mean(trained: TrainedMixer) -> RoleMean:
    """The baseline `role_mean` of the set on which a network was trained."""
    console, layout = trained.mixer.console, trained.mixer.console.layout["returns"]
    tracks = _named(console.layout["tracks"], trained.usual.mean["tracks"])
    returns = _named(layout, trained.usual.mean["returns"])
    return RoleMean(
        tracks=dict(zip(ROLES, tracks, strict=True)),
        returns={
            bus: {n: part for n, part in returns[0].items() if not layout.stands_bypassed(n, bus)}
            for bus in console.spec.return_names
        },
        master=_named(console.layout["master"], trained.usual.mean["master"])[0],
    )


def _named(layout: SectionLayout, units: Tensor) -> list[Mapping[str, Mapping[str, float]]]:
    """Rows of unit values as physical values by name."""
    physical = layout.to_physical(units, layout.defaults().expand(len(units), -1))
    return [layout.named(row) for row in physical]

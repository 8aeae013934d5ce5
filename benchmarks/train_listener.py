"""What the weights of `gainstage.listener` are learnt from, and how: built-in songs, dry and wet.

    python -m benchmarks.train_listener --songs 300 --sounds runs/listener

Songs are played in memory and each of their tracks is heard twice: dry, and through a drawn channel strip
(`wet.py`). What was heard is kept in the folder named by --sounds, so that a second start only trains. In
training the colour of every sound is bent at random, for real recordings differ in that most of all. One song
in eight is held out and, bent three times as far, says how far the probabilities are tempered.
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
from safetensors.numpy import save_file
from torch import Tensor, nn

from gainstage.console.console import Console
from gainstage.data.synthetic import play_song
from gainstage.listener.classifier import WEIGHTS
from gainstage.listener.sound import sound_of
from gainstage.roles import ROLES, group_of

HIDDEN, BATCH, HELD_OUT = 96, 256, 8
BANDS = 31  # the spectrum stands first in the vector
COLOUR, NOISE = 0.5, 0.25
FARTHER = 3.0  # held-out sounds are bent so much farther to temper what is sure of itself

Sounds = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]
"""Vectors, roles, songs."""


def hear_song(seed: int, seconds: float, folder: Path) -> Path:
    """The sounds of a song's tracks, dry and wet, with their roles, in a file; one that is there is kept."""
    path = folder / f"{seed:05d}.npz"
    if path.is_file():
        return path
    song, sounds, roles = play_song(seed, seconds=seconds), [], []
    for number, track in enumerate(song.tracks):
        dry = torch.from_numpy(track.audio)
        treated = wet.wet(dry, _strip(), sample_rate=song.sample_rate, seed=1000 * seed + number)
        for audio in (dry, treated):
            features = wet.features_of(audio, song.sample_rate)
            if not features.is_silent:
                sounds.append(sound_of(features))
                roles.append(ROLES.index(track.role))
    partial = folder / f".{path.name}"
    np.savez(partial, sounds=np.stack(sounds), roles=np.array(roles))
    partial.replace(path)
    return path


@cache
def _strip() -> Console:
    return wet.strip()


def hear_songs(count: int, seconds: float, folder: Path, jobs: int) -> Sounds:
    """The sounds of many songs; a start that was stopped goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        paths = list(pool.map(hear_song, range(count), [seconds] * count, [folder] * count))
    parts = []
    for seed, path in enumerate(paths):
        with np.load(path) as kept:
            parts.append((kept["sounds"], kept["roles"], np.full(len(kept["roles"]), seed)))
    sounds, roles, songs = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sounds, roles, songs


def network(width: int) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(width, HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(HIDDEN, len(ROLES)),
    )


def bent(sounds: Tensor, draw: torch.Generator, *, by: float = 1.0) -> Tensor:
    """Sounds with a random tilt and bump in their spectra, and noise on every number, in spreads."""
    bands = torch.linspace(-1.0, 1.0, BANDS)
    tilt, height = (torch.randn(len(sounds), 1, generator=draw) for _ in range(2))
    place = torch.rand(len(sounds), 1, generator=draw) * 2.0 - 1.0
    bump = height * torch.exp(-((bands - place) ** 2) / 0.1)
    out = sounds + by * NOISE * torch.randn(sounds.shape, generator=draw)
    out[:, :BANDS] += by * COLOUR * (tilt * bands + bump)
    return out


def train(heard: Sounds, *, epochs: int, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Weights, means and spreads of the vector, and the temperature."""
    torch.manual_seed(seed)
    sounds, roles, songs = (torch.from_numpy(part) for part in heard)
    held = songs % HELD_OUT == 0
    mean, std = sounds[~held].mean(0), sounds[~held].std(0).clamp(min=1e-3)
    given = ((sounds - mean) / std).clamp(-4.0, 4.0)
    counts = torch.bincount(roles[~held], minlength=len(ROLES)).float()
    weight = torch.where(counts > 0, (counts.sum() / counts.clamp(min=1.0)).sqrt(), 0.0)
    model, draw = network(given.shape[1]), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 3e-3, epochs * (-(-int((~held).sum()) // BATCH))
    )
    loss = nn.CrossEntropyLoss(weight / weight[counts > 0].mean(), label_smoothing=0.05)
    for _ in range(epochs):
        model.train()
        for rows in torch.split(torch.randperm(int((~held).sum()), generator=draw), BATCH):
            optimizer.zero_grad()
            loss(model(bent(given[~held][rows], draw)), roles[~held][rows]).backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        scores = model(given[held])
        temperature = tempered(model(bent(given[held], draw, by=FARTHER)), roles[held])
    say(scores, roles[held], temperature)
    first, second, last = (part for part in model if isinstance(part, nn.Linear))
    kept = {"mean": mean, "std": std, "temperature": torch.tensor([temperature])}
    for name, layer in (("first", first), ("second", second), ("last", last)):
        kept |= {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
    return {name: value.detach().numpy().astype(np.float32) for name, value in kept.items()}


def tempered(scores: Tensor, roles: Tensor) -> float:
    """The temperature at which held-out songs are likeliest."""
    tried = torch.linspace(0.5, 3.0, 51)
    losses = torch.stack([nn.functional.cross_entropy(scores / t, roles) for t in tried])
    return float(tried[losses.argmin()])


def say(scores: Tensor, roles: Tensor, temperature: float) -> None:
    """How often held-out built-in songs are right."""
    found = scores.argmax(-1)
    right = float((found == roles).float().mean())
    groups = [group_of(ROLES[i]) == group_of(ROLES[j]) for i, j in zip(found, roles, strict=True)]
    print(f"held out: role {right:.3f}, group {np.mean(groups):.3f}, temperature {temperature:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=16.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--sounds", type=Path, required=True, help="folder that keeps what was heard")
    arguments = parser.parse_args()
    heard = hear_songs(arguments.songs, arguments.seconds, arguments.sounds, arguments.jobs)
    save_file(train(heard, epochs=arguments.epochs), arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()

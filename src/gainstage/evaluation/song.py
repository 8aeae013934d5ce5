"""One song by all systems: the work that other processes do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec
from gainstage.data.manifest import Song
from gainstage.engineer.settings import decision_parameters
from gainstage.evaluation.engineers import Engineer
from gainstage.evaluation.played_song import PlayedSong, play
from gainstage.evaluation.rendering import render
from gainstage.evaluation.results import TARGET, Excerpt, Row, Samples
from gainstage.metrics.comparison import LEAST_SECONDS, Comparison
from gainstage.metrics.level import is_dual_mono, levelled
from gainstage.metrics.metric import Which

EXCERPT_S = 30.0

Systems = Mapping[str, Sequence[Engineer]]
"""Name → engineers whose metrics are averaged; mostly one, five for dice."""


@dataclass(frozen=True)
class Job:
    """What is the same for all songs.

    Args:
        systems: who mixes.
        spec: the console.
        which: the set of metrics.
        seed: of the moves.
        seconds: of each song; None = all.
        root: the folder of the manifest.
    """

    systems: Systems
    spec: ConsoleSpec
    which: Which
    seed: int
    seconds: float | None
    root: Path


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one song.

    Args:
        rows: of the target and of all systems; none if it was skipped.
        skipped: why it could not be evaluated, in a sentence; empty if it was.
        excerpt: its sound, if wanted.
        seconds: what took how long.
    """

    rows: tuple[Row, ...] = ()
    skipped: str = ""
    excerpt: Excerpt | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


def evaluate_song(song: Song, job: Job, *, keep_audio: bool) -> Outcome:
    """Let every system mix a song and compare the mixes with its own."""
    try:
        return _evaluate(song, job, keep_audio)
    except (ValueError, OSError) as error:
        return Outcome(skipped=f"{song.name}: {error}")


def _evaluate(song: Song, job: Job, keep_audio: bool) -> Outcome:
    start = perf_counter()
    played = play(song, spec=job.spec, seed=job.seed, seconds=job.seconds, root=job.root)
    rate, target = played.sample_rate, played.target
    if target.shape[-1] < LEAST_SECONDS * rate:
        raise ValueError(f"its mix is shorter than {LEAST_SECONDS:g} s, too short to be compared")
    comparison = Comparison(target[None], which=job.which, sample_rate=rate)
    own = {name: float(value) for name, value in comparison.of_target.items()}
    if own["loudness_lufs"] <= -70.0:
        raise ValueError("its mix is silent, so there is nothing to compare with")
    target_is_mono = bool(is_dual_mono(target))
    rows = [Row(song.name, TARGET, own, target_is_mono)]
    passage = _loudest(target, rate)
    takes = {TARGET: _take(target, passage, rate)}
    seconds = {"loading": perf_counter() - start}
    console = Console(job.spec)
    for system, engineers in job.systems.items():
        start = perf_counter()
        mixes = [_mix(played, system, engineer, console) for engineer in engineers]
        found = [comparison.of(mix[None]) for mix in mixes]
        values = {name: float(np.mean([float(values[name]) for values in found])) for name in found[0]}
        alike = target_is_mono or any(bool(is_dual_mono(mix)) for mix in mixes)
        rows.append(Row(song.name, system, values, alike))
        if keep_audio:
            takes[system] = _take(mixes[0], passage, rate)
        seconds[system] = perf_counter() - start
    excerpt = Excerpt(song.name, rate, takes) if keep_audio else None
    return Outcome(tuple(rows), "", excerpt, seconds)


def _mix(played: PlayedSong, system: str, engineer: Engineer, console: Console) -> Tensor:
    """The mix of one engineer, as long as the target."""
    try:
        decision = engineer(played)
    except ValueError as error:
        raise ValueError(f"{system}: {error}") from error
    roles = [track.role for track in played.tracks]
    mix = render(
        played.audio,
        decision_parameters(decision, console, roles=roles),
        console,
        is_stereo=played.is_stereo,
        sample_rate=played.sample_rate,
        num_samples=played.target.shape[-1],
    )
    if not bool(torch.isfinite(mix).all()):
        raise ValueError(f"{system}: its mix holds values that are not finite")
    return mix


def _loudest(target: Tensor, sample_rate: int) -> slice:
    """The loudest half minute."""
    length, hop = round(EXCERPT_S * sample_rate), sample_rate
    if target.shape[-1] <= length:
        return slice(0, target.shape[-1])
    whole = target.shape[-1] // hop * hop
    energy = target[:, :whole].square().sum(0).unflatten(0, (-1, hop)).sum(-1)
    start = int(energy.unfold(0, round(EXCERPT_S), 1).sum(-1).argmax()) * hop
    return slice(start, start + length)


def _take(mix: Tensor, passage: slice, sample_rate: int) -> Samples:
    """A passage of a mix at −20 LUFS."""
    audio = levelled(mix[None], sample_rate=sample_rate).audio[0, :, passage]
    samples: Samples = audio.float().numpy().copy()
    return samples

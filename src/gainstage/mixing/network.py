"""Let a trained network set the console for a folder of stems."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec
from gainstage.data.audio_file import AudioReader
from gainstage.data.manifest import Song, Track
from gainstage.dsp.resampling import resampled_length
from gainstage.engineer.decision import MixDecision
from gainstage.interchange.weights.onnx_engineer import OnnxEngineer, find_onnx, load_onnx
from gainstage.mixing.hear import HeardSong
from gainstage.mixing.held import Held
from gainstage.mixing.render import Progress
from gainstage.models.checkpoint import TrainedMixer, load_mixer
from gainstage.models.network_engineer import NetworkEngineer, NetworkTrack
from gainstage.models.pretrained import is_pretrained

BLOCK = 1 << 16


class TrainedEngineer(Protocol):
    """A network as an engineer, in whatever runs it."""

    @property
    def console(self) -> Console: ...

    @property
    def sample_rate(self) -> int: ...

    def hear(self, audio: Iterable[Tensor]) -> Tensor: ...

    def decide(
        self,
        tracks: Sequence[NetworkTrack],
        *,
        target_loudness_lufs: float = ...,
        locked: Mapping[str, Tensor] | None = ...,
        locked_units: Mapping[str, Tensor] | None = ...,
    ) -> MixDecision: ...


@dataclass(frozen=True)
class Network:
    """A network that was read from a file.

    Args:
        engineer: who hears and decides.
        file: name of the file.
        digest: first digits of a SHA-256 that names its weights.
        step: how many steps it was trained.
    """

    engineer: TrainedEngineer
    file: str
    digest: str
    step: int


def load_network(path: Path, *, console: ConsoleSpec | None = None) -> Network:
    """A network from a checkpoint, the folder of a run, exported weights, or ONNX files.

    Args:
        path: of any of these; a folder that has weights and ONNX files gives its weights.
        console: the console that it must drive; any if not given.

    Raises:
        ValueError: there is no network that can be used; one sentence says why.
    """
    if find_onnx(path) and not is_pretrained(path):
        graphs = load_onnx(path, console=console)
        name = f"network {graphs.digest}"
        return Network(OnnxEngineer(graphs, name=name), graphs.path.name, graphs.digest, graphs.step)
    trained = load_mixer(path, console=console)
    return network_of(trained)


def network_of(trained: TrainedMixer) -> Network:
    """A mixer at work."""
    engineer = NetworkEngineer(trained.mixer, name=f"network {trained.digest}")
    return Network(engineer, trained.path.name, trained.digest, trained.step)


def decide_by_network(
    engineer: TrainedEngineer,
    heard: HeardSong,
    stems: Path,
    *,
    loudness_lufs: float,
    progress: Progress,
    held: Held | None = None,
) -> MixDecision:
    """The network's mix of a song.

    Each stem is read once more, staged and at the network's own rate, and heard section by section up to the
    end of the song, as in training: how much of a song a track plays is part of what is heard. Tracks are
    handed over in the order of their content, so that renaming and reordering files changes nothing.

    Args:
        engineer: the network.
        heard: the song.
        stems: its folder.
        loudness_lufs: what the mix is made for.
        progress: told how far the work is.
        held: what a person has locked; the network is told, so that it sets the rest to suit.
    """
    order, rate = heard.by_content(), engineer.sample_rate
    num_samples = _song_samples(heard.song, rate)
    tracks = []
    for done, i in enumerate(order):
        progress("listening", done, len(order))
        features, row = heard.tracks[i].features, heard.song.tracks[i]
        embedding = None
        if not features.is_silent:
            blocks = _staged(stems, row, features.trim_db, sample_rate=rate, num_samples=num_samples)
            embedding = engineer.hear(blocks)
        tracks.append(NetworkTrack(heard.tracks[i].role, features.trim_db, embedding))
    progress("listening", len(order), len(order))
    sounding = [i for i, track in zip(order, tracks, strict=True) if track.embedding is not None]
    locked, units = held.units(engineer.console, sounding) if held else (None, None)
    decision = engineer.decide(tracks, target_loudness_lufs=loudness_lufs, locked=locked, locked_units=units)
    in_order = tuple(decision.tracks[order.index(i)] for i in range(len(order)))
    return MixDecision(decision.engineer, in_order, decision.returns, decision.master)


def _song_samples(song: Song, sample_rate: int) -> int:
    """Length of the longest stem at a rate."""
    return max(
        resampled_length(track.num_samples, from_rate=track.sample_rate, to_rate=sample_rate)
        for track in song.tracks
    )


def _staged(
    stems: Path, row: Track, trim_db: float, *, sample_rate: int, num_samples: int
) -> Iterator[Tensor]:
    """Blocks of a stem, staged, with two channels; silence up to the song's end. Shape: each (2, samples)."""
    gain, left = 10.0 ** (trim_db / 20.0), num_samples
    with AudioReader(stems / row.file, sample_rate=sample_rate, channels=row.channels) as reader:
        for block in reader.blocks(BLOCK):
            yield torch.from_numpy(block).expand(2, -1) * gain
            left -= block.shape[-1]
    while left > 0:
        yield torch.zeros(2, min(left, BLOCK))
        left -= BLOCK

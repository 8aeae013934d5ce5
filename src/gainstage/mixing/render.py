"""A session and its stems → audio, block by block, in memory that does not grow with length."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gainstage.console.call import ConsoleState, Meter
from gainstage.console.compile import session_parameters
from gainstage.console.console import Console, Rendered
from gainstage.console.session import Session, TrackSettings
from gainstage.data.audio_file import AudioReader, probe
from gainstage.data.wav_file import WavWriter, wav_header

BLOCK = 1 << 17
"""Samples a call. Fixed, so that the same session gives the same bits whoever renders it."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent_progress(doing: str, done: int, total: int) -> None:
    """Say nothing."""
    del doing, done, total


@dataclass(frozen=True)
class Block:
    """One block of a song: its stems as they came, and what the console made of them.

    A console that looks ahead is late: its first samples are left out, and blocks follow behind the song's
    end.

    Args:
        start_sample: of the stems.
        stems: the stems; silence behind their end.
        rendered: by the console, late.
        end_sample: where the song ends with its tail.

    Shape: stems (tracks, 2, samples).
    """

    start_sample: int
    stems: Tensor
    rendered: Rendered
    end_sample: int

    @property
    def mix(self) -> Tensor:
        """The mix in time, from `begins("master")` on. Shape: (1, 2, samples)."""
        return self._in_time(self.rendered.mix, "master")

    @property
    def mix_and_beyond(self) -> Tensor:
        """The mix in time, not cut at the song's end. Shape: (1, 2, samples)."""
        return self.rendered.mix[..., max(self.rendered.late["master"] - self.start_sample, 0) :]

    @property
    def tracks(self) -> Tensor:
        """The tracks behind their strips, from `begins("tracks")` on. Shape: (tracks, 2, samples)."""
        return self._in_time(self.rendered.tracks[0], "tracks")

    def buses(self, section: str) -> Tensor:
        """Groups or returns behind their strips, from `begins(section)` on. Shape: (buses, 2, samples)."""
        if section not in self.rendered.strips:
            return self.rendered.mix.new_zeros((0, 2, self.rendered.mix.shape[-1]))
        return self._in_time(self.rendered.strips[section].signals()[0], section)

    def begins(self, section: str) -> int:
        """The sample of the song at which the output of a section begins in this block."""
        return max(self.start_sample - self.rendered.late[section], 0)

    def in_time(self, audio: Tensor, late_samples: int) -> Tensor:
        """That part of a signal that lies in the song, of one that is late by so much."""
        first = self.start_sample - late_samples
        return audio[..., max(-first, 0) : max(self.end_sample - first, 0)]

    def _in_time(self, audio: Tensor, section: str) -> Tensor:
        return self.in_time(audio, self.rendered.late[section])


def render_blocks(
    session: Session,
    stems: Path,
    *,
    meter: Meter | None = None,
    beyond_samples: int = 0,
    played: Callable[[int, str], None] | None = None,
) -> Iterator[Block]:
    """Render a session block by block.

    Args:
        session: the session.
        stems: the folder of its stems.
        meter: see `Console.render`.
        beyond_samples: go on behind the end, for whoever looks ahead.
        played: told at the end which recording each track turned out to be (its place, its content hash).

    Raises:
        ValueError: a stem is missing or does not fit the session.
    """
    console = Console(session.console)
    settings = session_parameters(session, console)
    is_stereo = torch.tensor([[track.channels == 2 for track in session.tracks]])
    state: ConsoleState | None = None
    end = session.num_samples + session.tail_samples
    late = console.latency_samples(settings, sample_rate=session.sample_rate)
    total = end + late + beyond_samples if end > 0 else 0
    with ExitStack() as stack, torch.inference_mode():
        readers = [
            stack.enter_context(
                AudioReader(
                    path,
                    sample_rate=session.sample_rate,
                    channels=track.channels,
                    hashed=played is not None,
                )
            )
            for path, track in zip(stem_paths(session, stems), session.tracks, strict=True)
        ]
        for start in range(0, total, BLOCK):
            length = min(BLOCK, total - start)
            audio = torch.zeros(len(readers), 2, length)
            for i, reader in enumerate(readers):
                part = torch.from_numpy(reader.read(min(length, max(session.num_samples - start, 0))))
                audio[i, :, : part.shape[-1]] = part
            rendered = console.render(
                audio[None],
                settings,
                sample_rate=session.sample_rate,
                is_stereo=is_stereo,
                state=state,
                start_sample=start,
                meter=meter,
            )
            state = rendered.state
            yield Block(start, audio, rendered, end)
        if played is not None:
            for i, reader in enumerate(readers):
                played(i, reader.content_hash())


def stem_paths(session: Session, stems: Path) -> list[Path]:
    """Where the stems of a session lie.

    Raises:
        ValueError: some are missing (all are named), or one has other channels than the session says.
    """
    if not stems.is_dir():
        raise ValueError(f"{stems} is not a folder; give the folder of the stems that the session names")
    paths, missing = [], []
    for i, track in enumerate(session.tracks):
        path = stems / track.file
        if not path.resolve().is_relative_to(stems.resolve()):
            raise ValueError(f"tracks[{i}].file: '{track.file}' lies outside the folder of the stems")
        if not path.is_file():
            missing.append(f"tracks[{i}]: the stem '{track.file}' is not in {stems}")
            continue
        if track.channels > probe(path).channels:
            raise ValueError(f"tracks[{i}]: {path} is mono, the session expects a stereo file")
        paths.append(path)
    if missing:
        cure = "; give the folder of the stems that were mixed, or take such tracks out of the session"
        more = f" (and {len(missing) - 1} more of {len(session.tracks)} tracks)" if len(missing) > 1 else ""
        raise ValueError(f"{missing[0]}{more}{cure}")
    return paths


def other_recording(track: TrackSettings) -> str:
    """The sentence for a stem that is not the one that was mixed."""
    return f"{track.name}: '{track.file}' holds another recording than the one that was mixed"


def render_file(
    session_path: Path, stems: Path, out: Path, *, progress: Progress = silent_progress
) -> list[str]:
    """Render a session into a 32-bit float WAV file.

    Args:
        session_path: the session.
        stems: the folder of its stems.
        out: the file to write; it is whole or not there.
        progress: told how far the work is.

    Returns:
        Warnings, a sentence each: stems that are other recordings than those that were mixed, and stems that
        the session does not know.

    Raises:
        ValueError: the session or a stem cannot be used.
        OSError: the file cannot be written.
    """
    session = Session.load(session_path)
    with WavWriter(out, sample_rate=session.sample_rate, channels=2) as writer:
        return _render(session, stems, writer.write, progress)


def render_stream(
    session_path: Path, stems: Path, out: BinaryIO, *, progress: Progress = silent_progress
) -> list[str]:
    """Render a session into a stream, block by block as it is rendered: the bytes of the file.

    Args:
        session_path: the session.
        stems: the folder of its stems.
        out: where the bytes go, such as a pipe into a player.
        progress: told how far the work is.

    Returns:
        Warnings, as of `render_file`.

    Raises:
        ValueError: the session or a stem cannot be used; then nothing is written.
        OSError: whoever listened has gone.
    """
    session = Session.load(session_path)
    stem_paths(session, stems)
    samples = session.num_samples + session.tail_samples
    out.write(wav_header(samples, sample_rate=session.sample_rate, channels=2))

    def write(block: NDArray[np.float32]) -> None:
        out.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())

    warnings = _render(session, stems, write, progress)
    out.flush()
    return warnings


def _render(
    session: Session, stems: Path, write: Callable[[NDArray[np.float32]], None], progress: Progress
) -> list[str]:
    total = session.num_samples + session.tail_samples
    played: dict[int, str] = {}
    for block in render_blocks(session, stems, played=played.__setitem__):
        write(block.mix[0].numpy())
        progress("rendering", min(block.start_sample + BLOCK, total), total)
    warnings = [
        other_recording(track)
        for i, track in enumerate(session.tracks)
        if track.content_hash and track.content_hash != played[i]
    ]
    known = {track.file for track in session.tracks}
    extra = _extra_stems(stems, known)
    return warnings + [f"{name} is in {stems} but not in the session: left out" for name in extra]


def _extra_stems(stems: Path, known: set[str]) -> list[str]:
    from gainstage.data.folder import audio_files

    return sorted(
        str(p.relative_to(stems)) for p in audio_files(stems) if str(p.relative_to(stems)) not in known
    )

"""A trained mixer as an engineer: spectra and roles in, a decision out, like the rules engineer's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.console.console import Console
from gainstage.console.parameters import Parameters
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.models.encoder import Heard
from gainstage.models.log_mel import FrontSettings, LogMel
from gainstage.models.mixer import Mixer
from gainstage.roles import ROLES

SECTION_SECONDS = 20.0
_BYPASSABLE = ("high_pass", "equaliser", "compressor")


@dataclass(frozen=True)
class NetworkTrack:
    """A track as a network is handed it.

    Args:
        role: what it plays.
        trim_db: the gain that stages it; spectra are those of the staged track.
        embedding: what was heard of it, shape (width,); None if it is silent.
    """

    role: str
    trim_db: float
    embedding: Tensor | None


class NetworkEngineer:
    """Sets a console by a trained mixer.

    Args:
        mixer: the network.
        name: how reports call it.
    """

    def __init__(self, mixer: Mixer, *, name: str = "network") -> None:
        self.mixer, self.name = mixer.eval(), name
        self.console, self.sample_rate = mixer.console, mixer.front.settings.sample_rate

    @torch.inference_mode()
    def listen(self, sections: Iterable[Tensor]) -> Tensor:
        """The embedding of one staged track, heard section by section; half an hour leaves some megabytes.

        Args:
            sections: its spectra, each of shape (3, bands + 2, frames), in order.

        Shape: → (width,).
        """
        heard: Heard | None = None
        for spectra in sections:
            part = self.mixer.encoder.hear(spectra[None], torch.tensor([spectra.shape[-1]]))
            heard = part if heard is None else heard + part
        assert heard is not None, "a track has at least one section"
        embedding: Tensor = self.mixer.encoder.embed(heard)[0]
        return embedding

    def hear(self, audio: Iterable[Tensor]) -> Tensor:
        """The embedding of one staged track from blocks of its audio, at the front end's rate.

        Shape: each (2, samples) → (width,).
        """
        return self.listen(sections(audio, self.mixer.front))

    @torch.inference_mode()
    def decide(
        self,
        tracks: Sequence[NetworkTrack],
        *,
        target_loudness_lufs: float = -20.0,
        locked: Mapping[str, Tensor] | None = None,
        locked_units: Mapping[str, Tensor] | None = None,
    ) -> MixDecision:
        """The mix of a song.

        Reordering tracks reorders their decisions and changes nothing else.

        Args:
            tracks: at least one; silent ones are left alone and do not count.
            target_loudness_lufs: what the mix is made for.
            locked, locked_units: see `Conditions`, over the tracks that are not silent; none if not given.
        """
        decided = None
        if heard := sounding(tracks):
            conditions = told(tracks, target_loudness_lufs, locked or {}, locked_units or {})
            mask = torch.ones(1, len(heard), dtype=torch.bool)
            decided = self.mixer.set(torch.stack(heard)[None], mask, conditions).parameters
        return decision(self.name, self.console, tracks, decided)


def sounding(tracks: Sequence[NetworkTrack]) -> list[Tensor]:
    """What was heard of the tracks that are not silent."""
    return [track.embedding for track in tracks if track.embedding is not None]


def told(
    tracks: Sequence[NetworkTrack],
    target_loudness_lufs: float,
    locked: Mapping[str, Tensor],
    locked_units: Mapping[str, Tensor],
) -> Conditions:
    """What a network is told of a song, over the tracks that are not silent."""
    roles = [ROLES.index(track.role) for track in tracks if track.embedding is not None]
    loudness = torch.tensor([target_loudness_lufs])
    return Conditions(torch.tensor([roles]), torch.tensor([-1]), loudness, locked, locked_units)


def decision(
    name: str, console: Console, tracks: Sequence[NetworkTrack], decided: Parameters | None
) -> MixDecision:
    """What a network set, by name, silent tracks among the others.

    Args:
        name: of the engineer.
        console: the one that was set.
        tracks: all of them.
        decided: over those that are not silent; None if all are.
    """
    strips, place = [], 0
    for track in tracks:
        if track.embedding is None or decided is None:
            off = bypassed_if_silent(console)
            strips.append(StripDecision({}, bypass=off, reasons=("left alone: nothing to hear in it",)))
            continue
        values = console.layout["tracks"].named(decided.values["tracks"][0, place])
        place += 1
        trim = {"gain_db": track.trim_db}
        reason = f"trimmed {track.trim_db:+.1f} dB to −23 LUFS; all else as the network heard it"
        strips.append(StripDecision({**values, "trim": trim}, reasons=(reason,)))
    returns, master = {}, StripDecision({})
    if decided is not None:
        rows = decided.values
        returns = {
            bus: StripDecision(console.layout["returns"].named(rows["returns"][0, i], bus))
            for i, bus in enumerate(console.spec.return_names)
        }
        master = StripDecision(console.layout["master"].named(rows["master"][0, 0]))
    return MixDecision(name, tuple(strips), returns, master)


def bypassed_if_silent(console: Console) -> tuple[str, ...]:
    """What is switched off on a track in which there is nothing to hear."""
    return tuple(name for name in _BYPASSABLE if name in console.strips["tracks"])


def sections(audio: Iterable[Tensor], front: LogMel, *, seconds: float = SECTION_SECONDS) -> Iterable[Tensor]:
    """Spectra of a staged track, section by section, from blocks of its audio; equal to those of the whole.

    Args:
        audio: blocks of shape (2, samples) at the front end's rate, of any lengths.
        front: the front end.
        seconds: length of a section.

    Shape: each (3, bands + 2, frames).
    """
    for section in cut(audio, front.settings, seconds=seconds):
        yield front.framed(section[None])[0]


def cut(
    audio: Iterable[Tensor], front: FrontSettings, *, seconds: float = SECTION_SECONDS
) -> Iterable[Tensor]:
    """A staged track in sections, each with half a window of what surrounds it at both ends.

    Args:
        audio, seconds: see `sections`.
        front: of the front end that hears them.

    Shape: each (2, samples).
    """
    half, step = front.fft_size // 2, section_samples(front, seconds=seconds)
    buffer = torch.zeros(2, half)
    for block in audio:
        buffer = torch.cat([buffer, block], dim=-1)
        while buffer.shape[-1] >= step + 2 * half:  # frames 0 … step/hop − 1 have all that surrounds them
            yield buffer[:, : step - front.hop + 2 * half]
            buffer = buffer[:, step:]
    yield torch.cat([buffer, torch.zeros(2, half)], dim=-1)


def section_samples(front: FrontSettings, *, seconds: float = SECTION_SECONDS) -> int:
    """Samples from the start of one section to that of the next."""
    return max(round(seconds * front.sample_rate / front.hop), 1) * front.hop

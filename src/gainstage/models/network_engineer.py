"""A trained mixer as an engineer: spectra and roles in, a decision out, like the rules engineer's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gainstage.console.conditions import Conditions
from gainstage.engineer.decision import MixDecision, StripDecision
from gainstage.models.encoder import Heard
from gainstage.models.log_mel import LogMel
from gainstage.models.mixer import Decided, Mixer
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
        heard = [(track, track.embedding) for track in tracks if track.embedding is not None]
        decided = None
        if heard:
            embeddings = torch.stack([embedding for _, embedding in heard])[None]
            conditions = Conditions(
                torch.tensor([[ROLES.index(track.role) for track, _ in heard]]),
                torch.tensor([-1]),
                torch.tensor([target_loudness_lufs]),
                locked or {},
                locked_units or {},
            )
            decided = self.mixer.set(embeddings, torch.ones(1, len(heard), dtype=torch.bool), conditions)
        return self._decision(tracks, decided)

    def _decision(self, tracks: Sequence[NetworkTrack], decided: Decided | None) -> MixDecision:
        console = self.mixer.console
        strips, place = [], 0
        for track in tracks:
            if track.embedding is None or decided is None:
                off = tuple(name for name in _BYPASSABLE if name in console.strips["tracks"])
                strips.append(StripDecision({}, bypass=off, reasons=("left alone: nothing to hear in it",)))
                continue
            values = console.layout["tracks"].named(decided.parameters.values["tracks"][0, place])
            place += 1
            trim = {"gain_db": track.trim_db}
            reason = f"trimmed {track.trim_db:+.1f} dB to −23 LUFS; all else as the network heard it"
            strips.append(StripDecision({**values, "trim": trim}, reasons=(reason,)))
        returns, master = {}, StripDecision({})
        if decided is not None:
            rows = decided.parameters.values
            returns = {
                name: StripDecision(console.layout["returns"].named(rows["returns"][0, i]))
                for i, name in enumerate(console.spec.return_names)
            }
            master = StripDecision(console.layout["master"].named(rows["master"][0, 0]))
        return MixDecision(self.name, tuple(strips), returns, master)


def sections(audio: Iterable[Tensor], front: LogMel, *, seconds: float = SECTION_SECONDS) -> Iterable[Tensor]:
    """Spectra of a staged track, section by section, from blocks of its audio; equal to those of the whole.

    Args:
        audio: blocks of shape (2, samples) at the front end's rate, of any lengths.
        front: the front end.
        seconds: length of a section.

    Shape: each (3, bands + 2, frames).
    """
    hop, half = front.settings.hop, front.settings.fft_size // 2
    step = max(round(seconds * front.settings.sample_rate / hop), 1) * hop  # samples between sections
    buffer = torch.zeros(2, half)
    for block in audio:
        buffer = torch.cat([buffer, block], dim=-1)
        while buffer.shape[-1] >= step + 2 * half:  # frames 0 … step/hop − 1 have all that surrounds them
            yield front.framed(buffer[None, :, : step - hop + 2 * half])[0]
            buffer = buffer[:, step:]
    rest = torch.cat([buffer, torch.zeros(2, half)], dim=-1)
    yield front.framed(rest[None])[0]

"""A mixer as plain values: what a config writes and a checkpoint keeps."""

from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter

from gainstage.console.console import Console
from gainstage.console.spec import ConsoleSpec, named
from gainstage.models.controller import Controller
from gainstage.models.encoder import Encoder
from gainstage.models.log_mel import FrontSettings, LogMel
from gainstage.models.mixer import Mixer


@dataclass(frozen=True)
class EncoderSettings:
    """See `Encoder`.

    Args:
        front: how finely it hears.
        channels: width of each convolutional stage.
        width: of the embedding.
    """

    front: FrontSettings = field(default_factory=FrontSettings)
    channels: tuple[int, ...] = (160, 160, 192, 192)
    width: int = 192


@dataclass(frozen=True)
class ControllerSettings:
    """See `Controller`.

    Args:
        hidden: width of the layers.
        depth: layers in which tracks see each other.
        dropout: in training, 0 … 1.
    """

    hidden: int = 256
    depth: int = 3
    dropout: float = 0.1


@dataclass(frozen=True)
class MixerSettings:
    """All that a mixer is built from."""

    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    controller: ControllerSettings = field(default_factory=ControllerSettings)
    console: ConsoleSpec = field(default_factory=lambda: named("default"))

    def build(self) -> Mixer:
        """The mixer, untrained."""
        console = Console(self.console)
        front = LogMel(self.encoder.front)
        encoder = Encoder(
            bands=self.encoder.front.bands,
            hop_seconds=self.encoder.front.hop / self.encoder.front.sample_rate,
            channels=self.encoder.channels,
            width=self.encoder.width,
        )
        controller = Controller(
            console.layout,
            width=encoder.width,
            hidden=self.controller.hidden,
            depth=self.controller.depth,
            dropout=self.controller.dropout,
        )
        return Mixer(front, encoder, controller, console)

    def plain(self) -> dict[str, Any]:
        """Numbers, texts, lists and mappings only."""
        return {
            "encoder": _lists(asdict(self.encoder)),
            "controller": asdict(self.controller),
            "console": self.console.model_dump(mode="json"),
        }


def settings_from(plain: Any) -> MixerSettings:
    """The inverse of `MixerSettings.plain`.

    Raises:
        ValueError: something is missing or of another kind.
    """
    settings: MixerSettings = TypeAdapter(MixerSettings).validate_python(plain)
    return settings


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    return list(value) if isinstance(value, tuple) else value

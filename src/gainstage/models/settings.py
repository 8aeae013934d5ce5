"""A mixer as plain values: what a config writes and a checkpoint keeps."""

from collections.abc import Mapping
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
    console: ConsoleSpec = field(default_factory=lambda: named("basic"))

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

    A number that is not given stands at its default: it was added after those values were written.

    Raises:
        ValueError: a part is missing, something is of another kind, or not known here, as a mixer of a later
            version would be built wrongly without it.
    """
    settings: MixerSettings = TypeAdapter(MixerSettings).validate_python(plain)
    known = settings.plain()
    if missing := [name for name in known if name not in plain]:
        raise ValueError(f"'{missing[0]}' is missing")
    if unknown := _unknown(plain, known):
        raise ValueError(f"'{unknown[0]}' is not known")
    return settings


def _unknown(given: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """The keys that only the first has, at any depth."""
    found = [key for key in given if key not in known]
    for key, part in known.items():
        if isinstance(part, Mapping) and isinstance(given.get(key), Mapping):
            found += [f"{key}.{name}" for name in _unknown(given[key], part)]
    return found


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(part) for key, part in value.items()}
    return list(value) if isinstance(value, tuple) else value

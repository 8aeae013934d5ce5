"""Which processors a console has and in which order: the part that a config writes and a session stores."""

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from gainstage.console.json_text import check_plain
from gainstage.console.nearest import nearest_or_all
from gainstage.console.refusal import plain_sentence, said, sentence
from gainstage.processors import Processor, find, names

SECTIONS = ("tracks", "groups", "returns", "master")


class ProcessorSpec(BaseModel):
    """One processor of a strip: its name and its structural settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    settings: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _builds(self) -> Self:
        self.build()
        return self

    def build(self) -> Processor:
        """The processor that this describes.

        Raises:
            ValueError: an unknown processor or a setting that it does not have.
        """
        if self.name not in names():
            raise ValueError(f"there is no processor '{self.name}'{nearest_or_all(self.name, names())}")
        kind = find(self.name)
        known = getattr(kind, "__dataclass_fields__", {})
        for setting in self.settings:
            if setting not in known:
                raise ValueError(f"{self.name} has no setting '{setting}'{nearest_or_all(setting, known)}")
        check_plain(self.settings, self.settings)
        try:
            built = _adapter(kind).validate_json(json.dumps(self.settings), strict=True)
        except ValidationError as error:
            raise ValueError(plain_sentence(error, self.settings)) from None
        for setting, value in self.settings.items():  # 1 is not true, though Python takes it for it
            if isinstance(value, bool) is not isinstance(getattr(built, setting), bool):
                raise ValueError(f"{setting}: {said(value)} does not belong here")
        return built


@cache
def _adapter(kind: type[Processor]) -> TypeAdapter[Processor]:
    return TypeAdapter(kind)


def _from_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Strip = Annotated[list[Annotated[ProcessorSpec, BeforeValidator(_from_name)]], Field(max_length=64)]


class ConsoleSpec(BaseModel):
    """A console: the strips of its four sections, its buses, and what a network drives.

    Every strip of a section has the same processors; those that a strip does not need are bypassed and then
    cost nothing. In YAML a processor is a name, or `{name: compressor, settings: {detector: rms}}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    tracks: Strip = Field(default_factory=list)
    groups: Strip = Field(default_factory=list)
    returns: Strip = Field(default_factory=list)
    master: Strip = Field(default_factory=list)
    group_names: list[str] = Field(default_factory=list)
    return_names: list[str] = Field(default_factory=list)
    fixed: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(default_factory=dict)
    """Parameters that stand at another value than their default: `section.processor.parameter` → physical."""
    not_driven: list[str] = Field(default_factory=list)
    """Parameters that no network and no fit moves: `section.processor.parameter`, `*` for any part."""
    bypassed: list[str] = Field(default_factory=list)
    """Processors that are off, and driven by no network, until a session or an engineer names them:
    `section.processor`, on one bus `section.bus.processor`, `*` for any part. What costs latency, such as a
    limiter, belongs here."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for section in SECTIONS:
            parts = [spec.name for spec in getattr(self, section)]
            twice = sorted({name for name in parts if parts.count(name) > 1})
            if twice:
                raise ValueError(f"{section}: '{twice[0]}' stands twice; a strip holds each processor once")
        for kind in ("group", "return"):
            buses = getattr(self, f"{kind}_names")
            if len(set(buses)) != len(buses):
                raise ValueError(f"{kind}_names: every bus needs a name of its own, got {buses}")
        for patterns in ("not_driven", "bypassed"):
            given = getattr(self, patterns)
            if doubled := sorted({pattern for pattern in given if given.count(pattern) > 1}):
                raise ValueError(f"{patterns}: '{doubled[0]}' stands twice")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a console from YAML.

        Raises:
            ValueError: the file cannot be read as a console; the sentence names file and place.
        """
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            return cls.model_validate(document)
        except ValidationError as error:
            raise ValueError(f"{path}: {sentence(error, document, cls)}") from None
        except (OSError, yaml.YAMLError) as error:
            raise ValueError(f"{path} cannot be read as a console: {error}") from None


@cache
def named(name: str) -> ConsoleSpec:
    """The console that ships under this name (`configs/console/<name>.yaml`).

    Raises:
        ValueError: no console of that name ships.
    """
    path = shipped().get(name)
    if path is None:
        raise ValueError(
            f"no console called '{name}' ships with gainstage, there is {', '.join(shipped())}; "
            "give one of these or the path of a YAML file"
        )
    return ConsoleSpec.load(path)


def named_or_read(console: str) -> ConsoleSpec:
    """The console that ships under a name, or that a YAML file holds: whatever a person may type.

    A file of that name is taken only where the name is none of ours, or says that it is a path.

    Raises:
        ValueError: there is neither, or the file cannot be read as a console.
    """
    path = Path(console).expanduser()
    if console not in shipped() and (path.is_file() or path.suffix in (".yaml", ".yml")):
        return ConsoleSpec.load(path)
    return named(console)


@cache
def shipped() -> dict[str, Path]:
    """The consoles that ship: name → file."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "configs" / "console", package.parents[1] / "configs" / "console"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}

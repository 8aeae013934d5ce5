"""How the stems of each class sound on average: what effect normalisation brings others to, as JSON.

Classes are those of the taxonomy from fine to coarse: a role, its MoisesDB class, its MUSDB class, all. A
role of which a set has too few stems is judged by the next coarser class.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from gainstage.normalise.measure import BANDS_HZ, WIDTH_EDGES_HZ
from gainstage.roles import MOISESDB_CLASS, MUSDB_CLASS, check_role

FEWEST_STEMS = 5
"""Stems that a class needs to be judged by them."""

ALL = "all"
BUILT_IN = "built_in"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Spread(_Frozen):
    """Mean and standard deviation of a number over stems."""

    mean: FiniteFloat
    std: FiniteFloat = Field(ge=0)


class ClassSound(_Frozen):
    """The average stem of a class.

    Args:
        stems: how many were heard.
        loudness_lufs: of their active blocks.
        punch_db: how far attacks stand out (`gainstage.normalise.punch`).
        spectrum_db: power in sixth-octave bands against the loudness.
        width_db: power of the side against the middle in octaves, of stereo stems; empty if there is none.
    """

    stems: int = Field(gt=0)
    loudness_lufs: Spread
    punch_db: Spread
    spectrum_db: tuple[Spread, ...]
    width_db: tuple[Spread, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        bands, octaves = len(BANDS_HZ), len(WIDTH_EDGES_HZ) - 1
        if len(self.spectrum_db) != bands or len(self.width_db) not in (0, octaves):
            raise ValueError(
                f"{bands} bands and {octaves} (or no) octaves are wanted, got {len(self.spectrum_db)} and "
                f"{len(self.width_db)}"
            )
        return self


class EffectStatistics(_Frozen):
    """The average stem of every class of a set.

    Args:
        version: of the meaning of the numbers.
        source: what was heard, in words.
        classes: `role/kick`, `moisesdb/drums`, `musdb/drums`, `all`, … → what it sounds like.
    """

    version: Literal[1] = 1
    source: str = ""
    classes: Mapping[str, ClassSound]

    @model_validator(mode="after")
    def _has_all(self) -> Self:
        if ALL not in self.classes:
            raise ValueError(f"there is no class '{ALL}', which stands in for every other")
        return self

    def of(self, role: str) -> ClassSound:
        """The finest class of a role of which enough stems were heard.

        Raises:
            ValueError: there is no such role.
        """
        return self.classes[self.name_of(role)]

    def name_of(self, role: str) -> str:
        """The name of that class."""
        known = (name for name in classes_of(role) if name in self.classes)
        return next((name for name in known if self.classes[name].stems >= FEWEST_STEMS), ALL)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all; the same statistics give the same bytes.

        Raises:
            OSError: it cannot be written.
        """
        text = json.dumps(self.model_dump(), sort_keys=True, indent=None, separators=(",", ":"))
        partial = path.with_name(f".{path.name}.part")
        try:
            partial.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def read_statistics(path: Path) -> EffectStatistics:
    """Read what `EffectStatistics.save` wrote.

    Raises:
        ValueError: it is no such file; the sentence names the place.
        OSError: it cannot be read.
    """
    try:
        return EffectStatistics.model_validate_json(path.read_bytes())
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in fault["loc"])
        raise ValueError(
            f"{path} holds no statistics of effects ({place + ': ' if place else ''}"
            f"{fault['msg'].removeprefix('Value error, ')}); learn them with `gainstage normalise learn`"
        ) from error


def named_or_read(source: Path | str) -> EffectStatistics:
    """The statistics of a file, or those that ship: `built_in`, of the dry built-in songs.

    Raises:
        ValueError: as for `read_statistics`.
        OSError: the file cannot be read.
    """
    if str(source) == BUILT_IN:
        return read_statistics(Path(__file__).with_name(f"{BUILT_IN}.json"))
    return read_statistics(Path(source))


def classes_of(role: str) -> tuple[str, ...]:
    """The classes of a role, finest first.

    Raises:
        ValueError: there is no such role.
    """
    check_role(role)
    return f"role/{role}", f"moisesdb/{MOISESDB_CLASS[role]}", f"musdb/{MUSDB_CLASS[role]}", ALL

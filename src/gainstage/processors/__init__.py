"""The processors of the console: one file an effect, a table of parameters and a render function each."""

import importlib
import pkgutil
from functools import cache

from gainstage.processors.parameter import Kind, Parameter, Scale
from gainstage.processors.processor import Processor, State

__all__ = ["Kind", "Parameter", "Processor", "Scale", "State", "find", "names"]

_NOT_EFFECTS = {"blended_filter", "cascade", "gain", "parameter", "processor"}


@cache
def names() -> tuple[str, ...]:
    """The names of all processors: the files of this package."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_EFFECTS))


@cache
def find(name: str) -> type[Processor]:
    """The processor class that lives in the file of that name.

    Raises:
        ValueError: there is no such processor.
    """
    if name not in names():
        raise ValueError(f"there is no processor '{name}'; there are {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    found: type[Processor] = getattr(module, "".join(part.capitalize() for part in name.split("_")))
    return found

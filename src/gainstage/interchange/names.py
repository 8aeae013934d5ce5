"""Names that other tools and file systems take, from names that people write."""

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 60
# path separators, what Windows forbids, and the colon of port names; control characters go by their category
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]+')


def safe(name: str, otherwise: str) -> str:
    """A name as the name of a file or a port: one line, no separators, not empty, not hidden, not too long.

    Letters of all scripts stay as they are.
    """
    printable = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    text = " ".join(_FORBIDDEN.sub("-", printable).split())[:_LONGEST].strip(" .")
    return text or otherwise


def unique(names: Iterable[str], *, taken: Iterable[str] = ()) -> list[str]:
    """The names, a number behind those that stand before; without regard to case, as file systems want it."""
    seen, result = {name.casefold() for name in taken}, []
    for name in names:
        fresh, number = name, 2
        while fresh.casefold() in seen:
            fresh, number = f"{name} {number}", number + 1
        seen.add(fresh.casefold())
        result.append(fresh)
    return result

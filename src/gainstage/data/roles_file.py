"""Roles that a person gives: `file stem: role` in YAML, for what the names of the files do not say."""

import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import yaml

from gainstage.roles import check_role


def read_roles(path: Path) -> dict[str, str]:
    """Read a file of roles.

    Args:
        path: YAML, one `file stem: role` a line.

    Raises:
        ValueError: it is no such file; the sentence names the line.
        OSError: it cannot be read.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"{path}{place}: not YAML; write `file stem: role`, one a line") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise ValueError(f"{path}: a list of roles is wanted: `file stem: role`, one a line")
    roles: dict[str, str] = {}
    for key, value in root.value:
        place = f"{path}, line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise ValueError(f"{place}: one role a stem is wanted: `file stem: role`")
        if key.value in roles:
            raise ValueError(f"{place}: '{key.value}' was there before; remove one")
        try:
            roles[key.value] = check_role(value.value)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
    return roles


def assign_roles(files: Sequence[Path], roles: Mapping[str, str]) -> dict[Path, str]:
    """Which file has which of the roles given.

    Args:
        files: the stems.
        roles: name of a file, with or without suffix, case ignored → role.

    Raises:
        ValueError: there is no such role or no such stem; the nearest is named.
    """
    assigned: dict[Path, str] = {}
    for name, role in roles.items():
        check_role(role)
        matches = [path for path in files if _plain(name) in (_plain(path.name), _plain(path.stem))]
        exact = [path for path in matches if name in (path.name, path.stem)]
        if not matches:
            stems = [path.stem for path in files]
            nearest = get_close_matches(name, stems, n=1, cutoff=0.4)
            cure = f"did you mean '{nearest[0]}'?" if nearest else f"the stems are {', '.join(stems)}"
            raise ValueError(f"a role is given for '{name}', but there is no such stem; {cure}")
        assigned |= dict.fromkeys(exact or matches, role)
    return assigned


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

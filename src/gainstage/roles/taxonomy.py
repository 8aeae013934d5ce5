"""The roles that a track can play, their groups, and what other data sets call them."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

_TABLE = (
    # role, group, MoisesDB class, MUSDB class
    ("kick", "drums", "drums", "drums"),
    ("snare", "drums", "drums", "drums"),
    ("hat", "drums", "drums", "drums"),
    ("tom", "drums", "drums", "drums"),
    ("cymbal", "drums", "drums", "drums"),
    ("percussion", "drums", "percussion", "drums"),
    ("drums", "drums", "drums", "drums"),
    ("bass", "bass", "bass", "bass"),
    ("guitar_acoustic", "guitars", "guitar", "other"),
    ("guitar_electric", "guitars", "guitar", "other"),
    ("piano", "keys", "piano", "other"),
    ("organ", "keys", "other_keys", "other"),
    ("keys", "keys", "other_keys", "other"),
    ("synth_lead", "keys", "other_keys", "other"),
    ("pad", "keys", "other_keys", "other"),
    ("strings", "orchestra", "bowed_strings", "other"),
    ("brass", "orchestra", "wind", "other"),
    ("wind", "orchestra", "wind", "other"),
    ("lead_vocal", "vocals", "vocals", "vocals"),
    ("backing_vocal", "vocals", "vocals", "vocals"),
    ("fx", "other", "other", "other"),
    ("other", "other", "other", "other"),
)

ROLES: tuple[str, ...] = tuple(role for role, *_ in _TABLE)
"""All roles. Networks know a role by its place here, so the order is frozen."""

GROUPS: tuple[str, ...] = ("drums", "bass", "guitars", "keys", "orchestra", "vocals", "other")
"""All groups, in the order of the console's group buses; frozen too."""

_GROUPS: Mapping[str, str] = MappingProxyType({role: group for role, group, _, _ in _TABLE})

MOISESDB_CLASS: Mapping[str, str] = MappingProxyType({role: moises for role, _, moises, _ in _TABLE})
"""Role → MoisesDB's class of eleven. Its `other_plucked` (banjo, mandolin) has no role of its own."""

MUSDB_CLASS: Mapping[str, str] = MappingProxyType({role: musdb for role, _, _, musdb in _TABLE})
"""Role → MUSDB's class of the four."""

ROLE_OF_MOISESDB_CLASS: Mapping[str, str] = MappingProxyType(
    {
        "vocals": "lead_vocal",
        "bass": "bass",
        "drums": "drums",
        "guitar": "guitar_electric",
        "other_plucked": "guitar_acoustic",
        "percussion": "percussion",
        "piano": "piano",
        "other_keys": "keys",
        "bowed_strings": "strings",
        "wind": "wind",
        "other": "other",
    }
)
"""MoisesDB's class → the role that most of its tracks play."""

ROLE_OF_MUSDB_CLASS: Mapping[str, str] = MappingProxyType(
    {"drums": "drums", "bass": "bass", "vocals": "lead_vocal", "other": "other"}
)
"""MUSDB's class → role."""


def group_of(role: str) -> str:
    """The group of a role.

    Raises:
        ValueError: there is no such role.
    """
    return _GROUPS[check_role(role)]


def check_role(role: str) -> str:
    """The role itself, if there is one of that name.

    Raises:
        ValueError: there is none; the nearest is named.
    """
    if role in _GROUPS:
        return role
    nearest = get_close_matches(role.lower().replace(" ", "_").replace("-", "_"), ROLES, n=1, cutoff=0.5)
    cure = f"did you mean '{nearest[0]}'?" if nearest else f"the roles are {', '.join(ROLES)}"
    raise ValueError(f"'{role}' is no role; {cure}")

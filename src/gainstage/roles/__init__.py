"""What a track plays: a frozen table of roles in groups, and a guess from the name of a file."""

from gainstage.roles.names import RoleGuess, guess
from gainstage.roles.taxonomy import (
    GROUPS,
    MOISESDB_CLASS,
    MUSDB_CLASS,
    ROLE_OF_MOISESDB_CLASS,
    ROLE_OF_MUSDB_CLASS,
    ROLES,
    check_role,
    group_of,
)

__all__ = [
    "GROUPS",
    "MOISESDB_CLASS",
    "MUSDB_CLASS",
    "ROLES",
    "ROLE_OF_MOISESDB_CLASS",
    "ROLE_OF_MUSDB_CLASS",
    "RoleGuess",
    "check_role",
    "group_of",
    "guess",
]

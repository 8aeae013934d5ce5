"""The frozen table of roles and its maps to other data sets."""

import re
from pathlib import Path

import pytest

from gainstage.roles import (
    GROUPS,
    MOISESDB_CLASS,
    MUSDB_CLASS,
    ROLE_OF_MOISESDB_CLASS,
    ROLE_OF_MUSDB_CLASS,
    ROLES,
    check_role,
    group_of,
)

FROZEN = (
    "kick snare hat tom cymbal percussion drums bass guitar_acoustic guitar_electric piano organ keys "
    "synth_lead pad strings brass wind lead_vocal backing_vocal fx other"
)


def test_the_order_of_roles_and_groups_is_frozen() -> None:
    """Checkpoints know roles by number: a new order would shuffle them without a sound."""
    assert " ".join(ROLES) == FROZEN
    assert " ".join(GROUPS) == "drums bass guitars keys orchestra vocals other"


def test_each_role_has_a_group_and_each_group_a_role() -> None:
    assert {group_of(role) for role in ROLES} == set(GROUPS)
    assert [group_of(role) for role in ("tom", "percussion", "pad", "brass", "fx")] == [
        *("drums", "drums", "keys", "orchestra", "other")
    ]


def test_maps_to_other_sets_cover_all_and_lead_back() -> None:
    assert set(MOISESDB_CLASS) == set(MUSDB_CLASS) == set(ROLES)
    assert len(ROLE_OF_MOISESDB_CLASS) == 11
    assert set(MOISESDB_CLASS.values()) == set(ROLE_OF_MOISESDB_CLASS) - {"other_plucked"}
    assert set(MUSDB_CLASS.values()) == set(ROLE_OF_MUSDB_CLASS)
    for back, there in ((ROLE_OF_MOISESDB_CLASS, MOISESDB_CLASS), (ROLE_OF_MUSDB_CLASS, MUSDB_CLASS)):
        assert all(there[role] == name for name, role in back.items() if name != "other_plucked")
        with pytest.raises(TypeError):
            back["vocals"] = "kick"  # type: ignore[index]


def test_an_unknown_role_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'Lead Vocals' is no role; did you mean 'lead_vocal'\?"):
        check_role("Lead Vocals")
    with pytest.raises(ValueError, match=r"'xyz' is no role; the roles are kick, snare"):
        group_of("xyz")


def test_roles_import_nothing_of_ours() -> None:
    folder = Path(__file__).resolve().parents[2] / "src" / "gainstage" / "roles"
    imports = re.findall(
        r"(?:from|import) (gainstage[\w.]*)", "".join(p.read_text() for p in folder.glob("*.py"))
    )
    assert imports
    assert all(name.startswith("gainstage.roles") for name in imports)

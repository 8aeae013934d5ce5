"""Built-in songs lie where real tracks lie."""

from pathlib import Path

import pytest
from benchmarks import realism


def test_every_real_stem_has_a_role(shared_data: Path) -> None:
    roles = realism.read_roles()
    stems = {
        f"{path.parents[2].name}/{path.parents[1].name}/{path.stem}"
        for path in shared_data.glob("*/*/stems/*.flac")
    }
    assert set(roles) == stems


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_medians_of_40_songs_lie_within_the_real_range(shared_data: Path) -> None:
    rows = realism.compare(
        list(realism.real_tracks(shared_data)), list(realism.built_in_tracks(40, seconds=20.0))
    )
    demanded = [row for row in rows if row.is_demanded]
    assert {row.role for row in demanded} >= {
        "bass", "drums", "guitar_electric", "hat", "kick", "lead_vocal", "snare", "synth_lead", "tom",
    }  # fmt: skip
    assert [row for row in demanded if not row.holds] == []


def test_a_row_holds_only_if_the_median_lies_within() -> None:
    def heard(role: str, song: str, crest: float) -> realism.Heard:
        return realism.Heard(role, song, dict.fromkeys(realism.FEATURES, crest) | {"width": None})

    real = [heard("kick", str(index % 3), 10.0 + index) for index in range(5)]
    for built_in, holds in ((9.9, False), (10.1, True), (13.9, True), (14.1, False)):
        rows = realism.compare(real, [heard("kick", "0", built_in)])
        crest = next(row for row in rows if row.feature == "crest_db")
        assert crest.is_demanded
        assert crest.holds is holds
        assert next(row for row in rows if row.feature == "width").real is None
    assert not realism.compare(real[:4], [])[0].is_demanded

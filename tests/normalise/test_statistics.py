"""The average stem: fallback to coarser classes, a file that says the same, and what is no such file."""

import json
from pathlib import Path

import pytest
import torch

from gainstage.normalise import EffectStatistics, Learner, named_or_read, read_statistics
from gainstage.roles import ROLES
from tests.normalise.stems import heard, pulses, statistics


def test_a_role_with_few_stems_is_judged_by_a_coarser_class() -> None:
    learner = Learner()
    stems = torch.stack([pulses(i) for i in range(8)])
    roles = ["snare"] * 5 + ["kick"] * 2 + ["tom"]
    learner.add(heard(stems), roles)
    found = learner.statistics()
    assert [found.name_of(role) for role in ("snare", "kick", "percussion", "pad")] == [
        *("role/snare", "moisesdb/drums", "musdb/drums", "all")
    ]
    assert found.of("kick").stems == 8


def test_means_and_spreads_are_those_of_the_stems() -> None:
    learner = Learner()
    stems = torch.stack([pulses(1), 2.0 * pulses(1), 4.0 * pulses(1)])
    learner.add(heard(stems), ["kick"] * 3)
    found = learner.statistics().classes["role/kick"]
    assert found.loudness_lufs.std == pytest.approx(6.02 * (2 / 3) ** 0.5, abs=0.01)
    assert found.punch_db.std == 0.0
    assert max(band.std for band in found.spectrum_db) < 0.01  # against the loudness
    assert found.width_db == ()


def test_silent_stems_teach_nothing() -> None:
    learner = Learner()
    learner.add(heard(torch.zeros(1, 2, 100_000)), ["kick"])
    with pytest.raises(ValueError, match="every stem was silent"):
        learner.statistics()


def test_a_file_says_the_same_and_the_same_bytes(tmp_path: Path) -> None:
    found = statistics()
    found.save(tmp_path / "a.json")
    again = read_statistics(tmp_path / "a.json")
    again.save(tmp_path / "b.json")
    assert again == found
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


@pytest.mark.parametrize("text", ["", "{}", '{"classes": {}}', "[1]", "\x00"])
def test_another_file_is_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"no\.json holds no statistics of effects \("):
        read_statistics(path)


def test_statistics_with_too_few_bands_are_refused(tmp_path: Path) -> None:
    document = json.loads(statistics().model_dump_json())
    document["classes"]["all"]["spectrum_db"].pop()
    (tmp_path / "short.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"classes\.all: 61 bands and 8 \(or no\) octaves are wanted"):
        read_statistics(tmp_path / "short.json")


def test_those_that_ship_know_every_role() -> None:
    found = named_or_read("built_in")
    assert isinstance(found, EffectStatistics)
    assert {found.name_of(role) for role in ROLES if role != "other"} >= {"role/kick", "role/lead_vocal"}

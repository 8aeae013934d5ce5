"""What is written of an evaluation: read back, whole, and without a trace of what is not known."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console as Terminal

from gainstage.evaluation.files import summary_json, write_results
from gainstage.evaluation.page import evaluation_page
from gainstage.evaluation.results import TARGET, Evaluation
from gainstage.evaluation.statistics import scores
from gainstage.evaluation.table import print_tables


@pytest.fixture(scope="module")
def folder(evaluated: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "new"
    files = write_results(evaluated, out, title="Test <b>songs</b>")
    assert sorted(out.iterdir()) == sorted(files)
    return out


def test_the_csv_of_songs_holds_every_number(folder: Path, evaluated: Evaluation) -> None:
    rows = list(csv.DictReader((folder / "per_song.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 2 * 5
    for row, wanted in zip(rows, sorted(evaluated.rows, key=lambda r: r.song), strict=True):
        assert (row["song"], row["system"]) == (wanted.song, wanted.system)
        for metric in evaluated.metrics:
            cell = row[metric.name]
            if wanted.system == TARGET and metric.lower_is_better:
                assert cell == ""
            else:
                assert float(cell) == pytest.approx(wanted.values[metric.name], rel=1e-5)


def test_the_summary_says_the_same_in_csv_and_json(folder: Path, evaluated: Evaluation) -> None:
    rows = list(csv.DictReader((folder / "summary.csv").read_text(encoding="utf-8").splitlines()))
    document = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert document["num_songs"] == 2
    assert {m["name"] for m in document["metrics"]} == {m.name for m in evaluated.metrics}
    for score, row, entry in zip(scores(evaluated), rows, document["summary"], strict=True):
        assert (row["system"], row["metric"]) == (score.system, score.metric)
        assert float(row["median"]) == pytest.approx(entry["median"], rel=1e-5) == pytest.approx(score.median)
    near = next(e for e in document["summary"] if (e["system"], e["metric"]) == ("truth", "sum_difference"))
    assert near["gain"] == pytest.approx(1.0, abs=1e-3)
    assert near["num_nearer"] == 2
    own = next(e for e in document["summary"] if e["system"] == "sum" and e["metric"] == "sum_difference")
    assert own["gain"] is None


def test_the_page_holds_table_plots_players_and_names_as_text(folder: Path) -> None:
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "<b>songs" not in html
    assert html.count("<audio") == 5  # the target and four systems
    assert html.count("<svg") == 2 + 5 + 2
    assert not re.search(r"\bnan\b", re.sub(r'src="data:[^"]*"', "", html), re.IGNORECASE)
    for word in ("Deaf to", "MR-STFT sum_difference", "nearer than sum", "song 1"):
        assert word in html


def test_the_page_shows_the_training_of_the_network_where_it_is_known(
    evaluated: Evaluation, tmp_path: Path
) -> None:
    (tmp_path / "metrics.csv").write_text("step,train/total\n0,3.0\n1,2.0\n")
    page = evaluation_page(evaluated, run=tmp_path, page_bytes=200_000)
    assert "The training" in [section.title for section in page.sections]
    assert "train/total ends at 2.000" in page.html()


def test_a_warning_is_read_before_the_numbers(evaluated: Evaluation) -> None:
    warned = replace(evaluated, warnings=("the tracks are <i>wet</i> stems",))
    html = evaluation_page(warned).html()
    assert html.index("The tracks are &lt;i&gt;wet&lt;/i&gt; stems.") < html.index("Distance from the target")
    text = io.StringIO()
    print_tables(warned, terminal=Terminal(file=text, width=200))
    assert "warning: the tracks are <i>wet</i> stems" in text.getvalue()
    assert json.loads(summary_json(warned, "sum"))["warnings"] == list(warned.warnings)


def test_the_terminal_table_has_all_systems_and_metrics(evaluated: Evaluation) -> None:
    text = io.StringIO()
    print_tables(evaluated, terminal=Terminal(file=text, width=140))
    lines = text.getvalue()
    for word in ("truth", "target", "AF", "Loudness error, LU", "PLR, dB", "nearer than sum", "of S"):
        assert word in lines
    without = io.StringIO()
    print_tables(evaluated, baseline="nobody", terminal=Terminal(file=without, width=140))
    assert "nearer than" not in without.getvalue()


def test_a_file_in_the_way_is_named(evaluated: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x", encoding="utf-8")
    with pytest.raises(ValueError, match="out is a file; give a folder"):
        write_results(evaluated, tmp_path / "out")

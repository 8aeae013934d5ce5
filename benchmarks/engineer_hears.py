"""Does the rules engineer hear, or does it only know roles?

Plays built-in songs, lets the engineer mix each in a style of its own, and asks of every parameter: role
means removed, how much of what is left can a gradient-boosted regressor predict from named features of the
track and of the other tracks (`TrackHearing`, `SongHearing` without its counts of groups), on songs that it
has not seen? Role and style are hidden from it. From the repository's root:

    python -m benchmarks.engineer_hears --songs 300

Per parameter, on its unit scale:
    spread   standard deviation within a role (0 … 1 is the whole range)
    role     share of all variance that role means explain
    r2       held out by song, role means of the training songs removed
    style    share of the variance within roles that goes away when the style is `none`
Writes benchmarks/results/engineer_hears.json and .md.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import sklearn
import torch
from benchmarks.record import RESULTS, machine
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold

from gainstage.data.synthetic import play_song
from gainstage.dsp.features import FeatureMeter
from gainstage.engineer.decision import StripDecision
from gainstage.engineer.hear import hear
from gainstage.engineer.hearing import HeardTrack, Hearing
from gainstage.engineer.rules import RulesEngineer
from gainstage.processors import Parameter, find

MOVES = 0.004  # a parameter whose spread within roles is smaller stands still
FOLDS = 5

Array = NDArray[np.float64]


@dataclass
class Table:
    """Rows of one kind of strip: what was heard, and what was set with a style and without."""

    role: list[str] = field(default_factory=list)
    song: list[int] = field(default_factory=list)
    heard: list[list[float]] = field(default_factory=list)
    styled: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    centre: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Row:
    """The answer for one parameter."""

    parameter: str
    spread: float
    role: float
    r2: float
    style: float
    residual_variance: float


def hear_song(seed: int, seconds: float) -> Hearing:
    """Play a song and hear it."""
    tracks = []
    song = play_song(seed, seconds=seconds)
    for track in song.tracks:
        meter = FeatureMeter(track.audio.shape[0], sample_rate=song.sample_rate)
        meter.update(torch.from_numpy(track.audio))
        tracks.append(HeardTrack(track.role, meter.result(), f"{seed}/{track.name}"))
    return hear(tracks)


def units(strip: StripDecision) -> dict[str, float]:
    """All values of a strip on their unit scale."""
    found = {}
    for processor, values in strip.values.items():
        for name, value in values.items():
            row = _parameter(processor, name)
            found[f"{processor}.{name}"] = float(row.to_unit(torch.tensor(value)))
    return found


def _parameter(processor: str, name: str) -> Parameter:
    table = find("send" if processor.startswith("send_") else processor).table
    return next(row for row in table if row.name == name)


def collect(hearings: Iterator[Hearing]) -> dict[str, Table]:
    """The tables of tracks and of whole songs."""
    tables = {"tracks": Table(), "song": Table()}
    for seed, hearing in enumerate(hearings):
        styled, centre = RulesEngineer(seed).decide(hearing), RulesEngineer().decide(hearing)
        song = [value for name, value in hearing.song.named().items() if not name.startswith("tracks_")]
        for i, ear in enumerate(hearing.tracks):
            if ear.is_silent:
                continue
            heard = [*ear.named().values(), *song]
            _add(tables["tracks"], hearing.given[i].role, seed, heard, styled.tracks[i], centre.tracks[i])
        both = [(m.returns["reverb"], m.master) for m in (styled, centre)]
        strips = [_prefixed({"return": a, "master": b}) for a, b in both]
        _add(tables["song"], "song", seed, song, *strips)
    return tables


def _prefixed(strips: dict[str, StripDecision]) -> dict[str, float]:
    return {f"{place}.{name}": v for place, s in strips.items() for name, v in units(s).items()}


def _add(
    table: Table,
    role: str,
    seed: int,
    heard: Sequence[float],
    styled: StripDecision | dict[str, float],
    centre: StripDecision | dict[str, float],
) -> None:
    table.role.append(role)
    table.song.append(seed)
    table.heard.append(list(heard))
    for into, strip in ((table.styled, styled), (table.centre, centre)):
        for name, value in (units(strip) if isinstance(strip, StripDecision) else strip).items():
            if name != "trim.gain_db":  # follows the recorded level: computed, not decided
                into[name].append(value)


def measure(table: Table) -> list[Row]:
    """One row for each parameter that moves."""
    heard, song, role = np.array(table.heard), np.array(table.song), np.array(table.role)
    rows: list[Row] = []
    for name, values in table.styled.items():
        y, centre = np.array(values), np.array(table.centre[name])
        within = y - _role_means(y, role, np.ones(len(y), dtype=bool))
        if within.std() < MOVES:
            continue
        rest, guess = np.zeros_like(y), np.zeros_like(y)
        for train, test in GroupKFold(FOLDS).split(heard, groups=song):
            seen = np.isin(np.arange(len(y)), train)
            residual = y - _role_means(y, role, seen)
            model = HistGradientBoostingRegressor(
                max_iter=300, learning_rate=0.06, min_samples_leaf=10, l2_regularization=1.0, random_state=0
            )
            guess[test] = model.fit(heard[train], residual[train]).predict(heard[test])
            rest[test] = residual[test]
        taste = y - centre
        rows.append(
            Row(
                name,
                float(within.std()),
                float(1.0 - within.var() / y.var()),
                float(1.0 - np.mean((rest - guess) ** 2) / np.mean(rest**2)),
                float((taste - taste.mean()).var() / within.var()),
                float(np.mean(rest**2)),
            )
        )
        print(
            f"{name:40s} spread {rows[-1].spread:.3f} role {rows[-1].role:.2f} r2 {rows[-1].r2:.3f} "
            f"style {rows[-1].style:.3f}",
            flush=True,
        )
    return rows


def _role_means(y: Array, role: NDArray[np.str_], seen: NDArray[np.bool_]) -> Array:
    """For each row the mean of its role over the rows seen; of all rows seen for a role that was not."""
    means = {r: y[seen & (role == r)].mean() for r in set(role[seen])}
    return np.array([means.get(r, y[seen].mean()) for r in role])


def order_matters(hearings: Sequence[Hearing]) -> float:
    """Largest change of any unit value when the tracks of a song are handed over in another order."""
    worst = 0.0
    for seed, hearing in enumerate(hearings):
        order = np.random.default_rng(seed).permutation(len(hearing.given))
        plain = RulesEngineer(seed).decide(hearing)
        moved = RulesEngineer(seed).decide(hear([hearing.given[i] for i in order]))
        pairs = [(plain.tracks[i], moved.tracks[k]) for k, i in enumerate(order)]
        pairs += [(plain.master, moved.master), (plain.returns["reverb"], moved.returns["reverb"])]
        for a, b in pairs:
            before, after = units(a), units(b)
            worst = max([worst, *(abs(before[name] - after[name]) for name in before)])
    return worst


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Over parameters: R² weighted by variance, its median and its least, and the share of style."""
    weight = np.array([row.residual_variance for row in rows])
    r2 = np.array([row.r2 for row in rows])
    return {
        "parameters": float(len(rows)),
        "r2_variance_weighted": float((weight * r2).sum() / weight.sum()),
        "r2_median": float(np.median(r2)),
        "r2_least": float(r2.min()),
        "style_variance_weighted": float((weight * [row.style for row in rows]).sum() / weight.sum()),
    }


def main() -> None:
    """Measure and write the result files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--songs", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    began = time.time()
    first: list[Hearing] = []

    def played() -> Iterator[Hearing]:
        for seed in range(given.songs):
            hearing = hear_song(seed, given.seconds)
            if seed < 10:
                first.append(hearing)
            yield hearing

    tables = collect(played())
    rows = {kind: measure(table) for kind, table in tables.items()}
    write(rows, tables, order_matters(first), given, time.time() - began)


def write(
    rows: dict[str, list[Row]],
    tables: dict[str, Table],
    moved_by_order: float,
    given: argparse.Namespace,
    seconds: float,
) -> None:
    """Result files, as JSON and as a table to read."""
    document = {
        "songs": given.songs,
        "seconds_each": given.seconds,
        "tracks": len(tables["tracks"].role),
        "largest_unit_change_by_order": moved_by_order,
        "summary": {kind: summary(found) for kind, found in rows.items()},
        "parameters": {kind: [vars(row) for row in found] for kind, found in rows.items()},
        "took_s": round(seconds),
        "machine": machine(),
        "scikit-learn": sklearn.__version__,
    }
    (RESULTS / "engineer_hears.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    lines = [
        "# Does the rules engineer hear?",
        "",
        f"`python -m benchmarks.engineer_hears --songs {given.songs} --seconds {given.seconds:g}`: "
        f"{len(tables['tracks'].role)} tracks, held out by song ({FOLDS} folds), unit scale, role means "
        "removed; role and style hidden.",
        "",
    ]
    for kind, found in rows.items():
        total = summary(found)
        lines += [
            f"## {kind}: R² {total['r2_variance_weighted']:.3f} (variance-weighted), median "
            f"{total['r2_median']:.3f}, least {total['r2_least']:.3f}; "
            f"style {total['style_variance_weighted']:.3f}",
            "",
            "| parameter | spread in a role | role means | R² from audio | style |",
            "|---|---|---|---|---|",
            *(
                f"| {r.parameter} | {r.spread:.3f} | {r.role:.2f} | {r.r2:.3f} | {r.style:.3f} |"
                for r in found
            ),
            "",
        ]
    lines.append(f"Order of tracks changes unit values by at most {moved_by_order:.1e}.")
    (RESULTS / "engineer_hears.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What does a hand-edited session change, in numbers?

    python -m benchmarks.edited_session --stems ../shared/data/lmms-demos/CapDan-ReggaeTry/stems

The rules mix the song; then the session is edited as a person would edit the file: a lock on a fader,
automation of another, and a compressor that the kick ducks. Both are rendered, and the tracks are compared at
their place in the mix: level over all, level while the kick sounds and between its strokes, and the level of
the automated track before and after its move.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from benchmarks.record import write_results
from torch import Tensor

from gainstage.console.session import Session
from gainstage.dsp.loudness import integrated_loudness
from gainstage.mixing.mix import mix
from gainstage.mixing.render import render_blocks

LOCKED_DB, FALL_DB = -9.0, -12.0
DUCKING = {"threshold_db": -40.0, "ratio": 6.0, "attack_ms": 1.0, "release_ms": 120.0, "knee_db": 6.0}


@dataclass(frozen=True)
class Row:
    """One number before and after the edit."""

    what: str
    before: float
    after: float
    change: float


def edited(document: dict[str, Any], *, locked: str, automated: str, ducked: str, key: str) -> dict[str, Any]:
    """The session's document with the three edits."""
    half_s = document["num_samples"] / document["sample_rate"] / 2
    for track in document["tracks"]:
        processors = track["processors"]
        if track["name"] == locked:
            processors["fader"] = processors.get("fader", {}) | {
                "values": {"gain_db": LOCKED_DB},
                "locked": ["gain_db"],
            }
        if track["name"] == automated:
            now = processors["fader"]["values"]["gain_db"]
            fall = [[half_s, now], [half_s + 2.0, now + FALL_DB]]
            processors["fader"] = processors["fader"] | {"curves": {"gain_db": fall}}
        if track["name"] == ducked:
            source = {"section": "tracks", "strip": key, "gain_db": 0.0}
            processors["compressor"] = {"values": DUCKING, "key": [source]}
    return document


def signals(session: Session, stems: Path) -> tuple[Tensor, Tensor]:
    """The mix, and the tracks as they stand in it. Shape: (2, samples), (tracks, 2, samples)"""
    blocks = [(block.mix[0].clone(), block.tracks.clone()) for block in render_blocks(session, stems)]
    return torch.cat([mixed for mixed, _ in blocks], -1), torch.cat([tracks for _, tracks in blocks], -1)


def level_db(audio: Tensor, where: Tensor | slice = slice(None)) -> float:
    """Power in dB of the samples that are chosen."""
    return float(10.0 * torch.log10(audio[..., where].double().square().mean() + 1e-20))


def strokes(audio: Tensor, rate: int) -> tuple[Tensor, Tensor]:
    """The 60 ms behind each onset of a kick, and the 60 ms before it. Shape: (samples,) booleans."""
    hop = rate // 100
    power = audio.square().mean(0)[: audio.shape[-1] // hop * hop].unflatten(0, (-1, hop)).mean(-1)
    loud = 10.0 * torch.log10(power + 1e-12) > 10.0 * torch.log10(power.max()) - 15.0
    onsets = [i for i in range(7, len(loud) - 7) if loud[i] and not loud[i - 6 : i].any()]
    under, between = (torch.zeros(audio.shape[-1], dtype=torch.bool) for _ in range(2))
    for i in onsets:
        under[i * hop : (i + 6) * hop], between[(i - 6) * hop : i * hop] = True, True
    return under, between


def rows(before: Session, after: Session, stems: Path, *, names: dict[str, str]) -> Iterator[Row]:
    """What changed."""
    rate, index = before.sample_rate, {track.name: i for i, track in enumerate(before.tracks)}
    old, new = signals(before, stems), signals(after, stems)
    half = before.num_samples // 2

    def row(what: str, *values: float) -> Row:
        return Row(what, values[0], values[1], values[1] - values[0])

    yield row("mix, LUFS", *(float(integrated_loudness(mixed, sample_rate=rate)) for mixed, _ in (old, new)))
    place = index[names["locked"]]
    yield row(f"{names['locked']} (locked fader), dB", *(level_db(tracks[place]) for _, tracks in (old, new)))
    place = index[names["automated"]]
    for what, part in (("before", slice(half)), ("after", slice(half + 2 * rate, before.num_samples))):
        levels = (level_db(tracks[place], part) for _, tracks in (old, new))
        yield row(f"{names['automated']} {what} its automated fall, dB", *levels)
    under, between = strokes(old[1][index[names["key"]]], rate)
    place = index[names["ducked"]]
    for what, where in (("under the kick", under), ("before it", between)):
        levels = (level_db(tracks[place], where) for _, tracks in (old, new))
        yield row(f"{names['ducked']} (keyed) {what}, dB", *levels)
    touched = {names[what] for what in ("locked", "automated", "ducked")}
    others = [i for name, i in index.items() if name not in touched]
    worst = max(float((old[1][i] - new[1][i]).abs().max()) for i in others)
    yield row("largest change of a sample of any other track", 0.0, worst)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stems", type=Path, required=True)
    for what in ("locked", "automated", "ducked", "key"):
        parser.add_argument(f"--{what}", help="Name of a track; default: one that suits by role.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        mix(arguments.stems, Path(scratch), report=False)
        path = Path(scratch) / "session.json"
        before = Session.load(path)
        names = {what: getattr(arguments, what) or found for what, found in suited(before).items()}
        document = edited(json.loads(path.read_text()), **names)
        path.write_text(json.dumps(document))
        after = Session.load(path)
        found = list(rows(before, after, arguments.stems, names=names))
    song = f"{arguments.stems.parent.name}: " + ", ".join(f"{what} {name}" for what, name in names.items())
    write_results("edited_session", __doc__, found, notes=[song])


def suited(session: Session) -> dict[str, str]:
    """Tracks for the edits: the kick (or else the first drum) ducks the bass; two others are set by hand."""
    def first(*roles: str) -> str:
        ranked = [t.name for role in roles for t in session.tracks if t.role == role]
        return next(name for name in [*ranked, *(t.name for t in session.tracks)] if name not in taken)

    taken: list[str] = []
    found = {}
    for what, roles in (
        ("key", ("kick", "drums", "snare", "percussion")),
        ("ducked", ("bass", "synth_lead", "keys")),
        ("automated", ("organ", "keys", "guitar_electric", "pad", "lead_vocal")),
        ("locked", ("guitar_acoustic", "guitar_electric", "snare", "hat")),
    ):
        found[what] = first(*roles)
        taken.append(found[what])
    return found


if __name__ == "__main__":
    main()

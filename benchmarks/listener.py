"""How often is a role right that is guessed from the name, and how often one that is heard from the audio?

    python -m benchmarks.listener --data ../shared/data

The 113 real stems, whose roles a person wrote down (`tests/data/real_roles.yaml`), and for names the 621 of
`tests/roles/names.yaml` too, written in the style of published collections. The network that listens learnt
from built-in songs alone: every real stem is held out. Below: by how sure a guess says it is, how often it
was right; and which groups are taken for which.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from benchmarks.record import write_results

from gainstage.data.audio_file import probe
from gainstage.data.hearing import hear
from gainstage.dsp.features import FeatureMeter
from gainstage.listener import hear_role
from gainstage.roles import GROUPS, group_of, guess

TESTS = Path(__file__).resolve().parents[1] / "tests"
SURE = ((0.0, 0.3), (0.3, 0.5), (0.5, 0.8), (0.8, 1.01))


@dataclass(frozen=True)
class Guess:
    """One role, guessed."""

    role: str
    found: str
    sureness: float


@dataclass(frozen=True)
class Row:
    """How often a way to guess was right."""

    by: str
    what: str
    sureness: str
    tracks: int
    role_percent: float
    group_percent: float


class Listener:
    """Lets a feature meter listen to a file."""

    def __init__(self, channels: int, sample_rate: int) -> None:
        self.meter = FeatureMeter(channels, sample_rate=sample_rate)

    def hear(self, block: object) -> None:
        self.meter.update(block)  # type: ignore[arg-type]  # a tensor


def by_sound(data: Path, roles: dict[str, str]) -> list[Guess]:
    found = []
    for place, role in roles.items():
        song, _, stem = place.rpartition("/")
        path = next((data / song / "stems").glob(f"{stem}.*"))
        features = hear(probe(path), sample_rate=44_100, listen=Listener).listener.meter.result()
        heard = hear_role(features)
        if not features.is_silent:
            found.append(Guess(role, heard.role, heard.probability))
    return found


def by_name(names: Sequence[tuple[str, str]]) -> list[Guess]:
    guesses = [(role, guess(name)) for name, role in names]
    return [Guess(role, found.role, found.confidence) for role, found in guesses]


def rows_of(by: str, what: str, guesses: Sequence[Guess]) -> list[Row]:
    """All together, and by how sure they say they are."""
    parts = [("all", list(guesses))]
    for low, high in SURE:
        parts.append((f"{low:g}–{min(high, 1.0):g}", [g for g in guesses if low <= g.sureness < high]))
    return [
        Row(
            by,
            what,
            name,
            len(some),
            100.0 * float(np.mean([g.role == g.found for g in some])),
            100.0 * float(np.mean([group_of(g.role) == group_of(g.found) for g in some])),
        )
        for name, some in parts
        if some
    ]


def confusion(guesses: Sequence[Guess]) -> str:
    """A table in Markdown: a row for what it is, a column for what it was taken for."""
    count = Counter((group_of(g.role), group_of(g.found)) for g in guesses)
    lines = ["| by sound | " + " | ".join(GROUPS) + " |", "|" + "---|" * (len(GROUPS) + 1)]
    for is_group in GROUPS:
        cells = [str(count[is_group, taken]) if count[is_group, taken] else "" for taken in GROUPS]
        lines.append(f"| {is_group} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of real multitracks")
    arguments = parser.parse_args()
    roles: dict[str, str] = yaml.safe_load((TESTS / "data" / "real_roles.yaml").read_text(encoding="utf-8"))
    styles = yaml.safe_load((TESTS / "roles" / "names.yaml").read_text(encoding="utf-8"))
    rows = []
    for style, of in styles.items():
        names = [(str(name), role) for role, some in of.items() for name in some]
        rows += rows_of("name", f"written: {style}", by_name(names))[:1]
    written = [(str(n), role) for of in styles.values() for role, some in of.items() for n in some]
    rows += rows_of("name", "written", by_name(written))
    rows += rows_of("name", "real stems", by_name([(k.rpartition("/")[2], r) for k, r in roles.items()]))
    heard = by_sound(arguments.data, roles)
    rows += rows_of("sound", "real stems", heard)
    write_results("listener", __doc__, rows, notes=[confusion(heard)])


if __name__ == "__main__":
    main()

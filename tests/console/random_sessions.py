"""Random sessions on a console with all kinds of processors, and random single changes of them.

A session is a document here, as its JSON file is, so that changes are those that an editor makes.
"""

import copy
import json
import math
from collections.abc import Iterator
from random import Random
from typing import Any

from gainstage.console.console import Console
from gainstage.console.session import Session
from gainstage.console.spec import SECTIONS, ConsoleSpec
from gainstage.processors import Kind, Parameter

Document = dict[str, Any]
RATE = 44100
SPEC = ConsoleSpec.model_validate(
    {
        "tracks": ["trim", "high_pass", "gate", "compressor", "saturation", "fader", "pan", "width"],
        "groups": ["compressor", "fader"],
        "returns": ["delay", "fader"],
        "master": ["equaliser", "output_gain", "limiter"],
        "group_names": ["drums", "vocals"],
        "return_names": ["echo", "slap"],
        "fixed": {"returns.delay.mix": 1.0},
        "bypassed": ["master.limiter"],
    }
)
CONSOLE = Console(SPEC)


def load(document: Document) -> Session:
    return Session.from_json(json.dumps(document))


def value(random: Random, row: Parameter) -> float:
    """Anywhere in the range, now and then at an end."""
    where = random.choice((0.0, 1.0, *(random.random() for _ in range(6))))
    if row.scale == "log":
        return min(max(row.low * math.exp(where * math.log(row.high / row.low)), row.low), row.high)
    return row.low + where * (row.high - row.low)


def curve(random: Random, row: Parameter) -> list[list[float]]:
    times = sorted(round(random.uniform(0, 0.1), 3) for _ in range(random.randint(1, 4)))
    times = [time for i, time in enumerate(times) if i < 2 or times[i - 2] != time]  # two make a step
    points = [[time, value(random, row)] for time in times]
    return [point for i, point in enumerate(points) if point not in points[:i]]


def processor(random: Random, section: str, name: str) -> Document:
    table = CONSOLE.layout[section].processors[name].table
    rows = [row for row in table if random.random() < 0.5]
    moving = [row for row in table if row.kind is Kind.CONTINUOUS and random.random() < 0.2]
    return {
        "bypass": random.random() < 0.2,
        "values": {row.name: value(random, row) for row in rows},
        "curves": {row.name: curve(random, row) for row in moving},
        "locked": [row.name for row in table if random.random() < 0.1],
    }


def strip(random: Random, section: str, name: str) -> Document:
    made: Document = {
        "name": name,
        "mute": random.random() < 0.1,
        "inverted": random.random() < 0.2,
        "processors": {
            part: processor(random, section, part)
            for part in CONSOLE.layout[section].processors
            if random.random() < 0.7
        },
    }
    if random.random() < 0.2:
        made["mute_curve"] = [[0.02, True], [0.05, False]]
    if section in ("tracks", "groups") and random.random() < 0.3:
        made["pre_fader_sends"] = ["slap"]
    return made


def document(random: Random, *, tracks: int = 3) -> Document:
    """A session. One in ten listens to a single strip by solo."""
    made = json.loads(Session(name="song", sample_rate=RATE, num_samples=6000, console=SPEC,
                              **_buses()).to_json())  # fmt: skip
    for section in ("groups", "returns"):
        made[section] = [strip(random, section, bus["name"]) for bus in made[section]]
    made["master"] = strip(random, "master", "master")
    made["tracks"] = []
    for i in range(tracks):
        made["tracks"].append(
            strip(random, "tracks", f"Track {i}")
            | {"file": f"{i}.wav", "role": "other", "channels": 1 + i % 2, "content_hash": f"hash {i}"}
            | {"group": random.choice((None, "drums", "vocals")), "delay_samples": random.choice((0, 0, 50))}
        )
    made["tracks"][0].setdefault("processors", {}).setdefault("compressor", {})["key"] = [
        {"section": "tracks", "strip": "Track 1", "gain_db": -6.0}
    ]
    made["tracks"][1]["solo"] = random.random() < 0.1
    made["seeds"] = {"style": random.randint(0, 9)}
    return json.loads(load(made).to_json())  # type: ignore[no-any-return]


def _buses() -> Document:
    return {
        "groups": [{"name": name} for name in SPEC.group_names],
        "returns": [{"name": name} for name in SPEC.return_names],
    }


def strips(made: Document) -> Iterator[tuple[str, Document]]:
    for section in SECTIONS:
        found = made[section]
        yield from ((section, part) for part in ([found] if section == "master" else found))


def changed(random: Random, given: Document) -> tuple[Document, str]:
    """The session with one thing changed, and the place of it as `differences` names it."""
    made = copy.deepcopy(given)
    section, part = random.choice(list(strips(made)))
    where = f"{section} '{part['name']}'"
    layout = CONSOLE.layout[section]
    name = random.choice(list(layout.processors))
    processor_ = part["processors"].get(name) or {"bypass": layout.stands_bypassed(name), "values": {}}
    processor_ = {"curves": {}, "locked": [], "key": []} | processor_
    row = random.choice(layout.processors[name].table)
    kind = random.choice(("value", "value", "curve", "lock", "bypass", "mute", "solo", "inverted", "key"))
    kind = random.choice((kind, kind, "mute_curve", "pre_fader", "delay", "group", "seed", "hash"))
    if kind == "curve" and row.kind is Kind.CONTINUOUS:
        old = processor_["curves"].pop(row.name, None)
        if old is None or random.random() < 0.5:
            new = curve(random, row)
            processor_["curves"][row.name] = new if new != old else [*new, [9.0, row.low]]
        part["processors"][name] = processor_
        return made, f"{where} · {name} · {row.name} · curve"
    if kind == "lock":
        locked = set(processor_["locked"]) ^ {row.name}
        part["processors"][name] = processor_ | {"locked": sorted(locked)}
        return made, f"{where} · {name} · {row.name} · locked"
    if kind == "bypass":
        part["processors"][name] = processor_ | {"bypass": not processor_["bypass"]}
        return made, f"{where} · {name} · bypass"
    if kind == "key" and layout.processors[name].takes_key:
        source = {"section": "tracks", "strip": "Track 2", "gain_db": 0.0}
        keys = processor_["key"]
        part["processors"][name] = processor_ | {"key": keys[:-1] if keys else [source]}
        return made, f"{where} · {name} · key"
    if kind in ("mute", "inverted") or (kind == "solo" and section != "master"):
        part[kind] = not part[kind]
        return made, f"{where} · {kind}"
    if kind == "mute_curve":
        part[kind] = [*part[kind], [7.0, True]]
        return made, f"{where} · {kind}"
    if kind == "pre_fader" and section in ("tracks", "groups"):
        part["pre_fader_sends"] = sorted(set(part["pre_fader_sends"]) ^ {"echo"})
        return made, f"{where} · pre_fader_sends · echo"
    if kind == "delay" and section == "tracks":
        part["delay_samples"] += 1
        return made, f"{where} · delay_samples"
    if kind == "group" and section == "tracks":
        part["group"] = None if part["group"] else "drums"
        return made, f"{where} · group"
    if kind == "hash" and section == "tracks":
        part["content_hash"] = "another"
        return made, f"{where} · content_hash"
    if kind == "seed":
        made["seeds"]["style"] += 1
        return made, "seeds · style"
    default = layout.fixed.get(f"{section}.{name}.{row.name}", row.default)
    was, now = processor_["values"].get(row.name, default), value(random, row)
    while now == was:
        now = value(random, row)
    part["processors"][name] = processor_ | {"values": processor_["values"] | {row.name: now}}
    return made, f"{where} · {name} · {row.name}"

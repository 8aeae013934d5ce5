"""Run one part of a longer piece of work, and keep how long it took and how much memory it held at its peak.

    python scripts/measure.py RECORD NAME --makes FILE [--folder FOLDER] [--going-on ARGUMENT] -- COMMAND …

RECORD is a JSON file, one entry a part. A part that was done before is kept, as long as FILE is there and its
command, the sources of the package, its configs and the parts before it are the same. One that was cut short
goes on: COMMAND gets ARGUMENT too if FILE is there. One that starts anew finds its FOLDER gone; one without
a FOLDER keeps by itself what it finds done, whatever the sources.

Memory is what the command and all its children held together, asked of /proc five times a second. Where there
is no /proc it is that of the largest single process, which the system tells at the end.
"""

import argparse
import hashlib
import json
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EVERY_S = 0.2
PAGE = resource.getpagesize()
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Part:
    """What the command line says of a part."""

    name: str
    makes: Path
    folder: Path | None
    going_on: str | None
    command: list[str]


def main(arguments: list[str]) -> int:
    record, part = parsed(arguments)
    parts = read(record)
    mark = fingerprint(part, before(parts, part.name))
    known = parts.get(part.name, {})
    is_same = known.get("mark") == mark
    if is_same and known["is_done"] and part.makes.exists():
        print(f"done before, in {known['seconds']:.0f} s, and kept")
        write(record, parts | {part.name: known | {"is_kept": True}})
        return 0
    if part.folder and not is_same:
        shutil.rmtree(part.folder, ignore_errors=True)
    goes_on = is_same and part.makes.exists()
    more = [part.going_on] if goes_on and part.going_on else []
    had = known if is_same and (goes_on or not part.folder) else {}
    entry: dict[str, Any] = {"mark": mark, "is_done": False, "is_kept": False}
    entry |= {"seconds": had.get("seconds", 0.0), "peak_bytes": had.get("peak_bytes", 0)}
    write(record, parts | {part.name: entry})
    code, seconds, peak_bytes = run([*part.command, *more])
    entry["seconds"] += seconds
    entry |= {"is_done": code == 0, "peak_bytes": max(peak_bytes, entry["peak_bytes"])}
    write(record, parts | {part.name: entry})
    return code


def parsed(arguments: list[str]) -> tuple[Path, Part]:
    parser = argparse.ArgumentParser()
    parser.add_argument("record", type=Path)
    parser.add_argument("name")
    parser.add_argument("--makes", type=Path, required=True)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--going-on")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args(arguments)
    return given.record, Part(given.name, given.makes, given.folder, given.going_on, given.command)


def run(command: list[str]) -> tuple[int, float, int]:
    """Run a command; its exit code, seconds and bytes at its peak."""
    started = time.monotonic()
    child = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the child too; wait for how it ends
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    peak, ended = [0], threading.Event()
    watching = threading.Thread(target=watch, args=(child.pid, peak, ended), daemon=True)
    watching.start()
    code = child.wait()
    ended.set()
    watching.join()
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * MAXRSS_UNIT
    return (code if code >= 0 else 128 - code), time.monotonic() - started, max(peak[0], largest)


def watch(pid: int, peak: list[int], ended: threading.Event) -> None:
    while not ended.wait(EVERY_S):
        peak[0] = max(peak[0], held_bytes(pid))


def held_bytes(pid: int) -> int:
    """What a process and its children hold: what each has for itself, and what is shared once."""
    own, shared = 0, 0
    for process in family(pid):
        try:
            resident, of_files = (int(n) for n in Path(f"/proc/{process}/statm").read_text().split()[1:3])
        except (OSError, ValueError):
            continue  # it has ended
        own += resident - of_files
        shared = max(shared, of_files)
    return (own + shared) * PAGE


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, waiting = [], [pid]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text().split())
            except OSError:
                continue
    return found


# What was done before


def read(record: Path) -> dict[str, dict[str, Any]]:
    try:
        parts: dict[str, dict[str, Any]] = json.loads(record.read_text())
    except (OSError, ValueError):
        return {}
    return parts


def write(record: Path, parts: dict[str, dict[str, Any]]) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_suffix(".part")
    partial.write_text(json.dumps(parts, indent=1) + "\n")
    partial.replace(record)


def before(parts: dict[str, dict[str, Any]], name: str) -> list[str]:
    """The marks of the parts that stand before one."""
    names = list(parts)
    return [parts[n]["mark"] for n in (names[: names.index(name)] if name in names else names)]


def fingerprint(part: Part, earlier: list[str]) -> str:
    """What a part rests on: its command, what came before, and the sources and configs that carry it out."""
    digest = hashlib.sha256(json.dumps([part.command, earlier]).encode())
    if part.folder:
        for folder, pattern in (("src", "*.py"), ("configs", "*.yaml")):
            for path in sorted((ROOT / folder).rglob(pattern)):
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A session and its stems → the same mix in other tools, and a report of what was carried over."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gainstage.console.session import Session
from gainstage.console.session_schema import session_schema
from gainstage.interchange.ardour.devices import Embedded
from gainstage.interchange.ardour.native import Native
from gainstage.interchange.ardour.session import write_session
from gainstage.interchange.dawproject import write_dawproject
from gainstage.interchange.dawproject_devices import can as can_in_dawproject
from gainstage.interchange.desk import Desk, Stage, Strip
from gainstage.interchange.export_report import ExportReport, joined
from gainstage.interchange.freezing import Plan
from gainstage.interchange.plain_files import write_files
from gainstage.interchange.presets import write_eq_text, write_lv2
from gainstage.interchange.reaper.project import can_by_effects, can_natively, write_project
from gainstage.interchange.stems import Stems
from gainstage.mixing.export_audio import export_audio
from gainstage.mixing.export_sheet import sheet
from gainstage.mixing.render import Progress, silent_progress, stem_paths
from gainstage.mixing.staging import staged_folder

REPORT = "export_report.json"


@dataclass(frozen=True)
class Target:
    """A tool to export to.

    Args:
        can: whether it has a processor as it is set; what it has not is frozen.
        write: writes the mix into an empty folder.
    """

    can: Callable[[Strip, Stage], bool]
    write: Callable[[Plan, Stems, Path], ExportReport]


@dataclass(frozen=True)
class Exported:
    """What an export came to: its report, and the folder of each target."""

    report: ExportReport
    folders: Mapping[str, Path]


def _targets() -> dict[str, Target]:
    """All targets but `files`, by name."""
    found: dict[str, Target] = {}
    for flavour in (Embedded(), Native()):
        found[flavour.target] = Target(flavour.can, partial(write_session, flavour=flavour))
    for name, can, native in (
        ("reaper", can_by_effects, False),
        ("reaper-native", can_natively, True),
    ):
        found[name] = Target(can, partial(write_project, native=native))
    found["dawproject"] = Target(can_in_dawproject, write_dawproject)
    found["lv2"] = Target(_anything, lambda plan, _, folder: write_lv2(plan.desk, folder))
    found["eq-text"] = Target(_anything, lambda plan, _, folder: write_eq_text(plan.desk, folder))
    return found


def _anything(strip: Strip, stage: Stage) -> bool:
    """For targets without audio nothing is frozen."""
    del strip, stage
    return True


def target_names() -> tuple[str, ...]:
    """The targets that there are; all of them are the default."""
    return ("files", *_targets())


def export_mix(
    session: Path | str,
    stems: Path | str,
    out: Path | str,
    *,
    targets: Sequence[str] | None = None,
    progress: Progress = silent_progress,
) -> Exported:
    """Write a mix for other tools, each into a folder of its own.

    The song is rendered once, or twice where a tool lacks a processor and gets the audio behind it instead.
    Nothing is left out in silence: the report has every item of the session in every target.

    Args:
        session: the session's file.
        stems: the folder of its stems.
        out: the folder in which each target gets one; a target that is there already is not touched.
        targets: some of `target_names()`; all of them by default.
        progress: told how far the work is.

    Raises:
        ValueError: the session, a stem, a target or the place cannot be used; nothing is written then.
        OSError: writing failed; nothing half-written is left.
    """
    session, stems, out = Path(session), Path(stems), Path(out)
    chosen = list(dict.fromkeys(targets or target_names()))
    for name in chosen:
        if name not in target_names():
            raise ValueError(f"there is no target '{name}'; there are {', '.join(target_names())}")
        if (out / name).exists():
            raise ValueError(f"{out / name} is there already; remove it, or give another --out")
    desk = Desk.of(Session.load(session))
    if desk.num_samples == 0:
        raise ValueError(f"{session}: the song has no length, so there is nothing to export")
    stem_paths(desk.session, stems)
    tools = {name: target for name, target in _targets().items() if name in chosen}
    plans = {name: Plan.of(desk, target.can) for name, target in tools.items()}
    with staged_folder(out) as folder:
        work = folder / ".audio"
        work.mkdir()
        taps = [tap for plan in plans.values() for tap in plan.taps]
        audio, meter = export_audio(desk, stems, work, taps, progress=progress)
        reports = []
        for done, name in enumerate(chosen):
            (folder / name).mkdir()
            if name == "files":
                text, schema = sheet(desk, meter), session_schema(desk.session.console)
                report = write_files(desk, audio, folder / name, sheet=text, schema=schema)
            else:
                report = tools[name].write(plans[name], audio, folder / name)
            reports.append(report)
            progress("writing", done + 1, len(chosen))
        report = joined(reports)
        shutil.rmtree(work)
        (folder / REPORT).write_text(report.to_json(), encoding="utf-8")
    return Exported(report, {name: out / name for name in chosen})

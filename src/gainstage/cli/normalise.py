"""`gainstage normalise …`: learn how stems sound on average, and bring others to it."""

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
SOURCE = click.option(
    "--source", default="folders", show_default=True, help="What ROOT is: folders, built_in, musdb_hq, …"
)
STATISTICS = click.option(
    "--statistics",
    metavar="FILE|built_in",
    default="built_in",
    show_default=True,
    help="What `learn` wrote; or those that ship, of dry built-in songs.",
)
TOWARDS = click.option(
    "--towards",
    type=click.Choice(["mean", "likely"]),
    default="mean",
    show_default=True,
    help="To the mean of the class, as published, or only as far as treatment probably went.",
)
JOBS = click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Songs at a time.")


@click.group()
def normalise() -> None:
    """Take the treatment off stems: equaliser, dynamics, panning and level to the average of their class."""


@normalise.command("learn")
@click.argument("root", type=FOLDER)
@SOURCE
@click.option("--out", type=FILE, required=True, help="The JSON file to write.")
@JOBS
def normalise_learn(root: Path, source: str, out: Path, jobs: int) -> None:
    """Learn how the stems of the set below ROOT sound on average, class by class."""
    from gainstage.cli import show
    from gainstage.data.normalised import learn_statistics

    with show.progress() as step:
        found = learn_statistics(source, root, out, progress=step, jobs=jobs)  # type: ignore[arg-type]  # checked there
    click.echo(f"{out}: {found.source}, {len(found.classes)} classes, {found.classes['all'].stems} stems")


@normalise.command("stems")
@click.argument("stems", type=FOLDER)
@STATISTICS
@TOWARDS
@click.option("--roles", type=FILE, help="YAML, `file stem: role`, for what the names do not say.")
@click.option("--out", type=FOLDER, required=True, help="Folder for the normalised stems.")
def normalise_stems(stems: Path, statistics: str, towards: str, roles: Path | None, out: Path) -> None:
    """Normalise a folder of STEMS into another."""
    from gainstage.cli import show
    from gainstage.data.normalised import normalise_folder
    from gainstage.normalise import Settings

    settings = Settings(towards=towards)  # type: ignore[arg-type]  # a choice
    with show.progress() as step:
        normalise_folder(stems, out, statistics, roles=roles, settings=settings, progress=step)
    click.echo(f"{out}")


@normalise.command("set")
@click.argument("root", type=FOLDER)
@click.option(
    "--source", default="prepared", show_default=True, help="What ROOT is: prepared, folders, musdb_hq, …"
)
@click.option(
    "--statistics",
    metavar="learn|FILE|built_in",
    default="learn",
    show_default=True,
    help="`learn` them from the songs to train on; or those of a file; or those that ship.",
)
@TOWARDS
@click.option(
    "--rooms/--no-rooms", default=False, help="Put voices and others of training songs in drawn rooms."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the rooms.")
@click.option("--out", type=FOLDER, required=True, help="Folder for the set; a stopped run goes on.")
@click.option("--report/--no-report", default=True, help="Write report.html.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
def normalise_set(
    root: Path,
    source: str,
    statistics: str,
    towards: str,
    rooms: bool,
    seed: int,
    out: Path,
    report: bool,
    jobs: int,
) -> None:
    """Normalise the set below ROOT to train on (data=prepared): its stems, while its mixes stay."""
    from gainstage import preparation
    from gainstage.cli import show
    from gainstage.normalise import Rooms, Settings

    with show.progress() as step:
        done = preparation.normalise_set(
            source,  # type: ignore[arg-type]  # checked there
            root,
            out,
            statistics=statistics,
            settings=Settings(towards=towards),  # type: ignore[arg-type]  # a choice
            rooms=Rooms() if rooms else None,
            seed=seed,
            report=report,
            progress=step,
            jobs=jobs,
        )
    show.prepared(done)
    click.echo(f"  {out / preparation.STATISTICS}")

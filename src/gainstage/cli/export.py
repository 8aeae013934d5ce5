"""`gainstage export …`: what was made here, for other hands and other tools."""

from pathlib import Path

import click

from gainstage.cli.export_weights import export_weights

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def export() -> None:
    """Hand on what was made here: a mix to a DAW, a network's weights."""


@export.command("mix")
@click.argument("session", type=FILE)
@click.option("--stems", type=FOLDER, required=True, help="The folder of the stems that the session names.")
@click.option("--out", type=FOLDER, required=True, help="The folder in which each target gets one.")
@click.option(
    "--targets",
    metavar="NAME,…",
    help="Some of files, ardour, ardour-native, reaper, reaper-native, dawproject, lv2, eq-text; else all.",
)
def export_mix(session: Path, stems: Path, out: Path, targets: str | None) -> None:
    """Write the mix of a SESSION for other tools, and what of it was carried over."""
    from gainstage.cli import show
    from gainstage.mixing.export import export_mix as write

    chosen = None if targets is None else [name.strip() for name in targets.split(",") if name.strip()]
    with show.progress() as step:
        done = write(session, stems, out, targets=chosen, progress=step)
    show.exported(done)


export.add_command(export_weights)

"""`gainstage console …`: which consoles there are, and how one is wired."""

from pathlib import Path

import click


@click.group()
def console() -> None:
    """Look at consoles: list, draw."""


@console.command("list")
def console_list() -> None:
    """The consoles that ship."""
    from gainstage.console.spec import shipped

    for name, path in shipped().items():
        about = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#").strip()
        click.echo(f"{name:<14} {about}")


@console.command("draw")
@click.argument("source", metavar="NAME|FILE|SESSION")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A picture (.svg, .png) or a mermaid file (.mmd); without it the mermaid text is printed.",
)
def console_draw(source: str, out: Path | None) -> None:
    """Draw a console: one that ships, one of a YAML file, or that of a session with its routing."""
    from gainstage.console.drawing import console_drawing, session_drawing
    from gainstage.console.session import Session
    from gainstage.console.spec import named_or_read

    if Path(source).suffix == ".json":
        drawing = session_drawing(Session.load(source))
    else:
        drawing = console_drawing(named_or_read(source))
    if out is None:
        click.echo(drawing.mermaid(), nl=False)
        return
    if out.suffix not in (".svg", ".png", ".mmd"):
        raise ValueError(f"{out}: give a file that ends in .svg, .png or .mmd")
    if out.suffix == ".mmd":
        out.write_text(drawing.mermaid(), encoding="utf-8")
    else:
        from gainstage.report.console_picture import save_picture

        save_picture(drawing, out)
    click.echo(f"{out}")

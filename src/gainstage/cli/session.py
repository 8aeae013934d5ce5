"""`gainstage session …`: look at a session, compare two, find one between two, check one, its schema."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
NEUTRAL = "neutral"


@click.group()
def session() -> None:
    """Look at sessions: show, diff, interpolate, validate, schema; take one back from Ardour."""


@session.command("show")
@click.argument("path", metavar="SESSION", type=FILE)
def session_show(path: Path) -> None:
    """A readable table of a SESSION, strip by strip."""
    from gainstage.cli import session_table
    from gainstage.console.session import Session

    session_table.session(Session.load(path))


@session.command("diff")
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="As JSON: place, before, after, unit, sentence.")
@click.option("--all", "provenance", is_flag=True, help="Also where the sessions come from.")
def session_diff(before: Path, after: Path, as_json: bool, provenance: bool) -> None:
    """What changed from session BEFORE to session AFTER, in words."""
    from gainstage.console.session import Session
    from gainstage.console.session_diff import differences

    found = differences(Session.load(before), Session.load(after), provenance=provenance)
    if as_json:
        click.echo(json.dumps([asdict(part) for part in found], indent=1, ensure_ascii=False))
        return
    for part in found:
        click.echo(part.sentence)
    if not found:
        click.echo("no differences")


@session.command("interpolate")
@click.argument("first", metavar="SESSION|neutral", type=FILE)
@click.argument("second", metavar="SESSION", type=FILE)
@click.option("--amount", type=click.FloatRange(0, 1), required=True, help="0 is the first, 1 the second.")
@click.option("--out", type=FILE, required=True, help="The session to write.")
def session_interpolate(first: Path, second: Path, amount: float, out: Path) -> None:
    """The session between two, or between the plain sum (`neutral`) and one."""
    from gainstage.console.session import Session
    from gainstage.console.session_blend import interpolate, neutral_of

    end = Session.load(second)
    start = neutral_of(end) if str(first) == NEUTRAL else Session.load(first)
    interpolate(start, end, amount).save(out)
    click.echo(f"{out}")


@session.command("import-ardour")
@click.argument("path", metavar="ARDOUR_SESSION", type=click.Path(path_type=Path))
@click.option("--out", type=FILE, required=True, help="The session to write.")
def session_import_ardour(path: Path, out: Path) -> None:
    """A session that `gainstage export mix` wrote and Ardour saved, with what was moved there."""
    from gainstage.interchange.ardour.read import read_session

    found = read_session(path)
    found.session.save(out)
    for sentence in found.changes:
        click.echo(sentence)
    for sentence in found.left:
        click.echo(f"left out: {sentence}", err=True)
    if not found.changes:
        click.echo("nothing was moved")
    click.echo(f"{out}")


@session.command("validate")
@click.argument("path", metavar="SESSION", type=FILE)
@click.option("--stems", type=FOLDER, help="Also compare with the stems in this folder.")
def session_validate(path: Path, stems: Path | None) -> None:
    """Check a SESSION; exit status 1 if it cannot be rendered."""
    from gainstage.console.session import Session
    from gainstage.console.session_check import check

    document = Session.load(path)
    found = check(document)
    if stems is not None:
        from gainstage.mixing.check_stems import check_stems

        found += check_stems(document, stems)
    for finding in sorted(found, key=lambda finding: not finding.is_error):
        click.echo(f"{'error' if finding.is_error else 'warning'}: {finding.sentence}")
    errors = sum(finding.is_error for finding in found)
    click.echo(f"{path}: {errors} errors, {len(found) - errors} warnings")
    if errors:
        sys.exit(1)


@session.command("schema")
@click.argument("console", metavar="[CONSOLE]", default="default")
@click.option("--out", type=FILE, help="The file to write; without it the schema is printed.")
def session_schema(console: str, out: Path | None) -> None:
    """The JSON Schema of sessions of a CONSOLE (a name, a YAML file or a session), for editors."""
    from gainstage.console.session import Session
    from gainstage.console.session_schema import session_schema as schema_of
    from gainstage.console.spec import named_or_read
    from gainstage.console.whole_file import write_whole

    spec = Session.load(console).console if Path(console).suffix == ".json" else named_or_read(console)
    text = json.dumps(schema_of(spec), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
        return
    write_whole(out, text)
    click.echo(f"{out}")

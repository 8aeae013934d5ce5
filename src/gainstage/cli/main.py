"""`gainstage`: the commands. Each parses its arguments, calls one public function and prints what came of it.

Everything heavy is imported inside the commands, so that `gainstage --help` answers at once.
"""

import os
import sys
from pathlib import Path

import click

from gainstage.cli.console import console
from gainstage.cli.export import export
from gainstage.cli.normalise import normalise
from gainstage.cli.session import session

# Idle threads that spin while they wait cost several times the work itself where cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


def _style(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """A style seed, or None for `none`, the centre of all styles."""
    if value == "none":
        return None
    if value.isdecimal():
        return int(value)
    raise click.BadParameter(f"'{value}' is neither a whole number nor 'none'", ctx, param)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="gainstage")
def cli() -> None:
    """Gainstage: a folder of stems in; a mix and the settings behind it out."""


@cli.command()
@click.argument("stems", type=FOLDER)
@click.option(
    "--out", type=FOLDER, required=True, help="Folder for mix.wav, session.json, mix.md and report.html."
)
@click.option(
    "--engineer",
    type=click.Choice(["rules", "sum"]),
    default="rules",
    show_default=True,
    help="Who sets the console: rules that listen, or nobody (the plain sum).",
)
@click.option(
    "--loudness",
    type=click.FloatRange(-60, 0),
    default=-20.0,
    show_default=True,
    help="Integrated loudness of the mix in LUFS, at a true peak of -1 dBTP or less.",
)
@click.option(
    "--max-limiting",
    type=click.FloatRange(0, 24),
    default=6.0,
    show_default=True,
    help="Largest momentary reduction in dB that the limiter may need for that; the mix stays softer else.",
)
@click.option("--roles", type=FILE, help="YAML, `file stem: role`, for what the names do not say.")
@click.option(
    "--style",
    callback=_style,
    default="none",
    show_default=True,
    metavar="SEED|none",
    help="Seed of the engineer's taste; 'none' is the centre of all.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="A trained network sets the console instead of the rules: checkpoint, run, export or ONNX file.",
)
@click.option(
    "--console",
    metavar="NAME|FILE",
    help="The console: one that ships (see `gainstage console list`) or a YAML file; default: `default`.",
)
@click.option("--session", type=FILE, help="A session of these stems that you have edited.")
@click.option(
    "--keep-locks", is_flag=True, help="What is locked in --session stands; the rest is decided anew."
)
@click.option(
    "--amount",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="How much of the decision is taken: from --session, or from the plain sum without one.",
)
@click.option(
    "--tempo",
    type=click.FloatRange(1, 1000),
    metavar="BPM",
    help="Tempo of the song, for the session to keep.",
)
@click.option(
    "--normalise",
    metavar="FILE|built_in",
    help="First take the treatment off the stems, by these statistics; see `gainstage normalise`.",
)
@click.option("--tail/--no-tail", default=True, help="Let the reverb ring out after the last stem ends.")
@click.option("--report/--no-report", default=True, help="Write report.html, with pictures and players.")
@click.pass_context
def mix(
    context: click.Context,
    stems: Path,
    out: Path,
    engineer: str,
    loudness: float,
    max_limiting: float,
    roles: Path | None,
    style: int | None,
    checkpoint: Path | None,
    console: str | None,
    session: Path | None,
    keep_locks: bool,
    amount: float,
    tempo: float | None,
    normalise: str | None,
    tail: bool,
    report: bool,
) -> None:
    """Mix a folder of STEMS (wav, flac, ogg, mp3 or aiff)."""
    if checkpoint is not None:
        _check_unused(context, ("engineer", "style"), "with --checkpoint")
    from gainstage.cli import show
    from gainstage.console.spec import named_or_read
    from gainstage.mixing.mix import mix as mix_folder

    spec = None if console is None else named_or_read(console)
    with show.progress() as step:
        done = mix_folder(
            stems,
            out,
            engineer=engineer,
            loudness_lufs=loudness,
            max_limiting_db=max_limiting,
            roles=roles,
            style=style,
            checkpoint=checkpoint,
            console=spec,
            session=session,
            keep_locks=keep_locks,
            amount=amount,
            tempo_bpm=tempo,
            normalise=normalise,
            tail=tail,
            report=report,
            progress=step,
        )
    show.warnings(done.result.warnings)
    show.mixed(done)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("overrides", nargs=-1)
@click.option("--choices", is_flag=True, help="List what can be chosen, and stop.")
def train(overrides: tuple[str, ...], choices: bool) -> None:
    """Train a network: OVERRIDES such as experiment=quickstart, data=folders, steps=5000."""
    from gainstage.cli import configs, show

    if choices:
        click.echo(configs.choices("train"))
        return
    from gainstage.cli import train as training

    with show.progress() as step:
        done = training.run(overrides, progress=step, say=show.say)
    show.trained(done)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("overrides", nargs=-1)
@click.option("--choices", is_flag=True, help="List what can be chosen, and stop.")
def evaluate(overrides: tuple[str, ...], choices: bool) -> None:
    """Evaluate a network: OVERRIDES such as checkpoint=PATH, metrics=full, data=folders."""
    from gainstage.cli import configs, show

    if choices:
        click.echo(configs.choices("evaluate"))
        return
    from gainstage.cli import evaluate as evaluation

    with show.progress() as step:
        done = evaluation.run(overrides, progress=step)
    show.evaluated(done)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("overrides", nargs=-1)
@click.option("--choices", is_flag=True, help="List what can be set, and stop.")
def prepare(overrides: tuple[str, ...], choices: bool) -> None:
    """Prepare a data set for training: OVERRIDES such as source=medleydb root=PATH, strict=true."""
    from gainstage.cli import configs, show

    if choices:
        click.echo(configs.choices("prepare"))
        return
    from gainstage.cli import prepare as preparing

    with show.progress() as step:
        done = preparing.run(overrides, progress=step)
    show.prepared(done)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("overrides", nargs=-1)
@click.option("--out", type=FOLDER, required=True, help="Folder for the shards; it must not be there.")
def shards(overrides: tuple[str, ...], out: Path) -> None:
    """Write a prepared set as shards to stream: OVERRIDES as for train, data.songs.root=PATH."""
    from gainstage.cli import shards as sharding
    from gainstage.cli import show

    with show.progress() as step:
        count = sharding.run(out, overrides, progress=step)
    click.echo(f"{out}: {count} shards; gainstage train data=shards data.songs.root={out}")


@cli.command()
@click.argument("session", type=FILE)
@click.option("--stems", type=FOLDER, required=True, help="The folder of the stems that the session names.")
@click.option("--out", type=FILE, required=True, help="The WAV file to write (32-bit float); -: to stdout.")
def render(session: Path, stems: Path, out: Path) -> None:
    """Render a SESSION again: the same audio, the same bits."""
    from gainstage.cli import show
    from gainstage.mixing.render import render_file, render_stream

    with show.progress() as step:
        if str(out) == "-":
            warnings = render_stream(session, stems, sys.stdout.buffer, progress=step)
        else:
            warnings = render_file(session, stems, out, progress=step)
    show.warnings(warnings)
    if str(out) != "-":
        click.echo(f"{out}")


cli.add_command(session)
cli.add_command(console)
cli.add_command(export)
cli.add_command(normalise)


@cli.command()
@click.option("--songs", type=click.IntRange(1), default=1, show_default=True, help="How many songs.")
@click.option(
    "--seconds", type=click.FloatRange(4, 3600), default=20.0, show_default=True, help="Length of each."
)
@click.option("--out", type=FOLDER, required=True, help="Folder for the songs, one folder each.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the first song.")
@click.option("--mix/--no-mix", default=True, help="Also mix each song by the rules engineer.")
@click.option(
    "--dataset",
    is_flag=True,
    help="Write a data set to train on: stems as FLAC, sessions instead of mixes, and manifest.jsonl.",
)
@click.option(
    "--arrangements",
    type=click.IntRange(0),
    default=8,
    show_default=True,
    help="With --dataset: random subsets of the tracks of each song that are mixed as well.",
)
@click.option("--validation", type=click.IntRange(0), help="With --dataset: songs held out; default a tenth.")
@click.option("--test", type=click.IntRange(0), help="With --dataset: songs held out; default a tenth.")
@click.option(
    "--jobs", type=click.IntRange(1), default=2, show_default=True, help="With --dataset: processes."
)
@click.pass_context
def synth(
    context: click.Context,
    songs: int,
    seconds: float,
    out: Path,
    seed: int,
    mix: bool,
    dataset: bool,
    arrangements: int,
    validation: int | None,
    test: int | None,
    jobs: int,
) -> None:
    """Play built-in multitracks: dry stems, and the rules engineer's session and mix of each."""
    _check_belongs(context, dataset=dataset)
    from gainstage.cli import show

    with show.progress() as step:
        if dataset:
            from gainstage.mixing.dataset import MANIFEST, write_dataset

            rows = write_dataset(
                songs,
                seconds,
                out,
                seed=seed,
                arrangements=arrangements,
                validation=validation,
                test=test,
                jobs=jobs,
                progress=step,
            )
            written = [f"{out / MANIFEST}: {songs} songs, {len(rows) - songs} arrangements"]
        else:
            from gainstage.mixing.songs import write_mixed_songs

            folders = write_mixed_songs(songs, seconds, out, seed=seed, mixed=mix, progress=step)
            written = [f"{folder}" for folder in folders]
    for line in written:
        click.echo(line)


def _check_belongs(context: click.Context, *, dataset: bool) -> None:
    """Refuse options of `synth` that would be passed over in silence."""
    names = ("mix",) if dataset else ("arrangements", "validation", "test", "jobs")
    _check_unused(context, names, f"{'with' if dataset else 'without'} --dataset")


def _check_unused(context: click.Context, names: tuple[str, ...], why: str) -> None:
    for name in names:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} is of no use {why}; leave one of them out")


def main() -> None:
    """Entry point: errors that a person can act on become one sentence and a non-zero exit."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        _stop("interrupted; nothing half-written was left behind", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except KeyboardInterrupt:
        _stop("interrupted; nothing half-written was left behind", 130)
    except (ValueError, OSError) as error:
        _stop(_sentence(error), 1)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _stop(sentence: str, code: int) -> None:
    click.echo(f"gainstage: {sentence}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()

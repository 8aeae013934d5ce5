"""`gainstage export …`: what was made here, for other hands and other tools."""

import click

from gainstage.cli.export_weights import export_weights


@click.group()
def export() -> None:
    """Hand on what was made here: a network's weights."""


export.add_command(export_weights)

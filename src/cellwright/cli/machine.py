"""Owns the commands about this machine: doctor, base-image, completion."""

import os
from pathlib import Path

import click

from cellwright.base.errors import UsageError
from cellwright.cli.history import JSON
from cellwright.cli.options import WORKSPACE
from cellwright.cli.output import MACHINE, OK, print_json

_MARKS = {"ok": ("✔", "green"), "missing": ("·", "yellow"), "broken": ("✘", "red")}


@click.command("doctor")
@WORKSPACE
@JSON
def doctor_command(workspace: Path | None, as_json: bool) -> int:
    """Look at this machine: what is there, what is missing, how to mend it.

    Exit code 4 where something is broken; what is only missing is said and no error.

    \b
    Examples:
      cellwright doctor
      cellwright doctor --json
    """
    from cellwright.app.doctor import examine
    from cellwright.app.workspace import Workspace

    findings = examine(Workspace(workspace or Path()))
    if as_json:
        print_json({"findings": [finding.row() for finding in findings]})
    else:
        for finding in findings:
            mark, colour = _MARKS[finding.status]
            click.echo(f"{click.style(mark, fg=colour)} {finding.subject}: {finding.text}")
            if finding.mend:
                click.echo(f"    {finding.mend}")
    return MACHINE if any(finding.status == "broken" for finding in findings) else OK


@click.command("base-image")
@click.option("--python", default="", help="The Python it holds; 3.11 by default.")
@click.option("--suite", default="", help="The Debian release it is made from.")
@click.option("--tag", default="", help="Its name; cellwright-base:PYTHON by default.")
@JSON
def base_image_command(python: str, suite: str, tag: str, as_json: bool) -> int:
    """Make a base image without an image registry, from Debian's packages.

    Needs root, debootstrap and a Docker engine; takes about a minute. Images of steps are
    built on it from then on, where they would otherwise need python:VERSION-slim.

    \b
    Examples:
      sudo cellwright base-image
      sudo cellwright base-image --python 3.13
    """
    from cellwright.environment.base_image import base_image, make_base_image
    from cellwright.execution.docker_engine import Engine

    def say(text: str) -> None:
        click.echo(text, err=True)

    wanted = base_image(python=python, suite=suite, tag=tag)
    identity = make_base_image(wanted, engine=Engine(os.environ), environ=os.environ, say=say)
    if as_json:
        print_json({"tag": wanted.tag, "id": identity, "python": wanted.python})
    else:
        click.echo(f"{wanted.tag} is there: {identity}")
    return OK


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(cellwright completion bash)"
      cellwright completion fish > ~/.config/fish/completions/cellwright.fish
    """
    from click.shell_completion import get_completion_class

    from cellwright.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"no completion for {shell}")
    click.echo(kind(cli, {}, "cellwright", "_CELLWRIGHT_COMPLETE").source())
    return OK

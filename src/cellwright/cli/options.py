"""Owns the options that several commands share: where and how steps run, what is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., int])

PYTHON = click.option(
    "--python", default=None, help="The interpreter of the notebook's environment."
)
WORKSPACE = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    envvar="CELLWRIGHT_WORKSPACE",
    help="The folder whose .cellwright keeps the runs; by default the notebook's, or this one.",
)
_EXECUTOR = click.option(
    "--executor",
    default=None,
    metavar="[auto|docker|process]",
    help="Where steps run: in containers, or as processes. Auto takes docker if it answers.",
)
_ENVIRONMENT = click.option(
    "--environment",
    type=click.Choice(["locked", "current"]),
    default="locked",
    help="A locked environment for each step, or the interpreter that runs the notebook.",
)
_PARALLEL = click.option(
    "--parallel", type=click.IntRange(min=1), help="How many steps run at once."
)
_BASE_IMAGE = click.option(
    "--base-image", default="", help="The image that steps' images are built on."
)


def how_steps_run(command: _Command) -> _Command:
    """Give a command the options of where and how steps run."""
    for option in (WORKSPACE, _BASE_IMAGE, PYTHON, _PARALLEL, _ENVIRONMENT, _EXECUTOR):
        command = option(command)
    return command

"""Owns the options that several commands share: where and how steps run."""

from pathlib import Path

import click

EXECUTOR = click.option(
    "--executor",
    default=None,
    metavar="[auto|docker|process]",
    help="Where steps run: in containers, or as processes. Auto takes docker if it answers.",
)
ENVIRONMENT = click.option(
    "--environment",
    type=click.Choice(["locked", "current"]),
    default="locked",
    help="A locked environment for each step, or the interpreter that runs the notebook.",
)
PARALLEL = click.option(
    "--parallel", type=click.IntRange(min=1), help="How many steps run at once."
)
PYTHON = click.option(
    "--python", default=None, help="The interpreter of the notebook's environment."
)
BASE_IMAGE = click.option(
    "--base-image", default="", help="The image that steps' images are built on."
)
WORKSPACE = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    envvar="CELLWRIGHT_WORKSPACE",
    help="The folder whose .cellwright keeps the run.",
)

"""Owns how the command line speaks: results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from cellwright.base.errors import CellwrightError

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 400

OK, FAILED, USAGE, REFUSED, MACHINE, INTERRUPTED = 0, 1, 2, 3, 4, 130


def console(*, stderr: bool = False) -> "Console":
    """Return a rich console on one of the two streams; rich is imported here, on demand."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A pipe has no width: rows are for `grep` there, and must not be folded.
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=width)


def is_terminal() -> bool:
    """Tell whether a person is watching: both streams are a terminal."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def print_json(document: Any) -> None:
    """Print one JSON document and a line end."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def print_error(error: CellwrightError) -> None:
    """Print what is wrong and how to mend it."""
    click.echo(f"{click.style('error', fg='red', bold=True)}: {error}", err=True)
    if error.hint:
        for line in error.hint.splitlines():
            click.echo(f"  {click.style('hint', fg='cyan')}: {line}", err=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings, in columns as wide as what is in them."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=index == 0)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def seconds(value: float) -> str:
    """Return a duration as a person reads it."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def size(value: float) -> str:
    """Return a number of bytes as a person reads it."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def number(value: float) -> str:
    """Return a metric as a person reads it."""
    return f"{value:.6g}"

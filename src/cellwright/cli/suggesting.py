"""Owns `cellwright suggest`: proposed tags as a table, and setting them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cellwright.cli.compiling import NOTEBOOK, print_findings
from cellwright.cli.output import OK, REFUSED, print_json, print_table
from cellwright.diagnostics.excerpt import visible

if TYPE_CHECKING:
    from cellwright.app.suggestion import Suggested

_WIDEST = 40


@click.command("suggest")
@NOTEBOOK
@click.option("--apply", "set_them", is_flag=True, help="Set the proposed tags in the notebook.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def suggest_command(notebook: Path, set_them: bool, as_json: bool) -> int:
    """Propose tags for the cells of a notebook that have none.

    Steps follow the headings, or what the cells do where there are none. Cells that only
    show something get no tag. Tags that are there are kept. What is proposed compiles:
    where nothing does, the findings say why, and the exit code is 3.

    \b
    Examples:
      cellwright suggest churn.ipynb
      cellwright suggest churn.ipynb --apply
    """
    from cellwright.app.suggestion import apply, suggest

    found = suggest(notebook)
    if set_them:
        found = apply(found)
    if as_json:
        print_json(found.document())
    else:
        _print(found)
    return OK if found.compiled.pipeline is not None else REFUSED


def _print(found: "Suggested") -> None:
    if found.compiled.pipeline is None:
        print_findings(found.compiled)
        click.echo("no tags were found with which it compiles", err=True)
        return
    print_table(
        ("cell", "first line", "tag", "why"),
        [
            (str(each.number), _short(each.first_line), each.tag or "-", visible(each.why))
            for each in found.suggestion.proposals
        ],
    )
    steps = ", ".join(found.steps)
    click.echo(f"{len(found.steps)} step{'s' if len(found.steps) != 1 else ''}: {steps}")
    if found.applied:
        click.echo(f"tagged {found.changes} cells of {found.compiled.path}")
    elif found.changes:
        click.echo(f"set these tags: cellwright suggest {found.compiled.path} --apply")
    else:
        click.echo("nothing to tag")


def _short(line: str) -> str:
    shown = visible(line)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"

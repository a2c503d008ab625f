"""Owns the commands about this machine: doctor, base-image, completion."""

import click

from cellwright.base.errors import UsageError
from cellwright.cli.output import OK

_MARKS = {"ok": ("✔", "green"), "missing": ("·", "yellow"), "broken": ("✘", "red")}


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> int:
    r"""Print the completion script of a shell.

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

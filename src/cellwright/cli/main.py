"""Owns the `cellwright` command: its subcommands, loaded on demand, and its exit codes."""

import importlib
import os
import sys
import tempfile
import traceback
from typing import Any

import click

import cellwright
from cellwright.base.errors import CellwrightError
from cellwright.cli.output import INTERRUPTED, MACHINE, print_error

_COMMANDS = {
    "check": ("compiling", "Say what is wrong with a notebook, and where."),
    "compile": ("compiling", "Compile a notebook into components."),
    "inspect": ("compiling", "Show the pipeline of a notebook: steps, ports, edges."),
    "suggest": ("suggesting", "Propose tags for a notebook that has none."),
    "explain": ("compiling", "Explain a rule, or why a step has a port."),
    "run": ("running", "Run a notebook as a pipeline."),
    "verify": ("verifying", "Show that the pipeline computes what the notebook does."),
    "runs": ("history", "List the runs of this workspace."),
    "show": ("history", "Show one run."),
    "logs": ("history", "Print what a step printed."),
    "artifacts": ("history", "List or save the artifacts of a run."),
    "doctor": ("machine", "Look at this machine: what is there, what is missing."),
    "base-image": ("machine", "Make a base image without an image registry."),
    "completion": ("machine", "Print the completion script of a shell."),
}


class _Commands(click.Group):
    """The subcommands: listed from the table above, imported when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"cellwright.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = get_close_matches(args[0], _COMMANDS, n=1)
            if not close:
                raise
            text = f"{error.message.rstrip('.')}. Did you mean `{close[0]}`?"
            raise click.UsageError(text, ctx) from None


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 succeeded, 1 a step failed, 2 wrong usage, 3 refused by diagnostics, "
        "4 the machine's fault (engine, disk, network), 130 interrupted."
    ),
)
@click.version_option(cellwright.__version__, prog_name="cellwright")
def cli() -> None:
    """Tag the cells, and the notebook is a pipeline.

    \b
    Examples:
      cellwright check churn.ipynb
      cellwright run churn.ipynb -p n_estimators=200
      cellwright show last
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    try:
        result: Any = cli.main(args=arguments, prog_name="cellwright", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except CellwrightError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output is gone; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("CELLWRIGHT_DEBUG"):
            raise
        _print_internal(error)
        sys.exit(MACHINE)


def _print_internal(error: Exception) -> None:
    with tempfile.NamedTemporaryFile(
        "w", prefix="cellwright-", suffix=".txt", delete=False, encoding="utf-8"
    ) as handle:
        traceback.print_exception(error, file=handle)
    print_error(
        CellwrightError(
            f"this is a defect of Cellwright: {type(error).__name__}: {error}",
            hint=f"what happened is recorded in {handle.name}; please report it",
        )
    )


if __name__ == "__main__":
    main()

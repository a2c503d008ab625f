"""Owns `cellwright run`: the options, what is shown meanwhile, and how it ends."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cellwright.cli.compiling import NOTEBOOK, print_findings
from cellwright.cli.options import how_steps_run
from cellwright.cli.output import FAILED, INTERRUPTED, OK, console, is_terminal, number, print_json

if TYPE_CHECKING:
    from cellwright.app.running import RunResult
    from cellwright.cli.live import View
    from cellwright.model.run import Run


@click.command("run")
@NOTEBOOK
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give a parameter a value for this run; read by the type of its default.",
)
@how_steps_run
@click.option("--steps", default="", metavar="A,B", help="Only these steps and what they need.")
@click.option("--no-cache", is_flag=True, help="Run every step, also those answered already.")
@click.option("--logs", is_flag=True, help="Print what the steps print, as they print it.")
@click.option("--keep", is_flag=True, help="Keep the folders of failed steps, to look inside.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document at the end.")
def run_command(  # noqa: PLR0913, PLR0917  # one for each option
    notebook: Path,
    parameters: tuple[str, ...],
    executor: str | None,
    environment: str,
    steps: str,
    no_cache: bool,
    logs: bool,
    parallel: int | None,
    python: str | None,
    base_image: str,
    keep: bool,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Run a notebook as a pipeline: each step in its own container or process.

    What was computed before with the same code, inputs, parameters and environment is
    taken from the store. Ctrl-C stops all steps; what has finished is kept.

    \b
    Examples:
      cellwright run churn.ipynb
      cellwright run churn.ipynb -p n_estimators=200 -p folder=data/2026
      cellwright run churn.ipynb --steps train,evaluate --logs
      cellwright run churn.ipynb --executor process --environment current --json
    """
    from cellwright.app.running import RunOptions, run_notebook

    options = RunOptions(
        notebook=notebook,
        assignments=parameters,
        executor=executor,
        environment=environment,
        steps=tuple(name.strip() for name in steps.split(",") if name.strip()),
        use_cache=not no_cache,
        parallel=parallel,
        python=python,
        base_image=base_image,
        keep=keep,
        workspace=workspace,
    )
    cancel = threading.Event()
    with interrupts(cancel), run_view(as_json=as_json, logs=logs) as view:
        result = run_notebook(
            options,
            emit=view.emit,
            cancel=cancel,
            notice=notices(as_json),
            found_out=(lambda _: None) if as_json else print_findings,
        )
    if as_json:
        print_json(result.document())
    else:
        _print_outcome(result)
    return _exit_code(result)


def run_view(*, as_json: bool, logs: bool) -> "View":
    """Return what shows a run to whoever watches, if anybody does."""
    from cellwright.cli.live import LiveView, PlainView, SilentView

    if as_json:
        return SilentView()
    return LiveView(logs=logs) if is_terminal() else PlainView(logs=logs)


def notices(as_json: bool) -> Callable[[str], None]:
    """Return what tells a person of something besides the result."""

    def say(text: str) -> None:
        if not as_json or sys.stderr.isatty():
            click.echo(text, err=True)

    return say


@contextmanager
def interrupts(cancel: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) stop the run in order, the next one at once."""

    def ask(number: int, frame: object) -> None:  # noqa: ARG001
        if cancel.is_set():
            raise KeyboardInterrupt
        click.echo("stopping the steps; once more to stop at once", err=True)
        cancel.set()

    before = {name: signal.signal(name, ask) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _exit_code(result: "RunResult") -> int:
    from cellwright.cli.output import MACHINE, REFUSED
    from cellwright.model.run import State

    if result.run is None:
        return REFUSED
    match result.run.state:
        case State.SUCCEEDED | State.CACHED:
            return OK
        case State.CANCELLED:
            return INTERRUPTED
        case _:
            kinds = {step.failure.kind for step in result.run.steps.values() if step.failure}
            return MACHINE if kinds == {"machine"} else FAILED


def _print_outcome(result: "RunResult") -> None:
    if result.run is None:
        return
    print_failures(result.run)
    cached = sum(step.source_run is not None for step in result.run.steps.values())
    total = len(result.run.steps)
    took = "" if result.run.finished is None else f" in {_took(result.run)}"
    click.echo(f"{result.run.state.value}{took}: {total} steps, {cached} from the cache")
    for name, step in result.run.steps.items():
        for metric, value in step.metrics.items():
            click.echo(f"  {name}.{metric} = {number(value)}")
    click.echo(f"see it: cellwright show {result.run.id}")
    click.echo(f"its artifacts: cellwright artifacts {result.run.id}")


def _took(run: "Run") -> str:
    from cellwright.cli.output import seconds

    if run.finished is None:
        return "?"
    return seconds((run.finished - run.started).total_seconds())


def print_failures(run: "Run") -> None:
    """Print why steps failed, and where."""
    for name, step in run.steps.items():
        if step.failure is None:
            continue
        where = ""
        if step.failure.cell is not None:
            where = f" in cell {step.failure.cell}"
            where += f", line {step.failure.line}" if step.failure.line is not None else ""
        console(stderr=True).print()
        if step.failure.traceback:
            click.echo(step.failure.traceback.rstrip("\n"), err=True)
        mark = click.style("failed", fg="red", bold=True)
        click.echo(f"{mark}: step `{name}`{where}: {step.failure.message}", err=True)
        if step.failure.hint:
            click.echo(f"  hint: {step.failure.hint}", err=True)
        click.echo(f"  its log: cellwright logs {run.id} {name}", err=True)

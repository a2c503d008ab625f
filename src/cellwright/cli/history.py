"""Owns the commands that look back: runs, show, logs, artifacts."""

import sys
import time
from pathlib import Path

import click

from cellwright.base.errors import UsageError
from cellwright.cli.options import WORKSPACE
from cellwright.cli.output import OK, number, print_json, print_table, seconds, size

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
RUN = click.argument("run")


@click.command("runs")
@click.option("-n", "--limit", default=20, show_default=True, help="How many, newest first.")
@WORKSPACE
@JSON
def runs_command(limit: int, workspace: Path | None, as_json: bool) -> int:
    """List the runs of this workspace, newest first.

    \b
    Examples:
      cellwright runs
      cellwright runs -n 5 --json
    """
    from cellwright.app.documents import run_summary
    from cellwright.app.workspace import open_workspace

    summaries = [run_summary(run) for run in open_workspace(workspace).ledger.runs(limit=limit)]
    if as_json:
        print_json({"runs": summaries})
        return OK
    rows = [
        (
            summary["run"],
            summary["state"],
            summary["notebook"],
            summary["executor"],
            ", ".join(f"{key}={value}" for key, value in summary["parameters"].items()),
            ", ".join(f"{key}={number(value)}" for key, value in summary["metrics"].items()),
        )
        for summary in summaries
    ]
    print_table(("run", "state", "notebook", "executor", "parameters", "metrics"), rows)
    return OK


@click.command("show")
@RUN
@WORKSPACE
@JSON
def show_command(run: str, workspace: Path | None, as_json: bool) -> int:
    """Show one run: its steps, their states, times, metrics and artifacts.

    RUN is a run's id, the beginning of one, or `last`.

    \b
    Examples:
      cellwright show last
      cellwright show 20260102-1504 --json
    """
    from cellwright.app.history import find_run, recorded_document
    from cellwright.app.verification.reports import summary
    from cellwright.app.workspace import open_workspace

    home = open_workspace(workspace)
    found = find_run(home, run)
    if as_json:
        print_json(recorded_document(home, found))
        return OK
    click.echo(f"run       {found.id}\nstate     {found.state.value}")
    click.echo(f"notebook  {found.notebook_path}\nexecutor  {found.executor}")
    click.echo(f"started   {found.started.astimezone():%Y-%m-%d %H:%M:%S}")
    for name, value in found.parameters.items():
        click.echo(f"  {name} = {value}")
    rows = [
        (
            name,
            step.state.value,
            "" if step.source_run else seconds(step.seconds),
            size(step.peak_memory) if step.peak_memory else "",
            ", ".join(f"{key}={number(value)}" for key, value in step.metrics.items()),
            step.failure.message if step.failure else "",
        )
        for name, step in found.steps.items()
    ]
    print_table(("step", "state", "time", "peak memory", "metrics", "failure"), rows)
    for report in home.store.equivalences.of_run(found.id):
        click.echo(f"verified  {summary(report)}, {report.created.astimezone():%Y-%m-%d %H:%M}")
    return OK


@click.command("logs")
@RUN
@click.argument("step")
@click.option("-f", "--follow", is_flag=True, help="Go on while the step runs.")
@WORKSPACE
def logs_command(run: str, step: str, follow: bool, workspace: Path | None) -> int:
    """Print what a step printed, standard output and error as they came.

    \b
    Examples:
      cellwright logs last train
      cellwright logs last train --follow
    """
    from cellwright.app.history import LogTail
    from cellwright.app.workspace import open_workspace

    tail = LogTail(open_workspace(workspace), run, step)
    out = sys.stdout.buffer
    while True:
        ended = tail.ended()  # asked first, so that the last words are not missed
        out.write(tail.read())
        out.flush()
        if ended or not follow:
            return OK
        time.sleep(0.2)


@click.command("artifacts")
@RUN
@click.option("--step", default=None, help="Only what this step made.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Copy the objects to this folder, under step and port names.",
)
@WORKSPACE
@JSON
def artifacts_command(
    run: str,
    step: str | None,
    output: Path | None,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """List the artifacts that a run made, or copy them to a folder.

    \b
    Examples:
      cellwright artifacts last
      cellwright artifacts last --step report -o out/
    """
    from cellwright.app.history import copy_artifacts, find_run, list_artifacts
    from cellwright.app.workspace import open_workspace

    home = open_workspace(workspace)
    found = find_run(home, run)
    if step is not None and step not in found.steps:
        raise UsageError(
            f"run {found.id} has no step `{step}`", hint="there is: " + ", ".join(found.steps)
        )
    rows = [row for row in list_artifacts(home, found) if step in (None, row["step"])]
    if output is not None:
        for path in copy_artifacts(home, rows, output):
            click.echo(path, err=as_json)
    if as_json:
        print_json({"run": found.id, "artifacts": rows})
    elif output is None:
        print_table(
            ("step", "port", "type", "size", "format", "digest"),
            [
                (
                    row["step"],
                    ", ".join(row["ports"]),
                    ", ".join(sorted(set(row["types"].values()))),
                    size(row["size"]),
                    row["serializer"],
                    row["digest"].removeprefix("sha256:")[:12],
                )
                for row in rows
            ],
        )
    return OK

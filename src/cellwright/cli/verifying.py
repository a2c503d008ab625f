"""Owns `cellwright verify`: its options, what it says of each step, and how it ends."""

import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cellwright.cli.compiling import NOTEBOOK, print_findings
from cellwright.cli.options import how_steps_run
from cellwright.cli.output import FAILED, INTERRUPTED, MACHINE, OK, REFUSED, print_json
from cellwright.cli.running import interrupts, notices, print_failures, run_view

if TYPE_CHECKING:
    from cellwright.app.verification.verifying import Verification
    from cellwright.model.equivalence import Comparison, EquivalenceReport

_EXITS = {
    "equal": OK,
    "different": FAILED,
    "notebook-fails": FAILED,
    "pipeline-fails": FAILED,
    "refused": REFUSED,
    "cancelled": INTERRUPTED,
}


@click.command("verify")
@NOTEBOOK
@click.option(
    "--split",
    type=click.Choice(["steps", "cells"]),
    default="steps",
    help="Compare the steps as they are tagged, or make every cell a step of its own.",
)
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give a parameter a value, in the notebook and in the pipeline.",
)
@how_steps_run
@click.option("--twice", is_flag=True, help="Also run the pipeline twice, and compare both runs.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="How far numbers may be apart, relative to the larger.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document at the end.")
def verify_command(  # noqa: PLR0913, PLR0917  # one for each option
    notebook: Path,
    split: str,
    parameters: tuple[str, ...],
    executor: str | None,
    environment: str,
    twice: bool,
    tolerance: float,
    parallel: int | None,
    python: str | None,
    base_image: str,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Show that a pipeline computes what its notebook computes.

    The tagged cells run top to bottom in one fresh kernel, and as a pipeline, without the
    cache. Every value at every border between steps, every file, all printed output and
    all displays are compared. Exit code 0: equal; 1: something differs, and the first
    such thing is named.

    \b
    Examples:
      cellwright verify churn.ipynb
      cellwright verify churn.ipynb --split cells
      cellwright verify churn.ipynb -p n_estimators=200 --twice
      cellwright verify churn.ipynb --environment current --executor process --json
    """
    from cellwright.app.running import RunOptions
    from cellwright.app.verification.documents import verdict, verification_document
    from cellwright.app.verification.verifying import Scope, VerifyOptions, verify_notebook

    run = RunOptions(
        notebook=notebook,
        assignments=parameters,
        executor=executor,
        environment=environment,
        parallel=parallel,
        python=python,
        base_image=base_image,
        workspace=workspace,
    )
    options = VerifyOptions(run, split=split == "cells", twice=twice, tolerance=tolerance)
    cancel = threading.Event()

    with interrupts(cancel), run_view(as_json=as_json, logs=False) as view:
        scope = Scope(
            emit=view.emit,
            notice=notices(as_json),
            found_out=(lambda _: None) if as_json else print_findings,
            cancel=cancel,
        )
        found = verify_notebook(options, scope)
    if as_json:
        print_json(verification_document(found))
    else:
        _print_verification(found, verdict(found))
    return _exit_code(found, verdict(found))


def _exit_code(found: "Verification", verdict: str) -> int:
    if verdict == "pipeline-fails" and found.run is not None:
        kinds = {step.failure.kind for step in found.run.steps.values() if step.failure}
        return MACHINE if kinds == {"machine"} else FAILED
    return _EXITS[verdict]


def _print_verification(found: "Verification", verdict: str) -> None:
    if found.failure is not None:
        click.echo(
            f"the notebook itself fails in cell {found.failure.cell}: "
            f"{_safe(found.failure.name)}: {_safe(found.failure.message)}\n"
            "  there is nothing to compare with before it runs from top to bottom"
        )
    for report in found.reports:
        print_report(report)
    if found.run is None:
        return
    if verdict == "pipeline-fails":
        print_failures(found.run)
        mark = click.style("different", fg="red", bold=True)
        click.echo(f"{mark}: the notebook runs, its pipeline does not")
    click.echo(f"see it: cellwright show {found.run.id}")


def print_report(report: "EquivalenceReport") -> None:
    """Print a report: a line for each step, and the first difference in detail."""
    from cellwright.model.equivalence import Likeness, Reference

    against = "the notebook"
    if report.reference is Reference.PIPELINE:
        against = "a second run of the pipeline"
    click.echo(f"compared with {against}:")
    steps = dict.fromkeys(each.step for each in report.comparisons)
    width = max((len(step) for step in steps), default=0)
    for step in steps:
        here = [each for each in report.comparisons if each.step == step]
        differing = sum(each.likeness is Likeness.DIFFERENT for each in here)
        mark = click.style("✘", fg="red") if differing else click.style("✔", fg="green")
        click.echo(f"  {mark} {step:{width}}  {_counted(here)}")
    for each in report.of(Likeness.UNSTABLE):
        click.echo(f"  not repeatable: {_named(each)}, {each.path}: {each.note}")
    for each in report.of(Likeness.UNKNOWN):
        click.echo(f"  not compared: {_named(each)}: {_safe(each.note)}")
    first = report.first_difference
    if first is None:
        click.echo(click.style("equal", fg="green", bold=True) + f": {_total(report)}")
        return
    click.echo(click.style("different", fg="red", bold=True) + f": first {_named(first)}")
    click.echo(f"  at        {first.path}")
    click.echo(f"  expected  {_safe(first.expected)}")
    click.echo(f"  found     {_safe(first.found)}")
    if first.cell is not None:
        line = "" if first.line is None else f":{first.line}"
        click.echo(f"  made in   cell {first.cell}{line}")
    if first.note:
        click.echo(f"  note      {_safe(first.note)}")
    click.echo(f"  hint      {_advice(first, report)}")


def _counted(comparisons: "list[Comparison]") -> str:
    if not comparisons:
        return "nothing to compare"
    counts = Counter(each.likeness.value for each in comparisons)
    return ", ".join(f"{count} {likeness}" for likeness, count in counts.most_common())


def _total(report: "EquivalenceReport") -> str:
    steps = len({each.step for each in report.comparisons})
    return f"{len(report.comparisons)} things of {steps} steps"


def _named(each: "Comparison") -> str:
    from cellwright.model.equivalence import Subject

    match each.subject:
        case Subject.OUTPUT:
            return f"what step `{each.step}` prints"
        case Subject.DISPLAY:
            return f"what {each.name} of step `{each.step}` shows"
        case Subject.STATE | Subject.FILE:
            return f"`{each.name.partition(':')[2]}` of step `{each.step}`"
        case Subject.VALUE:
            return f"`{each.name}` of step `{each.step}`"


def _advice(first: "Comparison", report: "EquivalenceReport") -> str:
    if first.advice:
        return first.advice
    if report.tolerance == 0 and _is_number(first.expected) and _is_number(first.found):
        return "if so small a gap may be, allow it: --tolerance 1e-9; else please report it"
    return "this may be a mistake of Cellwright: please report it, with the notebook if you can"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _safe(text: str) -> str:
    """Return a text of the notebook's for one line of a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:400])

"""Owns the commands that read a notebook and run nothing: check, compile, inspect, explain."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cellwright.base.errors import UsageError
from cellwright.cli.options import PYTHON
from cellwright.cli.output import OK, REFUSED, console, print_json

if TYPE_CHECKING:
    from rich.tree import Tree

    from cellwright.app.compilation import Compiled
    from cellwright.model.pipeline import Pipeline, StepName

NOTEBOOK = click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
PARAMETERS = click.option(
    "-p",
    "--parameter",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Compile for a run with this value: paths built from parameters follow it.",
)


@click.command("check")
@NOTEBOOK
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="How to print the findings.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@PARAMETERS
@click.option("--fix", is_flag=True, help="Apply the fixes that keep the notebook's meaning.")
@PYTHON
def check_command(  # noqa: PLR0913, PLR0917  # one for each option
    notebook: Path,
    form: str,
    as_json: bool,
    assignments: tuple[str, ...],
    fix: bool,
    python: str | None,
) -> int:
    """Say what is wrong with a notebook, and where.

    Exit code 0 where a pipeline can be made, 3 where errors stand in its way.

    \b
    Examples:
      cellwright check churn.ipynb
      cellwright check churn.ipynb --fix
      cellwright check churn.ipynb --format github
    """
    from cellwright.app.compilation import apply_safe_fixes, compile_file

    if fix and (applied := apply_safe_fixes(notebook)):
        click.echo(f"applied {applied} fixes to {notebook}", err=True)
    compiled = compile_file(notebook, python=python, assignments=assignments)
    _print_report(compiled, "json" if as_json else form)
    return REFUSED if compiled.report.has_errors else OK


def _print_report(compiled: "Compiled", form: str) -> None:
    from cellwright.app import findings

    if form == "json":
        print_json({"notebook": compiled.path, "diagnostics": findings.rows(compiled)})
        return
    if form == "text":
        print_findings(compiled, stderr=False)
        if not compiled.report.has_errors and compiled.pipeline is not None:
            click.echo(f"{compiled.path}: {len(compiled.pipeline.steps)} steps, no errors")
        return
    click.echo(findings.rendered(compiled, form))


def print_findings(compiled: "Compiled", *, stderr: bool = True) -> None:
    """Print the diagnostics as text, if there are any."""
    from cellwright.app import findings

    if text := findings.text(compiled, colour=console(stderr=stderr).is_terminal):
        click.echo(text.rstrip("\n"), err=stderr, color=None)


@click.command("compile")
@NOTEBOOK
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a program for each step, and pipeline.json, to this folder.",
)
@PARAMETERS
@click.option("--json", "as_json", is_flag=True, help="Print the pipeline and the diagnostics.")
@PYTHON
def compile_command(
    notebook: Path,
    output: Path | None,
    assignments: tuple[str, ...],
    as_json: bool,
    python: str | None,
) -> int:
    """Compile a notebook into components: one program for each step.

    Nothing is run, and nothing is fetched. Without options the programs are listed.

    \b
    Examples:
      cellwright compile churn.ipynb -o build/churn
      cellwright compile churn.ipynb --json
    """
    from cellwright.app.compilation import compile_file, compiled_document, write_components

    compiled = compile_file(notebook, python=python, assignments=assignments)
    if as_json:
        print_json(compiled_document(compiled))
    else:
        print_findings(compiled)
    if compiled.pipeline is None or compiled.report.has_errors:
        return REFUSED
    if output is not None:
        for path in write_components(compiled, output):
            click.echo(path, err=as_json)
    elif not as_json:
        for name, component in compiled.pipeline.steps.items():
            lines = component.program.count("\n")
            click.echo(f"{name}: {lines} lines from cells {_numbers(compiled.pipeline, name)}")
    return OK


@click.command("inspect")
@NOTEBOOK
@PARAMETERS
@click.option("--json", "as_json", is_flag=True, help="Print the same as `compile --json`.")
@click.option("--mermaid", is_flag=True, help="Print the graph as a Mermaid diagram.")
def inspect_command(
    notebook: Path, assignments: tuple[str, ...], as_json: bool, mermaid: bool
) -> int:
    """Show the pipeline of a notebook: its steps, what they take and give, what feeds what.

    \b
    Examples:
      cellwright inspect churn.ipynb
      cellwright inspect churn.ipynb --mermaid
      cellwright inspect churn.ipynb -p folder=data/2026
    """
    from cellwright.app.compilation import compile_file, compiled_document

    compiled = compile_file(notebook, assignments=assignments)
    if as_json:
        print_json(compiled_document(compiled))
    elif compiled.pipeline is None or compiled.report.has_errors:
        print_findings(compiled)
    elif mermaid:
        click.echo(_mermaid(compiled.pipeline))
    else:
        console().print(_tree(compiled.pipeline))
    return REFUSED if compiled.report.has_errors else OK


def _tree(pipeline: "Pipeline") -> "Tree":
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(pipeline.name, "bold"))
    if pipeline.parameters:
        branch = tree.add("parameters")
        for parameter in pipeline.parameters:
            branch.add(Text(f"{parameter.name}: {parameter.type_name} = {parameter.default}"))
    for name, component in pipeline.steps.items():
        branch = tree.add(Text.assemble((name, "bold cyan"), f"  cells {_numbers(pipeline, name)}"))
        for port in component.inputs:
            branch.add(Text(f"← {port.name}  from {pipeline.producer(name, port.name)}"))
        for file in component.files:
            branch.add(Text(f"← {file.pattern}  from the workspace"))
        for given in component.outputs:
            branch.add(Text(f"→ {given.name}"))
        for metric in component.metrics:
            branch.add(Text(f"# {metric}  metric"))
    return tree


def _numbers(pipeline: "Pipeline", step: "StepName") -> str:
    return ", ".join(str(cell.number) for cell in pipeline.steps[step].cells)


def _mermaid(pipeline: "Pipeline") -> str:
    ids = {name: f"s{index}" for index, name in enumerate(pipeline.steps)}
    lines = ["flowchart TD"]
    lines += [f'    {ids[name]}["{name}"]' for name in pipeline.steps]
    pairs: dict[tuple[str, str], list[str]] = {}
    for edge in pipeline.edges:
        ports = pairs.setdefault((ids[edge.producer], ids[edge.consumer]), [])
        if edge.port is not None:
            ports.append(edge.port.replace('"', "#quot;"))
    for (producer, consumer), ports in pairs.items():
        label = f'|"{", ".join(ports)}"|' if ports else ""
        lines.append(f"    {producer} -->{label} {consumer}")
    return "\n".join(lines)


@click.command("explain")
@click.argument("subject", metavar="RULE|STEP.PORT")
@click.argument(
    "notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@PARAMETERS
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain_command(
    subject: str, notebook: Path | None, assignments: tuple[str, ...], as_json: bool
) -> int:
    """Explain a rule, or why a step has a port.

    A rule is named by its code or name: what it finds, why it matters, and what to write
    instead. STEP.PORT is answered with the chain of places in the notebook that made the
    port necessary; NOTEBOOK may be left out where there is only one. A PORT is the name of
    a variable, a file or a state, a parameter or a function that the step takes along.

    \b
    Examples:
      cellwright explain FLOW201
      cellwright explain unbound-input
      cellwright explain train.features churn.ipynb
      cellwright explain report.data/regions.csv churn.ipynb --json
    """
    if "." in subject:
        _explain_port(subject, notebook, assignments, as_json=as_json)
        return OK
    if notebook is not None:
        hint = f"to explain a port: cellwright explain {subject}.PORT {notebook}"
        raise UsageError(f"`{subject}` is not STEP.PORT", hint=hint)
    from cellwright.app.findings import rule_page

    page = rule_page(subject)
    if as_json:
        print_json({"rule": subject, "page": page})
    elif console().is_terminal:
        from rich.markdown import Markdown

        console().print(Markdown(page))
    else:
        click.echo(page.rstrip("\n"))
    return OK


def _explain_port(
    subject: str, notebook: Path | None, assignments: tuple[str, ...], *, as_json: bool
) -> None:
    from cellwright.app.compilation import compile_alone
    from cellwright.app.explanation import (
        explain_port,
        explanation_document,
        explanation_text,
        only_notebook,
    )

    compiled = compile_alone(notebook or only_notebook(Path()), assignments)
    found = explain_port(compiled, subject)
    if as_json:
        print_json(explanation_document(compiled, found))
        return
    text = explanation_text(compiled, found, colour=console().is_terminal)
    click.echo(text.rstrip("\n"), color=None)

"""The conformance cases: each is compiled, and run step by step in processes of its own."""

import ast
from pathlib import Path

import pytest

from cellwright.compiler.driver import Compilation, compile_notebook
from cellwright.diagnostics.diagnostic import Diagnostic, Severity
from cellwright.model.pipeline import Component, Pipeline, PortKind
from cellwright.model.source import CellId
from support.conformance import Case, conformance_cases
from support.steps_apart import PipelineEnd, run_apart

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not conformance_cases(), reason="the conformance cases are not here"),
]


def stated(fact: str) -> list:
    """Return the cases that state a fact, as parameters of a test."""
    return [pytest.param(case, id=case.id) for case in conformance_cases() if getattr(case, fact)]


@pytest.mark.parametrize("case", stated("id"))
def test_case_ends_as_stated(case: Case, tmp_path: Path) -> None:
    for distribution in case.requires:
        pytest.importorskip(distribution)
    compilation = compile_notebook(case.payload(), path=f"{case.id}.ipynb")
    allowed = {"equal" if case.expect == "ok" else "diagnostic", *case.also_ok}
    found = ending(case, compilation, tmp_path)
    if found == "equal" and found not in allowed and warned(case, compilation):
        found = "diagnostic"
    assert found in allowed, describe(compilation, found)


def ending(case: Case, compilation: Compilation, folder: Path) -> str:
    """Return what came of a case: equal, diagnostic, or what is wrong."""
    if compilation.pipeline is None:
        return "diagnostic" if refused(case, compilation) else "refused at another place"
    end = run_apart(compilation.pipeline, folder / "as-is", files=case.files)
    if end.failed is not None:
        error = end.failed.manifest.error
        return f"failed: {error.message if error else end.failed.log}"
    found = end.steps[case.check["last_step"]].stdout.rstrip()
    if found != (case.check["stdout"] or "").rstrip():
        return f"printed {found!r}"
    if wrong := misnamed(compilation.pipeline, end):
        return f"{wrong} are of other types"
    if apart := torn(case, end):
        return f"{apart} shared state and travelled apart"
    return "equal" if overridden(case, compilation, folder) else "an override does not follow"


def refused(case: Case, compilation: Compilation) -> bool:
    """Tell whether an error is at the stated cell; at any where the case states none."""
    errors = [found for found in compilation.report if found.rule.severity is Severity.ERROR]
    if case.expect == "diagnostic":
        return any(cell_of(found) == stated_cell(case, compilation) for found in errors)
    return any(cell_of(found) is not None for found in errors)


def warned(case: Case, compilation: Compilation) -> bool:
    """Tell whether a warning is at the stated cell; a hint promises that all is well."""
    return any(
        cell_of(found) == stated_cell(case, compilation)
        for found in compilation.report
        if found.rule.severity is not Severity.HINT
    )


def stated_cell(case: Case, compilation: Compilation) -> CellId:
    assert compilation.notebook is not None
    return compilation.notebook.cells[case.diagnostic["cell"]].id


def cell_of(found: Diagnostic) -> CellId | None:
    """Return the cell that a finding is about; None if it is about the notebook."""
    return found.primary.span.cell if found.primary.span is not None else None


def torn(case: Case, end: PipelineEnd) -> list[str]:
    """Return outputs of one step that share state, yet are in several artifacts."""
    for step, io in case.io.items() if case.joint_transport else ():
        records = {name: end.steps[step].record(name) for name in io["outputs"]}
        if len({record.path for record in records.values() if record is not None}) > 1:
            return sorted(records)
    return []


def misnamed(pipeline: Pipeline, end: PipelineEnd) -> list[str]:
    """Return output ports that were of another type than the compiler said."""
    return [
        f"{step}.{port.name}: {port.type_name}"
        for step, component in pipeline.steps.items()
        for port in component.outputs
        if port.kind is PortKind.VALUE and port.type_name
        for record in [end.steps[step].record(port.name)]
        if record is not None and record.type_names[port.name] != port.type_name
    ]


def overridden(case: Case, compilation: Compilation, folder: Path) -> bool:
    if "override" not in case.check:
        return True
    assert compilation.pipeline is not None
    values = {name: repr(value) for name, value in case.check["override"].items()}
    end = run_apart(compilation.pipeline, folder / "other", files=case.files, parameters=values)
    return end.steps[case.check["last_step"]].stdout.rstrip() == case.check["override_stdout"]


def describe(compilation: Compilation, found: str) -> str:
    lines = [found, *(f"{d.rule.code} {d.message} {cell_of(d)}" for d in compilation.report)]
    if compilation.pipeline is not None:
        for step, component in compilation.pipeline.steps.items():
            lines += [f"--- {step}", component.program]
    return "\n".join(lines)


@pytest.mark.parametrize("case", stated("io"))
def test_what_must_cross_a_border_does(case: Case) -> None:
    compilation = compile_notebook(case.payload(), path=f"{case.id}.ipynb")
    if compilation.pipeline is None:
        assert case.expect == "diagnostic" or "diagnostic" in case.also_ok
        return
    for step, io in case.io.items():
        component = compilation.pipeline.steps[step]
        copied, defined = definitions(component)
        assert set(io["inputs"]) <= inputs(component) | copied, step
        assert set(io["outputs"]) <= outputs(component) | defined, step


@pytest.mark.parametrize("case", stated("io_minimal"))
def test_nothing_else_crosses_a_border(case: Case) -> None:
    compilation = compile_notebook(case.payload(), path=f"{case.id}.ipynb")
    steps = compilation.pipeline.steps if compilation.pipeline is not None else {}
    for step, component in steps.items():
        io = case.io.get(step, {"inputs": [], "outputs": []})
        assert inputs(component) <= set(io["inputs"]), step
        assert outputs(component) <= set(io["outputs"]), step


@pytest.mark.parametrize("case", stated("carry_source"))
def test_source_of_other_cells_is_taken_along(case: Case) -> None:
    compilation = compile_notebook(case.payload(), path=f"{case.id}.ipynb")
    assert compilation.pipeline is not None
    for step, text in case.carry_source.items():
        component = compilation.pipeline.steps[step]
        head = component.program.split("\n")[: component.body_line - 1]
        assert text in "\n".join(head), step


def inputs(component: Component) -> set[str]:
    return {port.name for port in component.inputs if port.kind is PortKind.VALUE}


def outputs(component: Component) -> set[str]:
    return {port.name for port in component.outputs if port.kind is PortKind.VALUE}


def definitions(component: Component) -> tuple[set[str], set[str]]:
    """Return the functions, classes and modules that a program has copies of, and those
    that its own cells define: they cross a border as text."""
    copied: set[str] = set()
    defined: set[str] = set()
    for node in ast.parse(component.program).body:
        found = copied if node.lineno < component.body_line else defined
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {(each.asname or each.name).split(".")[0] for each in names}
            case _:
                pass
    return copied, defined

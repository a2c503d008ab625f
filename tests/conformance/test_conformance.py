"""The conformance cases: each is compiled, and run step by step in processes of its own."""

import pytest

from cellwright.compiler.driver import Compilation, compile_notebook
from cellwright.diagnostics.diagnostic import Severity
from cellwright.model.pipeline import PortKind
from support.conformance import Case, conformance_cases
from support.steps_apart import run_apart

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not conformance_cases(), reason="the conformance cases are not here"),
]

NOT_YET: dict[str, str] = {}
"""Cases that do not come out right, and why."""


def cases() -> list:
    return [
        pytest.param(
            case,
            id=case.id,
            marks=[pytest.mark.xfail(reason=NOT_YET[case.id], strict=True)]
            if case.id in NOT_YET
            else [],
        )
        for case in conformance_cases()
    ]


@pytest.mark.parametrize("case", cases())
def test_case_ends_as_stated(case: Case, tmp_path) -> None:
    for distribution in case.requires:
        pytest.importorskip(distribution)
    compilation = compile_notebook(case.payload(), path=f"{case.id}.ipynb")
    found = ending(case, compilation, tmp_path)
    allowed = {"equal" if case.expect == "ok" else "diagnostic", *case.also_ok}
    if found == "equal" and found not in allowed and tells(case, compilation):
        found = "diagnostic"
    assert found in allowed, describe(compilation, found)


def tells(case: Case, compilation: Compilation) -> bool:
    """Tell whether a finding points at the cell that the case is about."""
    cell = compilation.notebook.cells[case.diagnostic["cell"]]
    spans = [found.primary.span for found in compilation.report]
    return any(span is not None and span.cell == cell.id for span in spans)


def ending(case: Case, compilation: Compilation, folder) -> str:
    """Return what came of a case: equal, diagnostic, or what is wrong."""
    if compilation.pipeline is None:
        return "diagnostic" if has_place(case, compilation) else "refused, without a place"
    end = run_apart(compilation.pipeline, folder / "as-is", files=case.files)
    if end.failed is not None:
        error = end.failed.manifest.error
        return f"failed: {error.message if error else end.failed.log}"
    found = end.steps[case.check["last_step"]].stdout.rstrip()
    if found != (case.check["stdout"] or "").rstrip():
        return f"printed {found!r}"
    return "equal" if overridden(case, compilation, folder) else "an override does not follow"


def has_place(case: Case, compilation: Compilation) -> bool:
    errors = [d for d in compilation.report if d.rule.severity is Severity.ERROR]
    return any(d.primary.span is not None for d in errors)


def overridden(case: Case, compilation: Compilation, folder) -> bool:
    if "override" not in case.check:
        return True
    values = {name: repr(value) for name, value in case.check["override"].items()}
    end = run_apart(compilation.pipeline, folder / "other", files=case.files, parameters=values)
    return end.steps[case.check["last_step"]].stdout.rstrip() == case.check["override_stdout"]


def describe(compilation: Compilation, found: str) -> str:
    lines = [found, *(f"{d.rule.code} {d.message}" for d in compilation.report)]
    if compilation.pipeline is not None:
        for step, component in compilation.pipeline.steps.items():
            lines += [f"--- {step}", component.program]
    return "\n".join(lines)


@pytest.mark.parametrize("case", [case for case in conformance_cases() if case.io])
def test_ports_are_those_that_are_needed(case: Case) -> None:
    compilation = compile_notebook(case.payload(), path=f"{case.id}.ipynb")
    if compilation.pipeline is None:
        assert case.expect == "diagnostic" or "diagnostic" in case.also_ok
        return
    for step, io in case.io.items():
        component = compilation.pipeline.steps[step]
        inputs = {port.name for port in component.inputs if port.kind is PortKind.VALUE}
        outputs = {port.name for port in component.outputs if port.kind is PortKind.VALUE}
        head = "\n".join(component.program.split("\n")[: component.body_line - 1])
        missing = {name for name in set(io["inputs"]) - inputs if name not in head}
        assert not missing, step
        if case.io_minimal:
            assert inputs <= set(io["inputs"]), step
            assert outputs <= set(io["outputs"]), step
    for step, text in case.carry_source.items():
        assert text in compilation.pipeline.steps[step].program

"""Judges a notebook of the specification: compiles it, runs it whole and step by step, and
tells where it does not come out as the page says."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from cellwright.app.roles import cell_roles
from cellwright.compiler.driver import Compilation, compile_notebook
from cellwright.diagnostics import render
from cellwright.diagnostics.diagnostic import Diagnostic
from cellwright.model.pipeline import Component, StepName
from support.notebooks import code, ipynb
from support.spec_kernel import CellEnd, run_as_kernel
from support.spec_pages import FINDINGS, Expectation, Kind, SpecNotebook
from support.steps_apart import PipelineEnd, forked, run_apart

_PROBE = "probe"
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_RUN = {Kind.PRINTS, Kind.SHOWS, Kind.RAISES, Kind.STOPS}


def faults(notebook: SpecNotebook, folder: Path) -> list[str]:
    """Return what is not as the page says, a sentence each; none if all is well.

    Warnings and errors must be expected, hints may be. A notebook that compiles is run;
    `folder` is empty, and takes what is written meanwhile.
    """
    compilation = _compiled(notebook)
    found = list(_findings(notebook, compilation))
    if compilation.pipeline is None:
        if len(notebook.expectations) > len(notebook.expected(*FINDINGS)):
            found.append("it does not compile, so only findings can be expected")
        return found
    found += _ports(notebook, compilation)
    found += _bindings(notebook)
    return found + run_faults(notebook, compilation, folder)


def run_faults(notebook: SpecNotebook, compilation: Compilation, folder: Path) -> list[str]:
    """Return how a compiled notebook ends otherwise than stated, or otherwise step by step
    than whole; `folder` is empty."""
    return list(_Ends.of(notebook, compilation, folder).faults())


def _compiled(notebook: SpecNotebook) -> Compilation:
    payload = ipynb(notebook.cells, **notebook.metadata)
    return compile_notebook(payload, path="notebook.ipynb")


def _findings(notebook: SpecNotebook, compilation: Compilation) -> Iterator[str]:
    """Yield findings that nobody expects, and expected ones that are not there."""
    expected = notebook.expected(*FINDINGS)
    unmet = list(expected)
    for found in compilation.report:
        met = [each for each in expected if _tells(found, each)]
        unmet = [each for each in unmet if each not in met]
        if not met and found.rule.severity.value != Kind.HINT.value:
            text = render.text([found], path="notebook", notebook=compilation.notebook)
            yield f"not expected:\n{text}"
    for each in unmet:
        yield f"no {each.kind.value} {each.text} at cell {each.cell + 1}, line {each.line}"


def _tells(found: Diagnostic, each: Expectation) -> bool:
    """Tell whether a finding is the expected one; one without a place may be said anywhere."""
    span = found.primary.span
    here = span is None or (span.number, span.start.line) == (each.cell + 1, each.line)
    return here and (found.rule.severity.value, found.rule.code) == (each.kind.value, each.text)


def _ports(notebook: SpecNotebook, compilation: Compilation) -> Iterator[str]:
    for each in notebook.expectations:
        component = _component(compilation, each.cell)
        if component is None:
            if each.kind not in FINDINGS | {Kind.BINDS}:
                yield f"cell {each.cell + 1} is in no step: nothing is known of its {each.kind}"
            continue
        said = set(each.names)
        match each.kind:
            case Kind.INPUTS:
                actual = {str(port.name) for port in component.inputs}
            case Kind.OUTPUTS:
                actual = {str(port.name) for port in component.outputs}
            case Kind.READS:
                actual = said & {*(port.name for port in component.inputs), *_carried(component)}
            case Kind.CARRIES:
                actual = said & _carried(component)
            case Kind.AFTER:
                assert compilation.pipeline is not None
                actual = set(compilation.pipeline.predecessors(component.step))
            case Kind.METRICS:
                actual = set(component.metrics)
            case Kind.INSTALLS:
                actual = {install.requirement for install in component.installs}
            case _:
                continue
        if actual != said:
            told = ", ".join(sorted(actual)) or "nothing"
            yield f"step {component.step} {each.kind.value} {told}, not {each.text}"


def _component(compilation: Compilation, cell: int) -> Component | None:
    assert compilation.pipeline is not None
    components = compilation.pipeline.steps.values()
    return next((c for c in components if cell + 1 in {r.number for r in c.cells}), None)


def _carried(component: Component) -> set[str]:
    """Return the names that the definitions of a program bind."""
    head = "\n".join(component.program.split("\n")[: component.body_line - 1])
    names: set[str] = set()
    for node in ast.parse(head).body:
        match node:
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name):
                names.add(name)
            case _:
                stores = (part for part in ast.walk(node) if isinstance(part, ast.Name))
                names |= {part.id for part in stores if isinstance(part.ctx, ast.Store)}
    return names


def _bindings(notebook: SpecNotebook) -> Iterator[str]:
    """Yield names that a step would not get from the cell that is said to bind them."""
    for each in notebook.expected(Kind.BINDS):
        for name in each.names:
            probe = code(name, f"step:{_PROBE}")
            cells = (*notebook.cells[: each.cell + 1], probe)
            seen = _compiled(replace(notebook, cells=cells))
            if seen.pipeline is None:
                page = render.text(seen.report, path="notebook", notebook=seen.notebook)
                yield f"cell {each.cell + 1} does not bind {name}:\n{page}"
                continue
            component = seen.pipeline.steps[StepName(_PROBE)]
            makers = {e.producer for e in seen.pipeline.edges if e.port == name}
            maker = _component(seen, each.cell)
            if name not in _carried(component) and (maker is None or maker.step not in makers):
                yield f"cell {each.cell + 1} does not bind {name}"


@dataclass(frozen=True)
class _Ends:
    """How a notebook ended in one namespace, cell by cell, and step by step."""

    notebook: SpecNotebook
    compilation: Compilation
    whole: dict[int, CellEnd]
    apart: PipelineEnd

    @classmethod
    def of(cls, notebook: SpecNotebook, compilation: Compilation, folder: Path) -> "_Ends":
        assert compilation.notebook is not None
        assert compilation.pipeline is not None
        rows = cell_roles(compilation.notebook)
        tagged = [row.number for row in rows if row.kind not in ("skip", "untagged")]
        sources = {cell.number: cell.source for cell in compilation.notebook.cells}
        workspace = folder / "whole"
        workspace.mkdir()
        for path, text in notebook.files.items():
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace / path).write_text(text)
        ends = run_as_kernel([sources[number] for number in tagged], workspace)
        apart = run_apart(
            compilation.pipeline,
            folder / "apart",
            files=notebook.files,
            parameters=notebook.parameters,
            runner=forked,
        )
        return cls(notebook, compilation, dict(zip(tagged, ends, strict=False)), apart)

    def faults(self) -> Iterator[str]:
        pipeline = self.compilation.pipeline
        assert pipeline is not None
        yield from self._failures()
        for step in pipeline.steps.values():
            if step.step not in self.apart.steps:
                continue
            printed = self.apart.steps[step.step].stdout
            ends = [self.whole[c.number] for c in step.cells if c.number in self.whole]
            in_kernel = "".join(end.stdout for end in ends)
            if not self.notebook.parameters and printed != in_kernel:
                yield f"step {step.step} prints {printed!r}, the notebook {in_kernel!r}"
            shown = self._shown(step)
            in_kernel_shown = [_plain(text) for text in chain(*(end.shown for end in ends))]
            if not self.notebook.parameters and shown != in_kernel_shown:
                yield f"step {step.step} shows {shown}, the notebook {in_kernel_shown}"
            yield from self._stated(step, Kind.PRINTS, printed.splitlines())
            yield from self._stated(step, Kind.SHOWS, "\n".join(shown).splitlines())

    def _stated(self, step: Component, kind: Kind, lines: list[str]) -> Iterator[str]:
        cells = {cell.number - 1 for cell in step.cells}
        said = [each.text for each in self.notebook.expected(kind) if each.cell in cells]
        if said and said != lines:
            yield f"step {step.step} {kind.value} {lines}, not {said}"

    def _shown(self, step: Component) -> list[str]:
        path = self.apart.steps[step.step].folder / "displays.json"
        outputs = json.loads(path.read_text()) if path.exists() else []
        texts = (entry["data"].get("text/plain", "") for _, entry in outputs if "data" in entry)
        return [_plain(text) for text in texts]

    def _failures(self) -> Iterator[str]:
        """Yield failures that nobody expects, and expected ones that do not happen."""
        raised = {number: end.error for number, end in self.whole.items() if end.error}
        stated = {each.cell + 1: each.text for each in self.notebook.expected(Kind.RAISES)}
        if raised != stated:
            yield f"the notebook fails as {raised}, not as {stated}"
        stops = {each.cell + 1: each.text for each in self.notebook.expected(Kind.STOPS)}
        failed = self.apart.failed
        if failed is None:
            if stated or stops:
                yield "the pipeline does not fail"
            return
        error = failed.manifest.error
        assert error is not None, failed.log
        cells = {c.number for c in self._failed_step().cells}
        texts = [text for cell, text in (stated | stops).items() if cell in cells]
        if not any(text in error.message for text in texts):
            yield f"step {failed.manifest.step} fails: {error.message}\n{error.traceback}"

    def _failed_step(self) -> Component:
        assert self.compilation.pipeline is not None
        assert self.apart.failed is not None
        return self.compilation.pipeline.steps[StepName(self.apart.failed.manifest.step)]


def _plain(text: str) -> str:
    """Return what is shown without the addresses in it."""
    return _ADDRESS.sub("0x…", text)

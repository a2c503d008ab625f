"""Owns where in the notebook each step ends, and what a kernel has to save there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cellwright.compiler.reading.options_reader import read_options
from cellwright.compiler.reading.tags import Parameters, Skipped, Untagged, read_roles
from cellwright.diagnostics.diagnostic import Report
from cellwright.execution.step_spec import step_spec
from cellwright.model.pipeline import Pipeline, StepName
from cellwright.model.source import Cell, Notebook
from cellwright.runtime.manifest import to_json


@dataclass(frozen=True)
class ReferenceCells:
    """The cells of the reference, in notebook order; `parameters` are those of that role."""

    cells: tuple[Cell, ...]
    parameters: frozenset[int]


def reference_cells(notebook: Notebook) -> ReferenceCells:
    """Return the cells that the pipeline stands for: all but the skipped and untagged."""
    unheard = Report()
    roles = read_roles(notebook, unheard, options=read_options(notebook, unheard))
    taken = [
        cell for cell in notebook.cells if not isinstance(roles[cell.id].role, Skipped | Untagged)
    ]
    chosen = {cell.number for cell in taken if isinstance(roles[cell.id].role, Parameters)}
    return ReferenceCells(tuple(taken), frozenset(chosen))


def lay_boundaries(
    pipeline: Pipeline,
    cells: Sequence[Cell],
    parameters: Mapping[str, str],
    *,
    folder: Path,
    work: Path,
) -> Mapping[StepName, Path]:
    """Write `plan.json`, and an attempt folder for each step, as `runtime.capture` reads them.

    A step ends where its last cell does, whatever cells of other steps stand between its
    own. The attempt folders are returned.
    """
    order = {cell.number: count for count, cell in enumerate(cells, start=1)}
    attempts: dict[StepName, Path] = {}
    boundaries: dict[int, list[str]] = {}
    for number, (step, component) in enumerate(pipeline.steps.items()):
        attempt = folder / f"step{number}"
        (attempt / "outputs").mkdir(parents=True)
        (attempt / "program.py").write_text(component.program, encoding="utf-8", newline="\n")
        spec = step_spec(
            component,
            parameters,
            run="reference",
            nonce="",
            notebook=pipeline.name,
            cwd=str(work),
        )
        (attempt / "spec.json").write_bytes(to_json(spec))
        attempts[step] = attempt
        last = max(order[cell.number] for cell in component.cells)
        boundaries.setdefault(last, []).append(str(attempt))
    secrets = {name for each in pipeline.steps.values() for name in each.options.secrets}
    plan = {"boundaries": boundaries, "work": str(work), "secrets": sorted(secrets)}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return attempts

"""Owns the use case of telling what each cell of a notebook is for."""

from dataclasses import dataclass
from typing import Literal, assert_never

from cellwright.compiler.reading.options_reader import read_options
from cellwright.compiler.reading.tags import (
    CellRole,
    InStep,
    Parameters,
    Shared,
    SharedKind,
    Skipped,
    Untagged,
    read_roles,
)
from cellwright.diagnostics.diagnostic import Report
from cellwright.model.pipeline import StepKind
from cellwright.model.source import CellId, Notebook

RoleKind = Literal["step", "check", "imports", "functions", "parameters", "skip", "untagged"]


@dataclass(frozen=True, slots=True)
class CellRoleRow:
    """The role of one code cell; `step` is set where the cell is part of one."""

    cell: CellId
    number: int
    kind: RoleKind
    step: str | None = None
    metrics: bool = False


def cell_roles(notebook: Notebook) -> tuple[CellRoleRow, ...]:
    """Return the role of every code cell, in notebook order.

    Mistakes in tags are the compilation's to report: here they only leave a cell with
    the role that can be made out.
    """
    unheard = Report()
    options = read_options(notebook, unheard)
    roles = read_roles(notebook, unheard, options=options)
    return tuple(_row(found) for found in roles.values())


def _row(found: CellRole) -> CellRoleRow:
    match found.role:
        case InStep(step=step, kind=kind, metrics=metrics):
            name: RoleKind = "check" if kind is StepKind.CHECK else "step"
            return CellRoleRow(found.cell, found.number, name, step, metrics)
        case Shared(kind=shared):
            name = "imports" if shared is SharedKind.IMPORTS else "functions"
            return CellRoleRow(found.cell, found.number, name)
        case Parameters():
            return CellRoleRow(found.cell, found.number, "parameters")
        case Skipped():
            return CellRoleRow(found.cell, found.number, "skip")
        case Untagged():
            return CellRoleRow(found.cell, found.number, "untagged")
        case _:
            assert_never(found.role)

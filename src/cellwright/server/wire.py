"""Owns the JSON shapes between server and page; the TypeScript types are made from them.

`python -m cellwright.server.typescript` writes `labextension/src/api/schema.ts`.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from cellwright.app.roles import CellRoleRow
from cellwright.diagnostics.diagnostic import Diagnostic
from cellwright.model.pipeline import Pipeline


class Health(msgspec.Struct, frozen=True):
    """The server extension answers, and which version it is."""

    version: str


class Failure(msgspec.Struct, frozen=True):
    """Why a request was not answered; `hint` says how to mend it, where that is known."""

    message: str
    hint: str | None = None


class CompileRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notebook as it stands in the page, saved or not; `path` is for messages,
    and tells in which folder of the server the local modules are.

    `content` is the notebook as JSON, outputs left out.
    """

    path: str
    content: msgspec.Raw


class Role(msgspec.Struct, frozen=True):
    """What a code cell is for. `cell` counts cells of any kind from 1."""

    cell: int
    id: str
    kind: Literal["step", "check", "imports", "functions", "parameters", "skip", "untagged"]
    step: str | None
    metrics: bool


class Step(msgspec.Struct, frozen=True):
    """A step of the pipeline: the numbers of its cells, and the steps it waits for."""

    name: str
    kind: Literal["step", "check"]
    cells: tuple[int, ...]
    after: tuple[str, ...]


class Place(msgspec.Struct, frozen=True):
    """A stretch of a cell. Cells, lines and columns count from 1; the end is exclusive."""

    cell: int
    id: str
    line: int
    column: int
    end_line: int
    end_column: int


class Finding(msgspec.Struct, frozen=True):
    """A diagnostic. No place: it is about the notebook as a whole."""

    code: str
    name: str
    severity: Literal["error", "warning", "hint"]
    message: str
    place: Place | None
    notes: tuple[str, ...]


class CompileReply(msgspec.Struct, frozen=True):
    """What a notebook compiles to. `compiled` is false where errors stand in the way."""

    compiled: bool
    roles: tuple[Role, ...]
    steps: tuple[Step, ...]
    diagnostics: tuple[Finding, ...]


SHAPES: tuple[type[msgspec.Struct], ...] = (
    Health,
    Failure,
    CompileRequest,
    Role,
    Step,
    Place,
    Finding,
    CompileReply,
)
"""Every shape that crosses the wire; each comes after the shapes that it is made of."""


def compile_reply(
    pipeline: Pipeline | None, *, roles: Iterable[CellRoleRow], diagnostics: Iterable[Diagnostic]
) -> CompileReply:
    """Return a compilation in the shape that the page reads."""
    return CompileReply(
        compiled=pipeline is not None,
        roles=tuple(
            Role(cell=row.number, id=row.cell, kind=row.kind, step=row.step, metrics=row.metrics)
            for row in roles
        ),
        steps=() if pipeline is None else _steps(pipeline),
        diagnostics=tuple(_finding(found) for found in diagnostics),
    )


def _steps(pipeline: Pipeline) -> tuple[Step, ...]:
    return tuple(
        Step(
            name=name,
            kind=component.kind.value,
            cells=tuple(cell.number for cell in component.cells),
            after=pipeline.predecessors(name),
        )
        for name, component in pipeline.steps.items()
    )


def _finding(found: Diagnostic) -> Finding:
    span = found.primary.span
    place = None
    if span is not None:
        place = Place(
            cell=span.number,
            id=span.cell,
            line=span.start.line,
            column=span.start.column + 1,
            end_line=span.end.line,
            end_column=span.end.column + 1,
        )
    return Finding(
        code=found.rule.code,
        name=found.rule.name,
        severity=found.rule.severity.value,
        message=found.message,
        place=place,
        notes=found.notes,
    )

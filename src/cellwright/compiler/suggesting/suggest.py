"""Owns the proposal of tags for a notebook: made from its facts, and mended until it compiles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from cellwright.compiler.driver import Compilation, Memo, compile_notebook
from cellwright.compiler.reading.options_reader import read_options
from cellwright.compiler.reading.reader import read
from cellwright.compiler.reading.step_names import mended_name
from cellwright.compiler.reading.tags import CellRole, InStep, read_roles
from cellwright.compiler.suggesting.facts import NotebookFacts, find_facts
from cellwright.compiler.suggesting.groups import Group, cut, joined, merged
from cellwright.compiler.suggesting.naming import free_name
from cellwright.compiler.suggesting.roles import CellPart, Part, propose_parts
from cellwright.compiler.suggesting.shapes import Shape
from cellwright.diagnostics.diagnostic import (
    Diagnostic,
    Fix,
    Report,
    Retag,
    Safety,
    Severity,
)
from cellwright.diagnostics.fixes import apply_fixes
from cellwright.model.source import Cell, CellId, Notebook

_SHARED = (Part.IMPORTS, Part.FUNCTIONS, Part.PARAMETERS, Part.CHECK)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The tag proposed for a cell and why; "" where it is to have none.

    `first_line` is for people to know the cell by: that of its code. `kept` tells that the
    tag is there already.
    """

    cell: CellId
    number: int
    first_line: str
    tag: str
    why: str
    kept: bool = False


@dataclass(frozen=True)
class Suggestion:
    """Proposals for all code cells, and the compilation of the notebook with them.

    Where the compilation has no pipeline no tags were found that compile: its report says
    what stands in the way, and there are no proposals. `payload` is the notebook with the
    tags, `fix` the change that makes it so.
    """

    proposals: tuple[Proposal, ...]
    compilation: Compilation
    payload: bytes
    fix: Fix | None = None


@dataclass(frozen=True)
class _Scene:
    """What all drafts for one notebook have in common."""

    payload: bytes
    notebook: Notebook
    roles: Mapping[CellId, CellRole]
    facts: NotebookFacts
    memo: Memo
    left: str
    """The tag of cells that are left out: none, where an untagged cell is left out anyway."""


@dataclass(frozen=True)
class _Draft:
    """A proposal on its way: the part of each cell by number, and the steps."""

    parts: Mapping[int, CellPart]
    groups: tuple[Group, ...]


def suggest_tags(payload: bytes, *, path: str) -> Suggestion:
    """Return tags for the cells of a notebook that have none, such that it compiles.

    Tags that are there are kept. Deterministic, and free of side effects. It costs a
    compilation for the first draft and one for each time that it must be mended: each
    leaves fewer cells apart, so there is an end, which is one step for all.
    """
    memo = Memo()
    unheard = Report()
    notebook = read(payload, path=path, report=unheard)
    if notebook is None:
        return Suggestion((), compile_notebook(payload, path=path, memo=memo), payload)
    options = read_options(notebook, unheard)
    roles = read_roles(notebook, unheard, options=options)
    facts = find_facts(notebook, memo)
    follows = notebook.kale or options.untagged == "previous"
    scene = _Scene(payload, notebook, roles, facts, memo, "skip" if follows else "")
    parts = propose_parts(notebook, roles, facts)
    draft: _Draft | None = _Draft(parts, cut(notebook, roles, parts, facts))
    while draft is not None:
        found = _compiled(scene, draft)
        if not found.compilation.report.has_errors:
            return found
        draft = _mended(scene, draft, found.compilation.report)
    found = _compiled(scene, _one_step(scene, parts))
    return replace(found, proposals=()) if found.compilation.report.has_errors else found


def _compiled(scene: _Scene, draft: _Draft) -> Suggestion:
    proposals = tuple(_proposals(scene, draft))
    tagged = [each for each in proposals if each.tag and not each.kept]
    by_id = {cell.id: cell for cell in scene.notebook.cells}
    changes = tuple(
        Retag(each.cell, each.number, (*by_id[each.cell].tags, each.tag)) for each in tagged
    )
    payload, fix = scene.payload, None
    if changes:
        fix = Fix(f"tag {len(changes)} cells", Safety.ASK, changes)
        payload = apply_fixes(scene.payload, [fix]).payload
    compilation = compile_notebook(payload, path=scene.notebook.path, memo=scene.memo)
    return Suggestion(proposals, compilation, payload, fix)


def _proposals(scene: _Scene, draft: _Draft) -> Iterator[Proposal]:
    steps = {number: group for group in draft.groups for number in group.cells}
    taken = _tagged_steps(scene) | {group.name for group in draft.groups}
    for cell in scene.notebook.cells:
        part = draft.parts[cell.number]
        tag, why = part.part.value, part.why
        match part.part:
            case Part.KEPT:
                tag = ", ".join(cell.tags)
            case Part.LEFT:
                tag = scene.left
            case Part.WORK:
                tag, why = f"step:{steps[cell.number].name}", steps[cell.number].why
            case Part.CHECK:
                name = free_name(_checked(scene, cell), taken)
                taken.add(name)
                tag = f"check:{name}"
            case Part.IMPORTS | Part.FUNCTIONS | Part.PARAMETERS:
                pass  # the tag is the name of the part
            case _:
                assert_never(part.part)
        yield Proposal(cell.id, cell.number, _first_line(cell), tag, why, part.part is Part.KEPT)


def _first_line(cell: Cell) -> str:
    """Return the first line that is code, or else the first comment."""
    lines = [line.strip() for line in cell.source.split("\n") if line.strip()]
    return next((line for line in lines if not line.startswith("#")), (lines or [""])[0])


def _tagged_steps(scene: _Scene) -> set[str]:
    return {str(each.role.step) for each in scene.roles.values() if isinstance(each.role, InStep)}


def _checked(scene: _Scene, cell: Cell) -> str:
    """Return the name of a check: what it looks at, as a step must be called something."""
    names = sorted(scene.facts.cells[cell.number].sources)
    return next(filter(None, map(mended_name, names)), "check")


def _mended(scene: _Scene, draft: _Draft, report: Report) -> _Draft | None:
    """Return a draft without the cause of the first error that can be helped; None if none can."""
    for found in report:
        if found.rule.severity is not Severity.ERROR:
            continue
        numbers = [number for number in _numbers(found) if number in draft.parts]
        for wanted in ((Part.LEFT,), _SHARED):
            movable = [
                number
                for number in numbers
                if draft.parts[number].part in wanted and _can_run(scene, number)
            ]
            if movable:
                return _as_work(draft, movable[0])
        groups = merged(draft.groups, numbers, code=found.rule.code)
        if groups is not None:
            return replace(draft, groups=groups)
    return None


def _numbers(found: Diagnostic) -> Iterator[int]:
    """Yield the numbers of the cells that a finding speaks of, those to be mended first."""
    for fix in found.fixes:
        yield from (change.number for change in fix.changes if isinstance(change, Retag))
    for label in (found.primary, *found.secondary):
        if label.span is not None:
            yield label.span.number


def _can_run(scene: _Scene, number: int) -> bool:
    own = scene.facts.cells.get(number)
    return own is not None and own.shape is not Shape.EMPTY


def _as_work(draft: _Draft, number: int) -> _Draft:
    parts = {**draft.parts, number: CellPart(number, Part.WORK, "")}
    return _Draft(parts, joined(draft.groups, number))


def _one_step(scene: _Scene, parts: Mapping[int, CellPart]) -> _Draft:
    """Return the draft of last resort: all that can run, in one step."""
    numbers = tuple(
        cell.number
        for cell in scene.notebook.cells
        if parts[cell.number].part is not Part.KEPT and _can_run(scene, cell.number)
    )
    work = {number: CellPart(number, Part.WORK, "") for number in numbers}
    name = free_name("notebook", _tagged_steps(scene))
    groups = (Group(name, numbers, "nothing smaller compiles"),) if numbers else ()
    return _Draft({**parts, **work}, groups)

"""Owns what each cell is proposed to be for, from its facts: shared, left out, or work."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from cellwright.compiler.reading.tags import CellRole, Untagged
from cellwright.compiler.suggesting.facts import CellFacts, NotebookFacts
from cellwright.compiler.suggesting.shapes import Shape
from cellwright.model.source import CellId, Notebook

_DRAWING = frozenset({"show", "plot", "subplots", "figure", "hist", "scatter", "imshow"})


class Part(Enum):
    """What a cell is proposed to be."""

    KEPT = "kept"
    """It has a role already."""
    IMPORTS = "imports"
    FUNCTIONS = "functions"
    PARAMETERS = "parameters"
    CHECK = "check"
    WORK = "work"
    LEFT = "left"
    """Exploration: no tag."""


@dataclass(frozen=True, slots=True)
class CellPart:
    """The part of a cell, and why."""

    number: int
    part: Part
    why: str


def propose_parts(
    notebook: Notebook, roles: Mapping[CellId, CellRole], facts: NotebookFacts
) -> dict[int, CellPart]:
    """Return the part of every code cell, by number."""
    parts: dict[int, CellPart] = {}
    begun = False
    changed = frozenset().union(*(each.changes for each in facts.cells.values()))
    for cell in notebook.cells:
        own = facts.cells.get(cell.number)
        if roles[cell.id].role != Untagged():
            part = CellPart(cell.number, Part.KEPT, "has a tag already")
        elif own is None:
            code = facts.unreadable[cell.number].rule.code
            part = CellPart(cell.number, Part.LEFT, f"cannot be compiled: {code}")
        else:
            part = _part(own, facts, begun=begun, constant=cell.number not in changed)
        begun = begun or part.part is Part.WORK
        parts[cell.number] = part
    return _without_views(parts, facts)


def _part(own: CellFacts, facts: NotebookFacts, *, begun: bool, constant: bool) -> CellPart:
    number = own.number
    match own.shape:
        case Shape.EMPTY:
            return CellPart(number, Part.LEFT, "nothing to run")
        case Shape.IMPORTS:
            return CellPart(number, Part.IMPORTS, "imports and their settings")
        case Shape.DEFINITIONS:
            return CellPart(number, Part.FUNCTIONS, "definitions only")
        case Shape.LITERALS if constant and not begun and not _bound_again(own, facts):
            return CellPart(number, Part.PARAMETERS, "literals that nothing changes later")
        case Shape.ASSERTS if not own.acts and not own.changes:
            return CellPart(number, Part.CHECK, "assertions only")
        case _:
            return CellPart(number, Part.WORK, "")


def _bound_again(own: CellFacts, facts: NotebookFacts) -> bool:
    others = (each for each in facts.cells.values() if each.number != own.number)
    return any(own.binds & each.binds for each in others)


def _without_views(parts: dict[int, CellPart], facts: NotebookFacts) -> dict[int, CellPart]:
    """Leave out what shows something and leaves nothing behind that is read later.

    From the bottom up, as what only such a cell reads is left out with it.
    """
    found = dict(parts)
    needed: set[int] = set()
    below = False
    for number in sorted(parts, reverse=True):
        part, own = parts[number], facts.cells.get(number)
        if own is None or part.part is Part.LEFT:
            continue
        if part.part is Part.WORK and number not in needed and _is_view(own, below=below):
            why = "shows something, and nothing after it needs it"
            found[number] = CellPart(number, Part.LEFT, why)
            continue
        needed.update(*own.sources.values())
        below = below or part.part in (Part.WORK, Part.KEPT)
    if any(each.part in (Part.WORK, Part.KEPT) for each in found.values()):
        return found
    return dict(parts)  # all there is are views: they are what the notebook is for


def _is_view(own: CellFacts, *, below: bool) -> bool:
    """Tell whether a cell only shows something; `below` tells that work comes after it.

    Work that ends in a view, at the end of a notebook, is its result, unless it is a drawing.
    """
    if own.acts or own.changes:
        return False
    if own.shape is Shape.VIEWS:
        return True
    drawn = bool(own.calls & _DRAWING) and "print" not in own.calls
    return own.shape is Shape.DRAFT and (below or drawn)

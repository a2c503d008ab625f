"""Owns what is known of each cell before it has a tag: as if each were a step of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cellwright.compiler.driver import Memo
from cellwright.compiler.reading.options_reader import read_options
from cellwright.compiler.reading.parse import ParsedCell, parse_cells
from cellwright.compiler.reading.tags import read_roles
from cellwright.compiler.suggesting.shapes import (
    Shape,
    called_names,
    imported_names,
    library_calls,
    shape_of,
)
from cellwright.compiler.walking.sites import Site
from cellwright.compiler.walking.walk import Walk, walk_notebook
from cellwright.diagnostics.diagnostic import Diagnostic, Report, Severity
from cellwright.model.source import Notebook

_ACTS_ON_FILES = frozenset({"writes", "appends", "makes", "removes"})
_ACTS_ON_STATE = frozenset({"seeds", "sets", "changes-state", "draws"})
_PASSING = frozenset({"clock", "identity"})
"""Marks of effects that are over when the cell ends."""


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What a cell is like, and what it has to do with the cells before it.

    `sources` are the numbers of the cells whose bindings it reads, by name; `changes` are
    those whose objects it may change. `acts` tells that it does, or may do, something
    else that lasts: it writes a file, or sets or uses up state of the process.
    """

    number: int
    shape: Shape
    binds: frozenset[str]
    calls: frozenset[str]
    sources: Mapping[str, frozenset[int]]
    changes: frozenset[int]
    acts: bool


@dataclass(frozen=True, slots=True)
class NotebookFacts:
    """The facts of every cell that can be read, by number; and why the others cannot."""

    cells: Mapping[int, CellFacts]
    unreadable: Mapping[int, Diagnostic]


def find_facts(notebook: Notebook, memo: Memo) -> NotebookFacts:
    """Return what is known of the cells of a notebook, whatever their tags."""
    apart = replace(
        notebook,
        cells=tuple(
            replace(cell, tags=(f"step:cell-{cell.number}",), options="") for cell in notebook.cells
        ),
        kale=False,
        options="",
    )
    report = Report()
    roles = read_roles(apart, report, options=read_options(apart, report))
    parsed = parse_cells(apart, roles, report, memo=memo.readings)
    unreadable = {
        found.primary.span.number: found
        for found in report
        if found.rule.severity is Severity.ERROR and found.primary.span is not None
    }
    walk = walk_notebook(parsed, [memo.scopes(each) for each in parsed])
    return NotebookFacts(_cell_facts(parsed, walk), unreadable)


def _cell_facts(cells: tuple[ParsedCell, ...], walk: Walk) -> dict[int, CellFacts]:
    modules = imported_names(cells)
    numbers = [each.cell.number for each in cells]
    return {
        number: CellFacts(
            number=number,
            shape=shape_of(parsed, modules),
            binds=frozenset(site.written),
            calls=called_names(parsed),
            sources={name: _sources(walk, site, name, numbers) for name in site.reads},
            changes=_changes(walk, site, numbers),
            acts=not walk.complete or _acts(site, library_calls(parsed, modules)),
        )
        for number, parsed, site in zip(numbers, cells, walk.sites, strict=True)
    }


def _sources(walk: Walk, site: Site, name: str, numbers: list[int]) -> frozenset[int]:
    """Return the cells that may have bound a name as a site finds it."""
    variable = site.before.get(name)
    if variable is not None and variable.origin >= 0:
        return frozenset({numbers[variable.origin]})
    return frozenset(
        numbers[other.index] for other in walk.sites[: site.index] if name in other.written
    )


def _changes(walk: Walk, site: Site, numbers: list[int]) -> frozenset[int]:
    """Return the cells that bound what reaches an object that a site may change."""
    found: set[int] = set()
    changed = site.changed.keys()
    for name, variable in site.before.items() if changed else ():
        if walk.heap.reach(variable.value, until=site.index) & changed:
            found |= _sources(walk, site, name, numbers)
    return frozenset(found)


def _acts(site: Site, library: frozenset[str]) -> bool:
    effects = site.effects
    return (
        any(use.use in _ACTS_ON_FILES for use in effects.files)
        or any(use.use in _ACTS_ON_STATE for use in effects.states)
        or any(mark.partition(":")[0] not in _PASSING for mark in effects.marks)
        or bool(effects.patches)
        # What an unknown method does shows among the changes; an unknown function may do more.
        or any(path.rpartition(".")[2] in library for path in effects.calls)
    )

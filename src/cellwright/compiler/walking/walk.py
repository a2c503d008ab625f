"""Owns the walk through the whole notebook: which sites there are, what each one does."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cellwright.compiler.reading.module_text import ModuleTree
from cellwright.compiler.reading.parameters import declared
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.reading.scopes import ScopeTable, alias_name
from cellwright.compiler.reading.tags import InStep, Skipped, Untagged
from cellwright.compiler.walking import (
    caches,
    classes,
    expressions,
    formulas,
    modules,
    set_ups,
    statements,
)
from cellwright.compiler.walking.heap import Heap
from cellwright.compiler.walking.machine import STEPS_A_CHARACTER, Machine
from cellwright.compiler.walking.sites import Definition, Site, Variable
from cellwright.model.pipeline import StepName

_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_ASKING = (caches.ASKING, classes.ASKING, formulas.ASKING)


@dataclass(frozen=True)
class Walk:
    """What the walk found: the sites in notebook order, definitions, and the heap."""

    cells: tuple[ParsedCell, ...]
    sites: tuple[Site, ...]
    definitions: tuple[Definition, ...]
    heap: Heap
    names: dict[str, Variable]
    complete: bool
    sees_identity: bool = False
    """Whether the text asks if two names mean the same object."""

    @cached_property
    def cells_of(self) -> Mapping[StepName, tuple[int, ...]]:
        """Return the indices of the cells of each step."""
        found: dict[StepName, list[int]] = {}
        for index, parsed in enumerate(self.cells):
            if isinstance(parsed.role.role, InStep):
                found.setdefault(parsed.role.role.step, []).append(index)
        return {step: tuple(indices) for step, indices in found.items()}

    @cached_property
    def installing(self) -> tuple[int, ...]:
        """Return the indices of the cells that ask for something to be installed."""
        return tuple(index for index, parsed in enumerate(self.cells) if parsed.installs)


def plan_sites(cells: Sequence[ParsedCell]) -> Iterator[Site]:
    """Yield the sites: one per shared statement, one per run of cells of the same step."""
    index = 0
    step: StepName | None = None
    body: list[tuple[int, ast.stmt]] = []
    for number, parsed in enumerate(cells):
        role = parsed.role.role
        if isinstance(role, Skipped | Untagged):
            continue
        own = role.step if isinstance(role, InStep) else None
        if step is not None and own != step:
            yield Site(index, step, tuple(body))
            index, body = index + 1, []
        step = own
        statements_here = [(number, statement) for statement in parsed.tree.body]
        if own is not None:
            body += statements_here
            continue
        for pair in statements_here:
            yield Site(index, None, (pair,))
            index += 1
    if step is not None:
        yield Site(index, step, tuple(body))


def walk_notebook(
    cells: tuple[ParsedCell, ...],
    tables: Sequence[ScopeTable],
    chosen: Mapping[str, str] | None = None,
    local: Mapping[str, ModuleTree] | None = None,
) -> Walk:
    """Walk the tagged cells top to bottom, in one namespace.

    `chosen` are literals for parameters, where others than the defaults are meant; `local`
    are the modules beside the notebook, by their dotted names.
    """
    values = _chosen_nodes(cells, chosen or {})
    machine = Machine(tables, local)
    machine.steps_left += STEPS_A_CHARACTER * sum(len(each.cell.source) for each in cells)
    machine.words = _words(cells)
    machine.used_in_texts = formulas.used_as_code(parsed.tree for parsed in cells)
    sites: list[Site] = []
    machine.walked = sites
    definitions: list[Definition] = []
    for site in plan_sites(cells):
        sites.append(site)
        machine.site = site
        machine.settled.clear()
        machine.heap.now = site.index
        machine.dead = False
        if site.step is not None:
            site.before = machine.snapshot().names
        for cell, statement in site.body:
            machine.cell = cell
            machine.dead = False
            if id(statement) in values:
                name, value = values[id(statement)]
                machine.store_global(name, expressions.evaluate(machine, value), statement)
                continue
            _walk_statement(machine, statement, definitions)
        machine.spread_changes()
        if site.step is not None or site.changed:
            site.after = machine.snapshot().names
        else:
            site.after = {
                name: machine.names[name] for name in site.written if name in machine.names
            }
    modules.note_inner_changes(machine, sites)
    complete = not machine.exhausted
    return Walk(
        cells,
        tuple(sites),
        tuple(definitions),
        machine.heap,
        machine.names,
        complete,
        machine.sees_identity,
    )


def _words(cells: Sequence[ParsedCell]) -> frozenset[str]:
    """Return the words of the notebook that make it worth following what few ask for."""
    return frozenset(
        word for word in _ASKING if any(word in parsed.cell.source for parsed in cells)
    )


def _chosen_nodes(
    cells: Sequence[ParsedCell], chosen: Mapping[str, str]
) -> dict[int, tuple[str, ast.expr]]:
    """Return the value that a parameter's statement assigns, by the statement."""
    return {
        id(item.node): (item.name, ast.parse(chosen[item.name], mode="eval").body)
        for item in declared(cells)
        if item.name in chosen
    }


def _walk_statement(m: Machine, node: ast.stmt, definitions: list[Definition]) -> None:
    sets_up = set_ups.repeatable(m, node) if m.site.step is not None else frozenset()
    if not sets_up and not isinstance(node, _DEFINING):
        statements.execute(m, node)
        return
    names = () if sets_up else _names_of(node)
    definition = Definition(len(definitions), m.site.index, m.cell, node, names, sets_up=sets_up)
    definition.first_thing = len(m.heap.things)
    definitions.append(definition)
    m.definition = definition
    statements.execute(m, node)
    m.definition = None
    if names == ("*",):
        definition.names = tuple(
            sorted(name for name, chain in m.site.written.items() if chain[-1].node is node)
        )
    m.define(definition)


def _names_of(node: ast.stmt) -> tuple[str, ...]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return tuple(alias_name(alias) for alias in node.names)
    return (node.name,)  # type: ignore[attr-defined]

"""Owns the rules about the pipeline as a whole, and the order of its steps."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from cellwright.compiler.linking.order import cycle_among, sorted_edges, topological
from cellwright.compiler.linking.timeline import Act
from cellwright.compiler.linking.wiring import Need, Wiring
from cellwright.compiler.linking.world import World
from cellwright.compiler.reading.magics import is_history_name
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.reading.scopes import alias_name, bound_names
from cellwright.compiler.reading.tags import CellRole, InStep, Untagged
from cellwright.compiler.walking.heap import Place
from cellwright.compiler.walking.local_modules import BUILTINS
from cellwright.compiler.walking.sites import Chain, NameRead, Site
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import (
    Diagnostic,
    Fix,
    Label,
    Report,
    Retag,
    Safety,
    Severity,
)
from cellwright.model.pipeline import Edge, PortName, StepKind, StepName
from cellwright.model.source import CellId, Span


@dataclass(frozen=True)
class Plan:
    """The edges, and the steps in an order that respects them."""

    edges: tuple[Edge, ...]
    order: tuple[StepName, ...]


def check_pipeline(
    wiring: Wiring, world: World, roles: Mapping[CellId, CellRole], report: Report
) -> Plan | None:
    """Return the plan of a pipeline; None with errors in the report if there is none."""
    checker = _Checker(wiring, report)
    for site in wiring.timeline.walk.sites:
        checker.check_missing(site)
    checker.check_mixed()
    steps = list(wiring.steps)
    if not steps:
        return None
    edges = sorted_edges([*_data_edges(wiring, world), *_order_edges(wiring, roles)], steps)
    order, waiting = topological(steps, edges)
    if waiting:
        checker.report_cycle(cycle_among(waiting, edges))
        return None
    return None if report.has_errors else Plan(tuple(edges), tuple(order))


def _data_edges(wiring: Wiring, world: World) -> list[Edge]:
    found = []
    for step in wiring.steps:
        for need in wiring.inputs(step):
            assert need.feed.step is not None
            found.append(Edge(need.feed.step, step, PortName(need.name)))
        for port, producer in world.inputs.get(step, ()):
            found.append(Edge(producer, step, port.name))
    return found


def _order_edges(wiring: Wiring, roles: Mapping[CellId, CellRole]) -> list[Edge]:
    """Return the edges that only order: `prev:` tags, and checks before what they guard."""
    found: list[Edge] = []
    kinds: dict[StepName, StepKind] = {}
    for role in roles.values():
        if not isinstance(role.role, InStep):
            continue
        kinds[role.role.step] = role.role.kind
        found.extend(
            Edge(before, role.role.step, None)
            for before in role.prev
            if before != role.role.step and before in wiring.steps
        )
    steps = list(wiring.steps)
    for position, step in enumerate(steps):
        if kinds.get(step) is StepKind.CHECK:
            found += [
                Edge(step, later, None)
                for later in steps[position + 1 :]
                if _shares_input(wiring, step, later)
            ]
    return found


def _shares_input(wiring: Wiring, check: StepName, later: StepName) -> bool:
    """Tell whether a later step reads a version of a value that a check tested."""
    tested = {(need.name, need.feed.step) for need in wiring.inputs(check)}
    return any((need.name, need.feed.step) in tested for need in wiring.inputs(later))


_HIDING = ("dynamic:",)
"""Marks of sites after which a name may be bound though the text does not show it."""


class _Checker:
    """Reports what stands in the way of a wiring.

    What follows from an error is not reported again: a name is refused once, and none
    after code that binds names out of sight, which is an error itself.
    """

    def __init__(self, wiring: Wiring, report: Report) -> None:
        self.wiring = wiring
        self.report = report
        self.cells = wiring.timeline.walk.cells
        self.untagged = _bindings_of_untagged(self.cells)
        self.refused: set[str] = set()
        self.hidden = False

    def check_missing(self, site: Site) -> None:
        """Report names that nothing binds."""
        self.hidden = self.hidden or any(mark in site.effects.marks for mark in _HIDING)
        for name, read in sorted(site.missing.items()):
            if read.guarded or (site.step is None and read.late):
                continue
            if not self.hidden and name not in self.refused:
                self._missing(site, name, read)

    def _missing(self, site: Site, name: str, read: NameRead) -> None:
        who = f"step `{site.step}`" if site.step is not None else "a shared cell"
        found = self._deleted(who, name, read) or self._never_bound(site, who, name, read)
        if found.rule.severity is Severity.ERROR:
            self.refused.add(name)
        self.report.add(found)

    def _deleted(self, who: str, name: str, read: NameRead) -> Diagnostic | None:
        if read.deleted is None:
            return None
        node = read.deleted[-1].node
        text = "deleted here"
        if isinstance(node, ast.ExceptHandler):
            text = "deleted where this handler ends"
        return Diagnostic(
            rules.DELETED_INPUT,
            f"{who} reads `{name}`, which was deleted",
            Label(self._span(read.chain)),
            (Label(self._span(read.deleted), text),),
        )

    def _never_bound(self, site: Site, who: str, name: str, read: NameRead) -> Diagnostic:
        span = Label(self._span(read.chain))
        if is_history_name(name):
            return Diagnostic(
                rules.HISTORY_VARIABLE,
                f"{who} reads `{name}` of the notebook's history",
                span,
                notes=("give the value a name of its own where it is computed",),
            )
        later = self._bound_later(site, name, read)
        if later is not None:
            return Diagnostic(
                rules.READ_BEFORE_BINDING,
                f"{who} reads `{name}`, which nothing before it binds",
                span,
                (Label(self._span(later), "bound only here"),),
            )
        rule = rules.UNBOUND_INPUT if read.sure else rules.CONDITIONAL_INPUT
        if name in self.untagged:
            parsed = self.untagged[name]
            return Diagnostic(
                rules.UNBOUND_INPUT,
                f"{who} reads `{name}`, which only untagged cell {parsed.cell.number} binds",
                span,
                fixes=(self._retag(parsed, site),),
            )
        message = f"{who} reads `{name}`, which nothing before it binds"
        return Diagnostic(rule, message, span, notes=self._similar(name))

    def _bound_later(self, site: Site, name: str, read: NameRead) -> Chain | None:
        """Return where a name is bound first after a read; None if the read comes of a
        binding itself, as in `count += 1`."""
        events = self.wiring.timeline.events.get(name, ())
        event = next((e for e in events if e.site >= site.index and e.act is not Act.DELETES), None)
        if event is None:
            return None
        if event.site == site.index and _position(event.chain[0]) <= _position(read.chain[0]):
            return None
        return event.chain

    def _similar(self, name: str) -> tuple[str, ...]:
        known = sorted(set(self.wiring.timeline.walk.names) | set(self.untagged) | BUILTINS)
        near = [item for item in get_close_matches(name, known, n=3, cutoff=0.75) if item != name]
        return ("similar: " + ", ".join(f"`{item}`" for item in near[:2]),) if near else ()

    def _span(self, chain: Chain) -> Span:
        place = chain[-1]
        return self.cells[place.cell].span(place.node)

    def _retag(self, parsed: ParsedCell, site: Site) -> Fix:
        tag = f"step:{site.step}" if site.step is not None else "functions"
        change = Retag(parsed.cell.id, parsed.cell.number, (*parsed.cell.tags, tag))
        return Fix(f"tag cell {parsed.cell.number} `{tag}`", Safety.ASK, (change,))

    def check_mixed(self) -> None:
        """Report shared cells that build on what a step computes."""
        for _, need in self.wiring.mixed:
            self._report_mixed(need)

    def _report_mixed(self, need: Need) -> None:
        timeline = self.wiring.timeline
        at = need.feed.mixed if need.feed.mixed is not None else need.site
        site = timeline.site(at)
        if site.step is not None:
            return
        cell, node = site.body[0]
        read = site.reads.get(need.name)
        place = read.chain[-1] if read is not None else None
        span = self.cells[cell].span(place.node if place and place.cell == cell else node)
        self.report.add(
            Diagnostic(
                rules.SHARED_NEEDS_STEP,
                f"a shared cell uses `{need.name}`, which step `{need.feed.step}` computes",
                Label(span),
                notes=(
                    "shared cells are repeated in every step, before its inputs are there",
                    "give the cell a `step:` tag",
                ),
            )
        )

    def report_cycle(self, cycle: list[Edge]) -> None:
        """Report steps that wait for each other."""
        names = " -> ".join(f"`{edge.producer}`" for edge in cycle)
        last = cycle[-1]
        step = max((edge.consumer for edge in cycle), key=list(self.wiring.steps).index)
        places = []
        for edge in cycle:
            need = next((n for n in self.wiring.inputs(edge.consumer) if n.name == edge.port), None)
            if need is not None:
                place = need.chain[0]
                text = f"step `{edge.consumer}` reads `{need.name}` of step `{edge.producer}`"
                places.append(Label(self.cells[place.cell].span(place.node), text))
        primary = max(
            places, key=lambda label: label.span.number if label.span else 0, default=None
        )
        apart = any(len(self.wiring.steps[edge.consumer]) > 1 for edge in cycle)
        self.report.add(
            Diagnostic(
                rules.INTERLEAVED_STEP if apart else rules.DEPENDENCY_CYCLE,
                f"steps wait for each other: {names} -> `{last.consumer}`",
                primary or Label(None),
                tuple(label for label in places if label is not primary),
                notes=(f"cells of step `{step}` may belong to a step of their own",),
            )
        )


def _bindings_of_untagged(cells: tuple[ParsedCell, ...]) -> dict[str, ParsedCell]:
    found: dict[str, ParsedCell] = {}
    for parsed in cells:
        if not isinstance(parsed.role.role, Untagged):
            continue
        for node in parsed.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[node.name] = parsed
            elif isinstance(node, ast.Import | ast.ImportFrom):
                found.update((alias_name(alias), parsed) for alias in node.names)
            else:
                found.update((name, parsed) for name in bound_names(node))
    return found


def _position(place: Place) -> tuple[int, int, int]:
    """Return what puts places of one site in the order in which they are typed."""
    node = place.node
    return place.cell, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)

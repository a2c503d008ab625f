"""Owns the rules about the pipeline as a whole, and the order of its steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from cellwright.compiler.linking.order import cycle_among, sorted_edges, topological
from cellwright.compiler.linking.wiring import Need, Wiring
from cellwright.compiler.linking.world import World
from cellwright.compiler.reading.magics import is_history_name
from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.reading.tags import CellRole, InStep, Untagged
from cellwright.compiler.walking.machine import BUILTINS
from cellwright.compiler.walking.sites import NameRead, Site
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import (
    Diagnostic,
    Fix,
    Label,
    Report,
    Retag,
    Rule,
    Safety,
)
from cellwright.model.pipeline import Edge, PortName, StepKind, StepName
from cellwright.model.source import CellId


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


class _Checker:
    """Reports what stands in the way of a wiring."""

    def __init__(self, wiring: Wiring, report: Report) -> None:
        self.wiring = wiring
        self.report = report
        self.cells = wiring.timeline.walk.cells
        self.untagged = _bindings_of_untagged(self.cells)

    def check_missing(self, site: Site) -> None:
        """Report names that nothing binds."""
        for name, read in sorted(site.missing.items()):
            if read.guarded or (site.step is None and read.late):
                continue
            self._missing(site, name, read)

    def _missing(self, site: Site, name: str, read: NameRead) -> None:
        place = read.chain[-1]
        span = self.cells[place.cell].span(place.node)
        who = f"step `{site.step}`" if site.step is not None else "a shared cell"
        events = [e for e in self.wiring.timeline.events.get(name, ()) if e.site <= site.index]
        secondary: list[Label] = []
        fixes: list[Fix] = []
        notes: list[str] = []
        message = f"{who} reads `{name}`, which nothing before it binds"
        rule: Rule = rules.UNBOUND_INPUT
        if events:
            last = events[-1].chain[-1]
            secondary.append(Label(self.cells[last.cell].span(last.node), "deleted here"))
            message, rule = f"{who} reads `{name}`, which was deleted", rules.DELETED_INPUT
        elif name in self.untagged:
            parsed = self.untagged[name]
            message = f"{who} reads `{name}`, which only untagged cell {parsed.cell.number} binds"
            fixes.append(self._retag(parsed, site))
        elif not read.sure:
            rule = rules.CONDITIONAL_INPUT
        known = sorted(set(self.wiring.timeline.walk.names) | set(self.untagged) | BUILTINS)
        similar = get_close_matches(name, known, n=2, cutoff=0.75)
        if similar and rule is not rules.DELETED_INPUT and name not in self.untagged:
            notes.append("similar: " + ", ".join(f"`{item}`" for item in similar))
        later = [e for e in self.wiring.timeline.events.get(name, ()) if e.site > site.index]
        if is_history_name(name) and not events:
            message, rule = (
                f"{who} reads `{name}` of the notebook's history",
                rules.HISTORY_VARIABLE,
            )
            notes = ["give the value a name of its own where it is computed"]
        elif later and not events:
            rule = rules.READ_BEFORE_BINDING
            place = later[0].chain[-1]
            secondary.append(Label(self.cells[place.cell].span(place.node), "bound only here"))
        self.report.add(
            Diagnostic(rule, message, Label(span), tuple(secondary), tuple(notes), tuple(fixes))
        )

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
    import ast

    from cellwright.compiler.reading.scopes import alias_name, bound_names

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

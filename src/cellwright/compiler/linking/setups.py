"""Owns shared statements that do more than define: they set up the process, or give
another value each time."""

import ast
import sys

from cellwright.compiler.linking.states import StateFlow
from cellwright.compiler.linking.timeline import Timeline
from cellwright.compiler.walking import set_ups
from cellwright.compiler.walking.heap import Kind
from cellwright.compiler.walking.sites import Site

STANDARD = frozenset(sys.stdlib_module_names) | {"cellwright"}
ALWAYS = frozenset({"os", "sys", "warnings", "locale", "decimal", "signal", "cellwright"})
"""Modules whose state matters to any step."""
_ONCE = ("clock", "unique", "identity", "network", "input", "unseeded")
_RELATED = {"seaborn": ("matplotlib",), "matplotlib": ("seaborn",)}
_ACTS = frozenset({"seeds", "sets", "changes-state"})


def setup_sites(timeline: Timeline, state: StateFlow) -> dict[int, frozenset[str]]:
    """Return the shared sites that set up the process, with the modules concerned."""
    found: dict[int, frozenset[str]] = {}
    for site in timeline.walk.sites:
        if site.step is not None:
            continue
        roots = {use.what.split(".")[0] for use in site.effects.states if use.use in _ACTS}
        roots |= {
            use.state.partition(set_ups.STATE)[2]
            for use in site.effects.states
            if set_ups.STATE in use.state
        }
        roots |= {path.split(".")[0] for path in site.effects.patches}
        if any(use.use == "makes" for use in site.effects.files):
            roots.add("os")  # by whichever library: any step may write into the folder
        _, node = site.body[0]
        if isinstance(node, ast.Expr | ast.With | ast.If | ast.For | ast.Try):
            roots |= {path.split(".")[0] for path in site.effects.calls if path.find(".") > 0}
            writes = [use for use in site.effects.files if use.use == "writes"]
            roots |= {use.what.split(".")[0] for use in writes}
            roots |= {module.split(".")[0] for module, _ in site.module_changes}
        if roots:
            found[site.index] = frozenset(roots | _modules_read(timeline, site))
    return found


def _modules_read(timeline: Timeline, site: Site) -> set[str]:
    """Return the modules whose members a shared statement reads: a warning of theirs, …"""
    heap = timeline.heap
    roots = set()
    for name in site.reads:
        variable = timeline.walk.names.get(name)
        for number in variable.value if variable is not None else ():
            if heap[number].kind is Kind.LIBRARY:
                roots.add(heap[number].type.split(".")[0])
    return roots


def concerned(roots: frozenset[str], used: set[str]) -> bool:
    """Tell whether what sets up some modules matters to a step that uses others."""
    if set_ups.EVERYTHING in roots:
        return True
    outside = roots - STANDARD
    if not outside:
        return bool(roots & ALWAYS or roots & used or "" in used)
    foreign = used - STANDARD
    if "numpy" in outside and foreign:
        return True
    related = outside | {other for root in outside for other in _RELATED.get(root, ())}
    return "" in used or bool(related & foreign)


def roots_touched(site: Site) -> set[str]:
    """Return the top-level modules that a site names; "" where it calls what is not known."""
    found = {path.removeprefix("import ").split(".")[0] for path in site.effects.modules}
    return found | ({""} if site.effects.calls else set())


def made_roots(timeline: Timeline) -> dict[int, set[str]]:
    """Return, per site, the modules whose types the objects have that are made there."""
    found: dict[int, set[str]] = {}
    for thing in timeline.heap.things:
        if thing.kind is Kind.PLAIN and "." in thing.type:
            found.setdefault(thing.born, set()).add(thing.type.split(".")[0])
    return found


def shared_states(site: Site) -> set[str]:
    """Return the random generators that a shared site seeds or draws from."""
    return {
        use.state for use in site.effects.states if use.use in ("seeds", "draws", "changes-state")
    }


def once_sites(timeline: Timeline, state: StateFlow) -> set[int]:
    """Return the shared sites whose value differs from one execution to the next.

    What is computed from such a value differs as well.
    """
    found = set(state.loose)
    for site in timeline.walk.sites:
        if site.step is None and any(mark.split(":")[0] in _ONCE for mark in site.effects.marks):
            found.add(site.index)
    growing = True
    while growing:
        growing = False
        for site in timeline.walk.sites:
            if site.step is not None or site.index in found:
                continue
            for name in site.reads:
                if set(timeline.feed(name, site.index).shared) & found:
                    found.add(site.index)
                    growing = True
    return found

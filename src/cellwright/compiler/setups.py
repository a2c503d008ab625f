"""Owns shared statements that do more than define: they set up the process, or give
another value each time."""

import ast
import sys

from cellwright.compiler.machine import Site
from cellwright.compiler.states import StateFlow
from cellwright.compiler.timeline import Timeline
from cellwright.compiler.walk import Walk

STANDARD = frozenset(sys.stdlib_module_names) | {"cellwright"}
ALWAYS = frozenset({"os", "sys", "warnings", "locale", "decimal", "signal", "cellwright"})
"""Modules whose state matters to any step."""
_ONCE = ("clock", "unique", "identity", "network", "input", "unseeded")
_ACTS = frozenset({"seeds", "sets", "changes-state"})


def setup_sites(walk: Walk, state: StateFlow) -> dict[int, frozenset[str]]:
    """Return the shared sites that set up the process, with the modules concerned."""
    found: dict[int, frozenset[str]] = {}
    for site in walk.sites:
        if site.step is not None:
            continue
        roots = {use.what.split(".")[0] for use in site.effects.states if use.use in _ACTS}
        roots |= {path.split(".")[0] for path in site.effects.patches}
        _, node = site.body[0]
        if isinstance(node, ast.Expr | ast.With | ast.If | ast.For | ast.Try):
            roots |= {path.split(".")[0] for path in site.effects.calls if "." in path}
            roots |= {use.what.split(".")[0] for use in site.effects.files if use.use == "writes"}
        if roots:
            found[site.index] = frozenset(roots)
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

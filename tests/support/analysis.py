"""Runs the analysis alone: from cells to the walk, the timeline and the wiring."""

from cellwright.compiler.linking.link import link_steps
from cellwright.compiler.linking.states import state_flow
from cellwright.compiler.linking.timeline import Timeline, build_timeline
from cellwright.compiler.linking.wiring import Wiring
from cellwright.compiler.reading.scopes import scope_table
from cellwright.compiler.walking.walk import Walk, walk_notebook
from support.front import front_of
from support.notebooks import CodeCell


def walk_of(*cells: CodeCell) -> Walk:
    """Return the walk through some cells."""
    parsed = front_of(*cells).parsed
    return walk_notebook(parsed, [scope_table(each.tree) for each in parsed])


def timeline_of(*cells: CodeCell) -> Timeline:
    """Return who binds and changes what in some cells."""
    return build_timeline(walk_of(*cells))


def wiring_of(*cells: CodeCell) -> Wiring:
    """Return who feeds whom in some cells."""
    walk = walk_of(*cells)
    return link_steps(build_timeline(walk), state_flow(walk))

"""Owns functions that remember their results (`functools.lru_cache`): what a step fills, a
later one would find filled, but its process is another.

As long as a call does nothing but compute, calling again gives the same. What it returns is
held by the function: who changes that, changes what later calls return.
"""

import ast

from cellwright.compiler.walking import uses
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.heap import NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

CACHE = "results kept"
DECORATOR = "cellwright.cache"
ASKING = "cache_info"
Acts = tuple[int, ...]
_METHODS = frozenset({ASKING, "cache_clear", "cache_parameters"})


def cached(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return a function as `lru_cache` makes it; the decorator, if no function is given."""
    given = arguments.at("0")
    found = [m.heap[number] for number in given if m.heap[number].kind is Kind.FUNCTION]
    for thing in found:
        m.heap.put(thing, CACHE, NOTHING)
    return given if found else m.heap.library(DECORATOR)


def remember(m: Machine, thing: Thing, found: Value, before: Acts, node: ast.AST) -> Value:
    """Return what a call gives, now or before; note it where calling again would be seen.

    `before` are the acts of the site as they were before the call.
    """
    if acts(m) != before or ASKING in m.words or _prints(thing):
        _note(m, "changes-state", thing, node)
    m.heap.put(thing, CACHE, frozenset(m.heap.mutable(found)))
    return found | thing.fields[CACHE]


def ask(m: Machine, thing: Thing, name: str, node: ast.AST) -> Value | None:
    """Return what `function.cache_info()` and its like give; None for any other method."""
    if CACHE not in thing.fields or name not in _METHODS:
        return None
    _note(m, "uses" if name == ASKING else "changes-state", thing, node)
    return m.heap.scalar()


def _note(m: Machine, use: str, thing: Thing, node: ast.AST) -> None:
    name = getattr(thing.code.node, "name", "a function") if thing.code is not None else ""
    uses.note_state(m, use, f"cache of {name}", node=node, what="functools.lru_cache")


def acts(m: Machine) -> Acts:
    """Return how much a site is known to do, to tell whether a call does anything."""
    site, effects = m.site, m.site.effects
    noted = (effects.files, effects.states, effects.marks, effects.patches, effects.calls)
    return tuple(len(each) for each in (site.changed, site.written, *noted))


def _prints(thing: Thing) -> bool:
    assert thing.code is not None
    return any(
        isinstance(node, ast.Name) and node.id in ("print", "display")
        for node in ast.walk(thing.code.node)
    )

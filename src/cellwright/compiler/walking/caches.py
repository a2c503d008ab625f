"""Owns functions that remember their results (`functools.lru_cache`): what a step fills, a
later one would find filled, but its process is another.

As long as a call does nothing but compute, and what its text names stays as it is, calling
again gives the same. What it returns is held by the function: who changes that, changes what
later calls return.
"""

import ast
from typing import NamedTuple

from cellwright.compiler.walking import uses
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.heap import NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.sites import MISSING, Chain, Site, StateUse

CACHE = "results kept"
DECORATOR = "cellwright.cache"
ASKING = "cache_info"
Acts = tuple[int, ...]
_METHODS = frozenset({ASKING, "cache_clear", "cache_parameters"})

_FIXED = frozenset({Kind.LIBRARY, Kind.FUNCTION, Kind.CLASS})
"""What is the same wherever a name is bound to it again."""


class _Filling(NamedTuple):
    """A call that filled a cache, and what its result may depend on, as it was then."""

    site: Site
    chain: Chain
    names: dict[str, tuple[int, Value]]
    """What the function reads: how often each name had been bound, and what it meant."""
    reached: frozenset[int]
    changed: frozenset[int]
    """What the site had changed by then."""


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
    _note_stale(m, thing, node)
    m.heap.put(thing, CACHE, frozenset(m.heap.mutable(found)))
    return found | thing.fields[CACHE]


def ask(m: Machine, thing: Thing, name: str, node: ast.AST) -> Value | None:
    """Return what `function.cache_info()` and its like give; None for any other method."""
    if CACHE not in thing.fields or name not in _METHODS:
        return None
    _note(m, "uses" if name == ASKING else "changes-state", thing, node)
    return m.heap.scalar()


def _note_stale(m: Machine, thing: Thing, node: ast.AST) -> None:
    """Note that an earlier step filled the cache with what would now come out otherwise."""
    fillings: list[_Filling] = m.filled.setdefault(thing.number, [])
    for old in fillings:
        if old.site.step != m.site.step and _is_stale(m, old):
            use = StateUse(
                "changes-state", _state(thing), old.chain, "functools.lru_cache", sure=True
            )
            if use not in old.site.effects.states:
                old.site.effects.states.append(use)
            _note(m, "uses", thing, node)
    names, reached = _dependencies(m, thing)
    if not any(old.site is m.site and old.names == names for old in fillings):
        changed = frozenset(m.site.changed)
        fillings.append(_Filling(m.site, m.chain(node), names, reached, changed))


def _is_stale(m: Machine, old: _Filling) -> bool:
    """Tell whether what a call depended on has been bound anew or changed since."""
    for name, (stores, value) in old.names.items():
        now = m.names.get(name, MISSING).value
        same = now == value and all(m.heap[number].kind in _FIXED for number in value)
        if stores != m.stores.get(name, 0) and not same:
            return True
    later = (site.changed.keys() for site in m.walked[old.site.index + 1 :])
    return not old.reached.isdisjoint((old.site.changed.keys() - old.changed).union(*later))


def _dependencies(m: Machine, thing: Thing) -> tuple[dict[str, tuple[int, Value]], frozenset[int]]:
    """Return the names that a function and those that it calls may read, and what is there."""
    names: dict[str, tuple[int, Value]] = {}
    reached, todo = {thing.number}, [thing.number]
    while todo:
        code = m.heap[todo.pop()].code
        for name in code.scope.late if code is not None else ():
            if name in names or name not in m.names:
                continue
            value = m.names[name].value
            names[name] = (m.stores.get(name, 0), value)
            more = m.heap.reach(value) - reached
            reached |= more
            todo += sorted(more)
    own = frozenset(n for n in reached if CACHE not in m.heap[n].fields)
    return names, own


def _note(m: Machine, use: str, thing: Thing, node: ast.AST) -> None:
    state = _state(thing).removeprefix("state:")
    uses.note_state(m, use, state, node=node, what="functools.lru_cache")


def _state(thing: Thing) -> str:
    name = getattr(thing.code.node, "name", "a function") if thing.code is not None else ""
    return f"state:cache of {name}"


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

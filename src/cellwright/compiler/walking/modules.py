"""Owns local modules: their bodies are walked at the first import, as the kernel runs them.

What a local module defines goes by its name from step to step, as what a library defines:
each step that refers to it imports the module. What its code *does* is walked like that of
the notebook's own functions, and noted at the place of the notebook that calls it. Its
variables are state of the process: they stay in the process that changes them.
"""

import ast
from collections.abc import Iterable

from cellwright.compiler.walking import statements
from cellwright.compiler.walking.heap import NOTHING, Heap, Kind, Thing, Value
from cellwright.compiler.walking.local_modules import LOCAL
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.paths import Frame
from cellwright.compiler.walking.sites import Site


def import_module(m: Machine, name: str, node: ast.AST) -> Thing:
    """Return the module of a dotted name; if it is a local one its body is walked, once."""
    thing = m.local.thing(name)
    if name not in m.local.trees or name in m.local.loaded:
        return thing
    m.local.loaded.add(name)
    parent, _, last = name.rpartition(".")
    if parent:
        m.heap.put(import_module(m, parent, node), last, frozenset((thing.number,)))
    _walk_body(m, name, thing, node)
    return thing


def _walk_body(m: Machine, name: str, thing: Thing, node: ast.AST) -> None:
    tree = m.local.trees[name]
    m.extra.update(tree.table)
    for late in tree.late:
        m.heap.put(thing, late, NOTHING)
    frame = Frame(
        tree.scope,
        LOCAL,
        (*m.context, id(tree.scope.node))[-4:],
        m.here(node),
        cells=thing,
        module=name,
    )
    definition = m.definition
    clean = definition is not None and definition.clean
    outer = (m.cell, m.loops, m.dead, m.local.importing)
    m.cell, m.loops, m.dead = LOCAL, [], False
    m.local.importing = m.local.importing or len(m.heap.things)
    m.frames.append(frame)
    statements.execute_block(m, tree.body)
    m.frames.pop()
    m.cell, m.loops, m.dead, m.local.importing = outer
    if definition is not None:
        definition.clean = clean  # a module is imported once, however often it is asked for


def member(m: Machine, thing: Thing, name: str, node: ast.AST) -> Value:
    """Return what a local module has under a name: a variable, or a module inside it."""
    inner = f"{thing.type}.{name}"
    if inner in m.local.trees:
        import_module(m, inner, node)
    m.note_module(m.site.module_reads, thing, name, node)
    return thing.fields.get(name, NOTHING)


def exported(m: Machine, thing: Thing) -> list[str]:
    """Return what `from module import *` binds of a local module."""
    for number in thing.fields.get("__all__", NOTHING):
        named = [m.heap[n].text for part in m.heap[number].fields.values() for n in part]
        if named and all(named):
            return sorted(text for text in named if text)
    return sorted(name for name in thing.fields if not name.startswith("_"))


def absolute(m: Machine, module: str, level: int) -> str:
    """Return the full name of what an `import` in a local module asks for relatively."""
    if not level:
        return module
    here = next((frame.module for frame in reversed(m.frames) if frame.module), "")
    parts = here.split(".")
    known = m.local.trees.get(here)
    up = level - 1 if known is not None and known.package else level
    return ".".join([*parts[: len(parts) - up], *([module] if module else [])])


def note_inner_changes(m: Machine, sites: Iterable[Site]) -> None:
    """Note, for changes of objects in the variables of local modules, which variables."""
    owners = [
        (thing, name, owned(m.heap, value))
        for thing in map(m.heap.__getitem__, sorted(_module_things(m)))
        for name, value in sorted(thing.fields.items())
    ]
    for site in sites:
        for thing, name, inside in owners:
            for number in sorted(inside & site.changed.keys()):
                key = (thing.type, name)
                site.module_changes.setdefault(key, site.changed[number])


def _module_things(m: Machine) -> set[int]:
    return {number for name in m.local.loaded for number in m.heap.library(name)}


def owned(heap: Heap, value: Value) -> set[int]:
    """Return the objects that the variable of a module may lead to, other modules apart."""
    found: set[int] = set()
    todo = [number for number in value if heap[number].kind is not Kind.LIBRARY]
    while todo:
        number = todo.pop()
        if number in found:
            continue
        found.add(number)
        todo += [target for target in heap[number].out if heap[target].kind is not Kind.LIBRARY]
    return found

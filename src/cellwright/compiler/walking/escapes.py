"""Owns what a library keeps of the notebook: handlers, hooks, functions put in place of its
own. It may run them at any time, so what they read is read where they are handed over."""

import ast

from cellwright.compiler.walking import callbacks
from cellwright.compiler.walking.effects import Effect
from cellwright.compiler.walking.heap import NOTHING, Kind, Value
from cellwright.compiler.walking.machine import Machine


def let_go(m: Machine, value: Value, node: ast.AST) -> None:
    """Note the names that code within a value reads when it runs."""
    for number in sorted(m.heap.reach(value)):
        code = m.heap[number].code
        for name in sorted(code.scope.late) if code is not None else ():
            if name in m.names:
                m.load_global(name, node)


def keep(m: Machine, effect: Effect, given: Value, node: ast.AST) -> None:
    """Let state of a library keep what it is given, and run what it keeps where it is used."""
    for use, state in effect.states:
        if use == "uses":
            kept = m.kept.get(state, NOTHING)
            if kept:
                callbacks.call_back(m, effect, kept, given, node)
        elif use in ("sets", "changes-state") and m.heap.mutable(given):
            thing = m.heap.make(("kept", state), kind=Kind.PLAIN, type_name="kept", place=None)
            m.heap.hold(thing, given)
            m.kept[state] = frozenset((thing.number,))
            let_go(m, given, node)

"""Owns `with`: what a manager gives, whether it may swallow an error, what its exit does."""

import ast
from collections.abc import Iterable

from cellwright.compiler.walking import (
    attempts,
    attributes,
    calls,
    expressions,
    items,
    set_ups,
    statements,
    uses,
)
from cellwright.compiler.walking.arguments import given
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import NOTHING, Kind, Value
from cellwright.compiler.walking.machine import Machine

_RESTORES = "restores."
"""What the types begin with that put back a state of the process, before its name."""
_SET_UPS = {"matplotlib.interactive": "matplotlib", "polars.set-up": "polars"}
"""`with plt.ioff()`, `with pl.Config()`: the libraries that they set up till then."""
_CHANGES = frozenset({"sets", "changes-state"})


def use_context(m: Machine, node: ast.With | ast.AsyncWith) -> None:
    """Walk a `with`: enter, body, exit; a manager that may swallow an error gives a path
    from anywhere in the body to its end."""
    managers: list[Value] = []
    folder, set_up, before = m.folder, set(m.set_up), len(m.site.effects.states)
    for item in node.items:
        manager = expressions.evaluate(m, item.context_expr)
        managers.append(manager)
        entered = _enter(m, manager, item.context_expr)
        if item.optional_vars is not None:
            expressions.assign(m, item.optional_vars, entered)
    swallows = any(_may_swallow(m, manager) for manager in managers)
    if swallows:
        met = attempts.walk_watched(m, node.body)
        m.join(met)
    else:
        statements.execute_block(m, node.body)
    was_dead, m.dead = m.dead, False
    for manager, item in zip(reversed(managers), reversed(node.items), strict=True):
        _exit(m, manager, item.context_expr)
    m.dead = was_dead
    _restore(m, managers, before, set_up)
    if any("contextlib.chdir" in m.heap.types(manager) for manager in managers):
        m.folder = folder


def _enter(m: Machine, manager: Value, node: ast.expr) -> Value:
    found = NOTHING
    for number in sorted(manager):
        thing = m.heap[number]
        itself = frozenset((number,))
        if thing.kind is Kind.INSTANCE:
            complete = True
            for name in ("__enter__", "__aenter__"):
                members, complete = attributes.class_member(m, thing.bases, name)
                if members:
                    entered = calls.call(m, members, given(itself), node=node)
                    waits = name == "__aenter__"
                    found |= items.iterate(m, entered, node) if waits else entered
            if not complete:
                found |= itself
        elif thing.kind is Kind.GENERATOR:
            found |= items.run_generator(m, thing, node)
        elif thing.type == "contextlib.chdir":
            uses.enter_folder(m, thing.fields.get("*", NOTHING))
            found |= m.heap.scalar("NoneType")
        elif thing.kind is Kind.PLAIN and effects_data().method(thing.type, "__enter__"):
            found |= calls.call_method(m, itself, "__enter__", given(), node=node)
        elif thing.kind is Kind.PLAIN:
            found |= attributes.opaque_part(m, thing)
            m.change_things([number], node)
        else:
            found |= itself | m.heap.scalar()
    return found


def _exit(m: Machine, manager: Value, node: ast.expr) -> None:
    for number in sorted(manager):
        thing = m.heap[number]
        if thing.kind is Kind.INSTANCE:
            for name in ("__exit__", "__aexit__"):
                members, _ = attributes.class_member(m, thing.bases, name)
                if members:
                    arguments = given(frozenset((number,)), *(m.heap.scalar() for _ in range(3)))
                    left = calls.call(m, members, arguments, node=node)
                    if name == "__aexit__":
                        items.iterate(m, left, node)


def _restore(m: Machine, managers: Iterable[Value], before: int, set_up: set[str]) -> None:
    """Note that the managers put back the state of the process that the body changed.

    `before` is how many uses of state there were, `set_up` what was set up. A generator may
    stop within its body, and never go on.
    """
    if any(frame.scope.is_generator for frame in m.frames):
        return
    restored = set()
    for manager in managers:
        types = m.heap.types(manager)
        if len(types) != 1:
            continue
        state = min(types).removeprefix(_RESTORES)
        restored.add(f"state:{state}")
        if state in _SET_UPS:
            restored.add(f"state:{set_ups.STATE}{_SET_UPS[state]}")
            m.set_up -= {_SET_UPS[state]} - set_up
    states = m.site.effects.states
    states[before:] = [
        use._replace(use="uses") if use.use in _CHANGES and use.state in restored else use
        for use in states[before:]
    ]


def _may_swallow(m: Machine, manager: Value) -> bool:
    for number in manager:
        thing = m.heap[number]
        if thing.kind is Kind.INSTANCE:
            members, complete = attributes.class_member(m, thing.bases, "__exit__")
            if not complete or any(_returns_something(m, member) for member in members):
                return True
        elif thing.kind is Kind.PLAIN:
            data = effects_data()
            if not data.knows_type(thing.type) or data.flag(thing.type, "swallows"):
                return True
    return False


def _returns_something(m: Machine, number: int) -> bool:
    code = m.heap[number].code
    if code is None:
        return True
    return any(
        isinstance(node, ast.Return)
        and node.value is not None
        and not (isinstance(node.value, ast.Constant) and not node.value.value)
        for node in ast.walk(code.node)
    )

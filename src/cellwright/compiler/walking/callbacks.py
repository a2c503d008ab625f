"""Owns what is called back: the notebook's own functions within the reach of a call.

A function that is called back may call others back in its turn. Each is walked once in a
round of the outermost call, and again only if it is given more. A round that left out what
might have added something is followed by another; after some of them, and where calls are
nested too deep, functions are taken to do all that their text may do.
"""

import ast
import sys

from cellwright.compiler.walking import attributes, calls, items, library, settled
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import ANY_KEY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

_DUNDERS = (
    "__len__", "__iter__", "__next__", "__getitem__", "__contains__", "__eq__", "__hash__",
    "__lt__", "__str__", "__repr__", "__call__", "__bool__", "__float__", "__int__",
    "__index__", "__array__", "__add__", "__radd__", "_repr_html_", "__reversed__", "__abs__",
    "__deepcopy__", "__copy__", "__round__", "write", "__format__", "__fspath__", "__missing__",
    "__array_ufunc__", "__array_function__", "__le__", "__gt__", "__ge__", "__ne__", "__sub__",
    "__rsub__", "__mul__", "__rmul__", "__truediv__", "__neg__", "__getstate__", "__reduce__",
)  # fmt: skip

_ROUNDS = 3
"""How often a function is walked within one outermost call, as it is given more and more."""
_WIDEST = 12
"""How many objects are told apart in what a function that is called back is given."""
_NESTED = 4
"""How deep functions that are called back call others back in their turn."""

_CALLED = frozenset({Kind.FUNCTION, Kind.METHOD})

_CALLABLE = frozenset({Kind.FUNCTION, Kind.METHOD, Kind.GENERATOR, Kind.INSTANCE, Kind.CLASS})


def call_back(m: Machine, effect: Effect, receiver: Value, given: Value, node: ast.AST) -> Value:
    """Walk the functions that a call may call back; return what they return."""
    if not effect.calls_back:
        return NOTHING
    _call_libraries(m, receiver | given, node)
    if not any(m.heap[n].out or m.heap[n].kind in _CALLABLE for n in receiver | given):
        return NOTHING
    if m.exhausted:
        done = ("granted", receiver | given, id(node))
        return settled.once(m, done, lambda: _all_for_granted(m, receiver | given, node))
    key = ("back", effect.result == "unknown", effect.calls, receiver, given, id(node))
    m.calling_back += 1
    try:
        if m.called_back is None:
            return _in_rounds(m, effect, receiver, given, node)
        return settled.once(m, key, lambda: _call_all(m, effect, receiver, given, node))
    finally:
        m.calling_back -= 1


def _call_libraries(m: Machine, value: Value, node: ast.AST) -> None:
    """Note what functions of libraries do that a call is given: `map(np.random.poisson, …)`."""
    held = (value, *(m.heap[number].out for number in value if m.heap[number].kind is Kind.PLAIN))
    for number in sorted(frozenset[int]().union(*held)):
        thing = m.heap[number]
        if thing.kind is not Kind.LIBRARY or number in m.bound or not _acts(thing.type):
            continue
        m.bound.add(number)
        discarded, m.discarded = m.discarded, None  # it is not called for its effect alone
        with m.maybe():
            library.call_member(m, thing.type, Arguments(star=_contents(m, value)), node=node)
        m.discarded = discarded
        m.bound.discard(number)


def _acts(path: str) -> bool:
    """Tell whether a function of a library does more than give a value, or may do so."""
    effect = effects_data().find(path)
    if effect is None:
        root, dot, _ = path.partition(".")
        function = path.rpartition(".")[2].islower() and bool(dot)
        return function and root not in sys.stdlib_module_names and root != "builtins"
    return bool(effect.states or effect.changes or effect.files or effect.marks)


def _all_for_granted(m: Machine, value: Value, node: ast.AST) -> Value:
    """Take all code within reach to do all that its text may do."""
    m.change(value, node, deep=True)
    some = m.heap.blur((id(node), "granted"), value)
    found = some
    for number in sorted(m.heap.reach(value)):
        if m.heap[number].code is not None and m.heap[number].kind is not Kind.CLASS:
            found |= library.call_folded(m, m.heap[number], some, node=node)
    return found


def _in_rounds(m: Machine, effect: Effect, receiver: Value, given: Value, node: ast.AST) -> Value:
    """Call back from outside, until a round leaves out nothing, and nothing to the next.

    What is called back may be so several times, and then finds what it did before.
    """
    found = NOTHING
    for _ in range(_ROUNDS):
        m.called_back, m.hasty = {}, False
        m.round += 1
        names, growth = m.lend(), m.heap.growth
        found |= _call_all(m, effect, receiver, given, node)
        known = m.heap.growth == growth and (m.names is names or m.names == names)
        if known and not m.hasty:
            break
    if m.hasty:
        found |= _all_for_granted(m, receiver | given, node)
    m.called_back = None
    return found


def _call_all(m: Machine, effect: Effect, receiver: Value, given: Value, node: ast.AST) -> Value:
    reached = m.heap.reach(receiver | given)
    targets = [m.heap[number] for number in sorted(reached) if m.heap[number].kind in _CALLABLE]
    if not targets:
        return NOTHING
    every = _contents(m, receiver | given)
    direct = receiver | given
    for number in direct:
        if m.heap[number].type == "functools.partial":
            direct |= m.heap[number].fields.get("*", NOTHING)
    yielded = NOTHING
    for thing in targets:
        if thing.kind is Kind.GENERATOR:
            with m.maybe():
                yielded |= _yielded(m, thing, node)
    if any(effects_data().flag(m.heap[number].type, "task") for number in yielded):
        every = frozenset(n for n in every if m.heap[n].kind is not Kind.GENERATOR)
    every |= _contents(m, yielded)
    inside = m.heap.reach(every | yielded) - reached  # a generator gave more to call
    targets += [m.heap[n] for n in sorted(inside) if m.heap[n].kind in _CALLED]
    direct |= every
    if len(m.heap.mutable(every)) > _WIDEST:
        every = m.heap.blur((id(node), m.context), every)
    near = direct.union(*(m.heap[number].out for number in direct))
    found = NOTHING
    for thing in targets:
        if thing.kind is not Kind.GENERATOR and not _is_of_library(thing, near):
            found |= _call_once(m, effect, thing, every, node, direct)
    return found


def _yielded(m: Machine, thing: Thing, node: ast.AST) -> Value:
    key = ("yield", thing.number, id(node))
    return settled.once(m, key, lambda: items.run_generator(m, thing, node))


def _is_of_library(thing: Thing, near: Value) -> bool:
    """Tell whether a method is a library's own, and only lies somewhere within reach."""
    mine = "function" in thing.fields or thing.number in near
    return thing.kind is Kind.METHOD and not mine


def _call_once(
    m: Machine, effect: Effect, thing: Thing, every: Value, node: ast.AST, direct: Value
) -> Value:
    """Walk a target, unless the same call walked it before or is doing so."""
    assert m.called_back is not None
    unknown = effect.result == "unknown"
    key = (thing.number, unknown or effect.calls, thing.number in direct)
    given, returned, rounds = m.called_back.get(key, (NOTHING, NOTHING, 0))
    told = m.heap.told_apart(every)
    if rounds and every <= given:
        m.hasty |= not told <= given  # it is given the same thing, that has come to stand for more
        return returned
    if rounds == _ROUNDS or m.calling_back > (1 if unknown else _NESTED) or m.exhausted:
        return returned | _take_for_granted(m, thing, every, node)
    m.called_back[key] = (given | told, returned, rounds + 1)
    found = _call_target(m, effect, thing, every, node, direct)
    given, returned, rounds = m.called_back[key]
    m.returns += not found <= returned
    m.called_back[key] = (given, returned | found, rounds)
    return found


def _take_for_granted(m: Machine, thing: Thing, every: Value, node: ast.AST) -> Value:
    """Take a target to do all that its text may do, where walking it would not end.

    Once more for no more than before adds nothing, while no object has come to hold more.
    """
    assert m.called_back is not None
    key = (thing.number, "for granted", m.heap.growth, m.guards > 0, m.doubts > 0)
    given, returned, _ = m.called_back.get(key, (NOTHING, NOTHING, 0))
    if every <= given:
        return returned
    found = _touch_all(m, thing, every, node)
    m.called_back[key] = (given | every, returned | found, 0)
    return returned | found


def _touch_all(m: Machine, thing: Thing, every: Value, node: ast.AST) -> Value:
    if thing.kind is Kind.FUNCTION:
        return library.call_folded(m, thing, every, node=node)
    m.change(every | {thing.number}, node, deep=True)
    found = NOTHING
    for number in sorted(thing.fields.get("function", NOTHING)):
        if m.heap[number].kind is Kind.FUNCTION:
            found |= library.call_folded(m, m.heap[number], every, node=node)
    return found


def _call_target(
    m: Machine, effect: Effect, thing: Thing, every: Value, node: ast.AST, direct: Value
) -> Value:
    arguments = Arguments(every=every)
    itself = frozenset((thing.number,))
    unknown = effect.result == "unknown"
    with m.maybe():
        if thing.kind is Kind.FUNCTION:
            if _is_method(m, thing, direct):
                return NOTHING
            return calls.call(m, itself, arguments, node=node)
        if thing.kind is Kind.METHOD:
            return calls.call(m, itself, arguments, node=node)
        if thing.kind is Kind.CLASS:
            if thing.number not in direct:
                return NOTHING
            made = calls.call(m, itself, arguments, node=node)
            return made | _call_methods(m, made, effect.calls, every, node)
        names = _methods_of(m, thing) if unknown else (*_DUNDERS, *effect.calls)
        return _call_methods(m, itself, names, every, node)


def _call_methods(
    m: Machine, owner: Value, names: tuple[str, ...], every: Value, node: ast.AST
) -> Value:
    found = NOTHING
    for number in sorted(owner if names else NOTHING):
        itself = frozenset((number,))
        for name in names:
            members, _ = attributes.class_member(m, m.heap[number].bases, name)
            functions = frozenset(n for n in members if m.heap[n].kind is Kind.FUNCTION)
            if functions:
                more = Arguments(positional=(itself,), every=every)
                found |= calls.call(m, functions, more, node=node)
    return found


def _is_method(m: Machine, thing: Thing, direct: Value) -> bool:
    """Tell whether a function is within reach only as a method of a class."""
    return thing.number not in direct and "method" in thing.fields


def _methods_of(m: Machine, thing: Thing) -> tuple[str, ...]:
    names: set[str] = set()
    todo = [number for base in thing.bases for number in base]
    while todo:
        base = m.heap[todo.pop()]
        if base.kind is Kind.CLASS:
            names |= set(base.fields)
            todo += [number for inner in base.bases for number in inner]
    return tuple(sorted(names - {"__init__", "__new__", "__del__", "__init_subclass__"}))


def _contents(m: Machine, value: Value) -> Value:
    """Return what a function that is called back may be given."""
    found = m.heap.scalar()
    for number in value:
        thing = m.heap[number]
        if thing.kind in (Kind.FUNCTION, Kind.CLASS, Kind.METHOD, Kind.UNBOUND):
            continue
        if thing.kind is Kind.PLAIN and thing.type in items.CONTAINERS:
            found |= items.all_items(thing) | thing.fields.get(ANY_KEY, NOTHING)
        elif effects_data().flag(thing.type, "task"):
            held = thing.fields.get("*", NOTHING)
            found |= {n for n in held if m.heap[n].type != thing.type} - _functions(m, held)
        elif thing.kind is Kind.PLAIN and thing.type:
            held = thing.fields.get("*", NOTHING) | items.all_items(thing)
            code = {n for n in held if m.heap[n].kind in (*_CALLED, Kind.CLASS, Kind.LIBRARY)}
            found |= {number} | (held - code)
        else:
            found |= {number}
    return found


def _functions(m: Machine, value: Value) -> set[int]:
    return {
        n for n in value if m.heap[n].kind is Kind.FUNCTION or m.heap[n].type == "joblib.delayed"
    }

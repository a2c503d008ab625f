"""Owns calls: which code a call may reach, and what it gives."""

import ast
from dataclasses import replace

from cellwright.compiler.walking import (
    attributes,
    classes,
    expressions,
    formulas,
    functions,
    items,
    library,
    specials,
)
from cellwright.compiler.walking.arguments import Arguments, given
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine


def evaluate_call(m: Machine, node: ast.Call) -> Value:
    """Return what a call gives, noting what it does."""
    special = specials.special_form(m, node)
    if special is not None:
        return special
    if isinstance(node.func, ast.Attribute):
        owner = expressions.evaluate(m, node.func.value)
        arguments = _arguments(m, node)
        return call_method(m, owner, node.func.attr, arguments, node=node)
    callee = expressions.evaluate(m, node.func)
    return call(m, callee, _arguments(m, node), node=node)


def _arguments(m: Machine, node: ast.Call) -> Arguments:
    positional: list[Value] = []
    star = NOTHING
    for item in node.args:
        if isinstance(item, ast.Starred):
            star |= items.iterate(m, expressions.evaluate(m, item.value), item)
        elif star:
            star |= expressions.evaluate(m, item)
        else:
            positional.append(expressions.evaluate(m, item))
    keywords: list[tuple[str, Value]] = []
    for keyword in node.keywords:
        value = expressions.evaluate(m, keyword.value)
        if keyword.arg is None:
            star |= items.read_item(m, value, None, node)
        else:
            keywords.append((keyword.arg, value))
    return Arguments(tuple(positional), tuple(keywords), star)


def call_method(
    m: Machine, owner: Value, name: str, arguments: Arguments, *, node: ast.AST
) -> Value:
    """Return what `owner.name(...)` gives."""
    if m.exhausted and len(owner) > 1:
        return library.call_unknown(m, owner, arguments, node=node)
    found, others = NOTHING, NOTHING
    for number in sorted(owner):
        thing = m.heap[number]
        if thing.kind is Kind.UNBOUND:
            continue
        if thing.kind in (Kind.LIBRARY, Kind.CLASS):
            found |= classes.registered(m, thing, name, arguments, node)
            formulas.inherited(m, thing, name, arguments, node)
            others |= attributes.read_attribute(m, frozenset((number,)), name, node=node)
        elif thing.kind is Kind.INSTANCE:
            members, complete = attributes.class_member(m, thing.bases, name)
            if members or name in thing.fields:
                others |= attributes.read_attribute(m, frozenset((number,)), name, node=node)
            elif thing.open or not complete:
                found |= library.call_inherited(m, thing, name, arguments, node=node)
            else:
                others |= attributes.read_attribute(m, frozenset((number,)), name, node=node)
        elif name in thing.fields and thing.kind is not Kind.PLAIN:
            others |= thing.fields[name]
        else:
            found |= library.call_typed_method(m, thing, name, arguments, node=node)
    return found | (call(m, others, arguments, node=node) if others else NOTHING)


def call(m: Machine, callee: Value, arguments: Arguments, *, node: ast.AST) -> Value:
    """Return what calling a value gives, whatever it is."""
    targets = [n for n in sorted(callee) if m.heap[n].kind is not Kind.UNBOUND]
    if not targets:
        return library.call_unknown(m, NOTHING, arguments, node=node)
    if len(targets) == 1:
        return _call_one(m, m.heap[targets[0]], arguments, node)
    if m.exhausted:
        return library.call_unknown(m, callee, arguments, node=node)
    found, before, after = NOTHING, m.snapshot(), []
    for number in targets:
        m.restore(before)
        found |= _call_one(m, m.heap[number], arguments, node)
        if not m.dead:
            after.append(m.snapshot())
    if after:
        m.restore(after[0])
        m.join_all(after[1:])
    return found


def _call_one(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    match thing.kind:
        case Kind.FUNCTION:
            return functions.call_function(m, thing, arguments, node)
        case Kind.CLASS:
            return classes.instantiate(m, thing, arguments, node)
        case Kind.METHOD:
            return _call_bound(m, thing, arguments, node)
        case Kind.LIBRARY:
            return library.call_member(m, thing.type, arguments, node=node)
        case Kind.INSTANCE:
            members, complete = attributes.class_member(m, thing.bases, "__call__")
            itself = frozenset((thing.number,))
            if members:
                more = replace(arguments, positional=(itself, *arguments.positional))
                return call(m, members, more, node=node)
            if thing.open or not complete:
                return library.call_inherited(m, thing, "__call__", arguments, node=node)
            return NOTHING
        case Kind.SCALAR:
            return m.heap.scalar()
        case Kind.PLAIN if "__call__" in effects_data().types.get(thing.type, {}):
            return library.call_typed_method(m, thing, "__call__", arguments, node=node)
        case Kind.PLAIN if library.BOUND in thing.fields:
            return call(m, thing.fields[library.BOUND], arguments, node=node)
        case _:
            return library.call_unknown(m, frozenset((thing.number,)), arguments, node=node)


def _call_bound(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    owner = thing.fields.get("self", NOTHING)
    function = thing.fields.get("function", NOTHING)
    if not function:
        if thing.number in m.bound:
            return NOTHING  # it is at work already, further up
        if m.bound:  # methods of methods: what they are is not known any better than this
            return library.call_unknown(m, owner, arguments, node=node)
        m.bound.add(thing.number)
        found = call_method(m, owner, thing.text or "", arguments, node=node)
        m.bound.discard(thing.number)
        return found
    more = replace(arguments, positional=(owner, *arguments.positional))
    return call(m, function, more, node=node)


def touch(m: Machine, value: Value, names: tuple[str, ...], node: ast.AST) -> None:
    """Walk methods of the notebook's own objects that a builtin may call on a value."""
    for number in sorted(value):
        thing = m.heap[number]
        if thing.kind is not Kind.INSTANCE:
            continue
        for name in names:
            members, _ = attributes.class_member(m, thing.bases, name)
            if members:
                with m.maybe():
                    call(m, members, given(frozenset((number,))), node=node)

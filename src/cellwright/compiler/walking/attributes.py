"""Owns attributes: what is in an object, and what reading or storing there sets off."""

import ast

from cellwright.compiler.walking import calls, classes, items, library
from cellwright.compiler.walking.arguments import given
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import (
    ANY_ATTRIBUTE,
    ANY_ITEM,
    ANY_KEY,
    NOTHING,
    Kind,
    Thing,
    Value,
)
from cellwright.compiler.walking.machine import Machine

OWN_DICT = "__dict__"


def read_attribute(m: Machine, owner: Value, name: str, *, node: ast.AST) -> Value:
    """Return what an attribute may refer to; a property is called."""
    found = NOTHING
    for number in sorted(owner):
        found |= _read_one(m, m.heap[number], name, node)
    return found


def _read_one(m: Machine, thing: Thing, name: str, node: ast.AST) -> Value:
    match thing.kind:
        case Kind.UNBOUND:
            return NOTHING
        case Kind.LIBRARY:
            return library.read_member(m, thing, name, node=node)
        case Kind.SCALAR:
            return library.scalar_attribute(m, thing, name)
        case Kind.INSTANCE:
            return _instance_attribute(m, thing, name, node)
        case Kind.CLASS:
            return _class_attribute(m, thing, name, node)
        case Kind.FUNCTION | Kind.METHOD:
            return thing.fields.get(name, NOTHING) | m.heap.scalar()
        case Kind.PLAIN if thing.type and effects_data().knows_type(thing.type):
            return library.typed_attribute(m, thing, name, node=node)
        case _:
            return opaque_part(m, thing)


def opaque_part(m: Machine, thing: Thing) -> Value:
    """Return what may be found in an object that nothing is known about."""
    if thing.blurred:
        return frozenset((thing.number,))
    parts = frozenset(thing.out) | {thing.number}
    return frozenset(n for n in parts if m.heap[n].kind is not Kind.MEMORY)


def _instance_attribute(m: Machine, thing: Thing, name: str, node: ast.AST) -> Value:
    found = thing.fields.get(name, NOTHING)
    self_value = frozenset((thing.number,))
    members, complete = class_member(m, thing.bases, name)
    for number in sorted(members):
        found |= _bound(m, number, self_value, node)
    if not found:
        getter, _ = class_member(m, thing.bases, "__getattr__")
        for number in sorted(getter):
            found |= calls.call(
                m, frozenset((number,)), given(self_value, m.heap.scalar("str")), node=node
            )
    hook, _ = class_member(m, thing.bases, "__getattribute__")
    if hook:
        found |= calls.call(m, hook, given(self_value, m.heap.scalar("str")), node=node)
    if thing.open or not complete:
        found |= opaque_part(m, thing) if not members else NOTHING
    found |= thing.fields.get(ANY_ATTRIBUTE, NOTHING)
    if name == "__class__":
        found |= frozenset().union(*thing.bases)
    return found | (_own_dict(m, thing) if name == OWN_DICT else _in_own_dict(m, thing))


def _own_dict(m: Machine, thing: Thing) -> Value:
    """Return the dictionary that an object looks its attributes up in."""
    if OWN_DICT not in thing.fields:
        key = (OWN_DICT, thing.number)
        own = m.heap.make(key, kind=Kind.PLAIN, type_name="dict", place=thing.place)
        m.heap.put(own, "of", frozenset((thing.number,)))
        m.heap.put(own, ANY_KEY, m.heap.scalar("str"))
        m.heap.put(thing, OWN_DICT, frozenset((own.number,)))
    values = (value for name, value in thing.fields.items() if name != OWN_DICT)
    _put_in_own_dict(m, thing, NOTHING.union(*values))
    return thing.fields[OWN_DICT]


def _put_in_own_dict(m: Machine, thing: Thing, value: Value) -> None:
    for number in thing.fields.get(OWN_DICT, NOTHING):
        m.heap.put(m.heap[number], ANY_ITEM, value)


def _in_own_dict(m: Machine, thing: Thing) -> Value:
    """Return what was put into the dictionary of an object: any attribute may be that."""
    owns = [m.heap[number] for number in thing.fields.get(OWN_DICT, NOTHING)]
    return NOTHING.union(*(items.all_items(own) for own in owns))


def _bound(m: Machine, number: int, self_value: Value, node: ast.AST) -> Value:
    """Return what a member of a class gives when it is read from an instance."""
    member = m.heap[number]
    if member.kind is Kind.FUNCTION:
        if "property" in member.fields:
            return calls.call(m, frozenset((number,)), given(self_value), node=node)
        if "cached" in member.fields:
            m.change(self_value, node)
            value = calls.call(m, frozenset((number,)), given(self_value), node=node)
            for owner in self_value:
                m.heap.hold(m.heap[owner], value)
            return value
        if "static" in member.fields:
            return frozenset((number,))
        method = m.make(node, "method", Kind.METHOD, part=(number, *sorted(self_value)))
        bound = member.fields.get("class", NOTHING) or self_value
        m.heap.put(method, "self", bound)
        m.heap.put(method, "function", frozenset((number,)))
        return frozenset((method.number,))
    if member.kind is Kind.INSTANCE:
        getter, _ = class_member(m, member.bases, "__get__")
        if getter:
            return calls.call(
                m, getter, given(frozenset((number,)), self_value, NOTHING), node=node
            )
    return frozenset((number,))


def _class_attribute(m: Machine, thing: Thing, name: str, node: ast.AST) -> Value:
    members, complete = class_member(m, (frozenset((thing.number,)),), name)
    found = NOTHING
    for number in sorted(members):
        member = m.heap[number]
        if member.kind is Kind.FUNCTION and "class" in member.fields:
            found |= _bound(m, number, frozenset((thing.number,)), node)
        else:
            found |= {number}
    if name == classes.ASKING:
        classes.ask_subclasses(m, node)
    if name in ("__dict__", "__mro__", "__bases__", classes.ASKING):
        return found | {thing.number}
    if not members:
        found |= m.heap.scalar()
        if not complete or thing.open:
            found |= {thing.number}
    return found


def class_member(m: Machine, bases: tuple[Value, ...], name: str) -> tuple[Value, bool]:
    """Return what a name means in classes and their bases; whether all of them are known."""
    complete, seen, found = True, set[int](), NOTHING
    todo = [number for base in bases for number in sorted(base)]
    while todo:
        number = todo.pop(0)
        if number in seen:
            continue
        seen.add(number)
        thing = m.heap[number]
        if thing.kind is not Kind.CLASS:
            complete = complete and thing.type in library.TRANSPARENT_BASES
            continue
        member = thing.fields.get(name)
        if member is not None:
            found |= member
            if thing.apart:
                m.note_member(m.site.module_reads, thing, None)
            continue
        todo += [item for base in thing.bases for item in sorted(base)]
    return found, complete or bool(found)


def store_attribute(m: Machine, owner: Value, name: str, value: Value, *, node: ast.AST) -> None:
    """Note `owner.name = value`, with the setters that it may run."""
    for number in sorted(owner):
        thing = m.heap[number]
        if thing.kind is Kind.LIBRARY:
            library.patch(m, thing, name, value, node=node)
            if thing.type in m.local.loaded:
                m.heap.put(thing, name, value)
            continue
        if thing.kind in (Kind.SCALAR, Kind.UNBOUND):
            continue
        m.change(frozenset((number,)) | thing.fields.get(OWN_DICT, NOTHING), node)
        m.note_member(m.site.module_changes, thing, node)
        if thing.kind is Kind.PLAIN and effects_data().flag(thing.type, "copies"):
            continue
        m.heap.put(thing, name, value)
        if name != OWN_DICT:
            _put_in_own_dict(m, thing, value)
        if thing.kind is Kind.INSTANCE:
            _run_setters(m, thing, name, value, node)


def _run_setters(m: Machine, thing: Thing, name: str, value: Value, node: ast.AST) -> None:
    self_value = frozenset((thing.number,))
    setters, _ = class_member(m, thing.bases, f"{name}.setter")
    if setters:
        calls.call(m, setters, given(self_value, value), node=node)
    hooks, _ = class_member(m, thing.bases, "__setattr__")
    if hooks:
        text = m.heap.scalar("str")
        calls.call(m, hooks, given(self_value, text, value), node=node)
    members, _ = class_member(m, thing.bases, name)
    for number in sorted(members):
        member = m.heap[number]
        if member.kind is Kind.INSTANCE:
            descriptor, _ = class_member(m, member.bases, "__set__")
            arguments = given(frozenset((number,)), self_value, value)
            if descriptor:
                calls.call(m, descriptor, arguments, node=node)

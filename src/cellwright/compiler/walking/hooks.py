"""Owns what Python and libraries call unasked where a class or an instance is made: factories
of fields, `__set_name__`, members of an `Enum`, validators."""

import ast
from collections.abc import Iterator

from cellwright.compiler.walking import attributes, calls, library
from cellwright.compiler.walking.arguments import Arguments, given
from cellwright.compiler.walking.heap import NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

FIELD = "dataclasses.field"
FACTORY = "factory of "
"""What the name of a member begins with that makes the value of a field."""
DECORATOR = "cellwright.hook"
"""What makes a method one that a library calls on its own."""
_HOOK = "hook"
_CONTAINERS = {f"builtins.{name}": name for name in ("list", "dict", "set")}
_FILLED = ("__post_init__", "__attrs_post_init__", "model_post_init")
"""Methods that are called when all fields of an instance have their values."""
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")


def field(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return what `field(…)` of a class of records gives: its default, and what makes one."""
    thing = m.make(node, FIELD)
    for word in ("default_factory", "factory"):
        m.heap.put(thing, FACTORY, arguments.at(word))
    m.heap.put(thing, "default", arguments.at("default") or arguments.at("0"))
    m.heap.hold(thing, frozenset().union(*(value for _, value in arguments.keywords)))
    return frozenset((thing.number,))


def factory(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return what `attrs.Factory(f)` gives: a default that `f` makes."""
    thing = m.make(node, FIELD)
    m.heap.put(thing, FACTORY, arguments.at("0") or arguments.at("factory"))
    return frozenset((thing.number,))


def hook(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return a method, marked as one that a library calls; the decorator, if none is given."""
    found = [m.heap[number] for number in arguments.at("0")]
    found = [thing for thing in found if thing.kind is Kind.FUNCTION]
    for thing in found:
        m.heap.put(thing, _HOOK, NOTHING)
    return arguments.at("0") if found else m.heap.library(DECORATOR)


def total_ordering(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return a class whose missing comparisons ask those that it has."""
    for number in arguments.at("0"):
        klass = (frozenset((number,)),)
        asked = [attributes.class_member(m, klass, name)[0] for name in (*_ORDER, "__eq__")]
        for name, member in zip(_ORDER, asked, strict=False):
            if not member and m.heap[number].kind is Kind.CLASS:
                m.heap.put(m.heap[number], name, frozenset().union(*asked))
    return arguments.at("0")


def keep_member(m: Machine, klass: Thing, name: str, value: Value) -> None:
    """Let a class have a member; of a field, its default and what makes its value."""
    fields = frozenset(number for number in value if m.heap[number].type == FIELD)
    if not fields:
        m.heap.put(klass, name, value)
        return
    rest = value - fields
    for number in fields:
        default = m.heap[number].fields.get("default", NOTHING)
        made = frozenset(each for each in default if m.heap[each].type == FIELD)
        rest |= default - made
        for each in (number, *made):
            m.heap.put(klass, FACTORY + name, m.heap[each].fields.get(FACTORY, NOTHING))
    if rest:
        m.heap.put(klass, name, rest)


def tell_members(m: Machine, klass: Thing, node: ast.AST) -> None:
    """Tell the members of a new class their names; make the members of an `Enum`."""
    itself = frozenset((klass.number,))
    for value in tuple(klass.fields.values()):
        for number in sorted(value):
            thing = m.heap[number]
            if thing.kind is Kind.INSTANCE:
                named, _ = attributes.class_member(m, thing.bases, "__set_name__")
                if named:
                    parts = given(frozenset((number,)), itself, m.heap.scalar("str"))
                    calls.call(m, named, parts, node=node)
    if not set(library.library_bases(m, klass)).isdisjoint(library.TYPE_FACTORIES):
        for name in ("_generate_next_value_", "__new__", "__init__"):
            member, _ = attributes.class_member(m, (itself,), name)
            _may_call(m, member, Arguments((itself,), every=m.heap.scalar()), node)


def ask_enum(m: Machine, klass: Value, arguments: Arguments, node: ast.AST) -> None:
    """Run what an `Enum` does if it has no such member."""
    missing, _ = attributes.class_member(m, (klass,), "_missing_")
    _may_call(m, missing, given(klass, arguments.all()), node)


def fill(m: Machine, instance: Thing, arguments: Arguments, node: ast.AST) -> None:
    """Make the values of fields that are not given, and run what is called afterwards."""
    named = {name for name, _ in arguments.keywords}
    loose = bool(arguments.positional or arguments.star or arguments.every)
    itself = frozenset((instance.number,))
    for klass in _classes(m, instance.bases):
        for member, value in tuple(klass.fields.items()):
            name = member.removeprefix(FACTORY)
            if name == member or name in named or not value:
                continue
            if loose:
                with m.maybe():
                    _make_field(m, instance, name, value, node)
            else:
                _make_field(m, instance, name, value, node)
        for value in tuple(klass.fields.values()):
            hooks = frozenset(n for n in value if _HOOK in m.heap[n].fields)
            _may_call(m, hooks, Arguments((itself,), every=arguments.all()), node)
    for name in _FILLED:
        members, _ = attributes.class_member(m, instance.bases, name)
        if members:
            calls.call(m, members, given(itself), node=node)


def may_end(m: Machine, instance: Value, classes: tuple[Value, ...], node: ast.AST) -> None:
    """Run what an object does when nothing refers to it any more: at any time from now on."""
    ending, _ = attributes.class_member(m, classes, "__del__")
    _may_call(m, ending, given(instance), node)


def _make_field(m: Machine, instance: Thing, name: str, makers: Value, node: ast.AST) -> None:
    for number in sorted(makers):
        container = _CONTAINERS.get(m.heap[number].type)
        if container is not None:
            made = m.make(node, container, part=("field", name, instance.number))
            made.exact = True
            m.heap.put(instance, name, frozenset((made.number,)))
        else:
            found = calls.call(m, frozenset((number,)), Arguments(), node=node)
            m.heap.put(instance, name, found)


def _may_call(m: Machine, members: Value, arguments: Arguments, node: ast.AST) -> None:
    functions = frozenset(n for n in members if m.heap[n].kind is Kind.FUNCTION)
    if functions:
        with m.maybe():
            calls.call(m, functions, arguments, node=node)


def _classes(m: Machine, bases: tuple[Value, ...]) -> Iterator[Thing]:
    """Yield classes of the notebook and all that they derive from."""
    seen: set[int] = set()
    todo = [number for base in bases for number in sorted(base)]
    while todo:
        thing = m.heap[todo.pop()]
        if thing.kind is Kind.CLASS and thing.number not in seen:
            seen.add(thing.number)
            yield thing
            todo += [number for base in thing.bases for number in sorted(base)]

"""Owns class statements: the body runs now, in a scope of its own."""

import ast
from dataclasses import replace

from cellwright.compiler.walking import (
    attributes,
    calls,
    comprehensions,
    expressions,
    hooks,
    items,
    library,
    statements,
    uses,
)
from cellwright.compiler.walking.arguments import Arguments, given
from cellwright.compiler.walking.heap import ANY_ATTRIBUTE, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.local_modules import LOCAL
from cellwright.compiler.walking.machine import Machine

_RECORDS = frozenset(
    {"dataclasses.dataclass", "attr.s", "attr.define", "attrs.define", "attrs.frozen"}
)

METACLASS = "class of the class"
ASKING = "__subclasses__"


def define_class(m: Machine, node: ast.ClassDef) -> None:
    """Walk a class statement."""
    decorators = [expressions.evaluate(m, item) for item in node.decorator_list]
    bases = [expressions.evaluate(m, item) for item in node.bases]
    keywords = [(item.arg, expressions.evaluate(m, item.value)) for item in node.keywords]
    thing = m.make(node, "class", Kind.CLASS)
    thing.text = node.name
    if m.cell == LOCAL:
        m.local.settle(thing, node.name)
    thing.bases = tuple(base for base in bases if base)
    thing.open = thing.open or bool(keywords)
    _derive(m, thing, bases)
    if ASKING in m.words and any(m.heap[n].kind is Kind.CLASS for base in bases for n in base):
        _note_classes(m, "changes-state", node)
    _walk_body(m, node, thing)
    hooks.tell_members(m, thing, node)
    _tell_metaclass(m, thing, bases, dict(keywords).get("metaclass", NOTHING), node)
    if any(m.heap[number].type in _RECORDS for value in decorators for number in value) or any(
        m.heap[number].type == "typing.NamedTuple" for base in bases for number in base
    ):
        m.heap.put(thing, "record", NOTHING)
    itself = frozenset((thing.number,))
    _tell_bases(m, bases, itself, node)
    known = [value for value in decorators if not _is_record(m, value)]
    m.store(node.name, statements.decorated(m, itself, known, node), node)


def made_class(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return the class that `type(name, bases, members)` makes."""
    thing = m.make(node, "class", Kind.CLASS)
    bases = items.iterate(m, arguments.at("1"), node)
    thing.bases = tuple(frozenset((number,)) for number in sorted(bases))
    _derive(m, thing, list(thing.bases))
    for number in arguments.at("2"):
        for name, value in tuple(m.heap[number].fields.items()):
            constant = name.startswith("['")
            m.heap.put(thing, name[2:-2] if constant else ANY_ATTRIBUTE, value)
            thing.open = thing.open or not constant
    hooks.tell_members(m, thing, node)
    _tell_metaclass(m, thing, list(thing.bases), NOTHING, node)
    _tell_bases(m, list(thing.bases), frozenset((thing.number,)), node)
    return frozenset((thing.number,))


def ask_subclasses(m: Machine, node: ast.AST) -> None:
    """Note that it is asked which classes there are."""
    _note_classes(m, "uses", node)


def _note_classes(m: Machine, use: str, node: ast.AST) -> None:
    uses.note_state(m, use, "classes derived", node=node, what="cellwright.classes")


def registered(m: Machine, thing: Thing, name: str, arguments: Arguments, node: ast.AST) -> Value:
    """Note `Abstract.register(klass)`, and return the class; nothing for any other call."""
    if name != "register" or thing.kind is not Kind.CLASS or not thing.bases:
        return NOTHING
    if attributes.class_member(m, (frozenset((thing.number,)),), name)[0]:
        return NOTHING
    m.change(frozenset((thing.number,)), node)
    m.heap.hold(thing, arguments.all())
    return arguments.all()


def _derive(m: Machine, thing: Thing, bases: list[Value]) -> None:
    for base in bases:
        m.heap.link(thing, base)


def _tell_metaclass(
    m: Machine, thing: Thing, bases: list[Value], named: Value, node: ast.AST
) -> None:
    """Run what the class of a class, its own or that of a base, does when one is made."""
    metaclass = named
    for base in bases:
        for number in base:
            metaclass |= m.heap[number].fields.get(METACLASS, NOTHING)
    own = frozenset(number for number in metaclass if m.heap[number].kind is Kind.CLASS)
    if not own:
        return
    m.heap.put(thing, METACLASS, own)
    itself = frozenset((thing.number,))
    parts = (m.heap.scalar("str"), frozenset().union(*bases), itself)
    for name, first in (("__new__", own), ("__init__", itself)):
        members, _ = attributes.class_member(m, (own,), name)
        if members:
            calls.call(m, members, given(first, *parts), node=node)


def _is_record(m: Machine, value: Value) -> bool:
    return any(m.heap[number].type in _RECORDS for number in value)


def _walk_body(m: Machine, node: ast.ClassDef, thing: Thing) -> None:
    frame = comprehensions.open_frame(m, node)
    m.frames.append(frame)
    statements.execute_block(m, node.body)
    m.frames.pop()
    m.dead = False
    for name, value in frame.names.items():
        hooks.keep_member(m, thing, name, value)
    if frame.cells is not None:
        for name, value in frame.cells.fields.items():
            m.heap.put(thing, name, value)
    _mark_methods(m, node, thing)


def _mark_methods(m: Machine, node: ast.ClassDef, thing: Thing) -> None:
    """Mark functions as methods, and file `@x.setter` functions under their purpose."""
    for statement in node.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        made = m.make(statement, "function", Kind.FUNCTION)
        m.heap.put(made, "method", NOTHING)
        for decorator in statement.decorator_list:
            if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter"):
                m.heap.put(thing, f"{statement.name}.{decorator.attr}", frozenset((made.number,)))


def _tell_bases(m: Machine, bases: list[Value], klass: Value, node: ast.AST) -> None:
    """Run the `__init_subclass__` of the bases."""
    hook, _ = attributes.class_member(m, tuple(bases), "__init_subclass__")
    if hook:
        calls.call(m, hook, given(klass), node=node)


def instantiate(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    """Return a new instance of a class of the notebook; `__init__` is walked."""
    klass = frozenset((thing.number,))
    for base in library.library_bases(m, thing):
        if base in library.TYPE_FACTORIES:  # an Enum is asked for a member
            hooks.ask_enum(m, klass, arguments, node)
            return klass | m.heap.scalar()
    instance = m.make(node, "instance", Kind.INSTANCE, part=thing.number)
    instance.bases = (klass,)
    m.heap.link(instance, (thing.number,))
    itself = frozenset((instance.number,))
    creator, _ = attributes.class_member(m, (klass,), "__new__")
    found = itself
    if creator:
        more = replace(arguments, positional=(klass, *arguments.positional))
        found |= calls.call(m, creator, more, node=node)
    starter, complete = attributes.class_member(m, (klass,), "__init__")
    if starter:
        more = replace(arguments, positional=(itself, *arguments.positional))
        calls.call(m, starter, more, node=node)
    if not complete or "record" in thing.fields or not (starter or creator):
        instance.open = instance.open or not complete or "record" in thing.fields
        m.heap.hold(instance, arguments.all())
    hooks.fill(m, instance, arguments, node)
    hooks.may_end(m, itself, (klass,), node)
    return found

"""Owns class statements: the body runs now, in a scope of its own."""

import ast
from dataclasses import replace

from cellwright.compiler.walking import (
    attributes,
    calls,
    comprehensions,
    expressions,
    library,
    statements,
)
from cellwright.compiler.walking.arguments import Arguments, given
from cellwright.compiler.walking.heap import NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.local_modules import LOCAL
from cellwright.compiler.walking.machine import Machine

_RECORDS = frozenset(
    {"dataclasses.dataclass", "attr.s", "attr.define", "attrs.define", "attrs.frozen"}
)


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
    for base in bases:
        for number in base:
            thing.out.setdefault(number, m.heap.now)
    _walk_body(m, node, thing)
    if any(m.heap[number].type in _RECORDS for value in decorators for number in value) or any(
        m.heap[number].type == "typing.NamedTuple" for base in bases for number in base
    ):
        m.heap.put(thing, "record", NOTHING)
    itself = frozenset((thing.number,))
    _tell_bases(m, bases, itself, node)
    known = [value for value in decorators if not _is_record(m, value)]
    m.store(node.name, statements.decorated(m, itself, known, node), node)


def _is_record(m: Machine, value: Value) -> bool:
    return any(m.heap[number].type in _RECORDS for number in value)


def _walk_body(m: Machine, node: ast.ClassDef, thing: Thing) -> None:
    frame = comprehensions.open_frame(m, node)
    m.frames.append(frame)
    statements.execute_block(m, node.body)
    m.frames.pop()
    m.dead = False
    for name, value in frame.names.items():
        m.heap.put(thing, name, value)
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


def _tell_bases(m: Machine, bases: list[Value], klass: Value, node: ast.ClassDef) -> None:
    """Run the `__init_subclass__` of the bases."""
    hook, _ = attributes.class_member(m, tuple(bases), "__init_subclass__")
    if hook:
        calls.call(m, hook, given(klass), node=node)


def instantiate(m: Machine, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    """Return a new instance of a class of the notebook; `__init__` is walked."""
    klass = frozenset((thing.number,))
    for base in library.library_bases(m, thing):
        if base in library.TYPE_FACTORIES:  # an Enum is asked for a member
            return klass | m.heap.scalar()
    instance = m.make(node, "instance", Kind.INSTANCE, part=thing.number)
    instance.bases = (klass,)
    instance.out.setdefault(thing.number, m.heap.now)
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
    for name in ("__post_init__",):
        members, _ = attributes.class_member(m, (klass,), name)
        if members:
            calls.call(m, members, given(itself), node=node)
    return found

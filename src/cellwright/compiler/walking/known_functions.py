"""Owns the functions of the standard library that are followed exactly: `getattr`, `zip`,
`dict`, `copy.deepcopy`, paths put together, decorators of the language."""

import ast
from collections.abc import Callable
from dataclasses import replace

from cellwright.compiler.walking import (
    attributes,
    caches,
    calls,
    classes,
    getters,
    hooks,
    items,
    texts,
    uses,
)
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, MEMORY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine


def library_call(m: Machine, path: str, arguments: Arguments, *, node: ast.AST) -> Value | None:
    """Return what a specially known function gives; None if it is not one."""
    found = _CALLS.get(path)
    return found(m, arguments, node) if found is not None else None


def _getattr(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    text = texts.text_of(m, arguments.at("1"))
    owner = arguments.at("0")
    default = arguments.at("2")
    if "*" in text:
        value = NOTHING
        for number in sorted(owner):
            thing = m.heap[number]
            value |= attributes.opaque_part(m, thing) | frozenset((number,))
            for base in thing.bases:
                value |= base
        return value | default
    return attributes.read_attribute(m, owner, text, node=node) | default


def _setattr(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    text = texts.text_of(m, arguments.at("1"))
    name = "*" if "*" in text else text
    attributes.store_attribute(m, arguments.at("0"), name, arguments.at("2"), node=node)
    return m.heap.scalar("NoneType")


def _delattr(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    m.change(arguments.at("0"), node)
    return m.heap.scalar("NoneType")


def _import_module(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    text = texts.text_of(m, arguments.at("0"))
    if "*" in text:
        m.site.effects.marks.setdefault("import:", m.chain(node))
        return frozenset((m.make(node, "module").number,))
    m.site.effects.modules.setdefault(f"import {text}", m.chain(node))
    return m.heap.library(text)


def _zip(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    row = m.make(node, "tuple", part="row")
    for index, value in enumerate(arguments.positional):
        m.heap.put(row, f"[{index}]", items.iterate(m, value, node))
    m.heap.put(row, ANY_ITEM, arguments.star)
    return _going_over(m, row, arguments.all(), node)


def _chained(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    thing = m.make(node, "iterator", part="chained")
    inner = items.iterate(m, arguments.all(), node)
    m.heap.put(thing, ANY_ITEM, items.iterate(m, inner, node))
    items.look_on(m, thing, arguments.all() | inner)
    return frozenset((thing.number,))


def _enumerate(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    row = m.make(node, "tuple", part="row")
    m.heap.put(row, "[0]", m.heap.scalar("int"))
    m.heap.put(row, "[1]", items.iterate(m, arguments.at("0"), node))
    return _going_over(m, row, arguments.at("0"), node)


def _going_over(m: Machine, row: Thing, source: Value, node: ast.AST) -> Value:
    found = items.listed(m, frozenset((row.number,)), node)
    for number in found:
        items.look_on(m, m.heap[number], source)
    return found


def _dict(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    return _dictionary(m, "dict", arguments, node)


def _ordered_dict(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    return _dictionary(m, "collections.OrderedDict", arguments, node)


def _default_dict(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    rest = replace(arguments, positional=arguments.positional[1:])
    found = _dictionary(m, "collections.defaultdict", rest, node)
    factory = arguments.positional[0] if arguments.positional else arguments.star
    for number in found:
        m.heap.put(m.heap[number], items.FACTORY, m.heap.told_apart(factory))
    return found


def _counter(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    thing = m.make(node, "collections.Counter", part="Counter()")
    thing.exact = True
    m.heap.put(thing, ANY_ITEM, m.heap.scalar("int"))
    for value in (*arguments.positional, arguments.star):
        m.heap.put(thing, ANY_KEY, items.iterate(m, value, node))
    return frozenset((thing.number,))


def _dictionary(m: Machine, type_name: str, arguments: Arguments, node: ast.AST) -> Value:
    thing = m.make(node, type_name, part=f"{type_name}()")
    thing.exact = True
    m.heap.put(thing, ANY_ITEM, NOTHING)
    for value in arguments.positional:
        keys = items.iterate(m, value, node)
        if m.heap.types(value) & items.DICTS:
            m.heap.put(thing, ANY_ITEM, items.all_in(m, value, node))
        else:
            m.heap.put(thing, ANY_ITEM, items.iterate(m, keys, node))
            keys = items.iterate(m, keys, node)
        m.heap.put(thing, ANY_KEY, keys)
    m.heap.put(thing, ANY_ITEM, arguments.star)
    for name, value in arguments.keywords:
        m.heap.put(thing, f"[{name!r}]", value)
    return frozenset((thing.number,))


def _type(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return the class of an object, or the class that `type(name, bases, members)` makes."""
    if len(arguments.positional) > 1:
        return classes.made_class(m, arguments, node)
    found = NOTHING
    for number in sorted(arguments.all()):
        thing = m.heap[number]
        if thing.kind is Kind.INSTANCE:
            found |= frozenset().union(*thing.bases)
        elif thing.kind is Kind.CLASS:
            found |= thing.fields.get(classes.METACLASS, NOTHING)
        if thing.open or not found:
            found |= m.heap.scalar("type")
    return found


def _vars(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    found = NOTHING
    for number in sorted(arguments.at("0")):
        itself = frozenset((number,))
        if m.heap[number].kind is Kind.INSTANCE:
            found |= attributes.read_attribute(m, itself, attributes.OWN_DICT, node=node)
        else:
            found |= itself
    return found


def _print(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    calls.touch(m, arguments.all(), ("__str__", "__repr__"), node)
    for value in arguments.positional:
        for number in m.heap.reach(value):
            calls.touch(m, frozenset((number,)), ("__repr__", "__str__"), node)
    target = arguments.keyword("file")
    if target:
        m.change(target, node)
    return m.heap.scalar("NoneType")


def _join(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    text = ""
    for value in (*arguments.positional, *((arguments.star,) if arguments.star else ())):
        text = texts.join_paths(text, texts.text_of(m, value)) if text else texts.text_of(m, value)
    return texts.string(m, node, text)


def _path(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    if not arguments.positional and not arguments.star:
        return texts.path(m, node, ".")
    value = _join(m, arguments, node)
    return texts.path(m, node, texts.text_of(m, value))


def _as_text(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    calls.touch(m, arguments.at("0"), ("__str__", "__repr__", "__fspath__"), node)
    return texts.string(m, node, texts.text_of(m, arguments.at("0")))


def _marked(name: str) -> Callable[[Machine, Arguments, ast.AST], Value]:
    def mark(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
        for number in arguments.at("0"):
            if m.heap[number].kind is Kind.FUNCTION:
                m.heap.put(m.heap[number], name, NOTHING)
        return arguments.at("0")

    return mark


def _identity(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    m.sees_identity = True
    m.site.effects.marks.setdefault("identity:builtins.id", m.chain(node))
    return m.heap.scalar("int")


def _hash(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return a hash: the same in every step, as they have one seed, unless it is an address."""
    given = arguments.all()
    calls.touch(m, given, ("__hash__",), node)
    for thing in (m.heap[number] for number in given):
        known = thing.kind is Kind.SCALAR or thing.type == "tuple"
        if not known and not attributes.class_member(m, thing.bases, "__hash__")[0]:
            m.site.effects.marks.setdefault("identity:builtins.hash", m.chain(node))
    return m.heap.scalar("int")


def _nothing(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    return m.heap.library("cellwright.identity")


def _deepcopy(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    reached = frozenset(m.heap.reach(arguments.at("0")))
    calls.touch(m, reached, ("__deepcopy__", "__reduce__", "__getstate__"), node)
    return frozenset(_copied(m, number, node, {}) for number in arguments.at("0"))


def _copy(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return a copy that holds what the original holds."""
    calls.touch(m, arguments.at("0"), ("__copy__", "__reduce__", "__getstate__"), node)
    found = NOTHING
    for number in sorted(arguments.at("0")):
        thing = m.heap[number]
        if thing.kind not in (Kind.PLAIN, Kind.INSTANCE):
            found |= {number}
            continue
        copy = m.make(node, thing.type, thing.kind, part=("shallow", number))
        copy.bases, copy.open, copy.text = thing.bases, thing.open, thing.text
        copy.exact = thing.exact
        for base in thing.bases:
            m.heap.link(copy, base)
        shared = _has_parts(thing)
        if shared:
            m.heap.memory(thing)
        for name, value in tuple(thing.fields.items()):
            if name != MEMORY or shared:
                m.heap.put(copy, name, value)
        found |= {copy.number}
    return found


def _has_parts(thing: Thing) -> bool:
    """Tell whether an object of a library refers to its parts, which a copy of it shares."""
    data = effects_data()
    copied = data.flag(thing.type, "array") or data.flag(thing.type, "frame")
    return (
        thing.kind is Kind.PLAIN
        and bool(thing.type)
        and not (copied or thing.type in items.CONTAINERS)
    )


def _copied(m: Machine, number: int, node: ast.AST, done: dict[int, int]) -> int:
    """Return a copy of a thing and of all that it reaches, of the same types."""
    thing = m.heap[number]
    if thing.kind not in (Kind.PLAIN, Kind.INSTANCE):
        return number
    if number not in done:
        copy = m.make(node, thing.type, thing.kind, part=("copy", number))
        done[number] = copy.number
        copy.bases, copy.open, copy.text = thing.bases, thing.open, thing.text
        copy.exact = thing.exact
        for base in thing.bases:
            m.heap.link(copy, base)
        for name, value in tuple(thing.fields.items()):
            if name != MEMORY:
                inner = frozenset(_copied(m, each, node, done) for each in value)
                m.heap.put(copy, name, inner)
    return done[number]


def _random_state(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    """Return the generator that is given; the global one for None; a new one for a seed."""
    found, seeded = NOTHING, False
    for number in arguments.at("0") or arguments.at("seed") or m.heap.scalar("NoneType"):
        thing = m.heap[number]
        shared = thing.type == "NoneType" or uses.is_global(thing)
        sure = shared or effects_data().flag(thing.type, "generator")
        if shared or (not sure and thing.type != "int"):
            found |= m.heap.library(uses.HOME)
        if not shared and thing.kind is not Kind.SCALAR:
            found |= {number}
        seeded = seeded or not sure
    if seeded:
        found |= {m.make(node, "numpy.random.Generator", part="seeded").number}
    return found


def _next(m: Machine, arguments: Arguments, node: ast.AST) -> Value:
    value = arguments.at("0")
    m.change(value, node)
    return items.iterate(m, value, node) | arguments.at("1")


_FIELDS = (
    hooks.FIELD, "attr.ib", "attr.attrib", "attr.field", "attrs.field", "pydantic.Field",
    "pydantic.fields.Field",
)  # fmt: skip
_HOOKS = (
    "validator", "root_validator", "field_validator", "model_validator", "field_serializer",
    "model_serializer", "serializer", "computed_field",
)  # fmt: skip
"""What makes a method one that pydantic calls on its own."""
_CALLS: dict[str, Callable[[Machine, Arguments, ast.AST], Value]] = {
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.delattr": _delattr,
    "builtins.type": _type,
    "builtins.vars": _vars,
    "builtins.__import__": _import_module,
    "importlib.import_module": _import_module,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "itertools.chain.from_iterable": _chained,
    "builtins.dict": _dict,
    "collections.OrderedDict": _ordered_dict,
    "collections.defaultdict": _default_dict,
    "collections.Counter": _counter,
    "builtins.print": _print,
    "builtins.next": _next,
    "copy.copy": _copy,
    "copy.deepcopy": _deepcopy,
    "builtins.str": _as_text,
    "builtins.id": _identity,
    "builtins.hash": _hash,
    "os.fspath": _as_text,
    "os.path.join": _join,
    "posixpath.join": _join,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "sklearn.utils.check_random_state": _random_state,
    "sklearn.utils.validation.check_random_state": _random_state,
    "functools.lru_cache": caches.cached,
    "functools.cache": caches.cached,
    caches.DECORATOR: caches.cached,
    "builtins.property": _marked("property"),
    "functools.cached_property": _marked("cached"),
    "builtins.staticmethod": _marked("static"),
    "builtins.classmethod": _marked("class"),
    "functools.wraps": _nothing,
    "functools.total_ordering": hooks.total_ordering,
    "operator.attrgetter": getters.attribute_getter,
    "operator.methodcaller": getters.method_caller,
    hooks.DECORATOR: hooks.hook,
    **dict.fromkeys(_FIELDS, hooks.field),
    **dict.fromkeys(("attr.Factory", "attrs.Factory"), hooks.factory),
    **{f"pydantic.{name}": hooks.hook for name in _HOOKS},
}

"""Owns items and iteration: what is in a container, and what asking sets off."""

import ast

from cellwright.compiler.walking import (
    attributes,
    calls,
    classes,
    comprehensions,
    functions,
    library,
    specials,
)
from cellwright.compiler.walking.arguments import given
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

INDEXED = 16
DICTS = frozenset(
    {"dict", *(f"collections.{name}" for name in ("Counter", "OrderedDict", "defaultdict"))}
)
CONTAINERS = frozenset({"list", "tuple", "dictview", "set"}) | DICTS
_PLACES = (ast.Slice, ast.Compare, ast.BinOp, ast.UnaryOp)
"""What stands for places in a table, which are written into, and not for columns."""
FACTORY = "default factory"
"""The field of a dictionary with what it calls for a key that it lacks."""
OBJECTS = "objects"
"""The field of an array whose elements are objects, a list that is stored there as well."""


def constant_key(node: ast.expr) -> str | None:
    """Return the spelling of a literal index or key; None if it is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | bool):
        return repr(node.value)
    return None


def item_field(key: str | None) -> str:
    """Return the field of a container that a key's item is in."""
    return ANY_ITEM if key is None else f"[{key}]"


def surely_not_empty(node: ast.expr) -> bool:
    """Tell whether the text shows that iterating gives at least one item."""
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return any(not isinstance(item, ast.Starred) for item in items)
        case ast.Dict(keys=keys):
            return any(key is not None for key in keys)
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(stop))]):
            return stop > 0
        case ast.Call(
            func=ast.Name(id="range"), args=[ast.Constant(value=int(a)), ast.Constant(value=int(b))]
        ):
            return b > a
        case ast.Call(func=ast.Name(id="enumerate" | "reversed" | "sorted"), args=[inner, *_]):
            return surely_not_empty(inner)
        case _:
            return False


# -- items -----------------------------------------------------------------------------


def all_items(thing: Thing) -> Value:
    """Return everything that is in a container, by position, key or otherwise."""
    found = NOTHING
    for name, value in thing.fields.items():
        if name.startswith("["):
            found |= value
    return found


def all_in(m: Machine, value: Value, node: ast.AST) -> Value:
    """Return everything that is in values, and let none of them make an item."""
    found = NOTHING
    for number in sorted(value):
        thing = m.heap[number]
        if thing.type in DICTS:
            found |= _contained(m, thing, None)
        else:
            found |= read_item(m, frozenset((number,)), None, node)
    return found


def look_up(m: Machine, key: Value, node: ast.AST) -> None:
    """Run what a dictionary or set asks of a key of the notebook's own classes."""
    calls.touch(m, key, ("__hash__", "__eq__"), node)


def read_item(
    m: Machine, owner: Value, key: str | None, node: ast.AST, *, index: Value = NOTHING
) -> Value:
    """Return what `owner[key]` may refer to; `index` is the value of the key."""
    found = NOTHING
    look_up(m, index, node)
    for number in sorted(owner):
        found |= _item_of(m, m.heap[number], key, node, index)
    return found


def _item_of(m: Machine, thing: Thing, key: str | None, node: ast.AST, index: Value) -> Value:
    match thing.kind:
        case Kind.UNBOUND:
            return NOTHING
        case Kind.SCALAR:
            return m.heap.scalar("str" if thing.type == "str" else "scalar")
        case Kind.LIBRARY:
            return library.item_of_member(m, thing, index, key=key, node=node)
        case Kind.CLASS:
            return _class_item(m, thing, node, index)
        case Kind.INSTANCE:
            return _instance_item(m, thing, node, index)
        case Kind.PLAIN if thing.type in CONTAINERS:
            _make_missing(m, thing, key, node)
            return _contained(m, thing, key)
        case Kind.PLAIN if effects_data().knows_type(thing.type):
            words = _words_of(m, index)
            return NOTHING.union(*(library.typed_item(m, thing, w, node=node) for w in words))
        case _:
            return attributes.opaque_part(m, thing)


def _make_missing(m: Machine, thing: Thing, key: str | None, node: ast.AST) -> None:
    """Let a dictionary make an item for a key that it may lack."""
    factory = thing.fields.get(FACTORY, NOTHING)
    if factory and isinstance(node, ast.Subscript | ast.Call | ast.AugAssign):
        m.change_things([thing.number], node)
        with m.maybe():
            made = calls.call(m, factory, given(), node=node)
        m.heap.put(thing, item_field(key), made)


def _words_of(m: Machine, index: Value) -> tuple[str, ...]:
    """Return how the data call an index: one value, several, or either if it is not known."""
    things = [m.heap[number] for number in index]
    one = any(thing.kind is Kind.SCALAR or not thing.type for thing in things)
    several = any(thing.kind is not Kind.SCALAR for thing in things)
    words = (*(("[scalar]",) if one else ()), *(("[other]",) if several else ()))
    return words or ("[scalar]", "[other]")


def _contained(m: Machine, thing: Thing, key: str | None) -> Value:
    if thing.open:
        return all_items(thing) | {thing.number} | m.heap.scalar()
    if key is None or key.startswith("-"):
        return all_items(thing)
    found = thing.fields.get(item_field(key))
    return (found or NOTHING) | thing.fields.get(ANY_ITEM, NOTHING)


def _instance_item(m: Machine, thing: Thing, node: ast.AST, index: Value) -> Value:
    self_value = frozenset((thing.number,))
    members, complete = attributes.class_member(m, thing.bases, "__getitem__")
    found = calls.call(m, members, given(self_value, index), node=node) if members else NOTHING
    missing, _ = attributes.class_member(m, thing.bases, "__missing__")
    if missing and not members:
        with m.maybe():
            found |= calls.call(m, missing, given(self_value, index), node=node)
    if thing.open or not complete:
        found |= attributes.opaque_part(m, thing)
    return found


def _class_item(m: Machine, thing: Thing, node: ast.AST, index: Value) -> Value:
    """Return what `Class[...]` is: what the class defines, or the class for a type."""
    itself = frozenset((thing.number,))
    asked, _ = attributes.class_member(m, (itself,), "__class_getitem__")
    metaclass = thing.fields.get(classes.METACLASS, NOTHING)
    asked |= attributes.class_member(m, (metaclass,), "__getitem__")[0]
    return itself | (calls.call(m, asked, given(itself, index), node=node) if asked else NOTHING)


def read_slice(m: Machine, owner: Value, node: ast.AST) -> Value:
    """Return what `owner[a:b]` gives: a new container, a view, or what is defined."""
    found = NOTHING
    for number in sorted(owner):
        thing = m.heap[number]
        if thing.kind is Kind.PLAIN and thing.type in CONTAINERS:
            copy = m.make(node, thing.type, part=thing.number)
            copy.open, copy.exact = thing.open, thing.exact
            m.heap.put(copy, ANY_ITEM, all_items(thing))
            found |= {copy.number}
        elif thing.kind is Kind.PLAIN and effects_data().knows_type(thing.type):
            found |= library.typed_item(m, thing, "[slice]", node=node)
        else:
            found |= _item_of(m, thing, None, node, m.heap.scalar("slice"))
    return found


def store_item(
    m: Machine, owner: Value, key: str | None, value: Value, *, index: Value, node: ast.AST
) -> None:
    """Note `owner[key] = value`; `index` is the value of the key."""
    look_up(m, index, node)
    for number in sorted(owner):
        thing = m.heap[number]
        if thing.type == "cellwright.namespace":
            specials.store_in_namespace(m, key, value, node)
        elif thing.kind is Kind.LIBRARY:
            library.change_member(m, thing.type, node=node, what="item assignment")
        if thing.kind in (Kind.SCALAR, Kind.UNBOUND, Kind.LIBRARY):
            continue
        members, _ = attributes.class_member(m, thing.bases, "__setitem__")
        if thing.kind is Kind.INSTANCE and members:
            calls.call(m, members, given(frozenset((number,)), index, value), node=node)
            continue
        if thing.type in DICTS:
            m.heap.put(thing, ANY_KEY, index)
        _store_in(m, thing, key, value, node)


def _store_in(m: Machine, thing: Thing, key: str | None, value: Value, node: ast.AST) -> None:
    data = effects_data()
    itself = frozenset((thing.number,))
    if data.flag(thing.type, "frame"):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, _PLACES):
            m.change(itself, node)
        m.change_things([thing.number], node)  # a column is replaced, not written into
        m.heap.hold(thing, library.flattened(m, value))
        return
    m.change(itself, node)
    if data.flag(thing.type, "indexer"):
        m.change(thing.fields.get("of", NOTHING), node)
        for number in thing.fields.get("of", NOTHING):
            m.heap.hold(m.heap[number], library.flattened(m, value))
    elif data.flag(thing.type, "array"):
        m.heap.hold(thing, library.flattened(m, value))
        if OBJECTS in thing.fields:
            m.heap.hold(thing, value)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        m.heap.put(thing, ANY_ITEM, iterate(m, value, node))
    elif thing.type in CONTAINERS:
        m.heap.put(thing, item_field(key), value)
    else:
        if not thing.type:  # what it is made of may be what is written to
            m.change(itself, node, deep=True)
        m.heap.hold(thing, value)
        m.heap.put(thing, ANY_ITEM, value)


def delete_item(m: Machine, owner: Value, node: ast.AST) -> None:
    """Note `del owner[key]`."""
    for number in sorted(owner):
        thing = m.heap[number]
        itself = frozenset((number,))
        if thing.kind is Kind.LIBRARY:
            library.change_member(m, thing.type, node=node, what="item deletion")
        members, _ = attributes.class_member(m, thing.bases, "__delitem__")
        if thing.kind is Kind.INSTANCE and members:
            calls.call(m, members, given(itself, m.heap.scalar()), node=node)
            continue
        m.change(itself, node)
        if thing.type == "list":
            m.heap.put(thing, ANY_ITEM, all_items(thing))


def look_on(m: Machine, thing: Thing, source: Value) -> None:
    """Let an iterator see what is done to the containers that it goes over."""
    m.heap.put(thing, "over", frozenset(m.heap.mutable(source)))


# -- iteration -------------------------------------------------------------------------


def iterate(m: Machine, value: Value, node: ast.AST) -> Value:
    """Return what iterating over a value may give; a generator is run."""
    found = NOTHING
    for number in sorted(value):
        found |= _iterate_one(m, m.heap[number], node)
    return found


def _iterate_one(m: Machine, thing: Thing, node: ast.AST) -> Value:
    match thing.kind:
        case Kind.UNBOUND:
            return NOTHING
        case Kind.SCALAR:
            return m.heap.scalar("str" if thing.type == "str" else "scalar")
        case Kind.LIBRARY:
            return m.heap.scalar()
        case Kind.GENERATOR:
            return run_generator(m, thing, node)
        case Kind.INSTANCE:
            return _iterate_instance(m, thing, node)
        case Kind.PLAIN if thing.type in DICTS:
            more = frozenset((thing.number,)) if thing.open else NOTHING
            return thing.fields.get(ANY_KEY, NOTHING) | more | m.heap.scalar()
        case Kind.PLAIN if thing.type in CONTAINERS:
            return _contained(m, thing, None)
        case Kind.PLAIN if effects_data().knows_type(thing.type):
            return library.typed_item(m, thing, "[each]", node=node)
        case _:
            m.change_things([thing.number], node)
            return attributes.opaque_part(m, thing)


def run_generator(m: Machine, thing: Thing, node: ast.AST) -> Value:
    """Walk the body of a generator; return what it yields."""
    m.change_things([thing.number], node)
    if thing.number in m.yielding:
        return NOTHING  # it is at work already, further up
    m.yielding.add(thing.number)
    try:
        if thing.code is not None and isinstance(thing.code.node, ast.GeneratorExp):
            return comprehensions.consume(m, thing.number, node)
        return functions.resume(m, thing, node)
    finally:
        m.yielding.discard(thing.number)


def _iterate_instance(m: Machine, thing: Thing, node: ast.AST) -> Value:
    self_value = frozenset((thing.number,))
    found = NOTHING
    for name in ("__iter__", "__aiter__", "__await__"):
        members, _ = attributes.class_member(m, thing.bases, name)
        if members:
            iterator = calls.call(m, members, given(self_value), node=node)
            if iterator != self_value:
                found |= iterate(m, iterator - self_value, node)
    for name in ("__next__", "__anext__", "__getitem__"):
        members, complete = attributes.class_member(m, thing.bases, name)
        if members:
            with m.maybe():
                arguments = given(self_value, m.heap.scalar())
                found |= calls.call(m, members, arguments, node=node)
        elif not complete:
            found |= attributes.opaque_part(m, thing)
    return found


def element(m: Machine, value: Value, index: int, *, default: Value) -> Value:
    """Return what unpacking gives at a position."""
    found = NOTHING
    for number in value:
        thing = m.heap[number]
        exact = thing.fields.get(f"[{index}]")
        if exact is None or thing.type not in ("tuple", "list"):
            return default
        found |= exact | thing.fields.get(ANY_ITEM, NOTHING)
    return found


def listed(m: Machine, value: Value, node: ast.AST) -> Value:
    """Return a new list of what a value may be."""
    thing = m.make(node, "list", part="listed")
    m.heap.put(thing, ANY_ITEM, value)
    return frozenset((thing.number,))

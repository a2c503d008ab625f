"""Owns what a call or attribute described by the effects data gives."""

import ast

from cellwright.compiler.walking import drawing, items, library, texts
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import (
    ANY_ITEM,
    ANY_KEY,
    LENT,
    MEMORY,
    NOTHING,
    Kind,
    Thing,
    Value,
)
from cellwright.compiler.walking.machine import Machine

_DEPTHS = {"pandas.Series": 1, "numpy.ndarray": 3}
_CODE = frozenset({Kind.FUNCTION, Kind.METHOD, Kind.CLASS})
_OBJECTS = frozenset({"builtins.object", "object", "O"})
"""How the elements of an array are said to be objects, whatever they are."""


def result_of(
    m: Machine,
    effect: Effect,
    receiver: Value,
    arguments: Arguments,
    *,
    node: ast.AST,
    part: object = None,
) -> Value:
    """Return what a call or attribute described by an effect gives."""
    source = receiver or (arguments.at("0") if arguments.positional else arguments.all())
    match effect.result:
        case "none":
            return m.heap.scalar("NoneType", exact=True)
        case "scalar":
            return m.heap.scalar(effect.type_name or "scalar", exact=effect.exact)
        case "self":
            return receiver
        case "arg":
            return arguments.at(str(effect.position))
        case "path":
            return m.heap.library(effect.type_name)
        case "item":
            others = arguments.positional[0 if receiver else 1 :]
            return _inside(m, source, node) | frozenset().union(*others)
        case "items" | "pairs" | "shows":
            return _contents(m, effect, source, node)
        case "among" | "pick":
            return _among(m, effect, arguments, node, part)
        case "view":
            return _view(m, effect, source, node, part)
        case _:
            return _made(m, effect, receiver, arguments, node, part)


def _made(
    m: Machine,
    effect: Effect,
    receiver: Value,
    arguments: Arguments,
    node: ast.AST,
    part: object,
) -> Value:
    """Return something new, with what it holds of what is given."""
    known = len(m.heap.things)
    thing = _fresh(m, effect.type_name, node, part)
    exact = _is_exact(m, effect, receiver, arguments, node)
    thing.exact = exact and (thing.exact or thing.number >= known)
    if thing.type == "numpy.ndarray" and _of_objects(m, arguments):
        m.heap.put(thing, items.OBJECTS, NOTHING)
    if effect.result == "holds":
        m.heap.hold(thing, receiver | arguments.all())
        if thing.type in items.CONTAINERS:
            m.heap.put(thing, ANY_ITEM, receiver | arguments.all())
    elif effect.result in ("flat", "over"):
        _fill(m, effect, thing, receiver, arguments)
    return frozenset((thing.number,))


def _handed_over(m: Machine, effect: Effect, arguments: Arguments) -> Value:
    """Return what is given to be held; functions are given to be called."""
    code = (Kind.FUNCTION, Kind.METHOD, Kind.CLASS) if effect.calls_back else ()
    return frozenset(n for n in arguments.all() if m.heap[n].kind not in code)


def _fill(m: Machine, effect: Effect, thing: Thing, receiver: Value, arguments: Arguments) -> None:
    """Let a new thing hold what is inside containers; `over` lies on the arrays' memory."""
    given = receiver | _handed_over(m, effect, arguments)
    depth = _DEPTHS.get(thing.type, 2)
    inside = library.flattened(m, given, depth, rows=thing.type != "numpy.ndarray")
    if effect.result == "flat" and thing.type not in items.CONTAINERS:
        inside = frozenset(n for n in inside if m.heap[n].type)  # else taken for a table
    if thing.type == "numpy.ndarray" and _of_objects(m, arguments):
        inside |= _containers(m, given, depth)
    m.heap.hold(thing, inside)
    if thing.type in items.CONTAINERS:
        m.heap.put(thing, ANY_ITEM, frozenset(n for n in inside if m.heap[n].type))
    if effect.result == "over" or (effect.uncopied and told_not_to_copy(m, arguments)):
        _lie_over(m, effect, thing, given, arguments)


def _of_objects(m: Machine, arguments: Arguments) -> bool:
    """Tell whether an array may be told to keep lists as elements: `dtype=object`."""
    wish = arguments.keyword("dtype") or arguments.at("1")
    return any(_OBJECTS & {m.heap[number].type, m.heap[number].text} for number in wish)


def _containers(m: Machine, given: Value, depth: int) -> set[int]:
    """Return the containers within those given, so many levels down."""
    found: set[int] = set()
    level = given
    for _ in range(depth):
        outer = [m.heap[n] for n in level if m.heap[n].type in items.CONTAINERS]
        level = NOTHING.union(*(items.all_items(thing) for thing in outer))
        found |= {n for n in level if m.heap[n].type in items.CONTAINERS}
    return found


def _lie_over(m: Machine, effect: Effect, thing: Thing, given: Value, arguments: Arguments) -> None:
    """Let a new thing lie on the memory of the arrays that it is made of.

    Told not to copy, it may lie on that of the arrays within containers as well.
    """
    data = effects_data()
    bases = set(given)
    if effect.within or told_not_to_copy(m, arguments):
        bases |= m.heap.reach(given)
    for number in sorted(bases):
        base = m.heap[number]
        if data.flag(base.type, "immutable"):
            continue
        if not any(data.flag(base.type, flag) for flag in ("array", "frame", "buffer")):
            continue
        memory = m.heap.memory(base)
        if not data.flag(thing.type, "lent"):
            m.heap.put(thing, MEMORY, memory)
            continue
        _lend(m, thing, memory)


def told_not_to_copy(m: Machine, arguments: Arguments) -> bool:
    """Tell whether a call may be told to work on what it is given: `copy=False`."""
    wish = arguments.keyword("copy")
    return wish is not None and texts.known_texts(m, wish) != {"True"}


def _lend(m: Machine, thing: Thing, memory: Value) -> None:
    """Let a thing read memory that it is not sent together with."""
    for own in m.heap.memory(thing):
        m.heap.put(m.heap[own], LENT, memory)


def _among(m: Machine, effect: Effect, arguments: Arguments, node: ast.AST, part: object) -> Value:
    """Return something new with the very items of what is given: they are drawn, not copied.

    Arrays give copies of their elements, but for the objects that they hold.
    """
    inside = NOTHING
    for number in sorted(arguments.all()):
        inside |= _items_given(m, m.heap[number], node)
    thing = _fresh(m, effect.type_name, node, part)
    m.heap.hold(thing, inside)
    if thing.type in items.CONTAINERS:
        for each in thing.fields.get(ANY_ITEM, NOTHING):
            if m.heap[each].kind is Kind.PLAIN:
                m.heap.hold(m.heap[each], inside)
        thing.open = False
        m.heap.put(thing, ANY_ITEM, inside)
    found = frozenset((thing.number,))
    return found | inside if effect.result == "pick" else found


def _items_given(m: Machine, thing: Thing, node: ast.AST) -> Value:
    data = effects_data()
    if thing.kind in _CODE or thing.kind in (Kind.SCALAR, Kind.UNBOUND, Kind.LIBRARY):
        return NOTHING
    itself = frozenset((thing.number,))
    if data.flag(thing.type, "array") or data.flag(thing.type, "frame"):
        held = thing.fields.get("*", NOTHING)
        return frozenset(n for n in held if m.heap[n].type or m.heap[n].kind is not Kind.PLAIN)
    if data.flag(thing.type, "generator"):
        return NOTHING
    if thing.type in items.CONTAINERS or thing.kind is Kind.GENERATOR:
        return items.iterate(m, itself, node)
    if thing.type == "iterator":
        return items.iterate(m, itself, node)
    return itself


def _is_exact(
    m: Machine, effect: Effect, receiver: Value, arguments: Arguments, node: ast.AST
) -> bool:
    """Tell whether a result is of the type that the effect names.

    A table gives a table for `[[…]]` or a condition, not for the name of a column.
    """
    if not effect.exact or (effect.inplace and arguments.keyword("inplace") is not None):
        return False
    if isinstance(node, ast.Subscript) and not _selects(node.slice):
        return False
    return all(m.heap[number].exact for number in receiver)


def _selects(index: ast.expr) -> bool:
    """Tell whether the text shows that an index is a list, a slice or a condition."""
    match index:
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr(), left=left, right=right):
            return _selects(left) and _selects(right)
        case ast.UnaryOp(op=ast.Invert()):
            return True
        case _:
            return isinstance(index, ast.List | ast.Slice | ast.Compare)


def _inside(m: Machine, source: Value, node: ast.AST) -> Value:
    """Return what is in containers, and in objects of a known type."""
    found = NOTHING
    for number in sorted(source):
        thing = m.heap[number]
        if thing.kind is Kind.PLAIN and thing.type not in items.CONTAINERS and thing.type:
            held = thing.fields.get("*", NOTHING)
            found |= items.all_items(thing) | held | m.heap.scalar()
            if thing.type == "iterator":
                found |= _items_of_containers(m, held, node)
        else:
            found |= items.read_item(m, frozenset((number,)), None, node)
    return found


def _items_of_containers(m: Machine, held: Value, node: ast.AST) -> Value:
    containers = (n for n in held if m.heap[n].type in items.CONTAINERS)
    return items.iterate(m, frozenset(containers), node)


def _fresh(m: Machine, type_name: str, node: ast.AST, part: object) -> Thing:
    """Return a new thing of a type; `list[TYPE]` says what is in it."""
    outer, _, inner = type_name.rstrip("]").partition("[")
    thing = m.make(node, outer, part=("result", part))
    drawing.join_figure(m, thing)
    if outer in items.CONTAINERS:
        if inner == "scalar":
            m.heap.put(thing, ANY_ITEM, m.heap.scalar())
        elif inner:
            element = m.make(node, inner, part=("element", part))
            drawing.join_figure(m, element)
            m.heap.put(thing, ANY_ITEM, frozenset((element.number,)))
        else:
            thing.open = True
    return thing


def _contents(m: Machine, effect: Effect, source: Value, node: ast.AST) -> Value:
    match effect.result:
        case "items":
            return _copied(m, effect, source, node)
        case "shows":
            return _shown(m, effect.type_name, source, node)
        case _:
            return items.listed(m, _pair(m, source, node), node)


def _copied(m: Machine, effect: Effect, source: Value, node: ast.AST) -> Value:
    types = {m.heap[number].type for number in source}
    type_name = effect.type_name or (next(iter(types)) if len(types) == 1 else "list")
    thing = m.make(node, type_name, part="items")
    thing.exact = effect.exact
    if type_name in items.DICTS:
        m.heap.put(thing, ANY_KEY, items.iterate(m, source, node))
        m.heap.put(thing, ANY_ITEM, items.all_in(m, source, node))
        for each in (m.heap[number] for number in sorted(source)):
            m.heap.put(thing, items.FACTORY, each.fields.get(items.FACTORY, NOTHING))
    else:
        m.heap.put(thing, ANY_ITEM, items.iterate(m, source, node))
    if type_name == "iterator":
        items.look_on(m, thing, source)
    return frozenset((thing.number,))


def _pair(m: Machine, source: Value, node: ast.AST) -> Value:
    pair = m.make(node, "tuple", part="pair")
    m.heap.put(pair, "[0]", items.iterate(m, source, node))
    m.heap.put(pair, "[1]", items.all_in(m, source, node))
    return frozenset((pair.number,))


def _shown(m: Machine, part: str, source: Value, node: ast.AST) -> Value:
    """Return a view of a dictionary: it shows whatever is put there later, too."""
    thing = m.make(node, "dictview", part=part)
    match part:
        case "keys":
            inside = items.iterate(m, source, node)
        case "values":
            inside = items.all_in(m, source, node)
        case _:
            inside = _pair(m, source, node)
    m.heap.put(thing, ANY_ITEM, inside)
    items.look_on(m, thing, source)
    return frozenset((thing.number,))


def _view(m: Machine, effect: Effect, source: Value, node: ast.AST, part: object) -> Value:
    found = NOTHING
    for number in sorted(source):
        base = m.heap[number]
        if base.kind is Kind.SCALAR:
            found |= m.heap.scalar() if effect.type_name else frozenset((number,))
            continue
        if base.kind is not Kind.PLAIN or not effects_data().knows_type(base.type):
            thing = _fresh(m, effect.type_name, node, part)
            m.heap.hold(thing, frozenset((number,)))
            found |= {thing.number}
            continue
        if base.type in items.CONTAINERS:
            thing = _fresh(m, effect.type_name or base.type, node, part)
            m.heap.hold(thing, library.flattened(m, frozenset((number,))))
            found |= {thing.number}
            continue
        thing = m.make(node, effect.type_name or base.type, part=("view", part))
        thing.exact = effect.exact and base.exact
        if effects_data().flag(base.type, "lends") and thing.type != base.type:
            _lend(m, base, m.heap.memory(thing))
        else:
            m.heap.put(thing, MEMORY, m.heap.memory(base))
        held = _held_by_view(base, thing, effect, part)
        m.heap.put(thing, "*", held)
        if effects_data().flag(thing.type, "indexer"):
            m.heap.put(thing, "of", frozenset((number,)))
        found |= {thing.number} | held
        if effect.inner:
            found |= {n for n in m.heap.reach((number,)) if is_part(m.heap[n])} - {number}
    return found


def _held_by_view(base: Thing, thing: Thing, effect: Effect, part: object) -> Value:
    """Return what a view hands out of what its base was made of.

    What an estimator has found in a fit is none of that.
    """
    data = effects_data()
    found_by_fit = isinstance(part, str) and part.endswith("_")
    fitted = effect.inner or found_by_fit or data.flag(thing.type, "array")
    if fitted and data.flag(base.type, "estimator"):
        return NOTHING
    return base.fields.get("*", NOTHING)


def is_part(thing: Thing) -> bool:
    """Tell whether a method of an estimator may change an object within it, or give it."""
    if thing.kind is Kind.PLAIN:
        data = effects_data()
        return data.flag(thing.type, "estimator") or data.flag(thing.type, "generator")
    return thing.kind is Kind.INSTANCE

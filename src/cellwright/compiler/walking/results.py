"""Owns what a call or attribute described by the effects data gives."""

import ast

from cellwright.compiler.walking import items, library
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, MEMORY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

_DEPTHS = {"pandas.Series": 1, "numpy.ndarray": 3}


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
        case "view":
            return _view(m, effect, source, node, part)
        case _:
            known = len(m.heap.things)
            thing = _fresh(m, effect.type_name, node, part)
            exact = _is_exact(m, effect, receiver, arguments, node)
            thing.exact = exact and (thing.exact or thing.number >= known)
            if effect.result == "holds":
                m.heap.hold(thing, receiver | arguments.all())
                if thing.type in items.CONTAINERS:
                    m.heap.put(thing, ANY_ITEM, receiver | arguments.all())
            elif effect.result in ("flat", "over"):
                _fill(m, effect, thing, receiver | _handed_over(m, effect, arguments))
            return frozenset((thing.number,))


def _handed_over(m: Machine, effect: Effect, arguments: Arguments) -> Value:
    """Return what is given to be held; functions are given to be called."""
    code = (Kind.FUNCTION, Kind.METHOD, Kind.CLASS) if effect.calls_back else ()
    return frozenset(n for n in arguments.all() if m.heap[n].kind not in code)


def _fill(m: Machine, effect: Effect, thing: Thing, given: Value) -> None:
    """Let a new thing hold what is inside containers; `over` lies on the arrays' memory."""
    inside = library.flattened(m, given, _DEPTHS.get(thing.type, 2))
    if effect.result == "flat" and thing.type not in items.CONTAINERS:
        inside = frozenset(n for n in inside if m.heap[n].type)  # else taken for a table
    m.heap.hold(thing, inside)
    if thing.type in items.CONTAINERS:
        m.heap.put(thing, ANY_ITEM, frozenset(n for n in inside if m.heap[n].type))
    data = effects_data()
    for number in sorted(given) if effect.result == "over" else ():
        base = m.heap[number]
        if data.flag(base.type, "immutable"):
            continue
        if data.flag(base.type, "array") or data.flag(base.type, "frame"):
            m.heap.put(thing, MEMORY, m.heap.memory(base))


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
    _join_figure(m, thing)
    if outer in items.CONTAINERS:
        if inner == "scalar":
            m.heap.put(thing, ANY_ITEM, m.heap.scalar())
        elif inner:
            element = m.make(node, inner, part=("element", part))
            _join_figure(m, element)
            m.heap.put(thing, ANY_ITEM, frozenset((element.number,)))
        else:
            thing.open = True
    return thing


def _join_figure(m: Machine, thing: Thing) -> None:
    """Let what is drawn have one memory with all that is drawn at this site.

    Axes and lines may be parts of the current figure, which leads to all of its parts.
    """
    if effects_data().flag(thing.type, "figure"):
        key = ("figure", m.site.index)
        figure = m.heap.make(key, kind=Kind.PLAIN, type_name=thing.type, place=thing.place)
        m.heap.put(thing, MEMORY, m.heap.memory(figure))


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
        m.heap.put(thing, MEMORY, m.heap.memory(base))
        m.heap.put(thing, "*", base.fields.get("*", NOTHING))
        if effects_data().flag(thing.type, "indexer"):
            m.heap.put(thing, "of", frozenset((number,)))
        found |= {thing.number} | base.fields.get("*", NOTHING)
    return found

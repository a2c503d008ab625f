"""Owns the meaning of an effect: what a call described by the data changes, calls back,
reads from the world, and gives."""

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from cellwright.compiler.walking import attributes, calls, items, library, texts
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, MEMORY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import FileUse, Machine, StateUse

if TYPE_CHECKING:
    from cellwright.compiler.walking.calls import Arguments

_DUNDERS = (
    "__len__", "__iter__", "__next__", "__getitem__", "__contains__", "__eq__", "__hash__",
    "__lt__", "__str__", "__repr__", "__call__", "__bool__", "__float__", "__int__",
    "__index__", "__array__", "__add__", "__radd__", "_repr_html_", "__reversed__", "__abs__",
    "__deepcopy__", "__copy__", "__round__", "write",
)  # fmt: skip
_CALLED = frozenset({Kind.FUNCTION, Kind.METHOD})
_CALLABLE = frozenset({Kind.FUNCTION, Kind.METHOD, Kind.GENERATOR, Kind.INSTANCE, Kind.CLASS})
_DEPTHS = {"pandas.Series": 1, "numpy.ndarray": 3}
_WEB = ("http://", "https://", "ftp://", "s3://", "gs://", "hf://", "az://")


def apply_effect(
    m: Machine,
    effect: Effect,
    receiver: Value,
    arguments: "Arguments",
    *,
    node: ast.AST,
    path: str,
) -> Value:
    """Note what a call does, and return what it gives."""
    given = arguments.all()
    everything = receiver | given
    effect, waived = _unless(m, effect, arguments)
    returned = _call_back(m, effect, receiver, given, node)
    if effect.result == "unknown":
        m.change(everything, node, deep=True)
        _link(m, everything)
        if path:
            m.site.effects.calls.setdefault(path, m.chain(node))
        result = m.make(node, "", part="unknown")
        m.heap.hold(result, everything | returned)
        return frozenset((result.number,))
    _changes(m, effect, receiver, arguments, node)
    _store(m, effect, receiver, arguments, node)
    if not waived:
        _states(m, effect, receiver, node, path)
    _files(m, effect, receiver, arguments, node, path)
    for mark in effect.marks:
        m.unclean()
        m.site.effects.marks.setdefault(f"{mark}:{path}", m.chain(node))
    found = result_of(m, effect, receiver, arguments, node=node)
    if returned:
        for number in found:
            thing = m.heap[number]
            if thing.kind is Kind.PLAIN:
                target = ANY_ITEM if thing.type in items.CONTAINERS else "*"
                m.heap.put(thing, target, returned)
    return found


def _unless(m: Machine, effect: Effect, arguments: "Arguments") -> tuple[Effect, bool]:
    """Return the effect with the type that a keyword decides; whether state is not used."""
    for key, type_name in effect.unless:
        value = arguments.at(key)
        if value and "NoneType" not in m.heap.types(value):
            if type_name:
                effect = replace(effect, type_name=type_name)
            return effect, True
    for key, type_name in effect.when:
        if arguments.keyword(key):
            effect = replace(effect, type_name=type_name)
    return effect, False


def _link(m: Machine, value: Value) -> None:
    """Let objects refer to one another: a call of which nothing is known may see to that."""
    data = effects_data()
    able = [
        m.heap[number]
        for number in value
        if m.heap[number].kind in (Kind.PLAIN, Kind.INSTANCE)
        and m.heap[number].type != "tuple"
        and not (data.flag(m.heap[number].type, "array") or data.flag(m.heap[number].type, "frame"))
    ]
    given = frozenset(m.heap.mutable(value))
    for thing in able:
        if given - {thing.number}:
            m.heap.hold(thing, given - {thing.number})
            if thing.type in items.CONTAINERS:
                m.heap.put(thing, ANY_ITEM, given - {thing.number})


# -- what is called back ---------------------------------------------------------------


def _call_back(m: Machine, effect: Effect, receiver: Value, given: Value, node: ast.AST) -> Value:
    if not effect.calls_back:
        return NOTHING
    if not any(m.heap[n].out or m.heap[n].kind in _CALLABLE for n in receiver | given):
        return NOTHING
    reached = m.heap.reach(receiver | given)
    targets = [m.heap[number] for number in sorted(reached) if m.heap[number].kind in _CALLABLE]
    if not targets:
        return NOTHING
    every = _contents(m, receiver | given)
    direct = receiver | given
    for thing in targets:
        if thing.kind is Kind.GENERATOR:
            with m.maybe():
                every |= _contents(m, items.run_generator(m, thing, node))
    inside = m.heap.reach(every) - reached  # a generator gave more to call
    targets += [m.heap[n] for n in sorted(inside) if m.heap[n].kind in _CALLED]
    direct |= every
    found = NOTHING
    for thing in targets:
        if thing.kind is not Kind.GENERATOR:
            found |= _call_target(m, effect, thing, every, node, direct)
    return found


def _call_target(
    m: Machine, effect: Effect, thing: Thing, every: Value, node: ast.AST, direct: Value
) -> Value:
    arguments = calls.Arguments(every=every)
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
            if thing.number in direct:
                return calls.call(m, itself, arguments, node=node)
            return NOTHING
        names = _methods_of(m, thing) if unknown else (*_DUNDERS, *effect.calls)
        found = NOTHING
        for name in names:
            members, _ = attributes.class_member(m, thing.bases, name)
            functions = frozenset(n for n in members if m.heap[n].kind is Kind.FUNCTION)
            if functions:
                more = calls.Arguments(positional=(itself,), every=every)
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
        else:
            found |= {number}
    return found


def _functions(m: Machine, value: Value) -> set[int]:
    return {
        n for n in value if m.heap[n].kind is Kind.FUNCTION or m.heap[n].type == "joblib.delayed"
    }


# -- what is changed -------------------------------------------------------------------


def _changes(
    m: Machine, effect: Effect, receiver: Value, arguments: "Arguments", node: ast.AST
) -> None:
    changed = NOTHING
    for where in effect.changes:
        changed |= receiver if where == "self" else arguments.at(where)
    if effect.inplace:
        wish = arguments.keyword("inplace")
        if wish is not None and texts.known_texts(m, wish) != {"False"}:
            changed |= receiver
    if not changed:
        return
    if effect.inner:
        inside = m.heap.reach(changed)
        changed |= {number for number in inside if _is_part(m.heap[number])}
    m.change(changed, node, deep=effect.deep)
    for number in changed:
        thing = m.heap[number]
        if thing.kind is Kind.PLAIN and thing.type == "list":
            m.heap.put(thing, ANY_ITEM, items.all_items(thing))  # positions may shift


def _is_part(thing: Thing) -> bool:
    """Tell whether a method of an estimator may change an object within it."""
    if thing.kind is Kind.PLAIN:
        return effects_data().flag(thing.type, "estimator")
    return thing.kind is Kind.INSTANCE


def _store(
    m: Machine, effect: Effect, receiver: Value, arguments: "Arguments", node: ast.AST
) -> None:
    if not effect.stores:
        return
    value = arguments.all()
    if effect.stores == "stores-items":
        value = NOTHING
        for each in (*arguments.positional, arguments.star):
            value |= items.iterate(m, each, node) | items.read_item(m, each, None, node)
        value |= frozenset().union(*(item for _, item in arguments.keywords))
    for number in sorted(receiver or arguments.at("0")):
        thing = m.heap[number]
        if thing.kind is not Kind.PLAIN:
            continue
        m.heap.put(thing, ANY_ITEM if thing.type in items.CONTAINERS else "*", value)
        if thing.type == "dict":
            m.heap.put(thing, ANY_KEY, m.heap.scalar())


# -- the world -------------------------------------------------------------------------


def note_state(m: Machine, use: str, state: str, *, node: ast.AST, what: str) -> None:
    """Note that state of the process is used, set or changed."""
    if use != "uses":
        m.unclean()
    m.site.effects.states.append(
        StateUse(use, f"state:{state}", m.chain(node), what, m.doubts == 0)
    )


def _states(m: Machine, effect: Effect, receiver: Value, node: ast.AST, path: str) -> None:
    for use, state in effect.states:
        if state.startswith("inside:"):
            inside = m.heap.reach(receiver)
            if not any(effects_data().flag(m.heap[n].type, "random") for n in inside):
                continue
        note_state(m, use, state.removeprefix("inside:"), node=node, what=path)


def _files(
    m: Machine,
    effect: Effect,
    receiver: Value,
    arguments: "Arguments",
    node: ast.AST,
    path: str,
) -> None:
    for use, where in effect.files:
        value = receiver if where == "self" else _file_argument(arguments, where)
        verb = _mode_use(m, use, where, arguments)
        note_file(m, verb, value, node=node, what=path)


def _file_argument(arguments: "Arguments", where: str) -> Value:
    """Return the argument that is a path: `0`, or `0|path_or_buf` by either spelling."""
    for each in where.split("|"):
        value = arguments.at(each)
        if value:
            return value
    return NOTHING


def _mode_use(m: Machine, use: str, where: str, arguments: "Arguments") -> str:
    if use != "opens":
        return use
    mode_at = "0" if where == "self" else "1"
    value = arguments.keyword("mode") or arguments.at(mode_at)
    modes = texts.known_texts(m, value) if value else {"r"}
    if modes == {"*"} or any("+" in mode or "a" in mode for mode in modes):
        return "appends"
    if any(mode[:1] in "wx" for mode in modes):
        return "writes"
    return "reads"


def note_file(m: Machine, use: str, value: Value, *, node: ast.AST, what: str) -> None:
    """Note that the files which a value names are read or written."""
    for number in sorted(value):
        thing = m.heap[number]
        if thing.kind is Kind.PLAIN and effects_data().flag(thing.type, "handle"):
            continue
        if thing.kind is Kind.SCALAR and thing.type in ("NoneType", "int", "bool", "bytes"):
            continue
        text = thing.text if thing.kind is Kind.SCALAR else None
        if text is not None and text.lower().startswith(_WEB):
            m.site.effects.marks.setdefault(f"network:{what}", m.chain(node))
            continue
        m.unclean()
        m.site.effects.files.append(FileUse(use, text, m.chain(node), what, m.doubts == 0))


# -- what it gives ---------------------------------------------------------------------


def result_of(
    m: Machine,
    effect: Effect,
    receiver: Value,
    arguments: "Arguments",
    *,
    node: ast.AST,
    part: object = None,
) -> Value:
    """Return what a call or attribute described by an effect gives."""
    source = receiver or (arguments.at("0") if arguments.positional else arguments.all())
    match effect.result:
        case "none":
            return m.heap.scalar("NoneType")
        case "scalar":
            return m.heap.scalar(effect.type_name or "scalar")
        case "self":
            return receiver
        case "arg":
            return arguments.at(str(effect.position))
        case "path":
            return m.heap.library(effect.type_name)
        case "item":
            others = arguments.positional[0 if receiver else 1 :]
            return _inside(m, source, node) | frozenset().union(*others)
        case "items":
            return _copied(m, effect, source, node)
        case "pairs":
            return _pairs(m, source, node)
        case "view":
            return _view(m, effect, source, node, part)
        case _:
            thing = _fresh(m, effect.type_name, node, part)
            if effect.result == "holds":
                m.heap.hold(thing, receiver | arguments.all())
            elif effect.result == "flat":
                depth = _DEPTHS.get(thing.type, 2)
                m.heap.hold(thing, library.flattened(m, receiver | arguments.all(), depth))
            return frozenset((thing.number,))


def _inside(m: Machine, source: Value, node: ast.AST) -> Value:
    """Return what is in containers, and in objects of a known type."""
    found = NOTHING
    for number in sorted(source):
        thing = m.heap[number]
        if thing.kind is Kind.PLAIN and thing.type not in items.CONTAINERS and thing.type:
            found |= items.all_items(thing) | thing.fields.get("*", NOTHING) | m.heap.scalar()
        else:
            found |= items.read_item(m, frozenset((number,)), None, node)
    return found


def _fresh(m: Machine, type_name: str, node: ast.AST, part: object) -> Thing:
    """Return a new thing of a type; `list[TYPE]` says what is in it."""
    outer, _, inner = type_name.rstrip("]").partition("[")
    thing = m.make(node, outer, part=("result", part))
    if outer in items.CONTAINERS:
        if inner == "scalar":
            m.heap.put(thing, ANY_ITEM, m.heap.scalar())
        elif inner:
            element = m.make(node, inner, part=("element", part))
            m.heap.put(thing, ANY_ITEM, frozenset((element.number,)))
        else:
            thing.open = True
    return thing


def _copied(m: Machine, effect: Effect, source: Value, node: ast.AST) -> Value:
    types = {m.heap[number].type for number in source}
    type_name = effect.type_name or (next(iter(types)) if len(types) == 1 else "list")
    thing = m.make(node, type_name, part="items")
    if type_name == "dict":
        m.heap.put(thing, ANY_KEY, items.iterate(m, source, node))
        m.heap.put(thing, ANY_ITEM, items.read_item(m, source, None, node))
    else:
        m.heap.put(thing, ANY_ITEM, items.iterate(m, source, node))
    return frozenset((thing.number,))


def _pairs(m: Machine, source: Value, node: ast.AST) -> Value:
    pair = m.make(node, "tuple", part="pair")
    m.heap.put(pair, "[0]", items.iterate(m, source, node))
    m.heap.put(pair, "[1]", items.read_item(m, source, None, node))
    thing = m.make(node, "list", part="pairs")
    m.heap.put(thing, ANY_ITEM, frozenset((pair.number,)))
    return frozenset((thing.number,))


def _view(m: Machine, effect: Effect, source: Value, node: ast.AST, part: object) -> Value:
    found = NOTHING
    for number in sorted(source):
        base = m.heap[number]
        if base.kind is Kind.SCALAR:
            found |= {number}
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
        m.heap.put(thing, MEMORY, m.heap.memory(base))
        m.heap.put(thing, "*", base.fields.get("*", NOTHING))
        if effects_data().flag(thing.type, "indexer"):
            m.heap.put(thing, "of", frozenset((number,)))
        found |= {thing.number} | base.fields.get("*", NOTHING)
    return found

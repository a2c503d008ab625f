"""Owns the meaning of an effect: what a call described by the data changes and stores."""

import ast
from dataclasses import replace

from cellwright.compiler.walking import (
    callbacks,
    drawing,
    escapes,
    formulas,
    items,
    results,
    set_ups,
    texts,
    uses,
)
from cellwright.compiler.walking.arguments import Arguments
from cellwright.compiler.walking.effects import Effect, effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, NOTHING, Kind, Value
from cellwright.compiler.walking.machine import Machine
from cellwright.compiler.walking.uses import note_draws, note_files, note_states, opened_in_memory

_DRAWN_FROM = frozenset({"random_state", "rng", "seed", "generator"})


def apply_effect(
    m: Machine,
    effect: Effect,
    receiver: Value,
    arguments: Arguments,
    *,
    node: ast.AST,
    path: str,
) -> Value:
    """Note what a call does, and return what it gives."""
    given = arguments.all()
    everything = receiver | given
    effect, waived = _unless(m, effect, arguments)
    named = formulas.read_names(m, effect, receiver, arguments, node=node, path=path)
    returned = callbacks.call_back(m, effect, receiver, given, node)
    if effect.result == "unknown":
        m.change(everything, node, deep=True)
        _link(m, everything)
        if path:
            m.site.effects.calls.setdefault(path, m.chain(node))
        note_draws(m, node, path)
        result = m.make(node, "", part="unknown")
        m.heap.hold(result, everything | returned | named)
        return frozenset((result.number,))
    _changes(m, effect, receiver, arguments, node)
    _store(m, effect, receiver, arguments, node)
    if not waived:
        note_states(m, effect, everything, node, path)
        set_ups.note_set_up(m, effect, node, path)
        escapes.keep(m, effect, given, node)
    note_files(m, effect, receiver, arguments, node, path)
    for mark in effect.marks:
        m.unclean()
        m.site.effects.marks.setdefault(f"{mark}:{path}", m.chain(node))
    effect = opened_in_memory(m, effect, arguments)
    found = results.result_of(m, effect, receiver, arguments, node=node)
    for number in found:
        if effects_data().flag(m.heap[number].type, "remade"):
            m.heap[number].apart = True  # all that it holds is the way to something else
    if returned:
        for number in found:
            thing = m.heap[number]
            if thing.kind is Kind.PLAIN:
                target = ANY_ITEM if thing.type in items.CONTAINERS else "*"
                m.heap.put(thing, target, returned)
    formulas.keep(m, found, named)
    drawing.keep_given(m, receiver | found, given)
    drawing.note_drawing(m, effect, arguments, node, path)
    return found


def _unless(m: Machine, effect: Effect, arguments: Arguments) -> tuple[Effect, bool]:
    """Return the effect with the type that a keyword decides; whether state is not used."""
    for key, type_name in effect.unless:
        value = arguments.at(key)
        shared = any(uses.is_global(m.heap[number]) for number in value)
        if value and not shared and "NoneType" not in m.heap.types(value):
            if type_name:
                effect = replace(effect, type_name=type_name, exact=False)
            return effect, True
    for key, type_name in effect.when:
        if arguments.keyword(key):
            effect = replace(effect, type_name=type_name, exact=False)
    if effect.uncopied and not effect.uncopied.isdigit() and results.told_not_to_copy(m, arguments):
        effect = replace(effect, type_name=effect.uncopied, exact=False)
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


def _changes(
    m: Machine, effect: Effect, receiver: Value, arguments: Arguments, node: ast.AST
) -> None:
    changed = _generators(m, arguments)
    for where in effect.changes:
        changed |= receiver if where == "self" else arguments.at(where)
    for number in tuple(changed):
        if m.heap[number].type == "tuple":  # `out=(x,)`
            changed |= items.all_items(m.heap[number])
    if effect.inplace:
        wish = arguments.keyword("inplace")
        if wish is not None and texts.known_texts(m, wish) != {"False"}:
            changed |= receiver
    if effect.uncopied.isdigit() and results.told_not_to_copy(m, arguments):
        changed |= arguments.at(effect.uncopied)
    if not changed:
        return
    if effect.inner:
        inside = m.heap.reach(changed)
        changed |= {number for number in inside if results.is_part(m.heap[number])}
        if any(effects_data().flag(m.heap[number].type, "uncopied") for number in inside):
            changed |= arguments.at("0")
    m.change(changed, node, deep=effect.deep)
    for number in changed:
        thing = m.heap[number]
        if thing.kind is Kind.PLAIN and thing.type == "list":
            m.heap.put(thing, ANY_ITEM, items.all_items(thing))  # positions may shift


def _generators(m: Machine, arguments: Arguments) -> Value:
    """Return the random generators that a call is given to draw from."""
    data = effects_data()
    given = (value for name, value in arguments.keywords if name in _DRAWN_FROM)
    return frozenset(
        number for value in given for number in value if data.flag(m.heap[number].type, "generator")
    )


def _store(
    m: Machine, effect: Effect, receiver: Value, arguments: Arguments, node: ast.AST
) -> None:
    if not effect.stores:
        return
    value = arguments.all()
    if effect.stores == "stores-items":
        value = NOTHING
        for each in (*arguments.positional, arguments.star):
            value |= items.iterate(m, each, node) | items.all_in(m, each, node)
        value |= frozenset().union(*(item for _, item in arguments.keywords))
    for number in sorted(receiver or arguments.at("0")):
        thing = m.heap[number]
        if thing.kind is not Kind.PLAIN:
            continue
        m.heap.put(thing, ANY_ITEM if thing.type in items.CONTAINERS else "*", value)
        if thing.type in items.DICTS:
            m.heap.put(thing, ANY_KEY, m.heap.scalar())

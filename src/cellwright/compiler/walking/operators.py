"""Owns operators: what they give, and what they ask of the notebook's own classes."""

import ast

from cellwright.compiler.walking import attributes, calls, items
from cellwright.compiler.walking.arguments import given
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, NOTHING, Kind, Thing, Value
from cellwright.compiler.walking.machine import Machine

_OPERATORS = {
    "Add": "add", "Sub": "sub", "Mult": "mul", "MatMult": "matmul", "Div": "truediv",
    "Mod": "mod", "Pow": "pow", "LShift": "lshift", "RShift": "rshift", "BitOr": "or",
    "BitXor": "xor", "BitAnd": "and", "FloorDiv": "floordiv",
}  # fmt: skip
_TESTS = {
    "Eq": ("eq", "eq"), "NotEq": ("ne", "eq"), "Lt": ("lt", "gt"), "LtE": ("le", "ge"),
    "Gt": ("gt", "lt"), "GtE": ("ge", "le"), "In": ("contains", "contains"),
    "NotIn": ("contains", "contains"), "UAdd": ("pos", ""), "USub": ("neg", ""),
    "Invert": ("invert", ""), "Not": ("bool", ""),
}  # fmt: skip
_QUESTIONS = frozenset({"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE", "In", "NotIn"})


def operator(m: Machine, name: str, left: Value, right: Value, *, node: ast.AST) -> Value:
    """Return what an operator gives; the notebook's own classes are asked."""
    found = NOTHING
    own = [n for n in sorted(left | right) if m.heap[n].kind in (Kind.INSTANCE, Kind.GENERATOR)]
    if own:
        found |= _own_operator(m, name, left, right, node)
    others = [n for n in sorted(left | right) if n not in own]
    kinds = [m.heap[number] for number in others]
    if not any(thing.kind not in (Kind.SCALAR, Kind.UNBOUND) for thing in kinds):
        if name not in _QUESTIONS:
            return found | m.heap.scalar()
        return found | m.heap.scalar("bool", exact=all(thing.exact for thing in kinds))
    return found | _library_operator(m, name, kinds, node)


def _library_operator(m: Machine, name: str, kinds: list[Thing], node: ast.AST) -> Value:
    data = effects_data()
    found = NOTHING
    types = {thing.type for thing in kinds if thing.kind is Kind.PLAIN}
    for preferred in ("pandas.array-like", "pandas.DataFrame", "pandas.Series", "numpy.ndarray"):
        if preferred in types:
            one = name == "MatMult" or not preferred.startswith("pandas.")
            answer = frozenset((m.make(node, preferred).number,))
            return answer | m.heap.scalar() if one else answer
    for thing in kinds:
        if thing.kind is Kind.SCALAR:
            continue
        if name in _QUESTIONS and (thing.type in items.CONTAINERS or data.knows_type(thing.type)):
            found |= m.heap.scalar("bool")
        elif thing.type in items.CONTAINERS:
            new = m.make(node, thing.type)
            m.heap.put(new, ANY_ITEM, items.all_items(thing))
            m.heap.put(new, ANY_KEY, thing.fields.get(ANY_KEY, NOTHING))
            found |= {new.number}
        else:
            new = m.make(node, thing.type if thing.kind is Kind.PLAIN else "")
            m.heap.hold(new, frozenset(t.number for t in kinds))
            found |= {new.number} | m.heap.scalar()
            if name in ("LShift", "RShift") and not thing.type:
                m.change(frozenset(t.number for t in kinds), node)
    return found


def _own_operator(m: Machine, name: str, left: Value, right: Value, node: ast.AST) -> Value:
    if name in _OPERATORS:
        forward, backward = f"__{_OPERATORS[name]}__", f"__r{_OPERATORS[name]}__"
    else:
        first, second = _TESTS[name]
        forward, backward = f"__{first}__", f"__{second}__"
    if name in ("In", "NotIn"):
        left, right = right, left
    found = NOTHING
    for owner, other, method in ((left, right, forward), (right, left, backward)):
        for number in sorted(owner):
            thing = m.heap[number]
            if thing.kind is Kind.GENERATOR:
                found |= items.run_generator(m, thing, node)
            if thing.kind is not Kind.INSTANCE:
                continue
            members, complete = attributes.class_member(m, thing.bases, method)
            if members:
                arguments = given(frozenset((number,)), other)
                found |= calls.call(m, members, arguments, node=node)
            elif not complete:
                new = m.make(node, "")
                m.heap.hold(new, left | right)
                found |= {new.number}
    return found | m.heap.scalar()


def in_place_operator(m: Machine, name: str, left: Value, right: Value, *, node: ast.AST) -> Value:
    """Return what `left op= right` binds; what can be changed in place, is."""
    found = NOTHING
    for number in sorted(left):
        thing = m.heap[number]
        itself = frozenset((number,))
        if thing.kind in (Kind.SCALAR, Kind.UNBOUND, Kind.LIBRARY) or thing.type == "tuple":
            found |= operator(m, name, itself, right, node=node)
            continue
        members, complete = attributes.class_member(m, thing.bases, f"__i{_OPERATORS[name]}__")
        if thing.kind is Kind.INSTANCE and members:
            found |= calls.call(m, members, given(itself, right), node=node)
            continue
        if thing.kind is Kind.INSTANCE and complete:
            found |= operator(m, name, itself, right, node=node)
            continue
        m.change(itself, node)
        if thing.type in items.DICTS:
            m.heap.put(thing, ANY_KEY, items.iterate(m, right, node))
            m.heap.put(thing, ANY_ITEM, items.all_in(m, right, node))
        elif thing.type in items.CONTAINERS:
            m.heap.put(thing, ANY_ITEM, items.iterate(m, right, node))
        elif not effects_data().flag(thing.type, "array"):
            m.heap.hold(thing, right)
        found |= itself
        if not thing.type:
            found |= operator(m, name, itself, right, node=node)
    return found

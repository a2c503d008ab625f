"""Owns what an expression gives and does: one small function per kind of expression."""

import ast
from collections.abc import Callable
from typing import Any

from cellwright.compiler.walking import (
    attributes,
    calls,
    comprehensions,
    functions,
    items,
    operators,
    set_ups,
    texts,
)
from cellwright.compiler.walking.heap import ANY_ITEM, ANY_KEY, NOTHING, Value
from cellwright.compiler.walking.machine import Machine


def evaluate(m: Machine, node: ast.expr) -> Value:
    """Return what an expression may give, noting what it reads and changes."""
    m.steps_left -= 1
    return _EVALUATE[type(node)](m, node)


def assign(m: Machine, target: ast.expr, value: Value) -> None:
    """Bind or change what an assignment target names."""
    match target:
        case ast.Name(id=name):
            m.store(name, value, target)
        case ast.Attribute(value=owner, attr=attr):
            attributes.store_attribute(m, evaluate(m, owner), attr, value, node=target)
        case ast.Subscript(value=owner, slice=key):
            holder = evaluate(m, owner)
            index = evaluate(m, key)
            constant = items.constant_key(key)
            items.store_item(m, holder, constant, value, index=index, node=target)
        case ast.Starred(value=inner):
            rest = m.make(target, "list")
            m.heap.put(rest, ANY_ITEM, value)
            assign(m, inner, frozenset((rest.number,)))
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(m, targets, value)
        case _:
            raise AssertionError(f"not a target: {ast.dump(target)}")


def _unpack(m: Machine, targets: list[ast.expr], value: Value) -> None:
    starred = next((i for i, item in enumerate(targets) if isinstance(item, ast.Starred)), None)
    every = items.iterate(m, value, targets[0] if targets else ast.Constant(None))
    for index, target in enumerate(targets):
        if starred is None or index < starred:
            assign(m, target, items.element(m, value, index, default=every))
        else:
            assign(m, target, every)


# -- kinds of expression ---------------------------------------------------------------


def _constant(m: Machine, node: ast.Constant) -> Value:
    value = node.value
    if isinstance(value, str):
        text = value if len(value) < texts.LONGEST else None
        return m.heap.scalar("str", text, exact=True)
    if isinstance(value, bool):
        return m.heap.scalar("bool", str(value), exact=True)
    return m.heap.scalar(type(value).__name__, exact=True)


def _name(m: Machine, node: ast.Name) -> Value:
    found = m.load(node.id, node)
    set_ups.rely_by_type(m, found, node)
    return found


def _display(m: Machine, node: ast.List | ast.Set | ast.Tuple) -> Value:
    thing = m.make(node, type(node).__name__.lower())
    thing.exact = True
    m.heap.put(thing, ANY_ITEM, NOTHING)
    for index, item in enumerate(node.elts):
        if isinstance(item, ast.Starred):
            m.heap.put(thing, ANY_ITEM, items.iterate(m, evaluate(m, item.value), item))
            continue
        value = evaluate(m, item)
        plain = index < items.INDEXED and not any(
            isinstance(other, ast.Starred) for other in node.elts[:index]
        )
        m.heap.put(thing, f"[{index}]" if plain else ANY_ITEM, value)
    return frozenset((thing.number,))


def _dict(m: Machine, node: ast.Dict) -> Value:
    thing = m.make(node, "dict")
    thing.exact = True
    m.heap.put(thing, ANY_ITEM, NOTHING)
    for key, item in zip(node.keys, node.values, strict=True):
        value = evaluate(m, item)
        if key is None:
            m.heap.put(thing, ANY_ITEM, items.all_in(m, value, item))
            m.heap.put(thing, ANY_KEY, items.iterate(m, value, item))
            continue
        name = evaluate(m, key)
        items.look_up(m, name, key)
        m.heap.put(thing, ANY_KEY, name)
        m.heap.put(thing, items.item_field(items.constant_key(key)), value)
    return frozenset((thing.number,))


def _attribute(m: Machine, node: ast.Attribute) -> Value:
    owner = evaluate(m, node.value)
    return attributes.read_attribute(m, owner, node.attr, node=node)


def _subscript(m: Machine, node: ast.Subscript) -> Value:
    owner = evaluate(m, node.value)
    if isinstance(node.slice, ast.Slice):
        evaluate(m, node.slice)
        return items.read_slice(m, owner, node)
    key = evaluate(m, node.slice)
    return items.read_item(m, owner, items.constant_key(node.slice), node, index=key)


def _slice(m: Machine, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            evaluate(m, part)
    return m.heap.scalar("slice")


def _binary(m: Machine, node: ast.BinOp) -> Value:
    left, right = evaluate(m, node.left), evaluate(m, node.right)
    text = texts.combined(m, node, left, right)
    if text is not None:
        return text
    return operators.operator(m, type(node.op).__name__, left, right, node=node)


def test(m: Machine, node: ast.expr) -> Value:
    """Evaluate an expression, and ask what it gives whether it is true."""
    value = evaluate(m, node)
    calls.touch(m, value, ("__bool__", "__len__"), node)
    return value


def _boolean(m: Machine, node: ast.BoolOp) -> Value:
    first, *others = node.values
    value = test(m, first)
    for other in others:
        with m.maybe():
            value |= test(m, other)
    return value


def _unary(m: Machine, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        test(m, node.operand)
        return m.heap.scalar("bool", exact=True)
    value = evaluate(m, node.operand)
    return operators.operator(m, type(node.op).__name__, value, NOTHING, node=node)


def _compare(m: Machine, node: ast.Compare) -> Value:
    left = evaluate(m, node.left)
    found = NOTHING
    for op, item in zip(node.ops, node.comparators, strict=True):
        right = evaluate(m, item)
        if isinstance(op, ast.Is | ast.IsNot):
            if not isinstance(item, ast.Constant) and not isinstance(node.left, ast.Constant):
                m.sees_identity = True
            found |= m.heap.scalar("bool", exact=True)
        else:
            found |= operators.operator(m, type(op).__name__, left, right, node=node)
        left = right
    return found


def _conditional(m: Machine, node: ast.IfExp) -> Value:
    test(m, node.test)
    before = m.snapshot()
    with m.doubt():
        value = evaluate(m, node.body)
        after = m.snapshot()
        m.restore(before)
        value |= evaluate(m, node.orelse)
    m.join(after)
    return value


def _walrus(m: Machine, node: ast.NamedExpr) -> Value:
    value = evaluate(m, node.value)
    m.store(node.target.id, value, node.target)
    return value


def _lambda(m: Machine, node: ast.Lambda) -> Value:
    return functions.make_function(m, node)


def _joined_string(m: Machine, node: ast.JoinedStr) -> Value:
    parts: list[str] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            value = evaluate(m, part.value)
            calls.touch(m, value, ("__format__", "__str__", "__repr__"), part)
            if part.format_spec is not None:
                evaluate(m, part.format_spec)
            parts.append(texts.text_of(m, value) if part.format_spec is None else "*")
        else:
            parts.append(str(part.value) if isinstance(part, ast.Constant) else "*")
    return texts.string(m, node, "".join(parts))


def _formatted(m: Machine, node: ast.FormattedValue) -> Value:
    evaluate(m, node.value)
    return m.heap.scalar("str")


def _starred(m: Machine, node: ast.Starred) -> Value:
    return items.iterate(m, evaluate(m, node.value), node)


def _yield(m: Machine, node: ast.Yield) -> Value:
    value = (
        evaluate(m, node.value) if node.value is not None else m.heap.scalar("NoneType", exact=True)
    )
    if m.frame is not None:
        m.frame.returned |= value
    return m.heap.scalar() | frozenset((m.make(node, "").number,))


def _yield_from(m: Machine, node: ast.YieldFrom) -> Value:
    value = items.iterate(m, evaluate(m, node.value), node)
    if m.frame is not None:
        m.frame.returned |= value
    return m.heap.scalar()


def _await(m: Machine, node: ast.Await) -> Value:
    return items.iterate(m, evaluate(m, node.value), node)


# The modules of the walk need one another, so other modules are looked into when called.
_EVALUATE: dict[type[ast.expr], Callable[[Machine, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _display,
    ast.Set: _display,
    ast.Tuple: _display,
    ast.Dict: _dict,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.NamedExpr: _walrus,
    ast.Lambda: _lambda,
    ast.JoinedStr: _joined_string,
    ast.FormattedValue: _formatted,
    ast.Starred: _starred,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Await: _await,
    ast.Call: lambda m, node: calls.evaluate_call(m, node),
    ast.ListComp: lambda m, node: comprehensions.comprehension(m, node),
    ast.SetComp: lambda m, node: comprehensions.comprehension(m, node),
    ast.DictComp: lambda m, node: comprehensions.comprehension(m, node),
    ast.GeneratorExp: lambda m, node: comprehensions.generator(m, node),
}

"""Owns what a statement binds, deletes and does, on which of its paths."""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from cellwright.compiler.reading.scopes import alias_name
from cellwright.compiler.walking import (
    attempts,
    attributes,
    branches,
    calls,
    classes,
    contexts,
    expressions,
    functions,
    items,
    library,
    loops,
    modules,
    operators,
    star_imports,
)
from cellwright.compiler.walking.arguments import given
from cellwright.compiler.walking.heap import NOTHING, Kind, Value
from cellwright.compiler.walking.machine import Machine


def execute_block(m: Machine, body: Sequence[ast.stmt]) -> None:
    """Walk statements in order, up to the first that surely leaves the block."""
    for statement in body:
        if m.dead:
            return
        execute(m, statement)


def execute(m: Machine, node: ast.stmt) -> None:
    """Walk one statement."""
    m.steps_left -= 1
    handler = _EXECUTE.get(type(node))
    if handler is not None:
        handler(m, node)


def _expression(m: Machine, node: ast.Expr) -> None:
    m.discarded = node.value
    value = expressions.evaluate(m, node.value)
    if not m.frames:  # a kernel may display it
        calls.touch(m, value, ("__repr__", "_repr_html_", "__str__"), node)


def _assign(m: Machine, node: ast.Assign) -> None:
    value = expressions.evaluate(m, node.value)
    for target in node.targets:
        expressions.assign(m, target, value)


def _annotated(m: Machine, node: ast.AnnAssign) -> None:
    in_function = bool(m.frames) and m.frames[-1].scope.node.__class__ is not ast.ClassDef
    if not (in_function and isinstance(node.target, ast.Name)):
        expressions.evaluate(m, node.annotation)
    if node.value is not None:
        expressions.assign(m, node.target, expressions.evaluate(m, node.value))
    elif not isinstance(node.target, ast.Name):
        expressions.evaluate(m, node.target.value)


def _augmented(m: Machine, node: ast.AugAssign) -> None:
    target = node.target
    name = type(node.op).__name__
    if isinstance(target, ast.Name):
        old = m.load(target.id, target)
        right = expressions.evaluate(m, node.value)
        m.store(target.id, operators.in_place_operator(m, name, old, right, node=node), target)
        return
    owner = expressions.evaluate(m, target.value)
    if isinstance(target, ast.Attribute):
        old = attributes.read_attribute(m, owner, target.attr, node=target)
        right = expressions.evaluate(m, node.value)
        new = operators.in_place_operator(m, name, old, right, node=node)
        attributes.store_attribute(m, owner, target.attr, new, node=target)
        return
    key = items.constant_key(target.slice)
    index = expressions.evaluate(m, target.slice)
    old = items.read_item(m, owner, key, target, index=index)
    right = expressions.evaluate(m, node.value)
    new = operators.in_place_operator(m, name, old, right, node=node)
    items.store_item(m, owner, key, new, index=index, node=target)


def _delete(m: Machine, node: ast.Delete) -> None:
    for target in node.targets:
        _delete_one(m, target)


def _delete_one(m: Machine, target: ast.expr) -> None:
    match target:
        case ast.Name(id=name):
            m.load(name, target)
            m.delete(name, target)
        case ast.Attribute(value=owner):
            m.change(expressions.evaluate(m, owner), target)
        case ast.Subscript(value=owner, slice=key):
            value = expressions.evaluate(m, owner)
            expressions.evaluate(m, key)
            items.delete_item(m, value, target)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            for each in targets:
                _delete_one(m, each)
        case _:
            pass


def _return(m: Machine, node: ast.Return) -> None:
    value = (
        expressions.evaluate(m, node.value) if node.value else m.heap.scalar("NoneType", exact=True)
    )
    frame = m.frame
    if frame is not None:
        if not frame.scope.is_generator:
            frame.returned |= value
        frame.exits.append(m.snapshot())
    m.dead = True


def _raise(m: Machine, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            expressions.evaluate(m, part)
    m.dead = True


def _assert(m: Machine, node: ast.Assert) -> None:
    expressions.test(m, node.test)
    if node.msg is not None:
        with m.maybe():
            expressions.evaluate(m, node.msg)


def _function(m: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    decorators = [expressions.evaluate(m, item) for item in node.decorator_list]
    value = functions.make_function(m, node)
    value = decorated(m, value, decorators, node)
    m.store(node.name, value, node)


def decorated(m: Machine, value: Value, decorators: list[Value], node: ast.AST) -> Value:
    """Return what the decorators make of a function or class, from the last one up."""
    for decorator in reversed(decorators):
        known = [m.heap[number] for number in sorted(decorator)]
        if any(thing.kind is Kind.LIBRARY for thing in known):
            result = NOTHING
            for thing in known:
                result |= library.decorate(m, thing, value, node=node)
            value = result
        elif decorator:
            value = calls.call(m, decorator, given(value), node=node)
    return value


def _import(m: Machine, node: ast.Import) -> None:
    for alias in node.names:
        m.site.effects.modules.setdefault(f"import {alias.name}", m.chain(node))
        modules.import_module(m, alias.name, node)
        path = alias.name if alias.asname else alias.name.split(".")[0]
        m.store(alias_name(alias), m.heap.library(path), node)


def _import_from(m: Machine, node: ast.ImportFrom) -> None:
    module = modules.absolute(m, node.module or "", node.level)
    m.site.effects.modules.setdefault(f"import {module}", m.chain(node))
    owner = modules.import_module(m, module, node)
    for alias in node.names:
        if alias.name == "*":
            star_imports.star_import(m, module, node)
            continue
        value = library.read_member(m, owner, alias.name, node=node)
        m.store(alias_name(alias), value, node)


def _type_alias(m: Machine, node: Any) -> None:
    m.store(node.name.id, m.heap.scalar("TypeAliasType"), node)


# The modules of the walk need one another, so other modules are looked into when called.
_EXECUTE: dict[type[ast.AST], Callable[[Machine, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: lambda m, node: classes.define_class(m, node),
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.If: lambda m, node: branches.choose(m, node),
    ast.For: lambda m, node: loops.loop_over(m, node),
    ast.AsyncFor: lambda m, node: loops.loop_over(m, node),
    ast.While: lambda m, node: loops.loop_while(m, node),
    ast.With: lambda m, node: contexts.use_context(m, node),
    ast.AsyncWith: lambda m, node: contexts.use_context(m, node),
    ast.Try: lambda m, node: attempts.attempt(m, node),
    ast.TryStar: lambda m, node: attempts.attempt(m, node),
    ast.Match: lambda m, node: branches.match_cases(m, node),
    ast.Break: lambda m, node: loops.leave_loop(m, node),
    ast.Continue: lambda m, node: loops.next_round(m, node),
}
if hasattr(ast, "TypeAlias"):  # Python 3.12
    _EXECUTE[ast.TypeAlias] = _type_alias

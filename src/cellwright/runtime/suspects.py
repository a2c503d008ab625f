"""Owns which of some statements can have changed a variable, by what they mention."""

import ast
import types
from collections.abc import Iterable, Sequence
from typing import Any

from .guard import Place


def mentions(name: str, places: Sequence[Place], namespace: dict[str, Any]) -> list[Place]:
    """Return the places whose statements mention a name, themselves or in functions of the
    notebook that they mention. Of several, those that do more than show it.

    Where none does (the value has another name, too), nothing is found.
    """
    found = [place for place in places if name in _reached(place.statement.tree, namespace)]
    doing = [place for place in found if not _only_shows(place.statement.tree)]
    return doing or found


def _reached(tree: ast.AST, namespace: dict[str, Any]) -> set[str]:
    """Return the names in a statement, and in the functions and classes it mentions."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    seen: set[str] = set()
    while waiting := names - seen:
        for each in waiting:
            names |= set(_names_of(namespace.get(each)))
        seen |= waiting
    return names


def _names_of(thing: Any) -> Iterable[str]:
    if isinstance(thing, type) and thing.__module__ == "__main__":
        for part in vars(thing).values():
            yield from _names_of(part)
    code = getattr(getattr(thing, "__func__", thing), "__code__", None)
    waiting = [code] if isinstance(code, types.CodeType) else []
    while waiting:
        each = waiting.pop()
        yield from each.co_names
        waiting.extend(part for part in each.co_consts if isinstance(part, types.CodeType))


def _only_shows(tree: ast.AST) -> bool:
    """Tell whether a statement shows variables, or attributes of them, and no more."""
    if not isinstance(tree, ast.Expr):
        return False
    match tree.value:
        case ast.Call(func=ast.Name(id="print" | "len" | "display"), args=shown, keywords=[]):
            return all(map(_bare, shown))
        case shown:
            return _bare(shown)


def _bare(node: ast.AST) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name | ast.Constant)

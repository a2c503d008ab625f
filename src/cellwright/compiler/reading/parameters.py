"""Owns parameters: the literal assignments of the cells tagged `parameters`."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from cellwright.compiler.reading.parse import ParsedCell
from cellwright.compiler.reading.tags import Parameters


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter and the statement that gives its default."""

    name: str
    type_name: str
    default: str
    cell: int
    node: ast.stmt


def declared(cells: Sequence[ParsedCell]) -> list[Declared]:
    """Return the parameters; of two assignments of one name the last one counts."""
    found: dict[str, Declared] = {}
    for index, parsed in enumerate(cells):
        if not isinstance(parsed.role.role, Parameters):
            continue
        for node in parsed.tree.body:
            item = _parameter(index, node)
            if item is not None:
                found.pop(item.name, None)
                found[item.name] = item
    return list(found.values())


def _parameter(cell: int, node: ast.stmt) -> Declared | None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            pass
        case _:
            return None
    try:
        default = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if type(default).__name__ == "ellipsis":
        return None
    return Declared(name, type(default).__name__, repr(default), cell, node)

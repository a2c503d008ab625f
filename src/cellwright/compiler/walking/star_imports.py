"""Owns `from module import *`: followed where every installation exports the same."""

import ast
import importlib

from cellwright.compiler.walking.machine import Machine

_STAR_MODULES = frozenset(
    {
        "math", "cmath", "statistics", "itertools", "functools", "collections", "operator",
        "string", "random", "datetime", "decimal", "fractions", "typing", "dataclasses",
    }
)  # fmt: skip


def star_import(m: Machine, module: str, node: ast.ImportFrom) -> None:
    """Bind what a standard module exports; of another one, note that it is not known."""
    names = exported_names(module)
    if not names:
        m.site.effects.marks.setdefault(f"star:{module}", m.chain(node))
        return
    owner = m.heap[next(iter(m.heap.library(module)))]
    for name in names:
        value = m.heap.library(f"{owner.type}.{name}")
        m.store_global(name, value, node)


def exported_names(module: str) -> list[str]:
    """Return what `from module import *` binds, for the standard modules where that is
    the same in every installation; nothing for any other module."""
    if module not in _STAR_MODULES:
        return []
    found = importlib.import_module(module)
    names = getattr(found, "__all__", None)
    return sorted(names if names is not None else (n for n in vars(found) if n[0] != "_"))
